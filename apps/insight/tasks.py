"""Background work of the board."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from urllib.parse import parse_qsl

from apps.core.errors import NotFound, NotPermitted
from apps.insight import forms, services
from apps.insight.policies import mailing
from apps.insight.services import customers, exporting, sending, unusual, watching
from apps.insight.services.facts import REBUILD
from apps.insight.services.organisation import keep_units
from apps.jobs.registry import JobContext, every, on_dead, task
from apps.realtime import services as realtime

SWEEP, FORMULAS = "insight.sweep", "insight.formulas"
MAILS, WATCH, JUDGE, EXPIRE = "insight.plan_mails", "insight.watch", "insight.judge_ended", "insight.expire_files"
UNUSUAL = "insight.look_for_unusual"


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
    """What is in force now, kept for boards shown as of now later: formulas that a new release brought, departments that moved."""
    with ctx.commit():
        services.register_formulas(now=ctx.now)
        services.forget_sights(now=ctx.now)
        keep_units(now=ctx.now)
        customers.forget_files(now=ctx.now)


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
        day = dt.date.fromisoformat(ctx.payload["day"])
        asked = forms.asked(mailing.told_of(dict(parse_qsl(order.query)), day), now=ctx.now)
        done = sending.send(order=order, period=asked.period, filters=asked.filters, name=f"board-{order.pk}-{ctx.payload['day']}", now=ctx.now,
                            query=asked.query)
    with ctx.commit():
        ctx.result = {"done": done}


@task(exporting.JOB, max_attempts=5, lease=dt.timedelta(minutes=5))
def make_file(ctx: JobContext) -> None:
    """A file somebody ordered: read and written, then kept."""
    ordered = exporting.find(ctx.payload["print"])
    if ordered is None:
        return
    asked = forms.asked(dict(parse_qsl(ordered.query)), now=ordered.moment)
    try:
        made = exporting.make(ordered=ordered, period=asked.period, filters=asked.filters, now=ctx.now)
    except (NotFound, NotPermitted):  # the board or the right went since
        with ctx.commit():
            exporting.fail(ordered=ordered, now=ctx.now)
        return
    with ctx.commit():
        exporting.finish(ordered=ordered, made=made, now=ctx.now)


@on_dead(exporting.JOB)
def file_given_up(job: Any, _error: str, now: dt.datetime) -> None:
    ordered = exporting.find(job.payload["print"])
    if ordered is not None:
        exporting.fail(ordered=ordered, now=now)


@task(EXPIRE)
def expire(ctx: JobContext) -> None:
    """Files whose time is over."""
    with ctx.commit():
        ctx.result = {"files": exporting.expire(now=ctx.now)}


@task(customers.EXPORT, lease=dt.timedelta(minutes=10))
def export_customers(ctx: JobContext) -> None:
    """A file of joined customers."""
    with ctx.commit():
        ctx.result = {"state": customers.write_file(file_id=uuid.UUID(ctx.payload["file"]), now=ctx.now)}


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


@task(UNUSUAL, lease=dt.timedelta(minutes=5))
def look_for_unusual(ctx: JobContext) -> None:
    """Was yesterday like its weekday?"""
    with ctx.commit():
        ctx.result = {"told": unusual.look_for_unusual(now=ctx.now)}


every(UNUSUAL, dt.timedelta(minutes=15))
every(JUDGE, dt.timedelta(minutes=10))
every(MAILS, dt.timedelta(minutes=10))
every(WATCH, dt.timedelta(minutes=5))
every(SWEEP, dt.timedelta(seconds=30))
every(FORMULAS, dt.timedelta(minutes=1))
every(EXPIRE, dt.timedelta(hours=1))
