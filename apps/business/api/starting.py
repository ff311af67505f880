"""REST API: what a person may begin."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.business.api.visits import person_of
from apps.core.access import declare
from apps.workflows import selectors as workflows


class StartableSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    hint = serializers.CharField()
    url = serializers.CharField(help_text="the page where it begins")


@declare("workspace.home", "view")
class StartablesView(APIView):
    @extend_schema(responses=StartableSerializer(many=True), operation_id="startables_list")
    def get(self, request: Request) -> Response:
        """Every form and process that your roles let you begin."""
        return Response(StartableSerializer(workflows.startables(person_of(request)), many=True).data)


urlpatterns = [path("startables", StartablesView.as_view(), name="api-startables")]
