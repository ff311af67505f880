"""Random lives of the table: whatever workers, crashes, lost leases and retries happen, nothing is lost, doubled or out of order."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from apps.core.http import TransientError
from apps.jobs import registry, services
from apps.jobs.models import UNFINISHED, Job, State
from apps.jobs.services.failing import settle_failure
from apps.jobs.services.running import _context
from tests.conftest import NOW

KIND = "test.property"


class Lives(RuleBasedStateMachine):
    """Claims that are held: running ones, and those of workers that were killed or stopped (they may come back)."""

    def __init__(self) -> None:
        super().__init__()
        Job.objects.all().delete()
        registry.task(KIND)(lambda ctx: None)
        self.now = NOW
        self.number = 0
        self.wanted: dict[str, str] = {}  # key -> order key, of everything that was committed
        self.effects: list[str] = []  # keys whose effect was committed, in order
        self.running: list[services.Claim] = []
        self.stopped: list[services.Claim] = []

    # -- callers

    @rule(order=st.sampled_from(["", "a", "b"]), same_key_again=st.booleans())
    def enqueue(self, order: str, same_key_again: bool) -> None:
        self.number += 1
        key = f"k{self.number}"
        for _ in range(2 if same_key_again else 1):
            services.enqueue(kind=KIND, payload={}, key=key, order_key=order, now=self.now)
        self.wanted[key] = order

    @rule(order=st.sampled_from(["", "a", "b"]))
    def enqueue_in_a_transaction_that_fails(self, order: str) -> None:
        try:
            with transaction.atomic():
                services.enqueue(kind=KIND, payload={}, key=f"never{self.number}", order_key=order, now=self.now)
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    # -- workers

    @rule()
    def claim(self) -> None:
        held = services.claim(owner="somewhere/1/a", now=self.now)
        if held:
            others = [other for other in self.running if other.job.order_key and other.job.order_key == held.job.order_key]
            assert not others, "two jobs of one order key are being run"
            self.running.append(held)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        self._commit(self.running.pop(data.draw(st.integers(0, len(self.running) - 1))))

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        held = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        settle_failure(held.job, held.fence, TransientError("no answer"), self.now)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), may_come_back=st.booleans())
    def stop(self, data: st.DataObject, may_come_back: bool) -> None:
        held = self.running.pop(data.draw(st.integers(0, len(self.running) - 1)))
        if may_come_back:
            self.stopped.append(held)

    @precondition(lambda self: self.stopped)
    @rule(data=st.data())
    def come_back_and_commit(self, data: st.DataObject) -> None:
        self._commit(self.stopped.pop(data.draw(st.integers(0, len(self.stopped) - 1))))

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)
        services.expire_leases(now=self.now)
        self.stopped += [held for held in self.running if not self._holds(held)]
        self.running = [held for held in self.running if self._holds(held)]

    # -- what must hold

    def _holds(self, held: services.Claim) -> bool:
        return Job.objects.filter(pk=held.job.pk, fence=held.fence, state=State.LEASED).exists()

    def _commit(self, held: services.Claim) -> None:
        mine = self._holds(held)
        try:
            with _context(held, self.now).commit():
                self.effects.append(held.job.key)
        except services.LeaseLost:
            assert not mine
        else:
            assert mine

    @invariant()
    def nothing_is_done_twice(self) -> None:
        assert len(self.effects) == len(set(self.effects))

    @invariant()
    def each_is_done_or_will_be(self) -> None:
        states = dict(Job.objects.values_list("key", "state"))
        assert states.keys() == self.wanted.keys()
        for key, state in states.items():
            assert state == State.DONE if key in self.effects else state in UNFINISHED

    @invariant()
    def each_order_key_is_in_order(self) -> None:
        for order in ("a", "b"):
            done = [int(key[1:]) for key in self.effects if self.wanted[key] == order]
            assert done == sorted(done)
            waiting = [int(key[1:]) for key, of in self.wanted.items() if of == order and key not in self.effects]
            assert not done or not waiting or done[-1] < min(waiting)

    def teardown(self) -> None:
        for _ in range(200):
            self.now += dt.timedelta(seconds=301)
            services.expire_leases(now=self.now)
            while held := services.claim(owner="somewhere/2/b", now=self.now):
                self._commit(held)
            if not Job.objects.filter(state__in=UNFINISHED).exists():
                break
        assert sorted(self.effects) == sorted(self.wanted)
        self.each_order_key_is_in_order()


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_nothing_is_lost_doubled_or_overtaken() -> None:
    run_state_machine_as_test(Lives, settings=settings(
        max_examples=60 if connection.vendor == "sqlite" else 25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)))
    registry.forget(KIND)


@pytest.mark.one_database
@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_the_property_notices_a_missing_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: without the check of the fence, a worker that comes back does its job a second time."""

    def finish(held: services.Claim, now: dt.datetime, result: object = None) -> None:
        Job.objects.filter(pk=held.job.pk).update(state=State.DONE)

    monkeypatch.setattr("apps.jobs.services.running.finish", finish)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Lives, settings=settings(
            max_examples=200, stateful_step_count=40, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate], print_blob=False))
    registry.forget(KIND)
