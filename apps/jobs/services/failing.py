"""What becomes of a job that failed: tried again later with full jitter, or a dead letter that somebody hears of."""

from __future__ import annotations

import datetime as dt
import logging
import random

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet

from apps.core.errors import SystemUnavailable
from apps.core.http import OutsideError, PermanentError, TransientError
from apps.jobs import registry
from apps.jobs.events import JOB_DIED
from apps.jobs.models import Job, State
from apps.jobs.services.queue import publish
from apps.jobs.services.waking import wake_on_commit

logger = logging.getLogger(__name__)
CAP = 300.0  # seconds
BUDGET = dt.timedelta(hours=24)
# OperationalError: the database restarted, a deadlock was broken, a lock was not had in time.
TRANSIENT = (TransientError, SystemUnavailable, OperationalError, InterfaceError)


class WorkerDied(Exception):
    """The worker was killed or hung each time it ran this job."""


def backoff(attempt: int, retry_after: float | None = None) -> dt.timedelta:
    """Full jitter: evenly between nothing and a window that doubles up to five minutes, never before what the other side asked for."""
    window = min(CAP, settings.JOBS_RETRY_BASE * 2 ** min(attempt - 1, 20))
    wait = random.uniform(0, window)
    return dt.timedelta(seconds=wait + min(CAP, retry_after or 0.0))


def describe(error: Exception) -> str:
    """One line for the dead letter."""
    return f"{type(error).__name__}: {error}"[:2000]


def waits_for(system: str) -> str:
    """How the last error of a job begins that was put off because a system did not answer."""
    return f"waits for {system.upper()}: "


def hasten(*, system: str, now: dt.datetime) -> int:
    """What was put off because this system did not answer is due now, as if tried for the first time: after a long outage the waits have grown to
    minutes, and nobody should sit through them once the system is back. In the caller's transaction. Returns how many."""
    waiting = Job.objects.filter(state=State.UNKNOWN, run_at__gt=now, last_error__startswith=waits_for(system))
    hastened = waiting.update(run_at=now, attempts=0)
    if hastened:
        wake_on_commit()
    return hastened


def _tries_are_over(job: Job, error: Exception, now: dt.datetime) -> bool:
    if isinstance(error, PermanentError):
        return True
    limit = job.max_attempts or registry.get(job.kind).max_attempts
    if isinstance(error, TRANSIENT):
        too_old = job.first_tried_at is not None and now - job.first_tried_at > BUDGET
        return too_old or (limit is not None and job.attempts >= limit)
    return job.attempts >= (limit or registry.MAX_ATTEMPTS)


def retry(held: QuerySet[Job], job: Job, error: Exception, now: dt.datetime) -> None:
    """UNKNOWN, not DUE: the try may have had its effect."""
    wait = backoff(job.attempts, getattr(error, "retry_after", None))
    reason = waits_for(error.system) if isinstance(error, TransientError) and error.system else ""
    held.update(state=State.UNKNOWN, run_at=now + wait, lease_until=None, last_error=reason + describe(error))


def rearm(held: QuerySet[Job], job: Job, error: Exception, now: dt.datetime) -> None:
    """A periodic job never dies: its next turn is its retry."""
    logger.warning("periodic job %s failed: %s", job.kind, describe(error))
    held.update(state=State.DUE, run_at=now + dt.timedelta(seconds=job.repeat_seconds or 0), lease_until=None, attempts=0, crashes=0,
                first_tried_at=None, last_error=describe(error))


def bury(held: QuerySet[Job], job: Job, error: Exception, now: dt.datetime) -> None:
    """Mark dead, tell the kind's own callback and the subscribers, in one transaction. The caller holds the row."""
    held.update(state=State.DEAD, lease_until=None, finished_at=now, last_error=describe(error))
    job.refresh_from_db()
    callback = registry.ON_DEAD.get(job.kind)
    if callback:
        callback(job, error, now)
    task = registry.TASKS.get(job.kind)
    if task is None or task.event != JOB_DIED:  # a subscriber of deaths that dies must not call itself
        data = {"job_id": job.pk, "kind": job.kind, "key": job.key, "order_key": job.order_key, "payload": job.payload,
                "error": job.last_error, "system": error.system if isinstance(error, OutsideError) else ""}
        publish(event=JOB_DIED, data=data, now=now, key=f"died:{job.pk}:{job.fence}")
    logger.error("job %s (%s) is dead: %s", job.pk, job.kind, job.last_error)


def settle_failure(job: Job, fence: int, error: Exception, now: dt.datetime) -> bool:
    """Decide between retry and death. False when the lease was lost: somebody else has the job now."""
    with transaction.atomic():
        held = Job.objects.filter(pk=job.pk, fence=fence, state=State.LEASED)
        if not held.select_for_update().exists():
            return False
        if job.repeat_seconds:
            rearm(held, job, error, now)
        elif not _tries_are_over(job, error, now):
            logger.info("job %s (%s) will be tried again: %s", job.pk, job.kind, describe(error))
            retry(held, job, error, now)
        else:
            _bury_or_retry(held, job, error, now)
    return True


def _bury_or_retry(held: QuerySet[Job], job: Job, error: Exception, now: dt.datetime) -> None:
    try:
        with transaction.atomic():
            bury(held, job, error, now)
    except Exception:
        # Nobody could be told: then it is not dead yet. A death that nobody hears of would leave its process stuck.
        logger.exception("the death of job %s (%s) could not be told", job.pk, job.kind)
        retry(held, job, error, now)


def bury_crashed(held: QuerySet[Job], now: dt.datetime) -> int:
    """A job whose worker died too often; 0 when it is not so far, or another worker sees to it."""
    with transaction.atomic():
        job = held.select_for_update().first()
        if job is None:
            return 0
        held.update(crashes=F("crashes") + 1)
        error = WorkerDied(f"the worker died or hung {job.crashes + 1} times while it ran this job")
        if job.repeat_seconds:
            rearm(held, job, error, now)
        else:
            _bury_or_retry(held, job, error, now)
    return 1
