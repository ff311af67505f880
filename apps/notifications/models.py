"""Notices: one row to one person. A notice stores its kind and parameters, never finished text."""

from __future__ import annotations

import datetime as dt

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.core.models import Identified

NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)  # the rank of what is due at no moment: after everything that is


class State(models.TextChoices):
    """OPEN: stands in the list. RESOLVED: dealt with by whatever it was about (somebody decided). DISMISSED: put away by its person."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    DISMISSED = "DISMISSED"


class Notification(Identified):
    """`ref` names the thing it is about ("workflows.task:<id>"): resolving by ref closes it everywhere. `todo` is a copy of its kind's.

    `dedupe`: a second notice with the same value to the same person is the first one. `outcome`: how it ended, a word its kind renders;
    `closed_by`: who decided. `snoozed_until`: out of the list until then. `read_at`: None = unread. `rank_at`: `due_at`, or NEVER: with it the
    to-do list stands in the order of one index, so that its first page costs the same however long it is.
    """

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=120)
    system = models.CharField(max_length=8)
    todo = models.BooleanField(default=False)
    params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    ref = models.CharField(max_length=200, blank=True)
    dedupe = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null: always new, since unique ignores it
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(max_length=200, blank=True)
    closed_by = models.ForeignKey("directory.Person", null=True, on_delete=models.SET_NULL, related_name="+")
    due_at = models.DateTimeField(null=True)
    rank_at = models.DateTimeField(default=NEVER)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "dedupe"], name="notice_once_per_person")]
        indexes = [
            models.Index(fields=["person", "-created_at", "-id"], name="notice_list"),
            models.Index(fields=["person", "todo", "system", "kind", "snoozed_until", "read_at"], condition=Q(state="OPEN"), name="notice_counts"),
            models.Index(fields=["person", "rank_at", "-created_at", "-id"], condition=Q(state="OPEN", todo=True), name="notice_todo_order"),
            models.Index(fields=["person", "-created_at", "-id"], condition=Q(state="OPEN", todo=False), name="notice_read_order"),
            models.Index(fields=["person", "-closed_at", "-id"], condition=~Q(state="OPEN"), name="notice_closed_order"),
            models.Index(fields=["ref"], condition=Q(state="OPEN"), name="notice_open_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class SavedView(Identified):
    """Filters of the inbox that a person keeps under a name. `query`: what stands in the URL, without a place in the list."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)
    place = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="inbox_view_name_once")]

    def __str__(self) -> str:
        return f"{self.name} of {self.person_id}"
