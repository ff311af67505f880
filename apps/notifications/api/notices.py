"""REST API of notices: one's own, as one may see them."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import QueryDict
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import declare
from apps.notifications import forms, selectors, services

VERBS = ("read", "unread", "dismiss", "restore", "snooze")


class ActionSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()
    method = serializers.ChoiceField(choices=("get", "post"))


class NoticeSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    system = serializers.ChoiceField(choices=("oa", "erp", "crm"))
    also = serializers.ListField(child=serializers.CharField(), help_text="other systems that reported the same")
    todo = serializers.BooleanField()
    title = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField()
    actions = ActionSerializer(many=True)
    number = serializers.CharField(help_text="what people call its case by; may be empty")
    unread = serializers.BooleanField()
    ended = serializers.CharField(help_text="how it ended and by whom; empty while it is open")
    state = serializers.CharField(source="notification.state")
    due_at = serializers.DateTimeField(source="notification.due_at", allow_null=True)
    created_at = serializers.DateTimeField(source="notification.created_at")
    snoozed_until = serializers.DateTimeField(source="notification.snoozed_until", allow_null=True)
    wakes_on_change = serializers.BooleanField(source="notification.wakes_on_change")
    watches = serializers.ListField(child=serializers.CharField(), help_text="records until whose change it can be snoozed")


class NoticePageSerializer(serializers.Serializer[Any]):
    items = NoticeSerializer(many=True, source="rows")
    more = serializers.BooleanField()
    next = serializers.CharField(help_text="send it as `after` for the next page; empty: this is the last")
    todo = serializers.IntegerField(help_text="the badge: what one can act on now")
    unread = serializers.IntegerField()
    snoozed = serializers.IntegerField()


class SnoozeInput(serializers.Serializer[Any]):
    until = serializers.DateTimeField(allow_null=True, required=False, help_text="null: back into the list now")
    until_change = serializers.BooleanField(default=False, help_text="until a record that it depends on changes in its system")


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


FILTERS = [
    OpenApiParameter("tab", enum=list(selectors.TABS), description="default: todo"),
    OpenApiParameter("system", enum=["oa", "erp", "crm"]),
    OpenApiParameter("kind"),
    OpenApiParameter("q", description="words in what you may see"),
    OpenApiParameter("shown", type=int, description="at most so many"),
    OpenApiParameter("after", description="`next` of the page before"),
]


@declare("notifications.notification", "view")
class NoticesView(APIView):
    """One's own notices."""

    @extend_schema(parameters=FILTERS, responses=NoticePageSerializer, operation_id="notifications_list")
    def get(self, request: Request) -> Response:
        """A tab of the inbox with its counts."""
        found = selectors.inbox_page(_person(request), forms.filters_of(request.query_params.dict()), clock.now())
        return Response(NoticePageSerializer(found).data)


@declare("notifications.notification", "view")
class NoticeView(APIView):
    """One notice."""

    @extend_schema(responses=NoticeSerializer, operation_id="notification")
    def get(self, request: Request, notification_id: uuid.UUID) -> Response:
        """As one may see it."""
        found = selectors.get(_person(request), notification_id)
        return Response(NoticeSerializer(selectors.rendered(found, _person(request))).data)


@declare("notifications.notification", "view")
class NoticeVerbView(APIView):
    """What one can do with a notice. A to-do is closed by doing it, not here."""

    @extend_schema(request=SnoozeInput, responses=NoticeSerializer, operation_id="notification_change",
                   parameters=[OpenApiParameter("verb", str, OpenApiParameter.PATH, enum=list(VERBS))])
    def post(self, request: Request, notification_id: uuid.UUID, verb: str) -> Response:
        """read, unread, dismiss, restore or snooze."""
        given: dict[str, Any] = {"person": _person(request), "notification_id": notification_id, "now": clock.now()}
        if verb == "snooze":
            checked = SnoozeInput(data=request.data)
            checked.is_valid(raise_exception=True)
            if checked.validated_data["until_change"]:
                services.snooze_until_change(**given)
            else:
                services.snooze(**given, until=checked.validated_data.get("until"))
        else:
            change = {"read": services.mark_read, "unread": services.mark_unread, "dismiss": services.dismiss, "restore": services.restore}
            change[verb](**given)
        found = selectors.get(_person(request), notification_id)
        return Response(NoticeSerializer(selectors.rendered(found, _person(request))).data)


