"""Telling the audience of an announcement, some hundred people a job."""

from __future__ import annotations

from apps.business import services
from apps.jobs import services as jobs
from apps.jobs.registry import JobContext, task


@task(services.announcements.DELIVER)
def deliver(ctx: JobContext) -> None:
    """The next of the audience; the rest in a job of its own."""
    with ctx.commit():
        last = services.announcements.deliver_announcement(announcement_id=ctx.payload["announcement_id"], after=ctx.payload["after"], now=ctx.now)
        if last:
            payload = {**ctx.payload, "after": last}
            jobs.enqueue(kind=services.announcements.DELIVER, payload=payload, key=f"announcement:{ctx.payload['announcement_id']}:{last}", now=ctx.now)


@task(services.announcements.END)
def end(ctx: JobContext) -> None:
    """It is shown no more."""
    with ctx.commit():
        services.announcements.end_announcement(announcement_id=ctx.payload["announcement_id"], now=ctx.now)
