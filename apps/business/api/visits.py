"""REST API of customer visits."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.business import forms, selectors, services
from apps.core import clock
from apps.core.access import Projected, declare


class ColleagueSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    login = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()


class VisitSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    number = serializers.CharField()
    customer_id = serializers.CharField()
    customer = serializers.CharField(help_text="dots when your role may not read it")
    visitor = ColleagueSerializer()
    companions = ColleagueSerializer(many=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    place = serializers.CharField()
    purpose = serializers.CharField()
    state = serializers.ChoiceField(choices=["REQUESTED", "APPROVED", "RETURNED", "REJECTED", "CANCELLED", "REPORTED"])
    approver = ColleagueSerializer(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    report = serializers.CharField(required=False)
    reported_at = serializers.DateTimeField(allow_null=True)
    follow_up_id = serializers.CharField(help_text="the follow-up in the CRM; empty until it is there")
    business_key = serializers.CharField(help_text="of its approval")


class VisitListSerializer(serializers.Serializer[Any]):
    results = VisitSerializer(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()


class VisitChange(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    place = serializers.CharField(max_length=200)
    purpose = serializers.CharField(max_length=500)
    companion_ids = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)


class VisitInput(VisitChange):
    customer_id = serializers.CharField(help_text="the CRM's id")


class VisitCancel(serializers.Serializer[Any]):
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class VisitReport(serializers.Serializer[Any]):
    report = serializers.CharField(max_length=4000)


def person_of(request: Request) -> Any:
    """Who asks."""
    return request._request.person  # type: ignore[attr-defined]


def given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The posted values, checked; ValidationError else."""
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _json(visit: Projected) -> dict[str, Any]:
    """What a role does not see of it is null; a masked text is dots."""
    fields = VisitSerializer().fields
    return dict(VisitSerializer({name: _readable(visit.get(name), field) for name, field in fields.items()}).data)


def _readable(value: Any, field: Any) -> Any:
    if not getattr(value, "is_masked", False):
        return value
    return str(value) if isinstance(field, serializers.CharField) else None


def _shown(request: Request, visit_id: uuid.UUID, status: int = 200) -> Response:
    return Response(_json(selectors.visit(person_of(request), visit_id)), status=status)


@declare("business.visit", "view")
class VisitsView(APIView):
    @extend_schema(responses=VisitListSerializer, operation_id="visits_list",
                   parameters=[OpenApiParameter("view", str, enum=["coming", "report", "all"]), OpenApiParameter("page", int)])
    @declare("business.visit", "view")
    def get(self, request: Request) -> Response:
        """Visits you make, join or may see."""
        view = request.query_params.get("view", "all")
        found = selectors.visits(person_of(request), view=view, now=clock.now(), page=forms.number_of(request.query_params.get("page")))
        return Response({"results": [_json(row) for row in found.rows], "total": found.count, "page": found.number, "pages": found.num_pages})

    @extend_schema(request=VisitInput, responses={201: VisitSerializer}, operation_id="visits_request")
    @declare("business.visit", "create")
    def post(self, request: Request) -> Response:
        """Ask for a visit; your manager decides."""
        visit = services.request_visit(person=person_of(request), now=clock.now(), **given(VisitInput, request))
        return _shown(request, visit.pk, 201)


@declare("business.visit", "view")
class VisitView(APIView):
    @extend_schema(responses=VisitSerializer, operation_id="visits_get")
    @declare("business.visit", "view")
    def get(self, request: Request, visit_id: uuid.UUID) -> Response:
        """One visit."""
        return _shown(request, visit_id)

    @extend_schema(request=VisitChange, responses=VisitSerializer, operation_id="visits_change")
    @declare("business.visit", "create")
    def put(self, request: Request, visit_id: uuid.UUID) -> Response:
        """Move or reword it; on another day it is asked for again."""
        services.change_visit(person=person_of(request), visit_id=visit_id, now=clock.now(), **given(VisitChange, request))
        return _shown(request, visit_id)


@declare("business.visit", "create")
class VisitCancelView(APIView):
    @extend_schema(request=VisitCancel, responses=VisitSerializer, operation_id="visits_cancel")
    def post(self, request: Request, visit_id: uuid.UUID) -> Response:
        """Call it off."""
        services.cancel_visit(person=person_of(request), visit_id=visit_id, now=clock.now(), **given(VisitCancel, request))
        return _shown(request, visit_id)


@declare("business.visit", "create")
class VisitReportView(APIView):
    @extend_schema(request=VisitReport, responses=VisitSerializer, operation_id="visits_report")
    def post(self, request: Request, visit_id: uuid.UUID) -> Response:
        """Write the report; the CRM gets it as a follow-up, once."""
        services.report_visit(person=person_of(request), visit_id=visit_id, now=clock.now(), **given(VisitReport, request))
        return _shown(request, visit_id)


urlpatterns = [
    path("visits", VisitsView.as_view(), name="api-visits"),
    path("visits/<uuid:visit_id>", VisitView.as_view(), name="api-visit"),
    path("visits/<uuid:visit_id>/cancel", VisitCancelView.as_view(), name="api-visit-cancel"),
    path("visits/<uuid:visit_id>/report", VisitReportView.as_view(), name="api-visit-report"),
]
