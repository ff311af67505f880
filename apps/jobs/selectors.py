"""Reads of the job table."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.jobs import registry
from apps.jobs.models import UNFINISHED, Job, State, WorkerBeat


def pending(*, order_key: str = "", kind: str = "", key_prefix: str = "") -> QuerySet[Job]:
    """Unfinished jobs (due, leased, unknown), oldest first. `order_key` also finds the subscribers' jobs of events published with it.
    `kind` may end with "." or "*" to mean every kind that begins so."""
    found = Job.objects.filter(state__in=UNFINISHED)
    if order_key:
        found = found.filter(Q(order_key=order_key) | Q(order_key__startswith=f"{order_key}|"))
    if kind:
        found = found.filter(kind__startswith=kind.rstrip("*")) if kind[-1] in ".*" else found.filter(kind=kind)
    if key_prefix:
        found = found.filter(key__startswith=key_prefix)
    return found.order_by("id")


def dead(*, kind: str = "") -> QuerySet[Job]:
    """Dead letters, newest first."""
    found = Job.objects.filter(state=State.DEAD)
    return (found.filter(kind=kind) if kind else found).order_by("-id")


def get(key: str) -> Job | None:
    """The job with this key, in whatever state."""
    return Job.objects.filter(key=key).first()


def workers(*, now: dt.datetime, within: dt.timedelta = dt.timedelta(seconds=15)) -> QuerySet[WorkerBeat]:
    """Workers that gave a sign of life lately."""
    return WorkerBeat.objects.filter(beat_at__gte=now - within)


def database_now() -> dt.datetime:
    """The database's clock: leases and due times are judged by it, so that a worker with a wrong clock steals nothing."""
    if connection.vendor != "postgresql":
        return timezone.now()  # one machine: the same clock
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    moment: dt.datetime = now
    return moment


def lease_of(kind: str) -> dt.timedelta:
    """How long one run of this kind may take."""
    lease: dt.timedelta = registry.get(kind).lease or settings.JOBS_LEASE
    return lease


def running_since(*, kind: str) -> dt.datetime | None:
    """When the first of those that are running now began, `kind` as in `pending`; None where none is. Its changes become visible with its end, all at once."""
    rows = pending(kind=kind).filter(state=State.LEASED).order_by().values_list("kind", "lease_until")
    return min((until - lease_of(name) for name, until in rows if until), default=None)
