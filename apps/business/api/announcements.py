"""REST API of announcements and of copies of cases."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.business import forms, policies, selectors, services
from apps.business.api.visits import ColleagueSerializer, given, person_of
from apps.core import clock
from apps.core.access import decide, declare
from apps.core.errors import NotFound


class AnnouncementSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    title = serializers.CharField(help_text="in your language, where there is a version of it")
    body = serializers.CharField(help_text="plain text with a few marks")
    html = serializers.CharField(help_text="the same as safe HTML")
    author = ColleagueSerializer()
    state = serializers.ChoiceField(choices=["DRAFT", "PUBLISHED", "WITHDRAWN"])
    pinned = serializers.BooleanField()
    visible_from = serializers.DateTimeField()
    visible_until = serializers.DateTimeField(allow_null=True)
    confirm = serializers.BooleanField(help_text="readers say that they have read it")
    confirm_by = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True, help_text="when you opened it")
    confirmed_at = serializers.DateTimeField(allow_null=True)


class AnnouncementListSerializer(serializers.Serializer[Any]):
    results = AnnouncementSerializer(many=True)
    total = serializers.IntegerField()
    page = serializers.IntegerField()
    pages = serializers.IntegerField()


class AnnouncementInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    title_zh = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    body = serializers.CharField(required=False, allow_blank=True, default="")
    body_zh = serializers.CharField(required=False, allow_blank=True, default="")
    everybody = serializers.BooleanField(default=False)
    unit_ids = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, help_text="departments, with all below them")
    role_ids = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    person_ids = serializers.ListField(child=serializers.UUIDField(), required=False, default=list)
    visible_from = serializers.DateTimeField(required=False, allow_null=True, default=None)
    visible_until = serializers.DateTimeField(required=False, allow_null=True, default=None)
    pinned = serializers.BooleanField(default=False)
    confirm = serializers.BooleanField(default=False)
    confirm_by = serializers.DateTimeField(required=False, allow_null=True, default=None)


class CorrectionInput(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=160)
    title_zh = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    body = serializers.CharField(required=False, allow_blank=True, default="")
    body_zh = serializers.CharField(required=False, allow_blank=True, default="")
    ask_again = serializers.BooleanField(default=False, help_text="who confirmed the older words is asked once more")


class PinInput(serializers.Serializer[Any]):
    pinned = serializers.BooleanField()


class ReaderSerializer(serializers.Serializer[Any]):
    person = ColleagueSerializer()
    read_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    reminded_at = serializers.DateTimeField(allow_null=True)


class ReadingReportSerializer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    read = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    readers = ReaderSerializer(many=True)


class RemindedSerializer(serializers.Serializer[Any]):
    reminded = serializers.IntegerField()


class CopyInput(serializers.Serializer[Any]):
    person_ids = serializers.ListField(child=serializers.UUIDField())
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=500)


class CopySerializer(serializers.Serializer[Any]):
    business_key = serializers.CharField()
    sender = ColleagueSerializer()
    person = ColleagueSerializer()
    note = serializers.CharField()
    sent_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


def _json(reading: selectors.Reading) -> dict[str, Any]:
    row = reading.row
    names = ("author", "state", "pinned", "visible_from", "visible_until", "confirm", "confirm_by")
    shown = {"title": reading.title, "body": reading.body, "html": policies.richtext.to_html(reading.body)}
    mine = {"read_at": reading.read_at, "confirmed_at": reading.confirmed_at}
    return dict(AnnouncementSerializer({"id": row.pk, **shown, **mine, **{name: getattr(row, name) for name in names}}).data)


def _shown(request: Request, announcement_id: uuid.UUID, status: int = 200) -> Response:
    return Response(_json(selectors.announcement(person_of(request), announcement_id, clock.now())), status=status)


@declare("business.announcement", "view")
class AnnouncementsView(APIView):
    @extend_schema(responses=AnnouncementListSerializer, operation_id="announcements_list",
                   parameters=[OpenApiParameter("view", str, enum=["shown", "written"]), OpenApiParameter("page", int)])
    @declare("business.announcement", "view")
    def get(self, request: Request) -> Response:
        """What is shown to you now; `view=written`: what you may change."""
        number = forms.number_of(request.query_params.get("page"))
        if request.query_params.get("view") == "written":
            found = selectors.written(person_of(request), page=number)
        else:
            found = selectors.announcements(person_of(request), now=clock.now(), page=number)
        return Response({"results": [_json(one) for one in found.rows], "total": found.count, "page": found.number, "pages": found.num_pages})

    @extend_schema(request=AnnouncementInput, responses={201: AnnouncementSerializer}, operation_id="announcements_write")
    @declare("business.announcement", "manage")
    def post(self, request: Request) -> Response:
        """A draft."""
        row = services.save_announcement(person=person_of(request), fields=given(AnnouncementInput, request), now=clock.now())
        return _shown(request, row.pk, 201)


@declare("business.announcement", "view")
class AnnouncementView(APIView):
    @extend_schema(responses=AnnouncementSerializer, operation_id="announcements_get")
    @declare("business.announcement", "view")
    def get(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """One; asking for it is no reading."""
        return _shown(request, announcement_id)

    @extend_schema(request=AnnouncementInput, responses=AnnouncementSerializer, operation_id="announcements_change")
    @declare("business.announcement", "manage")
    def put(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Change a draft."""
        fields = given(AnnouncementInput, request)
        services.save_announcement(person=person_of(request), fields=fields, announcement_id=announcement_id, now=clock.now())
        return _shown(request, announcement_id)


    @extend_schema(request=CorrectionInput, responses=AnnouncementSerializer, operation_id="announcements_correct")
    @declare("business.announcement", "manage")
    def patch(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Other words for what is published; whom it is for and when stays."""
        texts = given(CorrectionInput, request)
        ask_again = texts.pop("ask_again")
        services.correct_announcement(person=person_of(request), announcement_id=announcement_id, texts=texts, ask_again=ask_again, now=clock.now())
        return _shown(request, announcement_id)


@declare("business.announcement", "manage")
class AnnouncementPublishView(APIView):
    @extend_schema(request=None, responses=AnnouncementSerializer, operation_id="announcements_publish")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """The audience is told when it begins to be shown."""
        services.publish_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now())
        return _shown(request, announcement_id)


@declare("business.announcement", "manage")
class AnnouncementWithdrawView(APIView):
    @extend_schema(request=None, responses=AnnouncementSerializer, operation_id="announcements_withdraw")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Show it no more."""
        services.withdraw_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now())
        return _shown(request, announcement_id)


