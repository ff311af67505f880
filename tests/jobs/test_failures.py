"""Retries, dead letters and their cure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from hypothesis import given
from hypothesis import strategies as st

from apps.core.errors import SystemUnavailable
from apps.core.http import AuthError, PermanentError, TransientError
from apps.jobs import registry, selectors, services
from apps.jobs.events import JOB_DIED
from apps.jobs.models import Job, State
from apps.jobs.services.failing import backoff
from tests.conftest import NOW
from tests.jobs.conftest import Work

Later = Callable[[float], dt.datetime]
database = pytest.mark.django_db


def failing(error: Exception, keys: list[str] | None = None) -> Callable[[services.JobContext], None]:
    def run(ctx: services.JobContext) -> None:
        if keys is not None:
            keys.append(ctx.key)
        raise error

    return run


@given(st.integers(min_value=1, max_value=10_000), st.one_of(st.none(), st.floats(min_value=0, max_value=1e6)))
def test_a_retry_waits_between_nothing_and_five_minutes_and_never_less_than_was_asked_for(attempt: int, asked: float | None) -> None:
    wait = backoff(attempt, asked).total_seconds()
    assert min(300.0, asked or 0) <= wait + 1e-6
    assert wait <= min(300.0, 2.0 ** min(attempt - 1, 20)) + min(300.0, asked or 0) + 1e-6


def test_retries_are_spread_evenly_over_their_window() -> None:
    waits = [backoff(9).total_seconds() for _ in range(2000)]
    assert 112 < sum(waits) / len(waits) < 144  # window 256 s
    assert min(waits) < 10
    assert max(waits) > 246


@database
@pytest.mark.parametrize("error", [TransientError("no answer", system="erp"), SystemUnavailable("away"), OperationalError("restarting")])
def test_a_transient_failure_is_tried_again_with_the_same_key_until_the_day_is_over(work: Work, later: Later, error: Exception) -> None:
    keys: list[str] = []
    work.put(work.kind(failing(error, keys)), key="k")
    for number in range(8):
        assert services.run_due(now=later(number * 301)) == 1
        job = Job.objects.get()
        assert (job.state, job.attempts) == (State.UNKNOWN, number + 1)
        assert later(number * 301) <= job.run_at <= later(number * 301 + 2**number)
    services.run_due(now=later(24 * 3600 + 1))
    assert keys == ["k"] * 9
    assert Job.objects.get(key="k").state == State.DEAD


@database
def test_a_transient_failure_dies_earlier_when_its_kind_says_so(work: Work, later: Later) -> None:
    kind = work.kind(failing(TransientError("no answer")), max_attempts=2)
    work.put(kind, key="k")
    services.run_due(now=NOW)
    assert selectors.dead(kind=kind).count() == 0
    services.run_due(now=later(60))
    assert [job.key for job in selectors.dead(kind=kind)] == ["k"]


@database
def test_a_wait_that_the_other_side_asked_for_is_kept(work: Work, later: Later) -> None:
    work.put(work.kind(failing(TransientError("slow down", retry_after=120))))
    services.run_due(now=NOW)
    assert later(120) <= Job.objects.get().run_at <= later(121)


@database
@pytest.mark.parametrize("error", [PermanentError("refused", system="erp"), AuthError("bad key", system="erp")])
def test_a_permanent_failure_is_dead_at_once_and_subscribers_hear_why(work: Work, error: Exception) -> None:
    heard: list[dict[str, Any]] = []
    work.subscriber(JOB_DIED, lambda ctx: heard.append(ctx.payload))
    kind = work.kind(failing(error))
    job = work.put(kind, key="k", order_key="o", payload={"deal": 7})
    services.run_due(now=NOW)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DEAD, 1)
    assert heard == [{"job_id": job.pk, "kind": kind, "key": "k", "order_key": "o", "payload": {"deal": 7},
                      "error": f"{type(error).__name__}: {error}", "system": "erp"}]


@database
def test_an_unexpected_failure_is_dead_after_five_tries(work: Work, later: Later) -> None:
    kind = work.kind(failing(KeyError("oops")))
    job = work.put(kind)
    for number in range(4):
        services.run_due(now=later(number * 301))
        assert Job.objects.get(pk=job.pk).state == State.UNKNOWN
    services.run_due(now=later(4 * 301))
    job.refresh_from_db()
    assert (job.state, job.attempts, job.last_error) == (State.DEAD, 5, "KeyError: 'oops'")


@database
def test_the_kinds_own_callback_runs_in_the_transaction_that_marks_it_dead(work: Work) -> None:
    told: list[tuple[str, str, dt.datetime]] = []
    kind = work.kind(failing(PermanentError("refused")))
    registry.on_dead(kind)(lambda job, error, now: told.append((job.key, str(error), now)))
    work.put(kind, key="k")
    services.run_due(now=NOW)
    assert told == [("k", "refused", NOW)]


@database
def test_a_death_that_cannot_be_told_is_no_death_yet(work: Work, later: Later) -> None:
    kind = work.kind(failing(PermanentError("refused")))
    broken = [True]

    def callback(job: Job, error: Exception, now: dt.datetime) -> None:
        Job.objects.filter(pk=job.pk).update(result={"told": True})
        if broken[0]:
            raise RuntimeError("the incident could not be written")

    registry.on_dead(kind)(callback)
    job = work.put(kind)
    services.run_due(now=NOW)
    job.refresh_from_db()
    assert (job.state, job.result) == (State.UNKNOWN, None)
    broken[0] = False
    services.run_due(now=later(60))
    job.refresh_from_db()
    assert (job.state, job.result) == (State.DEAD, {"told": True})


@database
def test_a_subscriber_of_deaths_that_dies_does_not_call_itself(work: Work) -> None:
    subscriber = work.subscriber(JOB_DIED, failing(PermanentError("cannot tell")))
    work.put(work.kind(failing(PermanentError("refused"))))
    services.run_due(now=NOW)
    assert [job.state for job in Job.objects.filter(kind=subscriber)] == [State.DEAD]


@database
def test_a_dead_job_is_replayed_with_its_key_and_from_the_start(work: Work, later: Later) -> None:
    keys: list[str] = []
    errors: list[Exception] = [PermanentError("refused")]

    def run(ctx: services.JobContext) -> None:
        keys.append(ctx.key)
        if errors:
            raise errors.pop()

    job = work.put(work.kind(run), key="k")
    services.run_due(now=NOW)
    services.replay(job_id=job.pk, now=later(3600))
    services.run_due(now=later(3600))
    job.refresh_from_db()
    assert keys == ["k", "k"]
    assert (job.state, job.attempts) == (State.DONE, 1)


@database
def test_a_dead_job_is_skipped_with_a_reason(work: Work) -> None:
    job = work.put(work.kind(failing(PermanentError("refused"))))
    services.run_due(now=NOW)
    services.skip(job_id=job.pk, reason="done by hand", now=NOW)
    job.refresh_from_db()
    assert (job.state, job.skipped_reason, job.finished_at) == (State.DONE, "done by hand", NOW)


@database
@pytest.mark.parametrize("cure", ["replay", "skip"])
def test_a_job_that_is_not_dead_cannot_be_cured(work: Work, cure: str) -> None:
    job = work.put(work.kind())
    with pytest.raises(services.UnableToCure):
        if cure == "replay":
            services.replay(job_id=job.pk, now=NOW)
        else:
            services.skip(job_id=job.pk, reason="no", now=NOW)
    job.refresh_from_db()
    assert (job.state, job.skipped_reason) == (State.DUE, "")


@database
def test_fifty_poisoned_jobs_among_many_die_alone(work: Work, later: Later) -> None:
    done: list[int] = []

    def run(ctx: services.JobContext) -> None:
        if ctx.payload["n"] % 4 == 0:
            raise PermanentError("poison")
        done.append(ctx.payload["n"])

    kind = work.kind(run)
    for number in range(200):
        work.put(kind, payload={"n": number}, order_key=f"k{number % 7}")
    services.run_due(now=NOW)
    assert sorted(done) == [n for n in range(200) if n % 4]
    assert selectors.dead(kind=kind).count() == 50
