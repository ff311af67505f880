"""Per-key order; leases, fences and the one transaction that ends a job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from apps.audit import selectors as audit_selectors
from apps.audit import services as audit
from apps.core.http import PermanentError, TransientError
from apps.jobs import services
from apps.jobs.models import Job, State
from apps.jobs.services.claiming import MAX_CRASHES
from tests.conftest import NOW
from tests.jobs.conftest import Work

pytestmark = pytest.mark.django_db
Later = Callable[[float], dt.datetime]
LEASE = 61  # seconds: past settings.JOBS_LEASE


def test_only_the_first_of_an_order_key_can_be_claimed(work: Work) -> None:
    kind = work.kind()
    first, second, other = (work.put(kind, order_key=key) for key in ("a", "a", "b"))
    claimed = [services.claim(owner=f"w{n}", now=NOW) for n in range(3)]
    assert [held.job.pk if held else None for held in claimed] == [first.pk, other.pk, None]
    services.run_claimed(claimed[0], now=NOW)  # type: ignore[arg-type]
    held = services.claim(owner="w3", now=NOW)
    assert held is not None
    assert held.job.pk == second.pk


def test_a_job_waiting_for_its_retry_holds_back_the_later_ones(work: Work, later: Later) -> None:
    ran: list[str] = []

    def run(ctx: services.JobContext) -> None:
        ran.append(ctx.key)
        if ctx.key == "one" and ctx.attempt == 1:
            raise TransientError("no answer", retry_after=100)

    kind = work.kind(run)
    for key in ("one", "two"):
        work.put(kind, key=key, order_key="deal:7")
    services.run_due(now=NOW)
    services.run_due(now=later(50))
    assert ran == ["one"]
    services.run_due(now=later(102))
    assert ran == ["one", "one", "two"]


def test_a_timer_that_is_not_due_holds_nobody_back(work: Work, later: Later) -> None:
    ran: list[str] = []
    kind = work.kind(lambda ctx: ran.append(ctx.key))
    work.put(kind, key="timer", order_key="deal:7", run_at=later(10))
    work.put(kind, key="now", order_key="deal:7")
    services.run_due(now=NOW)
    services.run_due(now=later(10))
    assert ran == ["now", "timer"]


@pytest.mark.parametrize(("blocking", "expected"), [(False, ["two"]), (True, [])])
def test_a_dead_job_holds_back_the_later_ones_only_when_it_is_blocking(work: Work, blocking: bool, expected: list[str]) -> None:
    ran: list[str] = []

    def run(ctx: services.JobContext) -> None:
        if ctx.key == "one":
            raise PermanentError("refused")
        ran.append(ctx.key)

    kind = work.kind(run, blocking=blocking)
    job = work.put(kind, key="one", order_key="deal:7")
    work.put(kind, key="two", order_key="deal:7")
    services.run_due(now=NOW)
    assert ran == expected
    services.skip(job_id=job.pk, reason="by hand", now=NOW)
    services.run_due(now=NOW)
    assert ran == ["two"]


def test_what_a_commit_changes_stands_with_the_end_of_the_job(work: Work) -> None:
    def run(ctx: services.JobContext) -> None:
        with ctx.commit():
            audit.record(actor=None, action="test.thing.done", object=ctx.key, data={}, now=ctx.now)
            ctx.result = {"order": "SO1"}

    work.put(work.kind(run), key="k")
    services.run_due(now=NOW)
    job = Job.objects.get()
    assert (job.state, job.result) == (State.DONE, {"order": "SO1"})
    assert audit_selectors.entries(object="k").count() == 1


def test_a_commit_that_fails_leaves_nothing_and_the_job_is_tried_again(work: Work, later: Later) -> None:
    def run(ctx: services.JobContext) -> None:
        with ctx.commit():
            audit.record(actor=None, action="test.thing.done", object=ctx.key, data={}, now=ctx.now)
            if ctx.attempt == 1:
                raise TransientError("deadlock")

    work.put(work.kind(run), key="k")
    services.run_due(now=NOW)
    assert Job.objects.get().state == State.UNKNOWN
    assert audit_selectors.entries(object="k").count() == 0
    services.run_due(now=later(60))
    assert Job.objects.get().state == State.DONE
    assert audit_selectors.entries(object="k").count() == 1


def test_a_run_that_was_overtaken_changes_nothing(work: Work, later: Later) -> None:
    """The body of commit() is never entered by a worker that slept past its lease."""
    entered: list[int] = []

    def run(ctx: services.JobContext) -> None:
        if ctx.attempt == 1:
            services.run_due(now=later(LEASE))  # meanwhile, elsewhere
        with ctx.commit():
            entered.append(ctx.attempt)
            audit.record(actor=None, action="test.thing.done", object=ctx.key, data={}, now=ctx.now)

    work.put(work.kind(run), key="k")
    assert services.run_due(now=NOW, limit=1) == 1
    job = Job.objects.get()
    assert (job.state, job.attempts, job.crashes, job.fence) == (State.DONE, 2, 1, 2)
    assert entered == [2]
    assert audit_selectors.entries(object="k").count() == 1


def test_a_late_failure_of_an_overtaken_run_does_not_touch_the_job(work: Work, later: Later) -> None:
    def run(ctx: services.JobContext) -> None:
        if ctx.attempt == 1:
            services.run_due(now=later(LEASE))
            raise PermanentError("too late to matter")

    work.put(work.kind(run))
    services.run_due(now=NOW, limit=1)
    job = Job.objects.get()
    assert (job.state, job.last_error) == (State.DONE, "")


def test_a_failure_after_the_commit_does_not_undo_it(work: Work) -> None:
    def run(ctx: services.JobContext) -> None:
        with ctx.commit():
            pass
        raise ValueError("afterwards")

    work.put(work.kind(run))
    services.run_due(now=NOW)
    assert Job.objects.get().state == State.DONE


def test_a_job_commits_once(work: Work) -> None:
    errors: list[str] = []

    def run(ctx: services.JobContext) -> None:
        with ctx.commit():
            pass
        try:
            with ctx.commit():
                pass
        except RuntimeError as error:
            errors.append(str(error))

    work.put(work.kind(run))
    services.run_due(now=NOW)
    assert errors == ["a job commits once, and only while it runs"]


def test_a_lease_that_ran_out_leaves_an_unknown_outcome_that_is_tried_again(work: Work, later: Later) -> None:
    keys: list[str] = []
    work.put(work.kind(lambda ctx: keys.append(ctx.key)), key="k")
    services.claim(owner="somewhere/1/a", now=NOW)
    assert services.expire_leases(now=later(59)) == 0
    assert services.expire_leases(now=later(LEASE)) == 1
    assert Job.objects.get().state == State.UNKNOWN
    services.run_due(now=later(LEASE))
    assert keys == ["k"]


def test_a_kind_may_have_a_longer_lease(work: Work, later: Later) -> None:
    work.put(work.kind(lease=dt.timedelta(minutes=10)))
    services.claim(owner="somewhere/1/a", now=NOW)
    assert services.expire_leases(now=later(599)) == 0
    assert services.expire_leases(now=later(601)) == 1


def test_a_job_that_kills_its_worker_each_time_is_given_up(work: Work, later: Later) -> None:
    job = work.put(work.kind())
    for number in range(MAX_CRASHES):
        assert services.claim(owner="somewhere/1/a", now=later(number * 100)) is not None
        services.expire_leases(now=later(number * 100 + LEASE))
    job.refresh_from_db()
    assert (job.state, job.crashes) == (State.DEAD, MAX_CRASHES)
    assert job.last_error == f"WorkerDied: the worker died or hung {MAX_CRASHES} times while it ran this job"


def test_the_leases_of_a_process_that_is_gone_from_this_machine_end_at_once(work: Work, later: Later) -> None:
    import subprocess
    import sys

    from apps.jobs.services.claiming import new_owner

    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    host, _, _ = new_owner().rsplit("/", 2)
    work.put(work.kind())
    services.claim(owner=f"{host}/{ended.pid}/abcd", now=NOW)
    assert services.expire_leases(now=later(1)) == 1


def test_the_leases_of_a_living_process_and_of_other_machines_do_not(work: Work, later: Later) -> None:
    from apps.jobs.services.claiming import new_owner

    for owner in (new_owner(), "elsewhere:pid:[1]/99999999/abcd"):
        work.put(work.kind())
        services.claim(owner=owner, now=NOW)
    assert services.expire_leases(now=later(1)) == 0
