"""REST API of prints: files made by a job, fetched when they are ready, and compared with the records as of their moment."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpResponse
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.insight import forms
from apps.insight.api.boards import ASKED, ExportInput
from apps.insight.models import Print, PrintState
from apps.insight.selectors import boards, prints
from apps.insight.services import exporting
from apps.insight.views.prints import board_url, download, name_of


class PrintSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    board = serializers.CharField()
    name = serializers.SerializerMethodField(help_text="board and period, in your language")
    form = serializers.ChoiceField(choices=["csv", "xlsx", "pdf", "mail"])
    state = serializers.ChoiceField(choices=PrintState.values)
    moment = serializers.DateTimeField(help_text="what was known then is in it")
    digest = serializers.CharField(help_text="SHA-256 of its figures; empty until it is made")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="until then the file can be fetched; null: it was handed over at once, or mailed")
    url = serializers.SerializerMethodField(help_text="the board as of its moment")

    def get_name(self, found: Print) -> str:
        return name_of(found)

    def get_url(self, found: Print) -> str:
        return board_url(found)


class ComparedSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    unit = serializers.CharField()
    printed = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    again = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    verdict = serializers.ChoiceField(choices=["same", "other", "not_yours", "gone"])
    parts = serializers.ListField(child=serializers.CharField(), help_text="which of its sayings differ")


class ComparisonSerializer(serializers.Serializer[Any]):
    same = serializers.BooleanField()
    digest = serializers.CharField(help_text="of the figures read again")
    figures = ComparedSerializer(many=True)


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


@declare("insight.board", "view")
class BoardPrintsView(APIView):
    @extend_schema(request=ExportInput, parameters=ASKED, responses={202: PrintSerializer}, operation_id="board_print_order")
    def post(self, request: Request, ident: str) -> Response:
        """Have the board made as a file; you are told when it is ready. Each form needs its right, as `export` does; audited."""
        given = ExportInput(data=request.data)
        given.is_valid(raise_exception=True)
        now = clock.now()
        asked = forms.asked(request.query_params, now=now)
        made = exporting.order(person=_person(request), board=boards.board(_person(request), ident), form=given.validated_data["form"], period=asked.period,
                               as_shown=asked.as_shown, now=now, query=asked.query)
        return Response(PrintSerializer(made).data, status=202)


@declare("insight.board", "view")
class PrintsView(APIView):
    @extend_schema(responses=PrintSerializer(many=True), operation_id="prints")
    def get(self, request: Request) -> Response:
        """What you took, the latest first."""
        return Response(PrintSerializer(prints.prints_of(_person(request)), many=True).data)


@declare("insight.board", "view")
class PrintView(APIView):
    @extend_schema(responses=PrintSerializer, operation_id="print")
    def get(self, request: Request, print_id: uuid.UUID) -> Response:
        """One of your prints."""
        return Response(PrintSerializer(prints.print_of(_person(request), print_id)).data)


@declare("insight.board", "view")
class PrintFileView(APIView):
    @extend_schema(responses={200: OpenApiResponse(OpenApiTypes.BINARY)}, operation_id="print_file")
    def get(self, request: Request, print_id: uuid.UUID) -> HttpResponse:
        """The file, while it is kept; needs the right that ordering it needs; audited."""
        file = exporting.take(person=_person(request), print_id=print_id, now=clock.now())
        return download(file, file.name.rpartition(".")[2])


@declare("insight.board", "view")
class PrintComparisonView(APIView):
    @extend_schema(responses=ComparisonSerializer, operation_id="print_comparison")
    def get(self, request: Request, print_id: uuid.UUID) -> Response:
        """Its figures beside the same read again as of its moment, under the rights you have today."""
        found = prints.print_of(_person(request), print_id)
        asked = forms.asked(dict(parse_qsl(found.query)), now=found.moment)
        compared = prints.comparison(_person(request), found, period=asked.period, filters=asked.filters, now=clock.now())
        return Response(ComparisonSerializer(compared).data)


urlpatterns = [
    path("boards/<str:ident>/prints", BoardPrintsView.as_view(), name="api-board-prints"),
    path("prints", PrintsView.as_view(), name="api-prints"),
    path("prints/<uuid:print_id>", PrintView.as_view(), name="api-print"),
    path("prints/<uuid:print_id>/file", PrintFileView.as_view(), name="api-print-file"),
    path("prints/<uuid:print_id>/comparison", PrintComparisonView.as_view(), name="api-print-comparison"),
]
