"""REST API of the board: the catalogue, figures, the rows behind them, targets, notes."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
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
from apps.insight import forms, selectors, services
from apps.insight.api.authentication import BY_KEY
from apps.insight.api.gauges import GaugeSerializer
from apps.insight.payloads import Period, Row, RowPage
from apps.insight.policies import periods
from apps.insight.policies.meter import measure_of
from apps.insight.selectors import boards
from apps.records.api import as_json

KINDS = ["month", "quarter", "year", "last12", "custom"]
MOST = 60
UNITS = ["money", "count", "percent", "days", "hours", "seconds", "per_hour"]
DIRECTIONS, STATES = ["up", "down", "none"], ["ok", "empty", "suppressed", "forbidden"]
ASKED = [
    OpenApiParameter("period", str, enum=KINDS, description="default: month"),
    OpenApiParameter("start", dt.date, description="a day in the period, default today; the first day of a custom one"),
    OpenApiParameter("end", dt.date, description="the last day of a custom period"),
    OpenApiParameter("department", uuid.UUID, description="an org unit with all below it"),
    OpenApiParameter("product_line", str),
    OpenApiParameter("region", str),
    OpenApiParameter("as_shown", dt.datetime, description="what the figures said at that moment, from what was known then; a day means its evening"),
]


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=24, decimal_places=2, **options)


class PointSerializer(serializers.Serializer[Any]):
    start = serializers.DateField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = _money(allow_null=True)
    whole = serializers.BooleanField(help_text="false: the month is not over")
    suppressed = serializers.BooleanField(help_text="too few people stand behind it")


class PartSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="the id of an org unit, else the word itself; empty: not assigned")
    label = serializers.CharField()  # type: ignore[assignment]
    value = _money(allow_null=True)
    rows = serializers.IntegerField()
    suppressed = serializers.BooleanField(help_text="too few people stand behind it")


class ExclusionSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=["quarantine", "currency", "no_date"])
    words = serializers.CharField()
    count = serializers.IntegerField()
    amount = _money(allow_null=True)
    url = serializers.CharField(help_text="where it can be cured; empty where you may not")


class NoteSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    text = serializers.CharField()
    author = serializers.CharField()
    at = serializers.DateTimeField()
    period_start = serializers.DateField()
    mine = serializers.BooleanField()


class OldSeriesSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    formula = serializers.CharField()
    until = serializers.DateField(allow_null=True)
    series = PointSerializer(many=True)


class ReadingSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    group = serializers.CharField()
    system = serializers.ChoiceField(choices=["erp", "crm", "oa"])
    formula = serializers.CharField()
    owner = serializers.CharField()
    unit = serializers.ChoiceField(choices=UNITS)
    direction = serializers.ChoiceField(choices=DIRECTIONS)
    state = serializers.ChoiceField(choices=STATES)
    value = _money(allow_null=True)
    target = _money(allow_null=True)
    former = _money(allow_null=True, help_text="the same days of the period before")
    change = _money(allow_null=True, help_text="percent; of percentages in points")
    series = PointSerializer(many=True)
    breakdown_by = serializers.CharField()
    breakdown = PartSerializer(many=True)
    as_of = serializers.DictField(child=serializers.DateTimeField())
    promise_seconds = serializers.FloatField(help_text="how old its sources may be")
    stale = serializers.BooleanField()
    rows = serializers.IntegerField()
    excluded = ExclusionSerializer(many=True)
    ignores = serializers.ListField(child=serializers.CharField(), help_text="given filters that mean nothing to this figure")
    notes = NoteSerializer(many=True)
    old = OldSeriesSerializer(many=True, help_text="the same months by earlier formulas")
    window = serializers.ListField(child=serializers.DateField(), allow_null=True, help_text="from, before: the days that were counted")
    scope = serializers.ChoiceField(choices=["all", "some", "own"])
    why = serializers.ListField(child=serializers.CharField())
    ask = serializers.CharField()
    gauge = GaugeSerializer(allow_null=True, help_text="of a measure of the value meter: what is proven; its days are its own")


class DescriptionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    formula = serializers.CharField()
    group = serializers.CharField()
    system = serializers.ChoiceField(choices=["erp", "crm", "oa"])
    unit = serializers.ChoiceField(choices=UNITS)
    direction = serializers.ChoiceField(choices=DIRECTIONS)
    owner = serializers.CharField()
    resource = serializers.CharField()
    sources = serializers.ListField(child=serializers.CharField())
    promise_seconds = serializers.FloatField()
    knows = serializers.ListField(child=serializers.CharField(), help_text="filters that mean something to it")
    breakdown = serializers.CharField()
    level = serializers.BooleanField(help_text="a stock at the end of the period, not a flow during it")
    allowed = serializers.BooleanField()
    why = serializers.ListField(child=serializers.CharField())
    ask = serializers.CharField()


class RowSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    value = _money()
    n = serializers.IntegerField()
    hit = serializers.BooleanField(help_text="it met the condition of the indicator")
    kind = serializers.CharField()
    title = serializers.CharField()
    record = serializers.DictField(allow_null=True, help_text="as you may see it; null: counted, but not yours to open")
    url = serializers.CharField()
    source_url = serializers.CharField()
    message_url = serializers.CharField()


class RowPageSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)
    rows = RowSerializer(many=True)
    total = serializers.IntegerField()
    after = serializers.CharField(help_text="ask with it for the next page; empty at the end")
    why = serializers.ListField(child=serializers.CharField())
    ask = serializers.CharField()


class TargetInput(serializers.Serializer[Any]):
    period = serializers.ChoiceField(choices=["month", "quarter", "year"])
    start = serializers.DateField(help_text="a day in the period")
    department = serializers.UUIDField(required=False, allow_null=True, default=None)
    value = _money()


class TargetSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    period = serializers.CharField(source="period_kind")
    start = serializers.DateField(source="period_start")
    department = serializers.UUIDField(source="department_id", allow_null=True)
    value = _money()


class NoteInput(serializers.Serializer[Any]):
    period = serializers.ChoiceField(choices=KINDS, default="month")
    start = serializers.DateField(required=False, allow_null=True, default=None)
    end = serializers.DateField(required=False, allow_null=True, default=None)
    text = serializers.CharField(max_length=1000)


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def parsed(request: Request, name: str, parse: Callable[[str], Any]) -> Any:
    """A query parameter, or None. Raises InvalidInput."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise InvalidInput(_("This value cannot be read."), details={"fields": {name: [_("This value cannot be read.")]}}) from error


