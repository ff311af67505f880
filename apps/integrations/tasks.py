"""Background work: the feeds, reading records again, whole loads, and asking for what is in quarantine."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from apps.core import clock
from apps.core.http import GoneError
from apps.integrations import services
from apps.integrations.services.asking import READ_RECORD
from apps.integrations.services.connections import FEED
from apps.integrations.services.loading import BEGIN_LOAD, LOAD_STREAM
from apps.integrations.services.quarantine import RECHECK
from apps.jobs.registry import JobContext, every, on_dead, task

PAGES_A_RUN = 40


@task(FEED, lease=dt.timedelta(seconds=90))
def poll_feed(ctx: JobContext) -> None:
    """Read the change feed until it is empty. A cursor that is no longer good means: read everything again."""
    key = ctx.payload["connection"]
    for _page in range(PAGES_A_RUN):
        now = clock.now()
        try:
            found = services.read_feed(connection_key=key, now=now)
        except GoneError as error:
            with ctx.commit():
                services.resync(connection_key=key, now=now, reason=error.message)
            return
        if found is None:
            return
        connection, page = found
        if not page.more:
            with ctx.commit():
                services.store_feed(connection=connection, page=page, now=now)
            return
        with transaction.atomic():
            services.store_feed(connection=connection, page=page, now=now)


@task(READ_RECORD, lease=dt.timedelta(seconds=60))
def read_record(ctx: JobContext) -> dict[str, Any] | None:
    """Read one record again from its source."""
    now = clock.now()
    payload = ctx.payload
    reading = services.read(connection_key=payload["connection"], stream=payload["stream"], external_id=payload["external_id"],
                            forced=bool(payload.get("forced")), now=now)
    if reading is None:
        return {"outcome": "answered already"}
    with ctx.commit():
        ctx.result = {"outcome": services.settle(reading=reading, now=now)}
    return ctx.result


@on_dead(READ_RECORD)
def read_failed(job: Any, error: Exception, now: dt.datetime) -> None:
    """Somebody hears of a record that could not be read."""
    payload = job.payload
    services.give_up(connection_key=payload["connection"], stream=payload["stream"], external_id=payload["external_id"], error=error, now=now)


@task(BEGIN_LOAD)
def begin_load(ctx: JobContext) -> None:
    """Take the feed's position, then have every stream read."""
    now, key = clock.now(), ctx.payload["connection"]
    cursor = services.take_position(connection_key=key, now=now)
    with ctx.commit():
        services.start_streams(connection_key=key, run_id=ctx.payload["run"], cursor=cursor, now=now)


@task(LOAD_STREAM, lease=dt.timedelta(minutes=5))
def load_stream(ctx: JobContext) -> None:
    """Read one stream page by page; a worker that dies is followed by one that goes on at the cursor."""
    while True:
        now = clock.now()
        found = services.load_page(connection_key=ctx.payload["connection"], stream=ctx.payload["stream"], run_id=ctx.payload["run"], now=now)
        if found is None:
            return
        state, page, understood = found
        if not page.more:
            with ctx.commit():
                services.store_page(state=state, page=page, found=understood, now=now)
            return
        with transaction.atomic():
            services.store_page(state=state, page=page, found=understood, now=now)


@task(RECHECK)
def recheck_quarantine(ctx: JobContext) -> dict[str, Any]:
    """Ask again for what waits for a cure."""
    return {"asked": services.recheck(now=clock.now())}


every(RECHECK, dt.timedelta(minutes=2))
