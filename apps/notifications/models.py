"""Notices: one row to one person. A notice stores its kind and parameters, never finished text. And the ways they reach their people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from apps.core.models import Identified

NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)  # the rank of what is due at no moment: after everything that is

UNDONE = "undone"  # the outcome of a notice whose decision was taken back; what it was about may wait in a newer one


class State(models.TextChoices):
    """OPEN: stands in the list. RESOLVED: dealt with by whatever it was about (somebody decided). DISMISSED: put away by its person."""

    OPEN = "OPEN"
    RESOLVED = "RESOLVED"
    DISMISSED = "DISMISSED"


class Level(models.TextChoices):
    """How a kind of message reaches a person on one channel."""

    INSTANT = "instant"
    DIGEST = "digest"
    OFF = "off"


class Reach(Identified):
    """How one person is reached; the row COMPANY (without a person) holds what everybody starts with, and the limits nobody passes.

    `off`: channels switched off as a whole. `kinds`: {kind: {channel: level}}, only what differs from the default. `quiet`: {weekday "0".."6":
    [from, to] as "HH:MM"}; a `to` that is not after `from` lies on the next day. `digest`: off | 1h | 3h | daily | weekly. `remind_after`:
    minutes until an unread to-do is told once more, on `remind_by`; 0 never. `limits` (company only): {channel: {kind or "*": off | locked}}.
    `sign_in` (company only): chat products that may sign people in. Null means: as the company's row says.
    """

    person = models.OneToOneField("directory.Person", null=True, on_delete=models.CASCADE, related_name="+")
    off = models.JSONField(default=list)
    kinds = models.JSONField(default=dict)
    quiet = models.JSONField(null=True)
    digest = models.CharField(max_length=8, blank=True)
    remind_after = models.PositiveIntegerField(null=True)
    remind_by = models.CharField(max_length=32, blank=True)
    limits = models.JSONField(default=dict)
    sign_in = models.JSONField(default=list)
    updated_at = models.DateTimeField()


class Device(Identified):
    """A browser that takes pushes. `keys`: what encrypts for it, itself encrypted. `session`: digest of the portal session that asked for it:
    it goes when that session is ended."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    endpoint = models.CharField(max_length=1000, unique=True)
    keys = models.TextField()
    label = models.CharField(max_length=120)
    session = models.CharField(max_length=64, blank=True, db_index=True)
    created_at = models.DateTimeField()
    reached_at = models.DateTimeField(null=True)


class ChatAccount(Identified):
    """Who a person is in a chat product."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    vendor = models.CharField(max_length=16)
    user_id = models.CharField(max_length=120)
    bound_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vendor", "user_id"], name="chat_user_is_one_person"),
            models.UniqueConstraint(fields=["person", "vendor"], name="chat_account_per_vendor"),
        ]


class ChatCode(Identified):
    """A code that a person sends to the bot to prove that the chat account is hers. Only its digest is stored; used once."""

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    vendor = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class ChatEvent(Identified):
    """What a chat product called back with, verified and stored before anything is done. `key`: the vendor's own id of it."""

    vendor = models.CharField(max_length=16)
    key = models.CharField(max_length=200)
    payload = models.JSONField()
    received_at = models.DateTimeField()
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["vendor", "key"], name="chat_event_once")]


class DeliveryState(models.TextChoices):
    """PLANNED: a job sends it. HELD: waits for `held_until` (quiet hours) or for a digest. SENT: the channel has it. FAILED: it refused, or did
    not answer for a day. SUPPRESSED: not sent, `reason` says why. CLOSED: it was sent, and the channel was told that it is dealt with."""

    PLANNED = "PLANNED"
    HELD = "HELD"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    CLOSED = "CLOSED"


class Delivery(Identified):
    """One notice on one channel: in_app, email, web_push or chat:<vendor>. `nth`: 0, 1 for the reminder, from 2 on what came back from a snooze.

    `external_id`: the channel's own name of what it showed. `version`: of the decision card as it was shown. `ended`: how it was said to have
    ended. `reached`: devices that have it already, so that a second try does not ring twice.
    """

    notification = models.ForeignKey("notifications.Notification", on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=32)
    nth = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PLANNED)
    reason = models.CharField(max_length=40, blank=True)
    held_until = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=200, blank=True, db_index=True)
    version = models.CharField(max_length=80, blank=True)
    error = models.CharField(max_length=300, blank=True)
    reached = models.JSONField(default=list)
    planned_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notification", "channel", "nth"], name="delivery_once")]
        indexes = [models.Index(fields=["held_until"], condition=Q(state="HELD"), name="delivery_held")]


class Notification(Identified):
    """`ref` names the thing it is about ("workflows.task:<id>"): resolving by ref closes it everywhere. `todo` is a copy of its kind's.

    `dedupe`: a second notice with the same value to the same person is the first one. `outcome`: how it ended, a word its kind renders;
    `closed_by`: who decided. `snoozed_until`: out of the list until then. `read_at`: None = unread. `rank_at`: `due_at`, or NEVER: with it the
    to-do list stands in the order of one index, so that its first page costs the same however long it is. `wakes_on_change`: snoozed until a
    record that it names changes (`SnoozeWatch`), `snoozed_until` at the latest.
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
    wakes_on_change = models.BooleanField(default=False)
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


class SnoozeWatch(models.Model):
    """A record ("<connection>:<kind>:<external id>") whose next change brings a snoozed message back."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="watches")
    record = models.CharField(max_length=220)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record", "notification"], name="snooze_watch_once")]

    def __str__(self) -> str:
        return f"{self.notification_id} until {self.record}"


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


class Batch(Identified):
    """Several messages acted on at once. CHECKED: a decision that was only looked at; DONE; UNDONE.

    `items`: [{"id", "result": "ready" | "held" | "done" | "failed" | "undone", "code", "version", "before"}], in the order of the list:
    `code` names the rule that held it, `before` is what undo restores. Until `undo_until` all of it can be undone at once.
    `told`: of the look just taken, what was seen by id, with values; never stored, since rights and language change.
    """

    class State(models.TextChoices):
        CHECKED = "CHECKED"
        DONE = "DONE"
        UNDONE = "UNDONE"

    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    verb = models.CharField(max_length=12)
    state = models.CharField(max_length=8, choices=State.choices)
    items = models.JSONField(encoder=DjangoJSONEncoder)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField()
    undo_until = models.DateTimeField(null=True)
    told: Mapping[str, str] = MappingProxyType({})

    class Meta:
        indexes = [models.Index(fields=["person", "-created_at"], name="inbox_batch_of_person")]

    def __str__(self) -> str:
        return f"{self.verb} of {self.person_id} {self.pk}"
