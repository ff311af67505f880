"""Background work of the read model."""

from __future__ import annotations

import datetime as dt
import uuid

from apps.jobs.registry import JobContext, every, task
from apps.records import services


@task(services.AT)
def message_at(ctx: JobContext) -> None:
    """The moment of a record has come of which people are told."""
    given = ctx.payload
    with ctx.commit():
        services.tell_at(record=uuid.UUID(given["record"]), connector_id=given["connector"], key=given["message"],
                         at=dt.datetime.fromisoformat(given["at"]), now=ctx.now)


@task(services.READ_AGED)
def read_aged(ctx: JobContext) -> None:
    """Soon after each midnight of the company."""
    with ctx.commit():
        ctx.result = {"asked": services.read_aged(now=ctx.now)}


every(services.READ_AGED, dt.timedelta(minutes=10))
