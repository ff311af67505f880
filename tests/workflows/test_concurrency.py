"""Several at once, in threads with connections of their own."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections

from apps.jobs import selectors as jobs
from apps.notifications import selectors as notifications
from apps.workflows import selectors, services
from apps.workflows.models import DecisionSnapshot, InstanceEvent, ProcessInstance, Task
from tests.workflows import build as b
from tests.workflows.test_decisions import APPROVAL, only_task

pytestmark = pytest.mark.django_db(transaction=True)
SHIPPED = b.process(b.catch("wait", "shipped"), b.service("a", "test.a"), b.line("start", "wait", "a", "end"), messages=("shipped",))


@pytest.fixture(autouse=True)
def _connections() -> Iterator[None]:
    yield
    connections.close_all()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run all at the same moment; what each answered or raised, in order."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = acts[number]()
        except Exception as error:
            answers[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers


@pytest.mark.req("I13")
def test_two_deciders_at_once_make_one_decision(world: Any, begin: Any, cast: Any, clock: dt.datetime) -> None:
    world.deciders = [cast.boss, cast.fin]
    task = only_task(begin(APPROVAL))
    seen = {person.login: services.look_at(task_id=task.pk, person=person, now=clock).seen.version for person in world.deciders}

    def decide(person: Any, outcome: str) -> Task:
        return services.complete_task(
            task_id=task.pk, person=person, outcome=outcome, comment="x", seen_version=seen[person.login], acknowledged=[], form={}, now=clock
        )

    answers = at_once(
        *(
            lambda p=person, o=outcome: decide(p, o)
            for person, outcome in ((cast.boss, "APPROVED"), (cast.fin, "REJECTED"), (cast.boss, "APPROVED"), (cast.fin, "REJECTED"))
        )
    )
    won = [one for one in answers if isinstance(one, Task)]
    lost = [one for one in answers if isinstance(one, services.UnableToComplete)]
    assert (len(won), len(lost)) == (2, 2)
    assert DecisionSnapshot.objects.count() == 1
    assert jobs.pending(kind="workflows.apply_decision").count() == 1
    assert (notifications.todo_count(cast.boss), notifications.todo_count(cast.fin)) == (0, 0)


def test_undo_withdrawal_and_the_end_of_the_window_at_once_leave_one_truth(
    world: Any, begin: Any, cast: Any, clock: dt.datetime, approve: Any, run_jobs: Any
) -> None:
    instance = begin(APPROVAL)
    task = approve(only_task(instance))
    decision = DecisionSnapshot.objects.get()
    answers = at_once(
        lambda: services.undo_completion(task_id=task.pk, person=cast.boss, now=clock),
        lambda: services.apply_decision(decision_id=decision.pk, now=clock),
        lambda: services.withdraw(instance_id=instance.pk, reason="x", now=clock),
    )
    task.refresh_from_db()
    instance.refresh_from_db()
    decision.refresh_from_db()
    assert not [one for one in answers if isinstance(one, Exception) and not isinstance(one, services.UnableToUndo)]
    run_jobs(now=clock + dt.timedelta(minutes=1))
    instance.refresh_from_db()
    assert (task.state, decision.state, instance.state) in {
        ("CANCELLED", "UNDONE", "WITHDRAWN"),
        ("CANCELLED", "WITHDRAWN", "WITHDRAWN"),
        ("COMPLETED", "APPLIED", "WITHDRAWN"),
    }
    assert world.calls == []
    assert selectors.stuck() == []


def test_starts_at_once_make_one_case(world: Any, cast: Any, clock: dt.datetime, run_jobs: Any) -> None:
    services.deploy(xml=SHIPPED, now=clock)

    def start() -> ProcessInstance:
        return services.start(process_key="p", business_key="deal:1", title="t", variables={}, starter_id=cast.ana.pk, now=clock)

    answers = at_once(*[start] * 5)
    assert len({one.pk for one in answers}) == 1
    assert InstanceEvent.objects.filter(kind="instance.started").count() == 1


def test_a_message_and_the_start_at_once_meet(world: Any, cast: Any, clock: dt.datetime, run_jobs: Any) -> None:
    services.deploy(xml=SHIPPED, now=clock)
    for number in range(12):
        key = f"deal:{number}"
        at_once(
            lambda key=key: services.start(process_key="p", business_key=key, title="t", variables={}, starter_id=cast.ana.pk, now=clock),
            *[lambda key=key: services.correlate(message="shipped", business_key=key, variables={}, now=clock, message_id="s")] * 3,
        )
    run_jobs(now=clock)
    assert set(ProcessInstance.objects.values_list("state", flat=True)) == {"COMPLETED"}
    assert len(world.calls) == 12


def test_the_same_file_published_at_once_is_one_version(world: Any, clock: dt.datetime) -> None:
    answers = at_once(*[lambda: services.deploy(xml=SHIPPED, now=clock)] * 4)
    assert len({one.pk for one in answers}) == 1
