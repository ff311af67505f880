"""REST API of how one is reached: choices, last week with them, devices, chat accounts; for administrators the company's limits."""

from __future__ import annotations

import uuid
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
from apps.directory import selectors as directory
from apps.identity.services import digest_of
from apps.notifications import policies, selectors
from apps.notifications.channels.chat import VENDORS
from apps.notifications.services import chats, devices, preferences

FAMILY = serializers.ChoiceField(choices=preferences.CHOOSABLE)


class ReachInput(serializers.Serializer[Any]):
    off = serializers.ListField(child=FAMILY, required=False, help_text="channels switched off as a whole")
    kinds = serializers.DictField(required=False, help_text="{kind: {channel: instant | digest | off}}; what is not named is as the default")
    quiet = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False, allow_null=True,
                                  help_text='{weekday "0" (Monday) to "6": ["22:00", "07:00"]}; null: as the company')  # fmt: skip
    digest = serializers.ChoiceField(choices=("", *policies.DIGESTS), required=False, help_text="empty: as the company")
    remind_after = serializers.IntegerField(required=False, allow_null=True, help_text="minutes, 0 never; null: as the company")
    remind_by = serializers.ChoiceField(choices=("", *preferences.CHOOSABLE), required=False)


class CompanyInput(serializers.Serializer[Any]):
    quiet = serializers.DictField(child=serializers.ListField(child=serializers.CharField()), required=False)
    digest = serializers.ChoiceField(choices=policies.DIGESTS, required=False)
    remind_after = serializers.IntegerField(required=False)
    limits = serializers.DictField(required=False, help_text='{channel: {kind or "*": off | locked}}')
    sign_in = serializers.ListField(child=serializers.ChoiceField(choices=sorted(VENDORS)), required=False,
                                    help_text="chat products that may sign people in; one that is taken out has its sessions ended")  # fmt: skip


class CellSerializer(serializers.Serializer[Any]):
    channel = serializers.CharField()
    level = serializers.CharField()
    options = serializers.ListField(child=serializers.CharField())
    fixed = serializers.CharField(help_text="limit or critical: cannot be changed; empty: can")


class RowSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    urgent = serializers.BooleanField()
    todo = serializers.BooleanField()
    cells = CellSerializer(many=True)


class ReachSerializer(serializers.Serializer[Any]):
    channels = serializers.ListField(child=serializers.CharField(), help_text="those that are set up here")
    zone = serializers.CharField()
    off = serializers.ListField(child=serializers.CharField())
    quiet = serializers.DictField()
    digest = serializers.CharField()
    remind_after = serializers.IntegerField()
    remind_by = serializers.CharField()
    grid = RowSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    totals = serializers.DictField(help_text="channel: {now, later, digest, not}")


class DeviceInput(serializers.Serializer[Any]):
    endpoint = serializers.CharField()
    p256dh = serializers.CharField()
    auth = serializers.CharField()
    label = serializers.CharField(allow_blank=True, default="")  # type: ignore[assignment]


class DeviceHereInput(serializers.Serializer[Any]):
    endpoint = serializers.CharField()


class DeviceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()
    reached_at = serializers.DateTimeField(allow_null=True)


class CodeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="send it to the bot from your own chat account within ten minutes")


class ChatAccountInput(serializers.Serializer[Any]):
    user_id = serializers.CharField()


class ChatAccountSerializer(serializers.Serializer[Any]):
    vendor = serializers.CharField()
    user_id = serializers.CharField()
    bound_at = serializers.DateTimeField()


