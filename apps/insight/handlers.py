"""What the board hears: records that changed, records in quarantine, cases that moved on."""

from __future__ import annotations

import datetime as dt
import uuid

from apps.insight import services
from apps.integrations import events as integrations
from apps.jobs.registry import JobContext, on
from apps.records import events as records
from apps.workflows import events as workflows


def _take(ctx: JobContext, ids: list[str]) -> None:
    with ctx.commit():
        services.take_records(connection=ctx.payload["connection"], kind=ctx.payload["kind"], external_ids=ids, now=ctx.now)


@on(records.RECORD_CHANGED, name="insight.take_changed")
def take_changed(ctx: JobContext) -> None:
    """A record is another than before; of a delivery also how late the portal knew."""
    data = ctx.payload
    with ctx.commit():
        services.take_records(connection=data["connection"], kind=data["kind"], external_ids=[data["external_id"]], now=ctx.now)
        if data["kind"] == "shipment" and data["live"] and data["occurred_at"] and (data["transition"] or data["state"] != data["previous_state"]):
            occurred_at = dt.datetime.fromisoformat(data["occurred_at"])
            services.take_lag(connection=data["connection"], external_id=data["external_id"], occurred_at=occurred_at, now=ctx.now,
                              as_of=dt.datetime.fromisoformat(data["as_of"]), part=f"{data['state']}:{occurred_at:%Y%m%dT%H%M%S%f}")


@on(records.RECORD_GONE, name="insight.take_gone")
def take_gone(ctx: JobContext) -> None:
    """The source no longer has a record."""
    _take(ctx, [ctx.payload["external_id"]])


@on(records.RECORDS_TAKEN, name="insight.take_taken")
def take_taken(ctx: JobContext) -> None:
    """A page of a whole load."""
    _take(ctx, ctx.payload["external_ids"])


@on(integrations.RECORD_QUARANTINED, name="insight.take_quarantined")
def take_quarantined(ctx: JobContext) -> None:
    """A record is not taken: it leaves the sums and stands beside them."""
    _take(ctx, [ctx.payload["external_id"]])


@on(integrations.RECORD_RELEASED, name="insight.take_released")
def take_released(ctx: JobContext) -> None:
    """It was cured or put away."""
    _take(ctx, [ctx.payload["external_id"]])


def _take_case(ctx: JobContext) -> None:
    with ctx.commit():
        services.take_case(instance_id=uuid.UUID(str(ctx.payload["instance_id"])), now=ctx.now)


for _event in (workflows.TASK_CREATED, workflows.TASK_REASSIGNED, workflows.TASK_COMPLETED, workflows.TASK_CANCELLED, workflows.INSTANCE_STARTED,
               workflows.INSTANCE_COMPLETED, workflows.INSTANCE_WITHDRAWN):  # fmt: skip
    on(_event, name=f"insight.take_case.{_event.partition('.')[2]}")(_take_case)
