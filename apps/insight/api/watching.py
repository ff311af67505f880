"""REST API of what people are told of: lines that figures cross, unusual days. Both are narrowed by the filters they are given."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
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
from apps.insight.models import Sensitivity
from apps.insight.payloads import Filters
from apps.insight.selectors import boards as selectors
from apps.insight.selectors import unusual as reading
from apps.insight.services import unusual, watching

NARROWED = [OpenApiParameter("department", OpenApiTypes.UUID), OpenApiParameter("product_line", str), OpenApiParameter("region", str)]


class NarrowedSerializer(serializers.Serializer[Any]):
    department = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="an org unit with all below it")
    product_line = serializers.CharField(required=False, allow_blank=True, default="", max_length=forms.LONGEST_WORD)
    region = serializers.CharField(required=False, allow_blank=True, default="", max_length=forms.LONGEST_WORD)


class LineSerializer(NarrowedSerializer):
    above = serializers.BooleanField()
    value = serializers.DecimalField(max_digits=18, decimal_places=2)
    crossed_at = serializers.DateTimeField(allow_null=True, read_only=True)


class LineName(serializers.Serializer[Any]):
    above = serializers.BooleanField()


class WatchSerializer(NarrowedSerializer):
    sensitivity = serializers.ChoiceField(choices=Sensitivity.values, help_text="low: only large ones; high: small ones too")


class PointOfDay(serializers.Serializer[Any]):
    day = serializers.DateField()
    value = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)


class UnusualSerializer(NarrowedSerializer):
    id = serializers.UUIDField()
    day = serializers.DateField()
    above = serializers.BooleanField()
    state = serializers.ChoiceField(choices=["ok", "forbidden", "gone"])
    still = serializers.BooleanField(help_text="unusual by today's figures, too")
    middle = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True, help_text="what is usual: the middle of the same weekdays")
    spread = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True, help_text="how far such days usually lie from it")
    times = serializers.DecimalField(max_digits=12, decimal_places=1, allow_null=True, help_text="how many spreads this day does")
    points = PointOfDay(many=True, help_text="the days compared; the day itself is the last")


class UnusualAnswer(serializers.Serializer[Any]):
    watches = WatchSerializer(many=True)
    days = UnusualSerializer(many=True)


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _filters(given: dict[str, Any]) -> Filters:
    return Filters(given["department"], given["product_line"], given["region"])


def _asked(request: Request) -> Filters:
    return forms.asked(request.query_params, now=clock.now()).filters


def _narrowed(row: Any) -> dict[str, Any]:
    return {"department": row.department_id, "product_line": row.product_line, "region": row.region}


def _known(key: str) -> str:
    if key not in KPIS:
        raise NotFound(_("There is no such figure."))
    return key


@declare("insight.board", "view")
class LinesView(APIView):
    def _lines(self, request: Request, key: str) -> Response:
        found = selectors.thresholds(_person(request), _known(key))
        return Response([{"above": one.above, "value": str(one.value), "crossed_at": one.crossed_at, **_narrowed(one)} for one in found])

    @extend_schema(responses=LineSerializer(many=True), operation_id="kpi_lines")
    def get(self, request: Request, key: str) -> Response:
        """Lines you watch for this figure."""
        return self._lines(request, key)

    @extend_schema(request=LineSerializer, responses=LineSerializer(many=True), operation_id="kpi_line_set")
    def put(self, request: Request, key: str) -> Response:
        """Be told when the month's figure crosses this line."""
        given = _given(LineSerializer, request)
        watching.watch(person=_person(request), kpi=key, above=given["above"], value=given["value"], filters=_filters(given), now=clock.now())
        return self._lines(request, key)

    @extend_schema(parameters=[OpenApiParameter("above", bool, required=True), *NARROWED], responses={204: None}, operation_id="kpi_line_end")
    def delete(self, request: Request, key: str) -> Response:
        """Not to be told any more."""
        named = LineName(data={"above": request.query_params.get("above")})
        if not named.is_valid():
            raise InvalidInput(_("Say which line: above or below."), details={"fields": {"above": [_("Say which line: above or below.")]}})
        watching.unwatch(person=_person(request), kpi=key, above=named.validated_data["above"], filters=_asked(request))
        return Response(status=204)


@declare("insight.board", "view")
class UnusualView(APIView):
    def _answer(self, request: Request, key: str) -> Response:
        person, days = _person(request), []
        for row in reading.unusual_days(person, key):
            seen = reading.look_at(person, row)
            points = [{"day": day, "value": value} for day, value in seen.points]
            days.append({"id": row.pk, "day": row.day, "above": row.above, "state": seen.state, "still": seen.still, "middle": seen.middle,
                         "spread": seen.spread, "times": seen.times, "points": points, **_narrowed(row.watch)})
        watches = [{"sensitivity": one.sensitivity, **_narrowed(one)} for one in reading.watches(person, key)]
        return Response(UnusualAnswer({"watches": watches, "days": days}).data)

    @extend_schema(responses=UnusualAnswer, operation_id="kpi_unusual")
    def get(self, request: Request, key: str) -> Response:
        """What you watch, and the unusual days you were told of, read anew under your rights of now."""
        return self._answer(request, _known(key))

    @extend_schema(request=WatchSerializer, responses=UnusualAnswer, operation_id="kpi_unusual_watch")
    def put(self, request: Request, key: str) -> Response:
        """Be told of unusual days, the morning after."""
        given = _given(WatchSerializer, request)
        unusual.watch_days(person=_person(request), kpi=key, sensitivity=given["sensitivity"], filters=_filters(given), now=clock.now())
        return self._answer(request, key)

    @extend_schema(parameters=NARROWED, responses={204: None}, operation_id="kpi_unusual_end")
    def delete(self, request: Request, key: str) -> Response:
        """Not to be told any more."""
        unusual.unwatch_days(person=_person(request), kpi=_known(key), filters=_asked(request))
        return Response(status=204)


urlpatterns = [
    path("kpis/<str:key>/lines", LinesView.as_view(), name="api-kpi-lines"),
    path("kpis/<str:key>/unusual", UnusualView.as_view(), name="api-kpi-unusual"),
]