def _period(kind: str, start: dt.date | None, end: dt.date | None) -> Period:
    if kind not in KINDS:
        raise InvalidInput(_("There is no such period."), details={"fields": {"period": [_("There is no such period.")]}})
    try:
        return periods.period(kind, today=clock.company_today(clock.now()), start=start, end=end)  # type: ignore[arg-type]
    except ValueError as error:
        words = _("A period of your own needs a first and a last day.")
        raise InvalidInput(words, details={"fields": {"end": [words]}}) from error


def asked(request: Request) -> dict[str, Any]:
    """Period, filters, now and as_shown of a request, read as pages read them: without a first day the period is that of the moment asked for."""
    now = clock.now()
    found = forms.asked(request.query_params, now=now)
    return {"period": found.period, "filters": found.filters, "now": now, "as_shown": found.as_shown}


def standing(keys: list[str]) -> list[str]:
    """What may stand on a board: indicators, and measures of the value meter as `meter.<key>`. Raises NotFound."""
    known([key for key in keys if not measure_of(key)])
    return keys


def known(keys: list[str]) -> list[str]:
    unknown = [key for key in keys if key not in KPIS]
    if unknown:
        raise NotFound(_("There is no such indicator."), details={"keys": unknown})
    return keys


@declare("insight.board", "view")
class CatalogueView(APIView):
    key_scope, authentication_classes = "figures", BY_KEY

    @extend_schema(responses=DescriptionSerializer(many=True), operation_id="kpis")
    def get(self, request: Request) -> Response:
        """Every indicator: what it means, what it is made of, whether you may see it."""
        return Response(DescriptionSerializer(selectors.catalogue(_person(request)), many=True).data)


@declare("insight.board", "view")
class ReadingsView(APIView):
    key_scope, authentication_classes = "figures", BY_KEY

    @extend_schema(responses=ReadingSerializer(many=True), operation_id="kpis_readings",
                   parameters=[OpenApiParameter("key", str, many=True, description="up to 60; default: those you may see; `meter.<key>` for "
                                                                                  "a measure of the value meter"), *ASKED])
    def get(self, request: Request) -> Response:
        """Several figures at once, in the order of the keys."""
        person = _person(request)
        keys = standing(request.query_params.getlist("key")) or [one.key for one in selectors.catalogue(person) if one.allowed]
        found = boards.readings(person, keys[:MOST], **asked(request))
        services.note_sights(person=person, readings=found, now=clock.now())
        return Response(ReadingSerializer(found, many=True).data)


