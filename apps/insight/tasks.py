"""Background work of the board."""

from __future__ import annotations

import datetime as dt

from apps.core import clock
from apps.insight import services
from apps.insight.services.facts import REBUILD
from apps.jobs.registry import JobContext, every, task
from apps.realtime import services as realtime

SWEEP, FORMULAS = "insight.sweep", "insight.formulas"


def _add_up(ctx: JobContext) -> None:
    with ctx.commit():
        made = services.rebuild()
        if made:
            realtime.broadcast(hint={"t": "kpi"}, now=ctx.now)
        ctx.result = {"days": made}


task(REBUILD, lease=dt.timedelta(minutes=5))(_add_up)


@task(SWEEP, lease=dt.timedelta(minutes=5))
def sweep(ctx: JobContext) -> None:
    """Marks that came while the sums were being made again: nobody asked for a job of their own."""
    _add_up(ctx)


@task(FORMULAS)
def formulas(ctx: JobContext) -> None:
    """A formula that a new release brought is remembered with its first day."""
    with ctx.commit():
        services.register_formulas(now=clock.now())


every(SWEEP, dt.timedelta(seconds=30))
every(FORMULAS, dt.timedelta(hours=6))
