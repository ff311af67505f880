"""Keys for programs, and what a program reads with one: flat tables as JSON or CSV, a page at a time."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import Masked, declare
from apps.insight import selectors, services
from apps.insight.api import figures as api
from apps.insight.api.authentication import BY_KEY
from apps.insight.payloads import Reading
from apps.insight.policies import periods
from apps.insight.policies import tokens as policies
from apps.insight.selectors import tokens as reading
from apps.insight.services import exporting, tokens
from apps.insight.services.exporting.sheets import safe

LARGEST = 200


class CsvRenderer(BaseRenderer):
    """`?format=csv`: the rows of an answer as one table, with the mark that Excel knows UTF-8 by."""

    media_type, format, charset = "text/csv", "csv", "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None) -> bytes:
        out = io.StringIO()
        if "rows" not in data:
            return _refusal(data.get("error", {})).encode()
        writer = csv.DictWriter(out, data["columns"], extrasaction="ignore")
        writer.writeheader()
        for row in data["rows"]:
            writer.writerow({name: safe(value) if isinstance(value, str) and not _is_number(value) else value for name, value in row.items()})
        return out.getvalue().encode("utf-8-sig")


def _refusal(error: Mapping[str, Any]) -> str:
    """Why there is no table, and whom to ask."""
    owner = (error.get("details") or {}).get("owner", "")
    return f"{error.get('message', '')} {_('To see it, ask %(owner)s.') % {'owner': owner} if owner else ''}".strip()


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


class TokenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(policies.SCOPES)))
    ending = serializers.CharField(help_text="the last letters of its secret")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    used_at = serializers.DateTimeField(allow_null=True)


class MadeSerializer(TokenSerializer):
    secret = serializers.CharField(help_text="told this once")


class TokenInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=policies.LONGEST_NAME)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(policies.SCOPES)), min_length=1)
    days = serializers.IntegerField(min_value=1, max_value=policies.LONGEST_DAYS, default=90)


class TableSerializer(serializers.Serializer[Any]):
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True, help_text="path of the next page; also as a Link header")


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


@declare("insight.token", "view")
class TokensView(APIView):
    @extend_schema(responses=TokenSerializer(many=True), operation_id="keys")
    def get(self, request: Request) -> Response:
        """Your keys for programs; none shows its secret."""
        return Response(TokenSerializer(reading.tokens_of(_person(request)), many=True).data)

    @extend_schema(request=TokenInput, responses={201: MadeSerializer}, operation_id="key_make")
    @declare("insight.token", "create")
    def post(self, request: Request) -> Response:
        """A key; its secret is in this answer alone."""
        checked = TokenInput(data=request.data)
        checked.is_valid(raise_exception=True)
        row, secret = tokens.make_token(person=_person(request), now=clock.now(), **checked.validated_data)
        return Response({**TokenSerializer(row).data, "secret": secret}, status=201)


@declare("insight.token", "view")
class OneTokenView(APIView):
    @extend_schema(responses={204: None}, operation_id="key_revoke")
    def delete(self, request: Request, token_id: uuid.UUID) -> Response:
        """It opens nothing from now on."""
        tokens.revoke_token(person=_person(request), token_id=token_id, now=clock.now())
        return Response(status=204)


class TableView(APIView):
    """A flat table: one row a thing, the same columns in every row. As CSV it is data taken out: a right of its own (`exports`: the view's own right is
    one already), and audited."""

    key_scope = "figures"
    exports = False
    authentication_classes = BY_KEY
    renderer_classes = [JSONRenderer, CsvRenderer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self._is_file() and not self.exports:
            exporting.require_data(_person(request))

    def _is_file(self) -> bool:
        return bool(self.request.accepted_renderer.format == CsvRenderer.format)

    def table(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], after: dict[str, str] | None = None) -> Response:
        """`after`: the parameters of the next page, None at the end."""
        rows = list(rows)
        if self._is_file():
            exporting.note_table(person=_person(self.request), path=self.request.path, query=self.request.query_params.urlencode(), rows=len(rows),
                                 now=clock.now())  # fmt: skip
        following = f"{self.request.path}?{urlencode({**self.request.query_params.dict(), **after})}" if after else None
        response = Response({"columns": list(columns), "rows": rows, "next": following})
        if following:
            response["Link"] = f'<{following}>; rel="next"'
        return response


KEYS = OpenApiParameter("key", str, many=True, description="up to 60; default: those you may see")
FORMAT = OpenApiParameter("format", str, enum=["json", "csv"], description="csv: the rows as a table; needs the right to export data, audited")


def _readings(request: Request) -> list[Reading]:
    person = _person(request)
    keys = api.known(request.query_params.getlist("key")) or [one.key for one in selectors.catalogue(person) if one.allowed]
    found = selectors.board_readings(person, keys[: api.MOST], **api.asked(request))
    services.note_sights(person=person, readings=found, now=clock.now())
    return found


FIGURES = ("key", "title", "system", "group", "unit", "state", "first_day", "last_day", "value", "target", "former", "records", "not_counted", "as_of")
MONTHS = ("key", "title", "unit", "month", "value", "complete")
PARTS = ("key", "title", "unit", "dimension", "part_key", "part", "value", "records", "too_few")
ROWS = ("id", "figure", "day", "kind", "number", "title", "customer_key", "customer", "state", "currency", "value", "counts_as", "met", "masked", "page")


@declare("insight.board", "view")
class FiguresTable(TableView):
    @extend_schema(responses=TableSerializer, operation_id="bi_figures", parameters=[KEYS, *api.ASKED, FORMAT])
    def get(self, request: Request) -> Response:
        """One row a figure, for one period."""
        return self.table(FIGURES, (_figure(one) for one in _readings(request)))


def _figure(one: Reading) -> dict[str, Any]:
    first, end = one.window or (None, None)
    as_of = min(one.as_of.values(), default=None)
    return {
        "key": one.key, "title": one.title, "system": one.system, "group": one.group, "unit": one.unit, "state": one.state, "first_day": first,
        "last_day": end - periods.DAY if end else None, "value": _text(one.value), "target": _text(one.target), "former": _text(one.former),
        "records": one.rows, "not_counted": sum(left.count for left in one.excluded), "as_of": as_of.isoformat() if as_of else None,
    }  # fmt: skip


@declare("insight.board", "view")
class MonthsTable(TableView):
    @extend_schema(responses=TableSerializer, operation_id="bi_months", parameters=[KEYS, *api.ASKED, FORMAT])
    def get(self, request: Request) -> Response:
        """One row a figure and month, thirteen months back from the period."""
        return self.table(MONTHS, (
            {"key": one.key, "title": one.title, "unit": one.unit, "month": point.label, "value": _text(point.value), "complete": point.whole}
            for one in _readings(request) for point in one.series))


@declare("insight.board", "view")
class PartsTable(TableView):
    @extend_schema(responses=TableSerializer, operation_id="bi_parts", parameters=[KEYS, *api.ASKED, FORMAT])
    def get(self, request: Request) -> Response:
        """One row a figure and part (department, product line or region); groups that are too small have no value."""
        return self.table(PARTS, (
            {"key": one.key, "title": one.title, "unit": one.unit, "dimension": one.breakdown_by, "part_key": share.key, "part": share.label,
             "value": _text(share.value), "records": share.rows, "too_few": share.suppressed}
            for one in _readings(request) for share in one.breakdown))


@declare("insight.board", "view")
class RowsTable(TableView):
    key_scope = "rows"

    @extend_schema(responses=TableSerializer, operation_id="bi_rows", parameters=[
        *api.ASKED, OpenApiParameter("after", str, description="in `next`"), OpenApiParameter("size", OpenApiTypes.INT, description="at most 200"), FORMAT])
    def get(self, request: Request, key: str) -> Response:
        """One row a record that a figure counts. What is masked for you is empty and named in `masked`."""
        size = api.parsed(request, "size", int) or LARGEST
        page = selectors.rows(_person(request), api.known([key])[0], after=request.query_params.get("after", ""), size=size, **api.asked(request))
        return self.table(ROWS, (_row(key, row) for row in page.rows), {"after": page.after} if page.after else None)


def _row(key: str, row: Any) -> dict[str, Any]:
    record: Mapping[str, Any] = row.record or {}
    named = {"number": "key", "customer_key": "customer_key", "customer": "customer_name", "state": "state", "currency": "currency"}
    shown = {column: record.get(field) for column, field in named.items()}
    masked = sorted(column for column, value in shown.items() if isinstance(value, Masked))
    return {
        "id": record.get("external_id", ""), "figure": key, "day": row.day, "kind": row.kind, "title": "" if isinstance(row.title, Masked) else str(row.title),
        "value": _text(row.value), "counts_as": row.n, "met": row.hit, "masked": " ".join(masked), "page": row.url,
        **{column: "" if value is None or isinstance(value, Masked) else str(value) for column, value in shown.items()},
    }  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"


urlpatterns = [
    path("keys", TokensView.as_view(), name="api-keys"),
    path("keys/<uuid:token_id>", OneTokenView.as_view(), name="api-key"),
    path("bi/figures", FiguresTable.as_view(), name="api-bi-figures"),
    path("bi/months", MonthsTable.as_view(), name="api-bi-months"),
    path("bi/parts", PartsTable.as_view(), name="api-bi-parts"),
    path("bi/rows/<str:key>", RowsTable.as_view(), name="api-bi-rows"),
]
