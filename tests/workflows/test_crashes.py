"""Killed anywhere, answered late or twice: no step is lost, none is done twice, nothing is stuck."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from apps.core import failpoints
from apps.core.http import PermanentError, TransientError
from apps.jobs import services as jobs
from apps.workflows import selectors, services
from apps.workflows.models import DecisionSnapshot, Incident, InstanceEvent, Task
from apps.workflows.registry import BpmnError, StepContext
from tests.workflows import build as b

pytestmark = pytest.mark.django_db
ONCE_AND_TWICE = [pytest.param(1, marks=pytest.mark.one_database), 2]  # who dies twice has died once
SEEDS = [seed if seed < 4 else pytest.param(seed, marks=pytest.mark.one_database) for seed in range(12)]
MODULES = (
    "apps.workflows.services.stepping",
    "apps.workflows.services.running",
    "apps.workflows.services.decisions",
    "apps.workflows.services.instances",
    "apps.workflows.services.incidents",
    "apps.jobs.services.running",
)
LOOP = b.process(
    b.user("approve"),
    b.boundary("gone", "approve", b.on_message("withdrawn")),
    '<bpmn:endEvent id="over"/>',
    b.xor("g", "f_no"),
    b.service("order", "erp.test"),
    b.both("fork"),
    b.both("join"),
    b.service("invoice", "test.a"),
    b.service("contract", "test.b"),
    b.boundary("bad", "contract", b.on_error("BAD")),
    '<bpmn:endEvent id="stopped"><bpmn:terminateEventDefinition/></bpmn:endEvent>',
    b.catch("moved", "shipped"),
    b.timer("pause", "PT5S"),
    b.service("tell", "test.c"),
    '<bpmn:endEvent id="end"/>',
    b.service("refuse", "test.c"),
    b.line("start", "approve", "g"),
    b.line("gone", "over"),
    b.flow("g", "order", 'outcome == "APPROVED"'),
    b.flow("g", "refuse", key="f_no"),
    b.line("refuse", "end"),
    b.line("order", "fork", "invoice", "join", "moved", "pause", "tell", "end"),
    b.line("fork", "contract", "join"),
    b.line("bad", "stopped"),
    messages=("withdrawn", "shipped"),
    errors=("BAD",),
)
EXPECTED = ["erp.test", "test.a", "test.b", "test.c"]


class Killed(BaseException):
    """Ends a run as kill -9 does: nothing catches it, open transactions are gone."""


class Killer:
    """Dies at chosen passes of chosen failpoints."""

    def __init__(self) -> None:
        self.plan: Callable[[str], bool] = lambda name: False
        self.passed: list[str] = []
        self.kills = 0

    def __call__(self, name: str) -> None:
        assert name in failpoints.KNOWN
        self.passed.append(name)
        if self.plan(name):
            self.kills += 1
            raise Killed(name)


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    import importlib

    killer = Killer()
    for name in MODULES:
        monkeypatch.setattr(importlib.import_module(name), "failpoint", killer)
    return killer


class Erp:
    """An outside system with idempotency keys. `keyless`: it has none (the test of the test)."""

    def __init__(self, keyless: bool = False) -> None:
        self.effects: list[tuple[str, str]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.keyless = keyless
        self.silent: Callable[[], bool] = lambda: False

    def act(self, topic: str, ctx: StepContext) -> dict[str, Any]:
        if self.keyless or ctx.key not in self.answers:
            self.effects.append((topic, ctx.key))
            self.answers[ctx.key] = {f"done_{ctx.node}": len(self.effects)}
        if self.silent():
            raise TransientError("no answer", system="erp")
        return self.answers[ctx.key]


@pytest.fixture
def erp(world: Any) -> Iterator[Erp]:
    erp = Erp()
    world.act = lambda ctx: erp.act(world.calls[-1][0], ctx)
    yield erp


def already_done(act: Callable[[], Any], refused: type[Exception]) -> Any:
    """A second try of what was done before the process died is refused; the person sees it as done."""
    try:
        return act()
    except refused:
        return None


class Drive:
    """A person, a worker that dies and comes back, and messages from outside, over a clock of its own."""

    def __init__(self, clock: dt.datetime, cast: Any) -> None:
        self.now, self.cast = clock, cast

    def persist(self, act: Callable[[], Any]) -> Any:
        """Somebody who tries again until it is done (a browser, a sender of webhooks)."""
        for _turn in range(40):
            try:
                return act()
            except Killed:
                self.now += dt.timedelta(seconds=1)
        raise AssertionError("never done")

    def work(self, rounds: int = 60) -> None:
        """Workers that die are started again; leases of the dead run out."""
        for _turn in range(rounds):
            try:
                if not jobs.run_due(now=self.now) and not self._ahead():
                    return
            except Killed:
                pass
            self.now += dt.timedelta(seconds=61)
            for incident in Incident.objects.filter(state="OPEN"):  # a worker killed ten times over one job gives it up
                self.persist(lambda found=incident: already_done(lambda: self._retry(found), services.UnableToRepair))

    def _retry(self, incident: Incident) -> Incident:
        return services.retry_incident(incident_id=incident.pk, person=self.cast.admin, now=self.now)

    def _ahead(self) -> bool:
        from apps.jobs import selectors as job_selectors

        return job_selectors.pending(kind="workflows.").exists()

    def whole_loop(self, xml: str, business_key: str, send_early: bool = False) -> Any:
        services.deploy(xml=xml, now=self.now)
        instance = self.persist(
            lambda: services.start(process_key="p", business_key=business_key, title="t", variables={}, starter_id=self.cast.ana.pk, now=self.now)
        )
        if send_early:
            self.ship(business_key)
        task = Task.objects.get(instance=instance)
        self.persist(lambda: self._approve(task))
        self.work()
        if not send_early:
            self.ship(business_key)
        self.work()
        instance.refresh_from_db()
        return instance

    def ship(self, business_key: str) -> None:
        for _turn in range(2):  # the sender repeats
            self.persist(lambda: services.correlate(message="shipped", business_key=business_key, variables={}, now=self.now, message_id="s1"))

    def _approve(self, task: Task) -> None:
        seen = services.look_at(task_id=task.pk, person=self.cast.boss, now=self.now).seen
        services.complete_task(
            task_id=task.pk, person=self.cast.boss, outcome="APPROVED", comment="", seen_version=seen.version, acknowledged=[], form={}, now=self.now
        )


def assert_once(instance: Any, erp: Erp, business_key: str) -> None:
    assert (instance.state, instance.end_code) == ("COMPLETED", "end")
    assert [topic for topic, key in sorted(erp.effects) if key.startswith(str(instance.pk))] == EXPECTED
    assert selectors.stuck() == []
    assert InstanceEvent.objects.filter(instance=instance, kind="step.completed").count() == 4
    assert InstanceEvent.objects.filter(instance=instance, kind="message.received").count() == 1
    assert DecisionSnapshot.objects.filter(task__instance=instance).exclude(state="APPLIED").count() == 0
    assert Task.objects.filter(instance=instance).count() == 1


def edges() -> list[str]:
    import apps.jobs.services
    import apps.workflows.services  # noqa: F401

    return sorted(name for name in failpoints.KNOWN if name.startswith(("workflows.", "jobs.")))


# what a person or a sender repeats after these is answered from what was stored, so that they are passed once
STORED = {
    "workflows.started",
    "workflows.message_taken",
    "workflows.decision_saved",
    "workflows.decision_undone",
    "workflows.withdrawn",
    "workflows.incident_retried",
}
NOT_ON_THIS_WAY = {
    "workflows.incident_retried",
    "workflows.withdrawn",
    "workflows.decision_undone",
    "workflows.error_caught",
    "jobs.before_done",
    "jobs.after_done",
}


@pytest.mark.req("P16", "I13")
def test_there_are_at_least_fifteen_step_edges() -> None:
    assert len([name for name in edges() if name.startswith("workflows.")]) >= 15


@pytest.mark.req("P16", "I13")
@pytest.mark.parametrize("times", ONCE_AND_TWICE)
@pytest.mark.parametrize("edge", [name for name in edges() if name not in NOT_ON_THIS_WAY])
def test_killed_at_each_step_edge_nothing_is_lost_or_doubled(
    edge: str, times: int, world: Any, erp: Erp, killer: Killer, cast: Any, clock: Any
) -> None:
    left = [times]

    def plan(name: str) -> bool:
        if name != edge or not left[0]:
            return False
        left[0] -= 1
        return True

    killer.plan = plan
    instance = Drive(clock, cast).whole_loop(LOOP, "deal:1")
    assert killer.kills == (1 if edge in STORED else times)
    assert_once(instance, erp, "deal:1")


@pytest.mark.parametrize("seed", SEEDS)
def test_random_crashes_and_silences_in_random_places(seed: int, world: Any, erp: Erp, killer: Killer, cast: Any, clock: Any) -> None:
    chance = random.Random(seed)
    budget = [25]

    def plan(name: str) -> bool:
        if budget[0] and chance.random() < 0.07:
            budget[0] -= 1
            return True
        return False

    killer.plan = plan
    erp.silent = lambda: chance.random() < 0.3
    drive = Drive(clock, cast)
    for number in range(3):
        instance = drive.whole_loop(LOOP, f"deal:{number}", send_early=bool(number % 2))
        drive.work(200)
        instance.refresh_from_db()
        assert_once(instance, erp, f"deal:{number}")
    assert killer.kills == 25 - budget[0] > 3


@pytest.mark.one_database
def test_without_idempotency_keys_the_same_crash_doubles(world: Any, killer: Killer, cast: Any, clock: Any) -> None:
    erp = Erp(keyless=True)
    world.act = lambda ctx: erp.act(world.calls[-1][0], ctx)
    left = [1]

    def plan(name: str) -> bool:
        if name == "workflows.after_action" and left[0]:
            left[0] -= 1
            return True
        return False

    killer.plan = plan
    Drive(clock, cast).whole_loop(LOOP, "deal:1")
    assert [topic for topic, _key in sorted(erp.effects)] == ["erp.test", *EXPECTED]


def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_wakes(world: Any, erp: Erp, begin: Any, clock: Any, run_jobs: Any) -> None:
    later = clock + dt.timedelta(minutes=5)

    def act(ctx: StepContext) -> dict[str, Any]:
        if ctx.attempt == 1:  # while this one sleeps, the lease runs out and another worker does it
            jobs.expire_leases(now=later)
            jobs.run_due(now=later)
        return erp.act("erp.test", ctx)

    world.act = act
    instance = begin(b.process(b.service("a", "erp.test"), b.line("start", "a", "end")))
    run_jobs(now=clock)
    instance.refresh_from_db()
    assert instance.state == "COMPLETED"
    assert len(erp.effects) == 1
    assert InstanceEvent.objects.filter(kind="step.completed").count() == 1


@pytest.mark.parametrize("times", ONCE_AND_TWICE)
@pytest.mark.parametrize("edge", sorted(name for name in NOT_ON_THIS_WAY if name.startswith("workflows.")))
def test_killed_on_the_other_ways_nothing_is_lost_or_doubled(
    edge: str, times: int, world: Any, erp: Erp, killer: Killer, cast: Any, clock: Any
) -> None:
    left = [times]

    def plan(name: str) -> bool:
        if name != edge or not left[0]:
            return False
        left[0] -= 1
        return True

    def act(ctx: StepContext) -> dict[str, Any]:
        if ctx.node == "contract" and edge == "workflows.error_caught":
            raise BpmnError("BAD", "no")
        if ctx.node == "order" and edge == "workflows.incident_retried" and not Incident.objects.exists():
            raise PermanentError("no", system="erp")
        return erp.act(world.calls[-1][0], ctx)

    killer.plan, world.act = plan, act
    drive = Drive(clock, cast)
    services.deploy(xml=LOOP, now=clock)
    instance = services.start(process_key="p", business_key="deal:1", title="t", variables={}, starter_id=cast.ana.pk, now=clock)
    task = Task.objects.get()
    drive._approve(task)
    if edge == "workflows.decision_undone":
        drive.persist(lambda: already_done(lambda: services.undo_completion(task_id=task.pk, person=cast.boss, now=drive.now), services.UnableToUndo))
        drive._approve(task)
    if edge == "workflows.withdrawn":
        drive.persist(lambda: already_done(lambda: services.withdraw(instance_id=instance.pk, reason="x", now=drive.now), services.UnableToWithdraw))
    drive.work()
    drive.ship("deal:1")
    drive.work()
    instance.refresh_from_db()
    assert killer.kills == (1 if edge in STORED else times)
    assert selectors.stuck() == []
    if edge == "workflows.withdrawn":
        assert (instance.state, erp.effects) == ("WITHDRAWN", [])
    elif edge == "workflows.error_caught":
        assert (instance.state, instance.end_code) == ("COMPLETED", "stopped")
        assert [topic for topic, _key in sorted(erp.effects)] in (["erp.test"], ["erp.test", "test.a"])
    else:
        assert (instance.state, [topic for topic, _key in sorted(erp.effects)]) == ("COMPLETED", EXPECTED)
