"""Work that comes again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from apps.core.http import PermanentError
from apps.jobs import registry, services
from apps.jobs.models import Job, State
from tests.conftest import NOW
from tests.jobs.conftest import Work

pytestmark = pytest.mark.django_db
Later = Callable[[float], dt.datetime]


def test_a_periodic_kind_has_one_row_however_often_workers_start(work: Work, later: Later) -> None:
    ran: list[dt.datetime] = []
    kind = work.kind(lambda ctx: ran.append(ctx.now))
    registry.every(kind, dt.timedelta(seconds=30), payload={"x": 1})
    for second in (0, 1, 2):
        services.arm_periodic(now=later(second))
    mine = Job.objects.filter(kind=kind)
    assert mine.count() == 1
    for second in range(0, 100, 10):
        services.run_due(now=later(second))
    assert ran == [later(0), later(30), later(60), later(90)]
    assert mine.get().state == State.DUE


def test_it_is_armed_again_in_the_transaction_that_ends_its_run(work: Work, later: Later) -> None:
    seen: list[tuple[str, dt.datetime]] = []

    def run(ctx: services.JobContext) -> None:
        with ctx.commit():
            job = Job.objects.get(pk=ctx.id)
            seen.append((job.state, job.run_at))

    services.repeat(kind=work.kind(run), every=dt.timedelta(seconds=5), key="feed:erp", now=NOW)
    services.run_due(now=NOW)
    assert seen == [(State.DUE, later(5))]


def test_a_failed_turn_waits_for_the_next_and_never_dies(work: Work, later: Later) -> None:
    def run(ctx: services.JobContext) -> None:
        raise PermanentError("refused")

    services.repeat(kind=work.kind(run), every=dt.timedelta(seconds=5), key="feed:erp", now=NOW)
    for second in range(0, 50, 5):
        assert services.run_due(now=later(second)) == 1
    job = Job.objects.get()
    assert (job.state, job.run_at, job.last_error) == (State.DUE, later(50), "PermanentError: refused")


def test_its_interval_and_payload_can_be_changed_and_it_can_be_stopped(work: Work) -> None:
    kind = work.kind()
    services.repeat(kind=kind, every=dt.timedelta(seconds=5), key="feed:erp", now=NOW)
    job = services.repeat(kind=kind, every=dt.timedelta(seconds=9), key="feed:erp", payload={"a": 1}, now=NOW)
    assert (job.repeat_seconds, job.payload, Job.objects.count()) == (9, {"a": 1}, 1)
    assert services.cancel(key="feed:erp") is True
    assert Job.objects.count() == 0


def test_a_turn_whose_worker_died_is_taken_up_again(work: Work, later: Later) -> None:
    ran: list[int] = []
    services.repeat(kind=work.kind(lambda ctx: ran.append(1)), every=dt.timedelta(seconds=5), key="feed:erp", now=NOW)
    services.claim(owner="somewhere/1/a", now=NOW)
    services.run_due(now=later(61))
    assert ran == [1]
    assert Job.objects.get().run_at == later(66)
