"""REST API of one's own sessions."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import NotFound
from apps.identity.services import end_own
from apps.identity.views.sessions import sessions_of


class SessionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="names the session and opens nothing")
    opened_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    via = serializers.CharField(help_text="wecom, dingtalk, welink; empty: the company account (or the demo)")
    here = serializers.BooleanField(help_text="the session this request came with")


@declare("identity.profile", "view")
class SessionsView(APIView):
    """Where one is signed in."""

    @extend_schema(responses=SessionSerializer(many=True), operation_id="my_sessions")
    def get(self, request: Request) -> Response:
        """The newest first."""
        return Response(SessionSerializer(sessions_of(request._request), many=True).data)


@declare("identity.profile", "edit")
class SessionView(APIView):
    """One of one's sessions."""

    @extend_schema(responses={204: OpenApiResponse(description="ended")}, operation_id="my_session_end")
    def delete(self, request: Request, name: str) -> Response:
        """End it: its pages and sockets are closed at once."""
        if not end_own(account=request.user, name=name, now=clock.now()):  # type: ignore[arg-type]
            raise NotFound(_("There is no such session (any more)."))
        return Response(status=204)


urlpatterns = [
    path("me/sessions", SessionsView.as_view()),
    path("me/sessions/<str:name>", SessionView.as_view()),
]
