"""Putting work into the table, and taking it out again while it had no effect."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.errors import DomainError, NotFound
from apps.jobs import registry
from apps.jobs.models import Job, State, new_key
from apps.jobs.services.waking import wake_on_commit


class UnableToCure(DomainError):
    """Only a dead job can be replayed or skipped."""

    code = "job_not_dead"


def enqueue(*, kind: str, payload: dict[str, Any], now: dt.datetime, key: str = "", order_key: str = "",
            run_at: dt.datetime | None = None, actor: dict[str, Any] | None = None, max_attempts: int | None = None) -> Job:
    """Store one job inside the caller's transaction; workers wake when it commits.

    `key` is unique for ever: a second enqueue with the same key returns the first row, whatever its state. Jobs of one `order_key` run one
    at a time in the order of their ids; one whose `run_at` lies ahead and that was never tried (a timer) holds nobody back. Writers of one
    order key must hold the lock of the row they change, else "the order" has no meaning. Raises LookupError for a kind nobody registered.
    """
    task = registry.get(kind)
    job = Job(
        kind=kind, key=key or new_key(), order_key=order_key, payload=payload, actor=actor, max_attempts=max_attempts,
        blocking=task.blocking, run_at=run_at or now, created_at=now,
    )
    if key:
        # One statement that the unique index judges: two transactions with the same key wait for each other instead of failing.
        Job.objects.bulk_create([job], ignore_conflicts=True)
        job = Job.objects.get(key=key)
    else:
        job.save(force_insert=True)
    wake_on_commit()
    return job


def publish(*, event: str, data: dict[str, Any], now: dt.datetime, key: str = "", order_key: str = "", run_at: dt.datetime | None = None) -> int:
    """Tell every subscriber of `event`: one job each, in the caller's transaction. Returns how many subscribers there are.

    `key`: the event's own identity; published twice it is handled once. Order per `order_key` is kept for each subscriber by itself. `run_at`: it
    happens then, by the clock alone.
    """
    subscribers = registry.SUBSCRIBERS.get(event, [])
    for subscriber in subscribers:
        enqueue(
            kind=subscriber.kind, payload=data, now=now, run_at=run_at,
            key=f"{key}|{subscriber.kind}" if key else "",
            order_key=f"{order_key}|{subscriber.kind}" if order_key else "",
        )
    return len(subscribers)


def cancel(*, key: str) -> bool:
    """Take a job out while it is due and was never tried (undo, timers). False: too late, or no such job."""
    deleted, _rows = Job.objects.filter(key=key, state=State.DUE, attempts=0).delete()
    return bool(deleted)


def postpone(*, key: str, run_at: dt.datetime) -> bool:
    """Another moment for a job that is due and was never tried, sooner or later. False: too late, or no such job. In the caller's transaction."""
    moved = Job.objects.filter(key=key, state=State.DUE, attempts=0).update(run_at=run_at)
    if moved:
        wake_on_commit()
    return bool(moved)


def repeat(*, kind: str, every: dt.timedelta, key: str, now: dt.datetime, payload: dict[str, Any] | None = None) -> Job:
    """A periodic job under its own key (one a connection, say); a second call changes interval and payload. Ends by `cancel`."""
    with transaction.atomic():
        job = enqueue(kind=kind, payload=payload or {}, now=now, key=key)
        if job.repeat_seconds != every.total_seconds() or job.payload != (payload or {}) or job.state in {State.DONE, State.DEAD}:
            revived = {"state": State.DUE, "run_at": now} if job.state in {State.DONE, State.DEAD} else {}
            Job.objects.filter(pk=job.pk).update(repeat_seconds=every.total_seconds(), payload=payload or {}, **revived)
            job.refresh_from_db()
    return job


def arm_periodic(*, now: dt.datetime) -> int:
    """See that each kind of registry.every has its one row; workers call it when they start."""
    for entry in registry.PERIODIC.values():
        repeat(kind=entry.kind, every=entry.interval, key=f"every:{entry.kind}", payload=entry.payload, now=now)
    return len(registry.PERIODIC)


def _dead(job_id: int) -> Job:
    job = Job.objects.select_for_update().filter(pk=job_id).first()
    if job is None:
        raise NotFound(_("There is no such job."))
    if job.state != State.DEAD:
        raise UnableToCure(_("This job is not waiting for a cure. Look at the list again."))
    return job


def replay(*, job_id: int, now: dt.datetime) -> Job:
    """Try a dead job again from the start, with the same key: what it did already is not repeated. Callers check rights and audit."""
    with transaction.atomic():
        job = _dead(job_id)
        job.state, job.run_at, job.attempts, job.crashes, job.first_tried_at = State.UNKNOWN, now, 0, 0, None
        job.save(update_fields=["state", "run_at", "attempts", "crashes", "first_tried_at"])
        wake_on_commit()
    return job


def skip(*, job_id: int, reason: str, now: dt.datetime) -> Job:
    """Close a dead job without doing it; what it blocked goes on. Callers check rights and audit."""
    with transaction.atomic():
        job = _dead(job_id)
        job.state, job.skipped_reason, job.finished_at = State.DONE, reason, now
        job.save(update_fields=["state", "skipped_reason", "finished_at"])
        wake_on_commit()
    return job
