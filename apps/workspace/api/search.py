"""REST API of the search over everything."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.workspace.selectors import search as selectors


class HitSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    url = serializers.CharField(help_text="the portal's page; empty where there is none")
    meta = serializers.CharField()
    state = serializers.CharField()


class HitsSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="customer deal order shipment stock person visit announcement case page")
    label = serializers.CharField()  # type: ignore[assignment]
    system = serializers.CharField()
    hits = HitSerializer(many=True)


@declare("workspace.search", "view")
class SearchView(APIView):
    @extend_schema(responses=HitsSerializer(many=True), operation_id="search", parameters=[OpenApiParameter("q", str, required=True)])
    def get(self, request: Request) -> Response:
        """Everything you may see by a few letters, the best group first; a slip of the finger still finds."""
        q = request.query_params.get("q", "")[: selectors.LONGEST]
        person = request._request.person  # type: ignore[attr-defined]
        return Response(HitsSerializer(selectors.search(person, q, clock.now()), many=True).data)


urlpatterns = [path("search", SearchView.as_view(), name="api-search")]
