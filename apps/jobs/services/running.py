"""One run of a claimed job, and its end under the fence."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from django.db import transaction

from apps.core.failpoints import declare, failpoint
from apps.jobs import registry
from apps.jobs.models import Job, State
from apps.jobs.registry import JobContext, LeaseLost
from apps.jobs.selectors import database_now
from apps.jobs.services.claiming import Claim, claim, expire_leases, new_owner
from apps.jobs.services.failing import settle_failure

declare("jobs.before_commit", "jobs.in_commit", "jobs.after_commit", "jobs.before_done", "jobs.after_done")
logger = logging.getLogger(__name__)
_PROCESS = new_owner()


def _ended(job: Job, now: dt.datetime) -> dict[str, Any]:
    """Column values of a job that finished: done, or (periodic) armed for its next turn."""
    if job.repeat_seconds:
        return {"state": State.DUE, "run_at": now + dt.timedelta(seconds=job.repeat_seconds), "attempts": 0, "crashes": 0,
                "first_tried_at": None, "lease_until": None, "last_error": "", "finished_at": now}
    return {"state": State.DONE, "lease_until": None, "finished_at": now}


def finish(held: Claim, now: dt.datetime, result: dict[str, Any] | None = None) -> None:
    """Mark done if this claim still holds the job; else LeaseLost. The row stays locked until the transaction ends."""
    values = _ended(held.job, now)
    if result is not None:
        values["result"] = result
    kept = Job.objects.filter(pk=held.job.pk, fence=held.fence, state=State.LEASED).update(**values)
    if not kept:
        raise LeaseLost(f"job {held.job.pk} ({held.job.kind}) belongs to another worker now")


def _committer(held: Claim, now: dt.datetime | None) -> Any:
    @contextmanager
    def commit(ctx: JobContext) -> Iterator[None]:
        failpoint("jobs.before_commit")
        with transaction.atomic():
            finish(held, now or database_now())
            yield
            if ctx.result is not None:
                Job.objects.filter(pk=held.job.pk).update(result=ctx.result)
            failpoint("jobs.in_commit")
        ctx.committed = True
        failpoint("jobs.after_commit")

    def begin(ctx: JobContext) -> AbstractContextManager[None]:
        return commit(ctx)

    return begin


def _context(held: Claim, now: dt.datetime | None) -> JobContext:
    job = held.job
    return JobContext(id=job.pk, kind=job.kind, key=job.key, order_key=job.order_key, payload=job.payload, attempt=job.attempts,
                      actor=job.actor, now=held.now, _commit=_committer(held, now))


def run_claimed(held: Claim, *, now: dt.datetime | None = None) -> None:
    """Run it once; success, failure and a lost lease are all settled here. `now` as in `claim`."""
    failpoint("jobs.claimed")
    ctx = _context(held, now)
    try:
        result = registry.get(held.job.kind).run(ctx)
        if not ctx.committed:
            failpoint("jobs.before_done")
            finish(held, now or database_now(), result)
            failpoint("jobs.after_done")
    except LeaseLost as lost:
        logger.warning("%s; this run is void", lost)
    except Exception as error:
        if ctx.committed:
            logger.exception("job %s (%s) failed after it was done", held.job.pk, held.job.kind)
        elif not settle_failure(held.job, held.fence, error, now or database_now()):
            logger.warning("job %s (%s) failed, but another worker has it", held.job.pk, held.job.kind)


def run_due(*, now: dt.datetime | None = None, limit: int | None = None) -> int:
    """Run what is due in this thread until nothing is, or `limit` runs were made. Returns the number of runs."""
    runs = 0
    expire_leases(now=now)
    while limit is None or runs < limit:
        held = claim(owner=_PROCESS, now=now)
        if held is None:
            break
        run_claimed(held, now=now)
        runs += 1
    return runs
