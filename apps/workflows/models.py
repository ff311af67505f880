"""Definitions, instances, tasks, decisions, messages, incidents and the timeline.

One step of an instance is one transaction that holds the instance's row. JSON columns hold order-free data only.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Identified, Stamped
from apps.workflows.engine import naming


class ProcessDefinition(Stamped):
    """One published version of a process file. Immutable; instances finish on the version they began with."""

    class State(models.TextChoices):
        PUBLISHED = "PUBLISHED", _("Published")
        RETIRED = "RETIRED", _("Retired")

    key = models.CharField(max_length=80)
    version = models.PositiveIntegerField()
    name = models.CharField(max_length=200)
    bpmn_xml = models.TextField()
    compiled = models.JSONField()
    checksum = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State, default=State.PUBLISHED)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "version"], name="workflows_definition_version")]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class ProcessInstance(Stamped):
    """One running case. `tokens`: the machine's state; `variables`: the data of the case; `rev` grows with every step.

    `subject`: {"resource", "field", "owner_id"}: the access rule that may mask the title; empty: none.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("Running")
        COMPLETED = "COMPLETED", _("Finished")
        FAILED = "FAILED", _("Ended with an error")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")
        CANCELLED = "CANCELLED", _("Cancelled")

    definition = models.ForeignKey(ProcessDefinition, on_delete=models.PROTECT, related_name="instances")
    process_key = models.CharField(max_length=80)
    business_key = models.CharField(max_length=120, db_index=True)
    title = models.CharField(max_length=300)
    subject = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    variables = models.JSONField(default=dict)
    tokens = models.JSONField(default=dict)
    rev = models.PositiveIntegerField(default=0)
    starter = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_code = models.CharField(max_length=120, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["process_key", "business_key"], name="workflows_one_instance_per_business_key")]
        indexes = [models.Index(fields=["state", "-created_at"], name="workflows_instance_state")]

    def __str__(self) -> str:
        return f"{self.process_key} {self.business_key}"

    @property
    def label(self) -> str:
        """The number people call it by."""
        return naming.label_of(self.process_key, self.business_key, self.variables)

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class Task(Stamped):
    """Work for a person. READY: offered to several; RESERVED: one has it; DECIDED: inside the undo window, nothing left Atrium yet."""

    class State(models.TextChoices):
        READY = "READY", _("To do")
        RESERVED = "RESERVED", _("To do (one person)")
        DECIDED = "DECIDED", _("Decided, can be undone")
        COMPLETED = "COMPLETED", _("Done")
        CANCELLED = "CANCELLED", _("Cancelled")

    OPEN = (State.READY, State.RESERVED)

    class Outcome(models.TextChoices):
        APPROVED = "APPROVED", _("Approved")
        REJECTED = "REJECTED", _("Rejected")
        RETURNED = "RETURNED", _("Returned")

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="tasks")
    token = models.CharField(max_length=20)
    node = models.CharField(max_length=120)
    iteration = models.PositiveIntegerField(default=1)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=12, choices=State)
    candidates = models.ManyToManyField("directory.Person", related_name="+")
    assignee = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    fallback_reason = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    comment = models.TextField(blank=True)
    due_at = models.DateTimeField(null=True)
    card_version = models.CharField(max_length=16, blank=True)
    decided_at = models.DateTimeField(null=True)
    effective_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    completed_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance", "token", "node", "iteration"], name="workflows_one_task_per_token"),
            models.CheckConstraint(condition=~Q(state="RESERVED") | Q(assignee__isnull=False), name="workflows_reserved_has_assignee"),
            models.CheckConstraint(
                condition=~Q(state__in=["DECIDED", "COMPLETED"]) | (Q(decided_by__isnull=False) & ~Q(outcome="")),
                name="workflows_decided_has_decider",
            ),
        ]
        indexes = [models.Index(fields=["state", "-created_at"], name="workflows_task_state")]

    def __str__(self) -> str:
        return f"{self.name} ({self.instance_id})"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class SeenCard(Identified):
    """The card as one person last saw it, per version: what a later decision is compared with.

    `accepted_at`: since when the person works on this version (the first, one without a watched move, or "I have seen it").
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="seen_cards")
    person = models.ForeignKey("directory.Person", on_delete=models.CASCADE, related_name="+")
    version = models.CharField(max_length=16)
    card = models.JSONField()
    seen_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "person", "version"], name="workflows_seen_once_per_version")]

    def __str__(self) -> str:
        return f"{self.task_id} {self.version}"


class DecisionSnapshot(Identified):
    """The frozen card. `document` is canonical JSON text, `sha256` its digest; neither is ever updated."""

    class State(models.TextChoices):
        PENDING = "PENDING", _("Can be undone")
        APPLIED = "APPLIED", _("In effect")
        UNDONE = "UNDONE", _("Undone")
        WITHDRAWN = "WITHDRAWN", _("Withdrawn")

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="decisions")
    person = models.ForeignKey("directory.Person", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    outcome = models.CharField(max_length=12, choices=Task.Outcome)
    decided_at = models.DateTimeField()
    effective_at = models.DateTimeField()
    document = models.TextField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task"], condition=Q(state__in=["PENDING", "APPLIED"]), name="workflows_one_decision_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.outcome} {self.sha256[:12]}"


class Subscription(Identified):
    """A token (or a boundary of its node) waits for a message of the instance's business key."""

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="subscriptions")
    token = models.CharField(max_length=20)
    node = models.CharField(max_length=120)
    message = models.CharField(max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "token", "node"], name="workflows_one_subscription_per_token")]

    def __str__(self) -> str:
        return f"{self.message} for {self.instance_id}"


