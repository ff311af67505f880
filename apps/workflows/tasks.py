"""The engine's jobs."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from apps.jobs.registry import JobContext, on_dead, task
from apps.workflows import services

STEP_LEASE = dt.timedelta(seconds=60)


@task("workflows.step", lease=STEP_LEASE)
def run_step(ctx: JobContext) -> None:
    """A service task."""
    services.perform_step(ctx)


@task("workflows.timer")
def run_timer(ctx: JobContext) -> None:
    """A timer event."""
    services.fire_timer(ctx)


@task("workflows.apply_decision")
def run_decision(ctx: JobContext) -> None:
    """The end of an undo window."""
    with ctx.commit():
        services.apply_decision(decision_id=uuid.UUID(ctx.payload["decision_id"]), now=ctx.now)


@on_dead("workflows.step")
@on_dead("workflows.timer")
@on_dead("workflows.apply_decision")
def hold(job: Any, error: Exception, now: dt.datetime) -> None:
    """A dead job of the engine is an incident of its case."""
    services.job_died(job, error, now)
