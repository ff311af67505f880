"""REST API of joined customers: the rows, the sample profile, files, consents."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.core.requests import number
from apps.insight.api.keys import FORMAT, TableSerializer, TableView
from apps.insight.policies.customers import FIELDS
from apps.insight.selectors import customers as selectors
from apps.insight.services import customers as services
from apps.insight.views.customers import answer

LARGEST = 500


class GroupSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    rows = serializers.IntegerField(allow_null=True, help_text="null: too few to be shown")
    orders = serializers.DecimalField(max_digits=18, decimal_places=1, allow_null=True, help_text="each, on average")
    worth = serializers.DecimalField(max_digits=24, decimal_places=1, allow_null=True)
    interaction = serializers.DecimalField(max_digits=8, decimal_places=1, allow_null=True)


class FileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    form = serializers.CharField()
    state = serializers.ChoiceField(choices=["ORDERED", "READY", "REFUSED", "GONE"])
    rows = serializers.IntegerField()
    ordered_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class FileInput(serializers.Serializer[Any]):
    form = serializers.ChoiceField(choices=list(services.FORMS))


class ConsentInput(serializers.Serializer[Any]):
    given = serializers.BooleanField()
    basis = serializers.CharField(max_length=services.LONGEST, allow_blank=True, default="", help_text="how the customer agreed")


class ConsentSerializer(ConsentInput):
    customer_key = serializers.CharField()
    recorded_at = serializers.DateTimeField()


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


@declare("insight.customer_data", "export")
class CustomersTable(TableView):
    key_scope, exports = "customers", True

    @extend_schema(responses=TableSerializer, operation_id="bi_customers", parameters=[
        OpenApiParameter("after", OpenApiTypes.INT, description="in `next`"), OpenApiParameter("size", OpenApiTypes.INT, description="at most 500"), FORMAT])
    def get(self, request: Request) -> Response:
        """One row a customer with consent, joined from CRM, ERP and OA, each field as you may see it."""
        size = max(1, min(number(request.query_params.get("size")) or LARGEST, LARGEST))
        begin = number(request.query_params.get("after")) or 0
        rows = selectors.rows_of(_person(request), now=clock.now())
        return self.table(list(FIELDS), rows[begin : begin + size], {"after": str(begin + size)} if len(rows) > begin + size else None)


@declare("insight.customer_data", "view")
class ProfileView(APIView):
    @extend_schema(responses=GroupSerializer(many=True), operation_id="customers_profile")
    def get(self, request: Request) -> Response:
        """The sample profile: segments of customers with consent; small ones are not shown."""
        return Response(GroupSerializer(selectors.profile(_person(request), now=clock.now())[0], many=True).data)


@declare("insight.customer_data", "export")
class FilesView(APIView):
    @extend_schema(responses=FileSerializer(many=True), operation_id="customers_files")
    def get(self, request: Request) -> Response:
        """Your exports."""
        return Response(FileSerializer(selectors.files(_person(request)), many=True).data)

    @extend_schema(request=FileInput, responses={202: FileSerializer}, operation_id="customers_file_order")
    def post(self, request: Request) -> Response:
        """An export, made in the background; audited."""
        checked = FileInput(data=request.data)
        checked.is_valid(raise_exception=True)
        row = services.order_file(person=_person(request), form=checked.validated_data["form"], now=clock.now())
        return Response(FileSerializer(row).data, status=202)


@declare("insight.customer_data", "export")
class FileView(APIView):
    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY)}, operation_id="customers_file")
    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponse:
        """The file; audited."""
        return answer(services.taken(person=_person(request), file_id=file_id, now=clock.now()))


@declare("insight.customer_data", "consent")
class ConsentView(APIView):
    @extend_schema(request=ConsentInput, responses=ConsentSerializer, operation_id="customer_consent")
    def put(self, request: Request, customer_key: str) -> Response:
        """What a customer agreed to, or took back; audited."""
        checked = ConsentInput(data=request.data)
        checked.is_valid(raise_exception=True)
        row = services.record_consent(person=_person(request), customer_key=customer_key, now=clock.now(), **checked.validated_data)
        return Response(ConsentSerializer(row).data)


urlpatterns = [
    path("bi/customers", CustomersTable.as_view(), name="api-bi-customers"),
    path("customer-data/profile", ProfileView.as_view(), name="api-customers-profile"),
    path("customer-data/files", FilesView.as_view(), name="api-customers-files"),
    path("customer-data/files/<uuid:file_id>", FileView.as_view(), name="api-customers-file"),
    path("customer-data/consents/<str:customer_key>", ConsentView.as_view(), name="api-customer-consent"),
]
