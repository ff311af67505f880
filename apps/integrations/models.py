"""Connections to outside systems, where we stand in them, what they told us, and what could not be taken."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Identified, Stamped


class Connection(Stamped):
    """One configured link to one system. `key` is the system's short name in the portal: "erp" or "crm".

    `config` holds the connector's plain settings, `secrets` its secret ones, encrypted as one JSON text. Only a change that happened after
    `live_from` may start a process. `organisation`: hints of another one are stored and ignored ("" takes all).
    `feed_cursor` empty: the feed was never begun. `steward`: login of the person who answers for bad records nobody else owns.
    """

    class State(models.TextChoices):
        UP = "up", _("Working")
        SLOW = "slow", _("Slow")
        DOWN = "down", _("Down")

    key = models.CharField(max_length=40, unique=True)
    connector_id = models.CharField(max_length=60)
    config = models.JSONField(default=dict)
    secrets = models.TextField(default="", blank=True)
    enabled = models.BooleanField(default=True)
    live_from = models.DateTimeField()
    organisation = models.CharField(max_length=120, default="", blank=True)
    steward = models.CharField(max_length=150)
    state = models.CharField(max_length=8, choices=State.choices, default=State.UP)
    since = models.DateTimeField()
    last_ok_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=400, default="", blank=True)
    feed_cursor = models.TextField(default="", blank=True)
    feed_read_at = models.DateTimeField(null=True)
    version = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key


class StreamState(models.Model):
    """How far one stream of a connection was read. `cursor`: where an unfinished load goes on. `loaded_at`: end of the last whole load."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="streams")
    stream = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    cursor = models.TextField(default="", blank=True)
    run = models.CharField(max_length=40, default="", blank=True)
    started_at = models.DateTimeField(null=True)
    loaded_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("connection", "stream")
        constraints = [models.UniqueConstraint(fields=("connection", "stream"), name="integrations_one_state_a_stream")]

    def __str__(self) -> str:
        return f"{self.connection_id}:{self.stream}"


class SyncRun(Identified):
    """One whole reading of a connection, or one page of its change feed that held something."""

    class Kind(models.TextChoices):
        FULL = "FULL", _("First load")
        RESYNC = "RESYNC", _("Read again")
        INCREMENTAL = "INCREMENTAL", _("Changes")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    read = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=400, default="", blank=True)

    class Meta:
        indexes = [models.Index(fields=("connection", "-started_at"), name="integrations_runs_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M:%S}"


class InboundMessage(models.Model):
    """A hint as it came, stored once. PENDING: the record is still to be read. HELD: the record is in quarantine, the hint waits for its cure.
    IGNORED: another organisation, or a kind nobody reads; `reason` says which. `live`: it happened after the connection went live."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("To be read")
        HELD = "HELD", _("Held")
        DONE = "DONE", _("Done")
        IGNORED = "IGNORED", _("Ignored")

    class Channel(models.TextChoices):
        FEED = "FEED", _("Change feed")
        WEBHOOK = "WEBHOOK", _("Webhook")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="messages")
    event_id = models.CharField(max_length=160)
    stream = models.CharField(max_length=60)
    external_id = models.CharField(max_length=120)
    transition = models.CharField(max_length=60, default="", blank=True)
    occurred_at = models.DateTimeField(null=True)
    origin = models.CharField(max_length=200, default="", blank=True)
    organisation = models.CharField(max_length=120, default="", blank=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    raw = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    live = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        constraints = [
            # One vendor event may concern several records (a stock move: the product's stock and the delivery note).
            models.UniqueConstraint(fields=("connection", "event_id", "stream", "external_id"), name="integrations_one_message_an_event"),
        ]
        indexes = [
            models.Index(
                fields=("connection", "stream", "external_id"), name="integrations_waiting",
                condition=models.Q(state__in=("PENDING", "HELD")),
            ),
            models.Index(fields=("connection", "-received_at"), name="integrations_messages_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.stream}:{self.external_id}"


class QuarantineItem(Stamped):
    """A record that was not taken: which, why, whose. At most one open item a record; a good reading releases it."""

    class State(models.TextChoices):
        OPEN = "OPEN", pgettext_lazy("quarantine", "Open")
        RELEASED = "RELEASED", _("Released")
        DISMISSED = "DISMISSED", _("Dismissed")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="quarantine")
    stream = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120)
    key = models.CharField(max_length=120, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    url = models.CharField(max_length=400, default="", blank=True)
    owner_email = models.CharField(max_length=254, default="", blank=True)
    owner = models.ForeignKey("directory.Person", on_delete=models.SET_NULL, null=True, related_name="+")
    raw = models.JSONField(default=dict)
    problems = models.JSONField(default=list)
    tries = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("directory.Person", on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=400, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("connection", "stream", "external_id"), condition=models.Q(state="OPEN"), name="integrations_one_open_item_a_record",
            ),
        ]
        indexes = [models.Index(fields=("state", "-created_at"), name="integrations_items_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"
