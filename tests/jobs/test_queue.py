"""What goes into the table, and what runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import transaction

from apps.jobs import selectors, services
from apps.jobs.models import Job, State
from tests.conftest import NOW
from tests.jobs.conftest import Work

pytestmark = pytest.mark.django_db
Later = Callable[[float], dt.datetime]


def test_a_second_enqueue_with_the_same_key_returns_the_first_row(work: Work) -> None:
    kind = work.kind()
    first = work.put(kind, key="deal:7", payload={"n": 1})
    second = work.put(kind, key="deal:7", payload={"n": 2})
    assert second.pk == first.pk
    assert second.payload == {"n": 1}
    assert Job.objects.count() == 1


def test_a_done_job_still_owns_its_key(work: Work) -> None:
    ran: list[str] = []
    kind = work.kind(lambda ctx: ran.append(ctx.key))
    work.put(kind, key="deal:7")
    services.run_due(now=NOW)
    assert work.put(kind, key="deal:7").state == State.DONE
    services.run_due(now=NOW)
    assert ran == ["deal:7"]


def test_a_job_of_a_rolled_back_transaction_never_was(work: Work) -> None:
    kind = work.kind()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        work.put(kind, key="x")
        raise ZeroDivisionError
    assert selectors.get("x") is None


def test_a_kind_nobody_registered_is_refused(work: Work) -> None:
    with pytest.raises(LookupError):
        work.put("test.nobody_knows_me")
    assert Job.objects.count() == 0


def test_a_job_of_a_kind_this_release_does_not_know_waits_for_one_that_does(work: Work) -> None:
    kind = work.kind()
    job = work.put(kind)
    Job.objects.update(kind="test.of_the_next_release")
    assert services.run_due(now=NOW) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.DUE, 0)


def test_a_task_gets_its_payload_key_actor_and_moment_and_its_answer_is_stored(work: Work) -> None:
    seen = []

    def run(ctx: services.JobContext) -> dict[str, int]:
        seen.append((ctx.payload, ctx.key, ctx.order_key, ctx.actor, ctx.attempt, ctx.now))
        return {"answer": 42}

    kind = work.kind(run)
    work.put(kind, key="k", order_key="o", payload={"at": NOW}, actor={"login": "ana"})
    assert services.run_due(now=NOW) == 1
    assert seen == [({"at": "2026-11-23T01:12:00Z"}, "k", "o", {"login": "ana"}, 1, NOW)]
    job = Job.objects.get()
    assert (job.state, job.result, job.attempts, job.finished_at) == (State.DONE, {"answer": 42}, 1, NOW)


def test_jobs_run_in_the_order_they_became_due(work: Work, later: Later) -> None:
    ran: list[str] = []
    kind = work.kind(lambda ctx: ran.append(ctx.key))
    work.put(kind, key="second", run_at=later(2))
    work.put(kind, key="third", run_at=later(3))
    work.put(kind, key="first", run_at=later(1))
    assert services.run_due(now=NOW) == 0
    assert services.run_due(now=later(2)) == 2
    assert services.run_due(now=later(3)) == 1
    assert ran == ["first", "second", "third"]


def test_a_limit_of_runs_is_kept(work: Work) -> None:
    kind = work.kind()
    for _ in range(3):
        work.put(kind)
    assert services.run_due(now=NOW, limit=2) == 2
    assert selectors.pending(kind=kind).count() == 1


def test_a_timer_can_be_cancelled_until_it_was_tried(work: Work, later: Later) -> None:
    ran: list[str] = []
    kind = work.kind(lambda ctx: ran.append(ctx.key))
    work.put(kind, key="undo", run_at=later(10))
    assert services.cancel(key="undo") is True
    assert services.cancel(key="undo") is False
    work.put(kind, key="gone", run_at=later(10))
    services.run_due(now=later(10))
    assert services.cancel(key="gone") is False
    assert ran == ["gone"]


def test_a_job_that_was_tried_without_a_known_outcome_cannot_be_cancelled(work: Work) -> None:
    from apps.core.http import TransientError

    def run(ctx: services.JobContext) -> None:
        raise TransientError("no answer", system="erp")

    work.put(work.kind(run), key="k")
    services.run_due(now=NOW)
    assert services.cancel(key="k") is False
    assert Job.objects.get().state == State.UNKNOWN


def test_an_event_makes_one_job_for_each_subscriber(work: Work) -> None:
    heard: list[tuple[str, object]] = []
    one = work.subscriber("test.deal.won", lambda ctx: heard.append(("one", ctx.payload["id"])))
    two = work.subscriber("test.deal.won", lambda ctx: heard.append(("two", ctx.payload["id"])))
    work.subscriber("test.deal.lost", lambda ctx: heard.append(("lost", 0)))
    assert services.publish(event="test.deal.won", data={"id": 7}, now=NOW) == 2
    assert {job.kind for job in selectors.pending()} == {one, two}
    services.run_due(now=NOW)
    assert sorted(heard, key=str) == [("one", 7), ("two", 7)]


def test_an_event_published_twice_under_one_key_is_handled_once(work: Work) -> None:
    heard: list[object] = []
    work.subscriber("test.deal.won", lambda ctx: heard.append(ctx.payload["id"]))
    for _ in range(5):
        services.publish(event="test.deal.won", data={"id": 7}, now=NOW, key="event:7")
        services.run_due(now=NOW)
    assert heard == [7]


def test_an_event_without_subscribers_is_nobodys_work() -> None:
    assert services.publish(event="test.nobody.listens", data={}, now=NOW) == 0
    assert Job.objects.count() == 0


def test_one_subscriber_that_fails_does_not_hold_up_another(work: Work) -> None:
    heard: list[int] = []

    def fail(ctx: services.JobContext) -> None:
        raise ValueError

    work.subscriber("test.deal.won", fail)
    work.subscriber("test.deal.won", lambda ctx: heard.append(ctx.payload["id"]))
    for number in (1, 2):
        services.publish(event="test.deal.won", data={"id": number}, now=NOW, order_key="deal:7")
    services.run_due(now=NOW)
    assert heard == [1, 2]


def test_pending_finds_by_order_key_kind_and_key_prefix(work: Work) -> None:
    kind = work.kind()
    work.subscriber("test.deal.won", lambda ctx: None)
    a = work.put(kind, key="deal:7:a", order_key="deal:7")
    b = work.put(kind, key="deal:8:a", order_key="deal:8")
    services.publish(event="test.deal.won", data={}, now=NOW, order_key="deal:7")
    assert selectors.pending(order_key="deal:7").count() == 2
    assert list(selectors.pending(order_key="deal:8")) == [b]
    assert list(selectors.pending(kind=kind)) == [a, b]
    assert selectors.pending(kind="test.").count() == 3
    assert list(selectors.pending(key_prefix="deal:7:")) == [a]


def test_workers_are_woken_once_a_transaction_when_it_commits(
    work: Work, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    from apps.jobs.services import waking

    kind = work.kind()
    with django_capture_on_commit_callbacks() as callbacks:  # type: ignore[attr-defined]
        work.put(kind)
        work.put(kind)
        services.publish(event="test.nobody.listens", data={}, now=NOW)
    assert callbacks == [waking.wake]
