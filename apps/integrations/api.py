"""REST API of connections and quarantine."""

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
from apps.core.access import Projected, declare
from apps.core.errors import NotFound
from apps.core.requests import page_number
from apps.integrations import registry, selectors, services
from apps.integrations.models import QuarantineItem


class StreamSerializer(serializers.Serializer[Any]):
    stream = serializers.CharField()
    kind = serializers.CharField()
    count = serializers.IntegerField()
    loaded_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    cursor = serializers.CharField()


class ConnectionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    connector_id = serializers.CharField()
    enabled = serializers.BooleanField()
    state = serializers.CharField(help_text="up, slow or down")
    since = serializers.DateTimeField()
    last_ok_at = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField()
    feed_read_at = serializers.DateTimeField(allow_null=True)
    live_from = serializers.DateTimeField()
    open_items = serializers.IntegerField()
    streams = StreamSerializer(many=True)


class MessageSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    event_id = serializers.CharField()
    stream = serializers.CharField()
    external_id = serializers.CharField()
    transition = serializers.CharField()
    channel = serializers.CharField()
    state = serializers.CharField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    received_at = serializers.DateTimeField()


class ProblemSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    field = serializers.CharField()
    text = serializers.CharField()
    cure = serializers.CharField()


class ItemSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    system = serializers.CharField()
    kind = serializers.CharField()
    external_id = serializers.CharField()
    key = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField(help_text="OPEN, RELEASED or DISMISSED")
    owner = serializers.CharField(help_text="login or empty")
    created_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField(help_text="the record in its own system, where that has screens")
    page = serializers.CharField(help_text="the portal's page of the record")
    problems = ProblemSerializer(many=True)


class ItemListSerializer(serializers.Serializer[Any]):
    results = ItemSerializer(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()


class DismissInput(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=400)


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def item_json(item: Projected) -> dict[str, Any]:
    """One item as its viewer may see it."""
    owner, problems = item.get("owner"), item.get("problems")
    found = []
    for one in problems if isinstance(problems, list) else []:
        text, cure = registry.problem_words(one["code"], one["params"])
        found.append({"code": one["code"], "field": one.get("field", ""), "text": text, "cure": cure})
    return {
        **{name: item[name] for name in ("id", "system", "kind", "external_id", "key", "url")},
        "name": str(item.get("name") or ""), "state": item.get("state"), "owner": getattr(owner, "login", ""), "created_at": item.get("created_at"),
        "closed_at": item.get("closed_at"), "page": registry.page_of(item["kind"], item["external_id"]), "problems": found,
    }  # fmt: skip


def _found(person: Any, item_id: uuid.UUID) -> dict[str, Any]:
    item = selectors.quarantine_item(person, item_id)
    if item is None:
        raise NotFound(_("There is no such record in quarantine, or you may not see it."))
    return item_json(item)


@declare("integrations.connection", "view")
class ConnectionsView(APIView):
    @extend_schema(responses=ConnectionSerializer(many=True), operation_id="connections_list")
    def get(self, request: Request) -> Response:
        """Every connection, its health and how far it was read."""
        names = [name for name in ConnectionSerializer().fields if name != "streams"]  # type: ignore[comparison-overlap]
        data = [
            {**{name: getattr(row, name) for name in names}, "streams": list(selectors.streams(row))} for row in selectors.connections()  # type: ignore[call-overload]
        ]  # fmt: skip
        return Response(ConnectionSerializer(data, many=True).data)


@declare("integrations.connection", "manage")
class ResyncView(APIView):
    @extend_schema(request=None, responses={202: None}, operation_id="connections_resync")
    def post(self, request: Request, key: str) -> Response:
        """Read everything again; starts no process."""
        services.resync(person=_person(request), connection_key=key, now=clock.now())
        return Response(status=202)


@declare("integrations.quarantine", "view")
class QuarantineView(APIView):
    @extend_schema(responses=ItemListSerializer, operation_id="quarantine_list",
                   parameters=[OpenApiParameter("state", str, enum=QuarantineItem.State.values), OpenApiParameter("page", int)])
    def get(self, request: Request) -> Response:
        """Records that were not taken, newest first."""
        state = request.query_params.get("state", "OPEN")
        state = state if state in QuarantineItem.State.values else "OPEN"
        found = selectors.quarantine_page(_person(request), state=state, number=page_number(request.query_params.get("page")))
        data = {"results": [item_json(item) for item in found.object_list], "total": found.paginator.count, "page": found.number,
                "pages": found.paginator.num_pages}
        return Response(ItemListSerializer(data).data)


@declare("integrations.quarantine", "view")
class QuarantineItemView(APIView):
    @extend_schema(responses=ItemSerializer, operation_id="quarantine_get")
    def get(self, request: Request, item_id: uuid.UUID) -> Response:
        """Field, rule, what to do."""
        return Response(ItemSerializer(_found(_person(request), item_id)).data)


@declare("integrations.quarantine", "cure")
class ReadAgainView(APIView):
    @extend_schema(request=None, responses={202: None}, operation_id="quarantine_read_again")
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """It was put right in its system: look again. A good record leaves by itself."""
        services.read_again(person=_person(request), item_id=item_id, now=clock.now())
        return Response(status=202)


@declare("integrations.quarantine", "cure")
class DismissView(APIView):
    @extend_schema(request=DismissInput, responses=ItemSerializer, operation_id="quarantine_dismiss")
    def post(self, request: Request, item_id: uuid.UUID) -> Response:
        """Put it away for good."""
        given = DismissInput(data=request.data)
        given.is_valid(raise_exception=True)
        services.dismiss(person=_person(request), item_id=item_id, reason=given.validated_data["reason"], now=clock.now())
        return Response(ItemSerializer(_found(_person(request), item_id)).data)


@declare("integrations.connection", "view")
class MessageView(APIView):
    @extend_schema(responses=MessageSerializer, operation_id="connection_message")
    def get(self, request: Request, key: str, message_id: int) -> Response:
        """A hint as it came: what it was about and when; never what the record holds."""
        found = selectors.message(key, message_id)
        if found is None:
            raise NotFound(_("There is no such message."))
        return Response(MessageSerializer(found).data)


urlpatterns = [
    path("connections/<slug:key>/messages/<int:message_id>", MessageView.as_view(), name="api-connection-message"),
    path("connections", ConnectionsView.as_view(), name="api-connections"),
    path("connections/<slug:key>/resync", ResyncView.as_view(), name="api-connection-resync"),
    path("quarantine", QuarantineView.as_view(), name="api-quarantine"),
    path("quarantine/<uuid:item_id>", QuarantineItemView.as_view(), name="api-quarantine-item"),
    path("quarantine/<uuid:item_id>/read-again", ReadAgainView.as_view(), name="api-quarantine-read-again"),
    path("quarantine/<uuid:item_id>/dismiss", DismissView.as_view(), name="api-quarantine-dismiss"),
]
