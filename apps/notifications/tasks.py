"""Background work of notices."""

from __future__ import annotations

import datetime as dt
import uuid

from apps.jobs.registry import JobContext, task
from apps.notifications import services


@task(services.WAKE)
def wake(ctx: JobContext) -> None:
    """A snooze is over."""
    with ctx.commit():
        services.wake(
            notification_id=uuid.UUID(ctx.payload["notification_id"]),
            until=dt.datetime.fromisoformat(ctx.payload["until"]),
            now=ctx.now,
        )
