"""Background work of the board."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl

from apps.core import clock
from apps.insight import forms, services
from apps.insight.services import sending, watching
from apps.insight.services.facts import REBUILD
from apps.jobs.registry import JobContext, every, task
from apps.realtime import services as realtime

SWEEP, FORMULAS = "insight.sweep", "insight.formulas"
MAILS, WATCH, JUDGE = "insight.plan_mails", "insight.watch", "insight.judge_ended"


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
        services.forget_sights(now=ctx.now)


@task(MAILS)
def mails(ctx: JobContext) -> None:
    """Boards whose mail is due get a job each."""
    with ctx.commit():
        ctx.result = {"planned": sending.plan_mails(now=ctx.now)}


@task(sending.MAIL)
def mail(ctx: JobContext) -> None:
    """One board to one person: read, written, handed over."""
    order = sending.order_of(ctx.payload["subscription"])
    done = "gone"
    if order is not None:
        asked = forms.asked(dict(parse_qsl(order.query)), now=ctx.now)
        done = sending.send(order=order, period=asked.period, filters=asked.filters, name=f"board-{order.pk}-{ctx.payload['day']}", now=ctx.now)
    with ctx.commit():
        ctx.result = {"done": done}


@task(WATCH)
def watch(ctx: JobContext) -> None:
    """Figures that people watch."""
    with ctx.commit():
        ctx.result = {"told": watching.look(now=ctx.now)}


@task(JUDGE, lease=dt.timedelta(minutes=5))
def judge(ctx: JobContext) -> None:
    """Cases that ended lately: do their systems agree?"""
    changed = services.judge_ended(now=ctx.now)
    with ctx.commit():
        ctx.result = {"facts": changed}


every(JUDGE, dt.timedelta(minutes=10))
every(MAILS, dt.timedelta(minutes=10))
every(WATCH, dt.timedelta(minutes=5))
every(SWEEP, dt.timedelta(seconds=30))
every(FORMULAS, dt.timedelta(hours=6))
