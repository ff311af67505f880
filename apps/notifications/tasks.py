"""Background work of notices."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from apps.jobs.registry import JobContext, every, on_dead, task
from apps.notifications import services
from apps.notifications.services import chats, deliveries, digests

RECONCILE = "notifications.reconcile_deliveries"


@task(services.WAKE)
def wake(ctx: JobContext) -> None:
    """A snooze is over."""
    with ctx.commit():
        services.wake(
            notification_id=uuid.UUID(ctx.payload["notification_id"]),
            until=dt.datetime.fromisoformat(ctx.payload["until"]),
            now=ctx.now,
        )


@task(deliveries.PLAN)
def plan(ctx: JobContext) -> None:
    """New notices take their ways."""
    with ctx.commit():
        deliveries.plan(notification_ids=[uuid.UUID(one) for one in ctx.payload["ids"]], now=ctx.now, nth=ctx.payload.get("nth", 0))


@task(deliveries.SEND)
def send(ctx: JobContext) -> None:
    """One notice on one channel."""
    deliveries.deliver(ctx)


@on_dead(deliveries.SEND)
def sending_failed(job: Any, error: Exception, now: dt.datetime) -> None:
    """The channel refused, or did not answer for a day."""
    deliveries.fail(delivery_id=uuid.UUID(job.payload["id"]), words=str(error), now=now)


@task(deliveries.CLOSE)
def close(ctx: JobContext) -> None:
    """Tell a channel that it is dealt with."""
    deliveries.close(ctx)


@task(deliveries.REMIND)
def remind(ctx: JobContext) -> None:
    """A to-do that nobody looked at."""
    with ctx.commit():
        deliveries.remind(notification_id=uuid.UUID(ctx.payload["id"]), now=ctx.now)


@task(digests.DIGEST)
def digest(ctx: JobContext) -> None:
    """What could wait."""
    digests.send_digest(ctx)


@task(chats.ANSWER)
def chat_event(ctx: JobContext) -> None:
    """A button that was pressed, or a text, in a chat product."""
    chats.act(ctx)


@task(RECONCILE, max_attempts=1)
def reconcile_deliveries(ctx: JobContext) -> dict[str, int]:
    """Cards that stay open behind a decision, and rows that waited too long."""
    with ctx.commit():
        found = deliveries.reconcile(now=ctx.now)
        ctx.result = found
    return found


every(RECONCILE, dt.timedelta(minutes=5))


@task(services.RECONCILE)
def reconcile_badges(ctx: JobContext) -> None:
    """Do all badges tell the truth?"""
    ctx.result = {"drift": len(services.reconcile(now=ctx.now).found)}


every(services.RECONCILE, dt.timedelta(minutes=10))