@declare("insight.board", "view")
class ReadingView(APIView):
    key_scope, authentication_classes = "figures", BY_KEY

    @extend_schema(responses=ReadingSerializer, operation_id="kpi_reading", parameters=ASKED)
    def get(self, request: Request, key: str) -> Response:
        """One figure; one that you may not see says so, and whom to ask."""
        return Response(ReadingSerializer(selectors.reading(_person(request), known([key])[0], **asked(request))).data)


def row_json(row: Row) -> dict[str, Any]:
    record = None if row.record is None else as_json({name: value for name, value in row.record.items() if name not in {"owner", "owner_id"}})
    return {
        "day": row.day, "value": row.value, "n": row.n, "hit": row.hit, "kind": row.kind, "title": str(row.title), "record": record, "url": row.url,
        "source_url": row.source_url, "message_url": row.message_url,
    }  # fmt: skip


def page_json(page: RowPage) -> dict[str, Any]:
    rows = [row_json(row) for row in page.rows]
    data = {"key": page.key, "state": page.state, "rows": rows, "total": page.total, "after": page.after, "why": page.why, "ask": page.ask}
    return dict(RowPageSerializer(data).data)


@declare("insight.board", "view")
class RowsView(APIView):
    key_scope, authentication_classes = "rows", BY_KEY

    @extend_schema(responses=RowPageSerializer, operation_id="kpi_rows", parameters=[
        *ASKED, OpenApiParameter("after", str, description="the mark of the page before"), OpenApiParameter("size", int, description="at most 200")])
    def get(self, request: Request, key: str) -> Response:
        """The records that a figure counts, the latest first; of stocks the largest first."""
        size = parsed(request, "size", int) or 50
        page = selectors.rows(_person(request), known([key])[0], after=request.query_params.get("after", ""), size=size, **asked(request))
        return Response(page_json(page))


@declare("insight.target", "manage")
class TargetView(APIView):
    @extend_schema(request=TargetInput, responses=TargetSerializer, operation_id="kpi_target_set")
    def put(self, request: Request, key: str) -> Response:
        """What the figure should be, for the company or for a unit; the target before is replaced."""
        given = _given(TargetInput, request)
        row = services.set_target(person=_person(request), key=key, period=_period(given["period"], given["start"], None), department=given["department"],
                                  value=given["value"], now=clock.now())
        return Response(TargetSerializer(row).data)

    @extend_schema(responses={204: None}, operation_id="kpi_target_clear", parameters=ASKED[:4])
    def delete(self, request: Request, key: str) -> Response:
        """Take the target away."""
        given = asked(request)
        services.clear_target(person=_person(request), key=key, period=given["period"], department=given["filters"].department, now=given["now"])
        return Response(status=204)


@declare("insight.note", "create")
class NotesView(APIView):
    @extend_schema(request=NoteInput, responses={201: NoteSerializer}, operation_id="kpi_note_add")
    def post(self, request: Request, key: str) -> Response:
        """Write on a figure that you may see."""
        given, person = _given(NoteInput, request), _person(request)
        row = services.add_note(person=person, key=key, period=_period(given["period"], given["start"], given["end"]), text=given["text"], now=clock.now())
        data = {"id": row.pk, "text": row.text, "author": person.name, "at": row.written_at, "period_start": row.period_start, "mine": True}
        return Response(NoteSerializer(data).data, status=201)


@declare("insight.note", "create")
class NoteView(APIView):
    @extend_schema(responses={204: None}, operation_id="kpi_note_remove")
    def delete(self, request: Request, note_id: uuid.UUID) -> Response:
        """Take your own note away."""
        services.remove_note(person=_person(request), note_id=note_id, now=clock.now())
        return Response(status=204)


urlpatterns = [
    path("kpis", CatalogueView.as_view(), name="api-kpis"),
    path("kpis/readings", ReadingsView.as_view(), name="api-kpis-readings"),
    path("kpis/notes/<uuid:note_id>", NoteView.as_view(), name="api-kpi-note"),
    path("kpis/<str:key>/reading", ReadingView.as_view(), name="api-kpi-reading"),
    path("kpis/<str:key>/rows", RowsView.as_view(), name="api-kpi-rows"),
    path("kpis/<str:key>/target", TargetView.as_view(), name="api-kpi-target"),
    path("kpis/<str:key>/notes", NotesView.as_view(), name="api-kpi-notes"),
]
