"""REST API of the value meter: measures, the cases they count, baselines, departments that are live."""

from __future__ import annotations

import uuid
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
from apps.core.errors import InvalidInput
from apps.insight import selectors, services
from apps.insight.api.authentication import BY_KEY
from apps.insight.api.figures import RowPageSerializer, page_json
from apps.insight.api.gauges import GaugeSerializer

DEPARTMENT = OpenApiParameter("department", uuid.UUID, description="an org unit with all below it")


class BaselineInput(serializers.Serializer[Any]):
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    department = serializers.UUIDField(required=False, allow_null=True, default=None)


class BaselineSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    key = serializers.CharField()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    frozen_at = serializers.DateTimeField()


class LiveSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    depth = serializers.IntegerField()
    live_from = serializers.DateField(allow_null=True, help_text="null: not live yet, so it is a control")
    inherited = serializers.BooleanField(help_text="the day is that of a department above")


class LiveInput(serializers.Serializer[Any]):
    live_from = serializers.DateField()


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _department(request: Request) -> uuid.UUID | None:
    text = request.query_params.get("department", "")
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise InvalidInput(_("This value cannot be read."), details={"fields": {"department": [_("This value cannot be read.")]}}) from error


def _size(request: Request) -> int:
    text = request.query_params.get("size", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 50


@declare("insight.board", "view")
class MeterView(APIView):
    key_scope, authentication_classes = "figures", BY_KEY

    @extend_schema(responses=GaugeSerializer(many=True), operation_id="value_meter", parameters=[DEPARTMENT])
    def get(self, request: Request) -> Response:
        """What became better since the baseline was frozen and against departments not yet live, by how much, and whether that is proven."""
        found = selectors.meter(_person(request), department=_department(request), now=clock.now())
        return Response(GaugeSerializer(found, many=True).data)


@declare("insight.board", "view")
class MeterRowsView(APIView):
    key_scope, authentication_classes = "rows", BY_KEY

    @extend_schema(responses=RowPageSerializer, operation_id="value_meter_rows", parameters=[
        DEPARTMENT, OpenApiParameter("side", str, enum=["now", "control"], description="control: departments that are not live yet"),
        OpenApiParameter("after", str, description="the mark of the page before"), OpenApiParameter("size", int, description="at most 200")])
    def get(self, request: Request, key: str) -> Response:
        """The cases that a measure counts, the latest first."""
        side: Any = "control" if request.query_params.get("side") == "control" else "now"
        page = selectors.meter_rows(_person(request), key, side=side, department=_department(request), after=request.query_params.get("after", ""),
                                    size=_size(request), now=clock.now())
        return Response(page_json(page))


@declare("insight.target", "manage")
class BaselineView(APIView):
    @extend_schema(request=BaselineInput, responses={201: BaselineSerializer}, operation_id="value_meter_freeze")
    def post(self, request: Request, key: str) -> Response:
        """Freeze what a measure was between two days. Once: it is never replaced."""
        row = services.freeze_baseline(person=_person(request), key=key, now=clock.now(), **_given(BaselineInput, request))
        return Response(BaselineSerializer(row).data, status=201)


@declare("insight.target", "manage")
class LiveView(APIView):
    @extend_schema(responses=LiveSerializer(many=True), operation_id="value_meter_departments")
    def get(self, request: Request) -> Response:
        """Since when which department works with the portal."""
        return Response(LiveSerializer(selectors.departments(), many=True).data)


@declare("insight.target", "manage")
class LiveDepartmentView(APIView):
    @extend_schema(request=LiveInput, responses=LiveSerializer(many=True), operation_id="value_meter_department_set")
    def put(self, request: Request, department: uuid.UUID) -> Response:
        """The day from which a department, and what is below it, is live; audited."""
        services.set_live(person=_person(request), department=department, live_from=_given(LiveInput, request)["live_from"], now=clock.now())
        return Response(LiveSerializer(selectors.departments(), many=True).data)

    @extend_schema(responses={204: None}, operation_id="value_meter_department_clear")
    def delete(self, request: Request, department: uuid.UUID) -> Response:
        """It has no day of its own any more."""
        services.set_live(person=_person(request), department=department, live_from=None, now=clock.now())
        return Response(status=204)


urlpatterns = [
    path("value-meter", MeterView.as_view(), name="api-value-meter"),
    path("value-meter/departments", LiveView.as_view(), name="api-value-meter-departments"),
    path("value-meter/departments/<uuid:department>", LiveDepartmentView.as_view(), name="api-value-meter-department"),
    path("value-meter/<slug:key>/baseline", BaselineView.as_view(), name="api-value-meter-baseline"),
    path("value-meter/<slug:key>/rows", MeterRowsView.as_view(), name="api-value-meter-rows"),
]
