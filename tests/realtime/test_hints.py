"""Hints: stored with the change, numbered per person, sent after the commit, replayed to who missed them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from apps.core import clock as core_clock
from apps.realtime import buses, registry, selectors, services
from apps.realtime.hub import CLOSE_PERSON, CLOSE_SESSION, EVERYBODY, Item
from apps.realtime.models import Hint

pytestmark = pytest.mark.django_db(transaction=True)
ANA, BOSS = sorted([uuid.uuid4(), uuid.uuid4()])


class Recorder:
    def __init__(self) -> None:
        self.items: list[Item] = []

    def publish(self, items: Any) -> None:
        self.items += items


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Item]]:
    recorder = Recorder()
    monkeypatch.setattr(buses, "bus", lambda: recorder)
    yield recorder.items


def push(*people: uuid.UUID, now: dt.datetime | None = None, **hint: Any) -> None:
    services.push(person_ids=people, hint={"t": "record", **hint}, now=now or core_clock.now())


def test_hints_are_numbered_densely_per_person(sent: list[Item]) -> None:
    push(ANA, n=1)
    push(BOSS, ANA, n=2)
    push(ANA, ANA, n=3)
    assert list(Hint.objects.filter(person_id=ANA).order_by("seq").values_list("seq", flat=True)) == [1, 2, 3]
    assert list(Hint.objects.filter(person_id=BOSS).values_list("seq", flat=True)) == [1]
    assert [(target, seq, json.loads(text)) for target, seq, text in sent] == [
        (str(ANA), 1, {"seq": 1, "hint": {"t": "record", "n": 1}}),
        (str(ANA), 2, {"seq": 2, "hint": {"t": "record", "n": 2}}),
        (str(BOSS), 1, {"seq": 1, "hint": {"t": "record", "n": 2}}),
        (str(ANA), 3, {"seq": 3, "hint": {"t": "record", "n": 3}}),
    ]


def test_nothing_is_sent_before_the_commit_and_nothing_of_a_rollback(sent: list[Item]) -> None:
    with transaction.atomic():
        push(ANA, n=1)
        assert sent == []
    assert len(sent) == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        push(ANA, n=2)
        services.broadcast(hint={"t": "instance"}, now=core_clock.now())
        services.close(session_keys=["s"])
        raise ZeroDivisionError
    assert len(sent) == 1
    push(ANA, n=3)
    assert selectors.missed(ANA, 1).frames == [{"seq": 2, "hint": {"t": "record", "n": 3}}]


def test_a_push_to_nobody_is_nothing(sent: list[Item]) -> None:
    push()
    assert (sent, Hint.objects.count()) == ([], 0)


def test_fresh_facts_are_read_when_a_hint_leaves_and_are_never_stored(sent: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._FRESH, "todo", lambda people: {person: {"count": 4} for person in people})
    services.push(person_ids=[ANA], hint={"t": "todo", "ref": "x"}, now=core_clock.now())
    assert json.loads(sent[0][2]) == {"seq": 1, "hint": {"t": "todo", "ref": "x", "count": 4}}
    assert json.loads(Hint.objects.get().body) == {"t": "todo", "ref": "x"}
    assert selectors.greeting(ANA) == {"todo": {"count": 4}}


def test_a_fact_that_cannot_be_read_only_makes_the_hint_late(sent: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(people: Any) -> Any:
        raise RuntimeError("no answer")

    monkeypatch.setitem(registry._FRESH, "todo", broken)
    services.push(person_ids=[ANA], hint={"t": "todo"}, now=core_clock.now())
    assert sent == []
    assert [frame["seq"] for frame in selectors.missed(ANA, 0).frames] == [1]


def test_a_browser_gets_what_it_missed(sent: list[Item]) -> None:
    for number in range(1, 6):
        push(ANA, n=number)
    assert [frame["hint"]["n"] for frame in selectors.missed(ANA, 2).frames] == [3, 4, 5]
    assert selectors.missed(ANA, 5) == selectors.Missed(5)
    assert selectors.missed(BOSS, 0) == selectors.Missed(0)


@pytest.mark.parametrize("since", [99, -3])
def test_a_number_that_cannot_be_right_means_loading_all_again(sent: list[Item], since: int) -> None:
    push(ANA)
    assert selectors.missed(ANA, since) == selectors.Missed(1, resync=True)


def test_who_is_too_far_behind_loads_all_again(sent: list[Item]) -> None:
    for _ in range(selectors.MOST + 1):
        push(ANA)
    assert len(selectors.missed(ANA, 1).frames) == selectors.MOST
    assert selectors.missed(ANA, 0) == selectors.Missed(selectors.MOST + 1, resync=True)


def test_a_new_page_gets_the_hints_of_the_seconds_in_which_it_was_made(
    sent: list[Item], clock: dt.datetime, travel: Callable[[dt.datetime], None],
) -> None:
    push(ANA, n=1, now=clock - dt.timedelta(seconds=60))
    push(ANA, n=2, now=clock - dt.timedelta(seconds=3))
    travel(clock)
    found = selectors.missed(ANA, None, age=4.0)
    assert (found.seq, [frame["hint"]["n"] for frame in found.frames]) == (2, [2])
    assert selectors.missed(ANA, None).frames == []


def test_old_hints_are_trimmed_and_the_numbers_go_on(sent: list[Item], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "KEPT", 10)
    monkeypatch.setattr(services, "TRIM_EVERY", 5)
    for _ in range(22):
        push(ANA)
    assert list(Hint.objects.order_by("seq").values_list("seq", flat=True)) == list(range(11, 23))
    assert selectors.missed(ANA, 5).resync is True
    assert selectors.missed(ANA, 10).resync is False


def test_broadcasts_and_closings_go_over_the_bus_and_are_not_stored(sent: list[Item]) -> None:
    services.broadcast(hint={"t": "instance", "id": 7}, now=core_clock.now())
    services.close(session_keys=["s1", "", "s2"])
    services.close_person(ANA)
    assert sent == [
        (EVERYBODY, 0, '{"hint":{"t":"instance","id":7}}'), (CLOSE_SESSION, 0, "s1"), (CLOSE_SESSION, 0, "s2"),
        (CLOSE_PERSON, 0, str(ANA)),
    ]
    assert Hint.objects.count() == 0
