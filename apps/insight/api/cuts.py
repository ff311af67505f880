"""REST API of figures divided by what their records know."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput, NotFound
from apps.core.kpis import KPIS
from apps.insight import forms
from apps.insight.api.boards import ASKED
from apps.insight.policies import cuts as policies
from apps.insight.selectors import reading
from apps.insight.selectors.cuts import pivot

STATES = ["ok", "empty", "suppressed", "forbidden"]


class PartSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="an id, a word, or the first day of a month or week, a day; empty: not assigned; U+0000: all others together")
    label = serializers.CharField()  # type: ignore[assignment]


class PartValueSerializer(serializers.Serializer[Any]):
    value = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    rows = serializers.IntegerField()
    suppressed = serializers.BooleanField(help_text="too few people stand behind it")


class PivotSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    unit = serializers.CharField()
    by = serializers.CharField()
    split = serializers.CharField()
    axis = PartSerializer(many=True)
    series = PartSerializer(many=True)
    values = serializers.ListField(child=PartValueSerializer(many=True), help_text="series by series, along the axis")
    running = serializers.ListField(child=serializers.IntegerField(), help_text="places of months, weeks or days that are not over")
    additive = serializers.BooleanField(help_text="the parts make up the whole")
    offered = serializers.ListField(child=serializers.CharField(), help_text="what this figure can be divided by")
    why = serializers.ListField(child=serializers.CharField())
    ask = serializers.CharField()


@declare("insight.board", "view")
class CutView(APIView):
    @extend_schema(responses=PivotSerializer, operation_id="kpi_cut", parameters=[
        *ASKED, OpenApiParameter("by", str, enum=list(policies.DIMENSIONS), required=True), OpenApiParameter("split", str, enum=list(policies.PLACES)),
        OpenApiParameter("top", int, description="so many parts, the others together as one; default 8"),
        OpenApiParameter("sort", str, enum=list(policies.SORTS))])
    def get(self, request: Request, key: str) -> Response:
        """One figure divided, under your own rights; small groups of people are held back."""
        if key not in KPIS:
            raise NotFound(_("There is no such indicator."))
        person, now = request._request.person, clock.now()  # type: ignore[attr-defined]
        cut, kpi = forms.cut(request.query_params), KPIS[key]
        found = ["by"] if cut is None else policies.problems(kpi, cut, "table")
        if cut is None or found:
            words = _("This figure cannot be divided so.")
            raise InvalidInput(words, details={"fields": {name: [words] for name in found}})
        asked = forms.asked(request.query_params, now=now)
        common: dict[str, Any] = {"period": asked.period, "filters": asked.filters, "now": now, "as_shown": asked.as_shown}
        one = reading(person, key, **common)
        parts = pivot(person, key, cut, **common) if one.state == "ok" else None
        empty = {"by": cut.by, "split": cut.split, "axis": [], "series": [], "values": [], "running": [], "additive": policies.is_additive(kpi)}
        shown = empty if parts is None else {name: getattr(parts, name) for name in empty}
        return Response(PivotSerializer({"key": key, "state": one.state, "unit": kpi.unit, **shown, "offered": policies.offered(kpi), "why": one.why,
                                         "ask": one.ask}).data)  # fmt: skip


urlpatterns = [path("kpis/<str:key>/cut", CutView.as_view(), name="api-kpi-cut")]
