"""Who may have which job: claims with a lease and a fencing number, and the end of leases whose holder is gone."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import secrets
import socket
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from apps.core.failpoints import declare
from apps.jobs import registry
from apps.jobs.models import CLAIMABLE, Job, State
from apps.jobs.selectors import database_now, lease_of

declare("jobs.claimed")
MAX_CRASHES = 10  # a job whose worker died so often is the cause itself


@dataclass(frozen=True)
class Claim:
    """The right to run a job, until the lease ends or somebody with a higher `fence` came."""

    job: Job
    fence: int
    now: dt.datetime


def _host() -> str:
    try:
        namespace = pathlib.Path("/proc/self/ns/pid").readlink()
    except OSError:
        namespace = pathlib.Path("-")
    return f"{socket.gethostname()}:{namespace}"


def new_owner() -> str:
    """A name no other run of a process ever has; says where the process lives, so that a neighbour can see that it is gone."""
    return f"{_host()}/{os.getpid()}/{secrets.token_hex(4)}"


def claimable(now: dt.datetime) -> QuerySet[Job]:
    """Jobs that may be claimed at `now`: due, of a kind this process knows, and first of their order key."""
    before = Job.objects.filter(order_key=OuterRef("order_key"), id__lt=OuterRef("id")).exclude(state=State.DONE).exclude(order_key="")
    before = before.filter(
        Q(state__in=[State.LEASED, State.UNKNOWN]) | Q(state=State.DUE, run_at__lte=now) | Q(state=State.DEAD, blocking=True))
    ready = Job.objects.filter(state__in=CLAIMABLE, run_at__lte=now, kind__in=list(registry.TASKS))
    return ready.filter(Q(order_key="") | ~Exists(before)).order_by("run_at", "id")


def claim(*, owner: str, now: dt.datetime | None = None) -> Claim | None:
    """Take the next job, or None. `now`: None = the database's clock (workers); a moment (tests)."""
    with transaction.atomic():
        moment = now or database_now()
        waiting = claimable(moment)
        if connection.features.has_select_for_update_skip_locked:
            waiting = waiting.select_for_update(skip_locked=True, of=("self",))
        job = waiting.first()
        if job is None:
            return None
        taken = Job.objects.filter(pk=job.pk, fence=job.fence, state__in=CLAIMABLE).update(
            state=State.LEASED, owner=owner, lease_until=moment + lease_of(job.kind), fence=F("fence") + 1,
            attempts=F("attempts") + 1, first_tried_at=job.first_tried_at or moment,
        )
        if not taken:
            return None
    job.state, job.owner, job.attempts, job.first_tried_at = State.LEASED, owner, job.attempts + 1, job.first_tried_at or moment
    job.fence += 1
    return Claim(job, job.fence, moment)


def give_back(*, owner: str) -> int:
    """What this owner left behind when its connection broke between claim and end; it runs nothing now. Tried again at once."""
    return Job.objects.filter(state=State.LEASED, owner=owner).update(state=State.UNKNOWN, run_at=database_now())


def _is_gone(owner: str) -> bool:
    """True when the owner lived on this machine and its process is no more. Elsewhere, or unsure: False, the lease decides."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    if host != _host() or not rest.isdigit():
        return False
    try:
        status = pathlib.Path(f"/proc/{rest}/stat").read_text()
    except OSError:
        return not pathlib.Path(f"/proc/{rest}").exists() and pathlib.Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] in {"Z", "X"}


def expire_leases(*, now: dt.datetime | None = None) -> int:
    """Jobs whose lease ran out, or whose process on this machine is gone, become UNKNOWN and are tried again with the same key."""
    from apps.jobs.services.failing import bury_crashed

    moment = now or database_now()
    owners = Job.objects.filter(state=State.LEASED).values_list("owner", flat=True).distinct()
    gone = [owner for owner in owners if _is_gone(owner)]
    expired = Job.objects.filter(state=State.LEASED).filter(Q(lease_until__lt=moment) | Q(owner__in=gone))
    count = 0
    for pk, fence in list(expired.values_list("pk", "fence")[:200]):
        held = Job.objects.filter(pk=pk, fence=fence, state=State.LEASED)
        with transaction.atomic():
            if not _is_free(held):
                continue  # its holder is just ending it, or stands still in its last transaction: the others need not wait for that
            count += held.filter(crashes__lt=MAX_CRASHES - 1).update(state=State.UNKNOWN, run_at=moment, crashes=F("crashes") + 1)
            count += bury_crashed(held, moment)
    return count


def _is_free(held: QuerySet[Job]) -> bool:
    """Locks the row; False when it is gone or another transaction has it."""
    if connection.features.has_select_for_update_skip_locked:
        held = held.select_for_update(skip_locked=True)
    return held.first() is not None
