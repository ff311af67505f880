"""The one table of background work: queue, outbox, timers, retries, per-key order. `WorkerBeat` says which workers live."""

from __future__ import annotations

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q


def new_key() -> str:
    """A key for a job whose caller gave none."""
    return uuid.uuid4().hex


class State(models.TextChoices):
    """DUE: had no effect yet. LEASED: a worker is at it. UNKNOWN: was tried, nobody knows whether it had effect; tried again with the same key.
    DONE: finished (or skipped by a person, see `skipped_reason`). DEAD: given up; waits for replay or skip."""

    DUE = "DUE"
    LEASED = "LEASED"
    UNKNOWN = "UNKNOWN"
    DONE = "DONE"
    DEAD = "DEAD"


CLAIMABLE = (State.DUE, State.UNKNOWN)
UNFINISHED = (State.DUE, State.LEASED, State.UNKNOWN)


class Job(models.Model):
    """One piece of work. `key` is its idempotency key, stable over every retry. The id rises in the order of enqueueing.

    `fence` rises with each claim: only the holder of the newest may finish the job. JSON columns hold order-free data only.
    """

    kind = models.CharField(max_length=120)
    key = models.CharField(max_length=200, unique=True, default=new_key)
    order_key = models.CharField(max_length=200, blank=True)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    actor = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    result = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    run_at = models.DateTimeField()
    repeat_seconds = models.FloatField(null=True)  # a periodic job: armed again when it ends
    attempts = models.PositiveIntegerField(default=0)
    crashes = models.PositiveIntegerField(default=0)  # times a lease ran out: the worker died or hung
    max_attempts = models.PositiveIntegerField(null=True)
    blocking = models.BooleanField(default=False)  # dead, it still holds back the later ones of its order key
    first_tried_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    owner = models.CharField(max_length=200, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    last_error = models.TextField(blank=True)
    skipped_reason = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["run_at", "id"], condition=Q(state__in=["DUE", "UNKNOWN"]), name="job_claimable"),
            models.Index(fields=["order_key", "id"], condition=~Q(state="DONE") & ~Q(order_key=""), name="job_order"),
            models.Index(fields=["lease_until"], condition=Q(state="LEASED"), name="job_leased"),
            models.Index(fields=["kind", "id"], condition=Q(state="DEAD"), name="job_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} {self.state}"


class WorkerBeat(models.Model):
    """One row per worker process; `beat_at` by the database clock."""

    owner = models.CharField(max_length=200, primary_key=True)
    threads = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.owner
