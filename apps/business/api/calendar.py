"""REST API of the own calendar, absences, and the secret link."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.business import forms, selectors, services
from apps.business.api.visits import given, person_of
from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput
from apps.directory import services as directory

LONGEST = dt.timedelta(days=370)


class EntrySerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["visit", "due", "absence"])
    ident = serializers.CharField()
    title = serializers.CharField()
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    starts_at = serializers.DateTimeField(allow_null=True, help_text="null: whole days")
    ends_at = serializers.DateTimeField(allow_null=True)
    url = serializers.CharField()
    place = serializers.CharField()


class AbsenceInput(serializers.Serializer[Any]):
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    deputy_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=200, help_text="nobody but you reads it")


class AbsenceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    reason = serializers.CharField()


class LinkSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="shown this once; of the secret in it only a hash is kept")


@declare("business.calendar", "view")
class CalendarView(APIView):
    @extend_schema(responses=EntrySerializer(many=True), operation_id="calendar",
                   parameters=[OpenApiParameter("first", dt.date), OpenApiParameter("last", dt.date)])
    def get(self, request: Request) -> Response:
        """Your visits, to-dos that fall due, absences of your department; thirty days from today unless said otherwise."""
        now = clock.now()
        first = forms.day_of(request.query_params.get("first", "")) or timezone.localtime(now).date()
        last = forms.day_of(request.query_params.get("last", "")) or first + dt.timedelta(days=30)
        if not first <= last <= first + LONGEST:
            raise InvalidInput(_("Choose at most a year."), details={"fields": {"last": [_("Choose at most a year.")]}})
        return Response(EntrySerializer(selectors.entries(person_of(request), first, last, now), many=True).data)


@declare("directory.absence", "edit")
class AbsencesView(APIView):
    @extend_schema(request=AbsenceInput, responses={201: AbsenceSerializer}, operation_id="absences_add")
    def post(self, request: Request) -> Response:
        """You will be away."""
        row = directory.add_absence(person=person_of(request), now=clock.now(), **given(AbsenceInput, request))
        return Response(AbsenceSerializer(row).data, status=201)


@declare("directory.absence", "edit")
class AbsenceView(APIView):
    @extend_schema(responses={204: None}, operation_id="absences_cancel")
    def delete(self, request: Request, absence_id: uuid.UUID) -> Response:
        """You are there after all."""
        directory.cancel_absence(person=person_of(request), absence_id=absence_id, now=clock.now())
        return Response(status=204)


@declare("business.calendar", "edit")
class LinkView(APIView):
    @extend_schema(request=None, responses={201: LinkSerializer}, operation_id="calendar_link_make")
    def post(self, request: Request) -> Response:
        """A new secret link for calendar programs; the one before opens nothing any more."""
        token = services.make_calendar_link(person=person_of(request), now=clock.now())
        return Response({"url": request.build_absolute_uri(f"/calendar/feed/{token}.ics")}, status=201)

    @extend_schema(responses={204: None}, operation_id="calendar_link_revoke")
    def delete(self, request: Request) -> Response:
        """The link opens nothing any more."""
        services.revoke_calendar_link(person=person_of(request), now=clock.now())
        return Response(status=204)


urlpatterns = [
    path("calendar", CalendarView.as_view(), name="api-calendar"),
    path("calendar/link", LinkView.as_view(), name="api-calendar-link"),
    path("absences", AbsencesView.as_view(), name="api-absences"),
    path("absences/<uuid:absence_id>", AbsenceView.as_view(), name="api-absence"),
]