class CompanySerializer(serializers.Serializer[Any]):
    quiet = serializers.DictField()
    digest = serializers.CharField()
    remind_after = serializers.IntegerField()
    limits = serializers.DictField()
    sign_in = serializers.ListField(child=serializers.CharField())


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _checked(kind: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    given = kind(data=request.data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)


def _reach(person: Any) -> dict[str, Any]:
    reaching, shown = selectors.reaching_of(person), selectors.families()
    return {"channels": shown, "zone": str(reaching.zone), "off": sorted(reaching.off), "quiet": reaching.quiet, "digest": reaching.digest,
            "remind_after": reaching.remind_after, "remind_by": reaching.remind_by, "grid": selectors.grid(reaching, shown)}


@declare("notifications.notification", "view")
class ReachView(APIView):
    """How one is reached."""

    @extend_schema(responses=ReachSerializer, operation_id="reach")
    def get(self, request: Request) -> Response:
        """One's choices, with the company's filled in."""
        return Response(ReachSerializer(_reach(_person(request))).data)

    @extend_schema(request=ReachInput, responses=ReachSerializer, operation_id="reach_choose")
    def patch(self, request: Request) -> Response:
        """Change some. 422 when a limit of the company or an alarm is in the way."""
        preferences.choose(person=_person(request), changes=_checked(ReachInput, request), now=clock.now())
        return Response(ReachSerializer(_reach(_person(request))).data)


@declare("notifications.notification", "view")
class PreviewView(APIView):
    """Last week."""

    @extend_schema(request=ReachInput, responses=PreviewSerializer, operation_id="reach_preview")
    def post(self, request: Request) -> Response:
        """What one would have got with these choices; nothing is stored."""
        reaching = preferences.tried(person=_person(request), changes=_checked(ReachInput, request))
        return Response(PreviewSerializer(selectors.preview(_person(request), reaching, selectors.families(), clock.now())).data)


@declare("notifications.notification", "view")
class DevicesView(APIView):
    """Browsers that ring."""

    @extend_schema(responses=DeviceSerializer(many=True), operation_id="devices")
    def get(self, request: Request) -> Response:
        """One's own."""
        return Response(DeviceSerializer(selectors.devices_of(_person(request)), many=True).data)

    @extend_schema(request=DeviceInput, responses={201: DeviceSerializer}, operation_id="device_add")
    def post(self, request: Request) -> Response:
        """Let a browser ring until it is removed or this session ends."""
        session = digest_of(request._request.session.session_key or "")
        made = devices.take_on(person=_person(request), session=session, now=clock.now(), **_checked(DeviceInput, request))
        return Response(DeviceSerializer(made).data, status=201)


@declare("notifications.notification", "view")
class DeviceHereView(APIView):
    """The browser that asks."""

    @extend_schema(request=DeviceHereInput, responses={204: OpenApiResponse(description="it rings for you, until this session ends")},
                   operation_id="device_here")
    def post(self, request: Request) -> Response:
        """It is used in this session, by you: whoever it rang for before, it does not any more. 404: it does not ring for you."""
        session = digest_of(request._request.session.session_key or "")
        if not devices.here(person=_person(request), session=session, now=clock.now(), **_checked(DeviceHereInput, request)):
            raise NotFound(_("There is no such device."))
        return Response(status=204)


@declare("notifications.notification", "view")
class DeviceView(APIView):
    """One browser."""

    @extend_schema(responses={204: OpenApiResponse(description="it rings no more")}, operation_id="device_remove")
    def delete(self, request: Request, device_id: uuid.UUID) -> Response:
        """Remove it."""
        devices.let_go(person=_person(request), device_id=device_id, now=clock.now())
        return Response(status=204)


@declare("notifications.notification", "view")
class ChatCodeView(APIView):
    """Connecting a chat account."""

    @extend_schema(request=None, responses=CodeSerializer, operation_id="chat_code")
    def post(self, request: Request, vendor: str) -> Response:
        """A new code; an earlier one is void."""
        return Response({"code": chats.new_code(person=_person(request), vendor=vendor, now=clock.now())})


@declare("notifications.notification", "view")
class ChatAccountView(APIView):
    """One's chat account of a product."""

    @extend_schema(responses={204: OpenApiResponse(description="disconnected")}, operation_id="chat_disconnect")
    def delete(self, request: Request, vendor: str) -> Response:
        """Disconnect it."""
        chats.unbind(person=_person(request), vendor=vendor, actor=_person(request), now=clock.now())
        return Response(status=204)


@declare("notifications.channel", "manage")
class PersonsChatAccountView(APIView):
    """Anybody's chat account, for administrators."""

    @extend_schema(request=ChatAccountInput, responses=ChatAccountSerializer, operation_id="chat_bind")
    def put(self, request: Request, login: str, vendor: str) -> Response:
        """Connect it."""
        made = chats.bind(person=_by_login(login), vendor=vendor, actor=_person(request), now=clock.now(), **_checked(ChatAccountInput, request))
        return Response(ChatAccountSerializer(made).data)

    @extend_schema(responses={204: OpenApiResponse(description="disconnected")}, operation_id="chat_unbind")
    def delete(self, request: Request, login: str, vendor: str) -> Response:
        """Disconnect it."""
        chats.unbind(person=_by_login(login), vendor=vendor, actor=_person(request), now=clock.now())
        return Response(status=204)


def _by_login(login: str) -> Any:
    found = directory.find_person_by_login(login)
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


@declare("notifications.channel", "manage")
class CompanyView(APIView):
    """What everybody starts with, and what nobody may change."""

    @extend_schema(responses=CompanySerializer, operation_id="reach_company")
    def get(self, request: Request) -> Response:
        """As it is."""
        return Response(CompanySerializer(selectors.company_row()).data)

    @extend_schema(request=CompanyInput, responses=CompanySerializer, operation_id="reach_company_set")
    def patch(self, request: Request) -> Response:
        """Change some; audited."""
        return Response(CompanySerializer(preferences.set_company(
            actor=_person(request), changes=_checked(CompanyInput, request), now=clock.now())).data)


urlpatterns = [
    path("me/reach", ReachView.as_view()),
    path("me/reach/preview", PreviewView.as_view()),
    path("me/devices", DevicesView.as_view()),
    path("me/devices/here", DeviceHereView.as_view()),
    path("me/devices/<uuid:device_id>", DeviceView.as_view()),
    path("me/chat-accounts/<slug:vendor>/code", ChatCodeView.as_view()),
    path("me/chat-accounts/<slug:vendor>", ChatAccountView.as_view()),
    path("people/<str:login>/chat-accounts/<slug:vendor>", PersonsChatAccountView.as_view()),
    path("reach/company", CompanyView.as_view()),
]