@declare("business.announcement", "manage")
class AnnouncementPinView(APIView):
    @extend_schema(request=PinInput, responses=AnnouncementSerializer, operation_id="announcements_pin")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Hold it at the top or let it go."""
        services.pin_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now(), **given(PinInput, request))
        return _shown(request, announcement_id)


@declare("business.announcement", "manage")
class AnnouncementReportView(APIView):
    @extend_schema(responses=ReadingReportSerializer, operation_id="announcements_report")
    @declare("business.announcement", "manage")
    def get(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Who of the audience has read and confirmed it, those who are missing first."""
        row = selectors.announcement_of(person_of(request), announcement_id, clock.now())
        if not decide(person_of(request), "manage", "business.announcement", row.author_id).allowed:
            raise NotFound("")
        report = selectors.reading_report(row)
        readers = [
            {"person": one, **{name: getattr(receipt, name, None) for name in ("read_at", "confirmed_at", "reminded_at")}} for one, receipt in report.rows
        ]
        return Response(ReadingReportSerializer({"total": report.total, "read": report.read, "confirmed": report.confirmed, "readers": readers}).data)

    @extend_schema(request=None, responses=RemindedSerializer, operation_id="announcements_remind")
    @declare("business.announcement", "manage")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """Remind whoever is missing, each at most once in twenty hours."""
        return Response({"reminded": services.remind_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now())})


@declare("business.announcement", "view")
class AnnouncementReadView(APIView):
    @extend_schema(request=None, responses=AnnouncementSerializer, operation_id="announcements_read")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """You have opened it."""
        services.read_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now())
        return _shown(request, announcement_id)


@declare("business.announcement", "view")
class AnnouncementConfirmView(APIView):
    @extend_schema(request=None, responses=AnnouncementSerializer, operation_id="announcements_confirm")
    def post(self, request: Request, announcement_id: uuid.UUID) -> Response:
        """You have read it."""
        services.confirm_announcement(person=person_of(request), announcement_id=announcement_id, now=clock.now())
        return _shown(request, announcement_id)


@declare("business.circulation", "view")
class CopiesView(APIView):
    @extend_schema(responses=CopySerializer(many=True), operation_id="copies_list")
    @declare("business.circulation", "view")
    def get(self, request: Request) -> Response:
        """Cases copied to you, the latest first."""
        found = selectors.copies_to(person_of(request), page=forms.number_of(request.query_params.get("page")))
        return Response(CopySerializer([copy for copy, _title, _label in found.rows], many=True).data)


@declare("business.circulation", "view")
class CaseCopiesView(APIView):
    @extend_schema(request=CopyInput, responses={201: CopySerializer(many=True)}, operation_id="copies_send")
    @declare("business.circulation", "create")
    def post(self, request: Request, business_key: str) -> Response:
        """Copy a case that you may see to people; answers the new copies."""
        rows = services.circulate(person=person_of(request), business_key=business_key, now=clock.now(), **given(CopyInput, request))
        return Response(CopySerializer(rows, many=True).data, status=201)


urlpatterns = [
    path("announcements", AnnouncementsView.as_view(), name="api-announcements"),
    path("announcements/<uuid:announcement_id>", AnnouncementView.as_view(), name="api-announcement"),
    path("announcements/<uuid:announcement_id>/publish", AnnouncementPublishView.as_view(), name="api-announcement-publish"),
    path("announcements/<uuid:announcement_id>/withdraw", AnnouncementWithdrawView.as_view(), name="api-announcement-withdraw"),
    path("announcements/<uuid:announcement_id>/pin", AnnouncementPinView.as_view(), name="api-announcement-pin"),
    path("announcements/<uuid:announcement_id>/readers", AnnouncementReportView.as_view(), name="api-announcement-readers"),
    path("announcements/<uuid:announcement_id>/read", AnnouncementReadView.as_view(), name="api-announcement-read"),
    path("announcements/<uuid:announcement_id>/confirm", AnnouncementConfirmView.as_view(), name="api-announcement-confirm"),
    path("copies", CopiesView.as_view(), name="api-copies"),
    path("cases/<str:business_key>/copies", CaseCopiesView.as_view(), name="api-case-copies"),
]