class ReadInput(serializers.Serializer[Any]):
    system = serializers.ChoiceField(choices=("oa", "erp", "crm"), required=False, default="", allow_blank=True)
    kind = serializers.CharField(required=False, default="", allow_blank=True, max_length=120)


class ReadSerializer(serializers.Serializer[Any]):
    read = serializers.IntegerField(help_text="how many were unread")


@declare("notifications.notification", "view")
class NoticesReadView(APIView):
    """All messages that only inform."""

    @extend_schema(request=ReadInput, responses=ReadSerializer, operation_id="notifications_read")
    def post(self, request: Request) -> Response:
        """Those of a system and a kind, or all, are read. To-dos and what is snoozed are left alone."""
        given = ReadInput(data=request.data)
        given.is_valid(raise_exception=True)
        count = services.mark_all_read(person=_person(request), now=clock.now(), **given.validated_data)
        return Response(ReadSerializer({"read": count}).data)


class SavedViewSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=40)
    query = serializers.CharField(help_text="filters as in the list's URL: tab, system, kind, q, by", allow_blank=True, max_length=400)


class SavedViewChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=40, required=False)
    query = serializers.CharField(required=False, allow_blank=True, max_length=400)
    place = serializers.IntegerField(min_value=0, required=False, help_text="counted from 0")


def _kept(query: str) -> str:
    """The filters among it that make sense."""
    return forms.query_of(forms.filters_of(QueryDict(query).dict()))


@declare("notifications.notification", "view")
class SavedViewsView(APIView):
    """One's own saved views of the inbox."""

    @extend_schema(responses=SavedViewSerializer(many=True), operation_id="notification_views_list")
    def get(self, request: Request) -> Response:
        """In one's own order."""
        return Response(SavedViewSerializer(selectors.views_of(_person(request)), many=True).data)

    @extend_schema(request=SavedViewSerializer, responses={201: SavedViewSerializer}, operation_id="notification_view_save")
    def post(self, request: Request) -> Response:
        """Keep filters under a name, at the end of the list."""
        given = SavedViewSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        query = _kept(given.validated_data["query"])
        view = services.save_view(person=_person(request), name=given.validated_data["name"], query=query, now=clock.now())
        return Response(SavedViewSerializer(view).data, status=201)


@declare("notifications.notification", "view")
class SavedViewView(APIView):
    """One saved view."""

    @extend_schema(request=SavedViewChange, responses=SavedViewSerializer(many=True), operation_id="notification_view_change")
    def patch(self, request: Request, view_id: uuid.UUID) -> Response:
        """Name, filters or place; answers all views in their order."""
        given = SavedViewChange(data=request.data)
        given.is_valid(raise_exception=True)
        fields, person = given.validated_data, _person(request)
        query = _kept(fields["query"]) if "query" in fields else None
        services.change_view(person=person, view_id=view_id, name=fields.get("name"), query=query, place=fields.get("place"))
        return Response(SavedViewSerializer(selectors.views_of(person), many=True).data)

    @extend_schema(responses={204: None}, operation_id="notification_view_delete")
    def delete(self, request: Request, view_id: uuid.UUID) -> Response:
        """It was only a name for filters; no message is touched."""
        services.delete_view(person=_person(request), view_id=view_id)
        return Response(status=204)


class BatchItemSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="row.id")
    title = serializers.CharField(source="row.title")
    result = serializers.ChoiceField(choices=("ready", "held", "done", "failed", "undone"))
    code = serializers.CharField(help_text="the rule that holds it; empty: none does")
    why = serializers.CharField(help_text="in words: with what was seen in the answer of the check, without any value later")


class BatchSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="batch.id")
    verb = serializers.CharField(source="batch.verb")
    state = serializers.CharField(source="batch.state")
    undo_until = serializers.DateTimeField(source="batch.undo_until", allow_null=True)
    undoable = serializers.BooleanField()
    words = serializers.CharField()
    items = BatchItemSerializer(many=True)


class BatchInput(serializers.Serializer[Any]):
    verb = serializers.ChoiceField(choices=("read", "unread", "done", "snooze", "wake"))
    ids = serializers.ListField(child=serializers.UUIDField())
    until = serializers.DateTimeField(allow_null=True, required=False, help_text="of snooze; null: back into the list now")


class BatchCheckInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=("approved", "rejected", "returned"))
    ids = serializers.ListField(child=serializers.UUIDField())


class BatchDecideInput(serializers.Serializer[Any]):
    comment = serializers.CharField(allow_blank=True, default="", help_text="needed to reject and to return")


def _batch_answer(request: Request, batch: Any, status: int = 200) -> Response:
    return Response(BatchSerializer(selectors.shown_batch(batch, _person(request), clock.now())).data, status=status)


@declare("notifications.notification", "view")
class BatchesView(APIView):
    """Several messages at once."""

    @extend_schema(request=BatchInput, responses={201: BatchSerializer}, operation_id="notification_batch")
    def post(self, request: Request) -> Response:
        """read, unread, done, snooze or wake, with a result for each; undo takes all of it back."""
        given = BatchInput(data=request.data)
        given.is_valid(raise_exception=True)
        fields = given.validated_data
        batch = services.act(person=_person(request), verb=fields["verb"], notification_ids=fields["ids"], until=fields.get("until"), now=clock.now())
        return _batch_answer(request, batch, 201)


@declare("notifications.notification", "view")
class BatchCheckView(APIView):
    """A decision on several to-dos, looked at."""

    @extend_schema(request=BatchCheckInput, responses={201: BatchSerializer}, operation_id="notification_batch_check")
    def post(self, request: Request) -> Response:
        """Which are ready and which are held, by which rule. Nothing is decided until you send `decide`."""
        given = BatchCheckInput(data=request.data)
        given.is_valid(raise_exception=True)
        batch = services.check(person=_person(request), outcome=given.validated_data["outcome"], notification_ids=given.validated_data["ids"],
                               now=clock.now())
        return _batch_answer(request, batch, 201)


@declare("notifications.notification", "view")
class BatchView(APIView):
    """What became of it."""

    @extend_schema(responses=BatchSerializer, operation_id="notification_batch_result")
    def get(self, request: Request, batch_id: uuid.UUID) -> Response:
        """A result for each message."""
        return Response(BatchSerializer(selectors.batch(_person(request), batch_id, clock.now())).data)


@declare("notifications.notification", "view")
class BatchDecideView(APIView):
    """Take what is ready."""

    @extend_schema(request=BatchDecideInput, responses=BatchSerializer, operation_id="notification_batch_decide")
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Each is decided as by itself; what changed since the check is held. Nothing reaches another system before `undo_until`."""
        given = BatchDecideInput(data=request.data)
        given.is_valid(raise_exception=True)
        services.decide(person=_person(request), batch_id=batch_id, comment=given.validated_data["comment"], now=clock.now())
        return _batch_answer(request, services.begin_undo(person=_person(request), batch_id=batch_id, now=clock.now()))


@declare("notifications.notification", "view")
class BatchUndoView(APIView):
    """Take all of it back."""

    @extend_schema(request=None, responses=BatchSerializer, operation_id="notification_batch_undo")
    def post(self, request: Request, batch_id: uuid.UUID) -> Response:
        """Until `undo_until`; 409 afterwards."""
        return _batch_answer(request, services.undo(person=_person(request), batch_id=batch_id, now=clock.now()))


urlpatterns = [
    path("notifications/batches", BatchesView.as_view(), name="api-notification-batches"),
    path("notifications/batches/check", BatchCheckView.as_view(), name="api-notification-batch-check"),
    path("notifications/batches/<uuid:batch_id>", BatchView.as_view(), name="api-notification-batch"),
    path("notifications/batches/<uuid:batch_id>/decide", BatchDecideView.as_view(), name="api-notification-batch-decide"),
    path("notifications/batches/<uuid:batch_id>/undo", BatchUndoView.as_view(), name="api-notification-batch-undo"),
    path("notifications/views", SavedViewsView.as_view(), name="api-notification-views"),
    path("notifications/views/<uuid:view_id>", SavedViewView.as_view(), name="api-notification-view"),
    path("notifications/read", NoticesReadView.as_view(), name="api-notifications-read"),
    path("notifications", NoticesView.as_view(), name="api-notifications"),
    path("notifications/<uuid:notification_id>", NoticeView.as_view(), name="api-notification"),
    *[
        path(f"notifications/<uuid:notification_id>/{verb}", NoticeVerbView.as_view(), {"verb": verb}, name=f"api-notification-{verb}")
        for verb in VERBS
    ],
]