class InboxMessage(models.Model):
    """A message for a business key, kept until a catch takes it: one that came early is not lost, one that came twice counts once."""

    business_key = models.CharField(max_length=120)
    message = models.CharField(max_length=120)
    message_id = models.CharField(max_length=200, blank=True)
    variables = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)
    instance = models.ForeignKey(ProcessInstance, null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business_key", "message", "message_id"], condition=~Q(message_id=""), name="workflows_message_once"),
        ]
        indexes = [models.Index(fields=["business_key", "message"], condition=Q(consumed_at=None), name="workflows_message_waiting")]

    def __str__(self) -> str:
        return f"{self.message} for {self.business_key}"


class Incident(Identified):
    """A broken step. A technical one holds its token until retried or skipped; a business one only wants to be looked at."""

    class State(models.TextChoices):
        OPEN = "OPEN", _("Open")
        RETRIED = "RETRIED", _("Tried again")
        SKIPPED = "SKIPPED", _("Skipped")
        RESOLVED = "RESOLVED", _("Dealt with")

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="incidents")
    token = models.CharField(max_length=20, blank=True)
    node = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=80)
    message = models.CharField(max_length=1000)
    params = models.JSONField(default=dict)
    system = models.CharField(max_length=12, blank=True)
    job_id = models.BigIntegerField(null=True)
    job_key = models.CharField(max_length=300, blank=True)
    person_ids = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "token", "node"], condition=Q(state="OPEN") & ~Q(token=""), name="workflows_one_open_incident_per_token"
            ),
        ]
        indexes = [models.Index(fields=["state", "-opened_at"], name="workflows_incident_state")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.instance_id}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def holds_token(self) -> bool:
        return bool(self.token)


class InstanceEvent(models.Model):
    """One line of the timeline, append-only. `text` is a msgid with named `params`; `refs`: [{"system", "label", "id", "url"}]."""

    instance = models.ForeignKey(ProcessInstance, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=80)
    node = models.CharField(max_length=120, blank=True)
    token = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()
    ms = models.PositiveBigIntegerField(null=True)
    actor = models.ForeignKey("directory.Person", null=True, on_delete=models.PROTECT, related_name="+")
    system = models.CharField(max_length=12, blank=True)
    text = models.CharField(max_length=500, blank=True)
    params = models.JSONField(default=dict)
    refs = models.JSONField(default=list)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(F("instance"), F("id"), name="workflows_event_order")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.instance_id}"
