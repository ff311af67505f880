# ruff: noqa: F811 - fixtures of other tests are imported by name
"""Several at once: a result for each, what is unusual held out by rule, one undo, and nothing outside before its time is over."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from apps.audit import selectors as audit
from apps.core.errors import NotFound
from apps.notifications import selectors, services
from apps.notifications.models import Batch, Notification
from apps.notifications.registry import DECIDERS
from apps.workflows import registry
from apps.workflows import services as workflows
from apps.workflows.models import DecisionSnapshot, Incident, Task
from apps.workflows.registry import Card
from tests.notifications.test_inbox import DAY, HOUR, ana, tell  # noqa: F401 - fixtures
from tests.workflows.build import HUMAN, line, process, service, user
from tests.workflows.conftest import World, approve, begin, world  # noqa: F401 - fixtures

SECOND = dt.timedelta(seconds=1)
APPROVE = process(user("check"), service("order", "erp.test"), line("start", "check", "order", "end"))


@pytest.fixture
def cases(world: World, begin: Any, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Any:
    """cases(n): n cases wait for boss. `odd[business_key]`: fields of the world that are otherwise for that case."""
    odd: dict[str, dict[str, Any]] = {}

    def card(instance: Any, now: dt.datetime) -> Card:
        return dataclasses.replace(world, **odd.get(instance.business_key, {})).card(now)

    monkeypatch.setitem(registry.CARDS, "test.card", card)

    def make(count: int) -> SimpleNamespace:
        for number in range(count):
            begin(APPROVE, f"deal:{number}")
        rows = Notification.objects.filter(person_id=cast.boss.pk, kind="workflows.task_assigned")
        return SimpleNamespace(ids=list(rows.order_by("created_at", "pk").values_list("pk", flat=True)), odd=odd)

    return make


def notice_of(key: str) -> Any:
    return Notification.objects.get(params__business_key=key, state="OPEN", kind="workflows.task_assigned").pk


def codes(batch: Batch) -> dict[str, str]:
    """business key -> code of what is held."""
    rows = Notification.objects.in_bulk([item["id"] for item in batch.items])
    return {rows[uuid.UUID(item["id"])].params["business_key"]: item["code"] for item in batch.items if item["result"] == "held"}


def results(batch: Batch) -> dict[str, int]:
    counted: dict[str, int] = {}
    for item in batch.items:
        counted[item["result"]] = counted.get(item["result"], 0) + 1
    return counted


def decide(cast: SimpleNamespace, ids: Any, now: dt.datetime, took: dt.timedelta = SECOND, outcome: str = "approved", comment: str = "") -> Batch:
    """Check, decide, and the time to undo begins `took` later."""
    checked = services.check(person=cast.boss, outcome=outcome, notification_ids=ids, now=now)
    services.decide(person=cast.boss, batch_id=checked.pk, comment=comment, now=now)
    return services.begin_undo(person=cast.boss, batch_id=checked.pk, now=now + took)


@pytest.mark.req("E13", "E14", "D10")
@pytest.mark.parametrize("undone", [True, False], ids=["undo at 9 s", "no undo"])
def test_fifty_at_once_three_held_and_each_order_once_or_never(
    cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, undone: bool
) -> None:
    found = cases(50)
    found.odd.update({"deal:3": {"amount": "500000.01"}, "deal:17": {"on_hand": 1}, "deal:40": {"erp_up": False}})
    run_jobs(now=clock)
    batch = decide(cast, found.ids, clock, took=30 * SECOND)  # reading fifty cards took half a minute
    assert codes(batch) == {"deal:3": "limit", "deal:17": "attention", "deal:40": "unavailable"}
    assert results(batch) == {"done": 47, "held": 3}
    assert batch.undo_until == clock + 40 * SECOND
    run_jobs(now=clock + 39 * SECOND)
    assert world.calls == []
    assert selectors.todo_count(cast.boss, clock) == 3
    if undone:
        batch = services.undo(person=cast.boss, batch_id=batch.pk, now=clock + 39 * SECOND)
        assert results(batch) == {"undone": 47, "held": 3}
        assert selectors.todo_count(cast.boss, clock) == 50
    run_jobs(now=clock + 41 * SECOND)
    run_jobs(now=clock + DAY)
    orders = [key for topic, key in world.calls if topic == "erp.test"]
    assert (len(orders), len(set(orders))) == ((0, 0) if undone else (47, 47))
    assert Task.objects.filter(state=Task.State.COMPLETED).count() == (0 if undone else 47)
    assert len(list(audit.entries(action="workflows.task.decided"))) == 47
    assert DecisionSnapshot.objects.filter(state="UNDONE").count() == (47 if undone else 0)


def see(cast: SimpleNamespace, clock: dt.datetime) -> None:
    for task in Task.objects.all():
        workflows.look_at(task_id=task.pk, person=cast.boss, now=clock)


RULES = [
    ("nothing", {}, False, ""),
    ("limit", {"amount": "500000.01"}, False, "limit"),
    ("at the limit", {"amount": "500000"}, False, ""),
    ("short", {"on_hand": 1}, False, "attention"),
    ("silent", {"erp_up": False}, False, "unavailable"),
    ("changed", {"amount": "1200.00"}, True, "changed"),
    ("not watched", {"customer": "Delta Group"}, True, ""),
]


@pytest.mark.req("E13")
@pytest.mark.parametrize(("_case", "odd", "seen_before", "code"), RULES, ids=[rule[0] for rule in RULES])
def test_a_rule_holds_one_and_lets_the_other_go(
    cases: Any, cast: SimpleNamespace, clock: dt.datetime, _case: str, odd: Any, seen_before: bool, code: str
) -> None:
    found = cases(2)
    if seen_before:
        see(cast, clock)
    found.odd["deal:0"] = odd
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    assert codes(checked) == ({"deal:0": code} if code else {})
    assert Task.objects.filter(state__in=Task.OPEN).count() == 2  # looking decides nothing
    again = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    assert codes(again) == codes(checked)  # and looking through them is not having seen the change


@pytest.mark.req("E13")
def test_what_the_message_said_is_what_was_seen(cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime) -> None:
    found = cases(1)
    told = dataclasses.asdict(world.card(clock).facts[1])
    row = Notification.objects.get(pk=found.ids[0])
    row.params["facts"] = [told]
    row.save()
    assert codes(services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)) == {}
    world.amount = "2000.00"
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    assert codes(checked) == {"deal:0": "changed"}
    assert checked.told == {str(found.ids[0]): "Changed since you looked: Amount, ¥1,000 → ¥2,000."}
    see(cast, clock)  # the card itself was opened: the new amount was seen
    assert codes(services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)) == {}


@pytest.mark.req("E13")
def test_what_changes_between_the_look_and_the_decision_is_held(cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> None:
    found = cases(3)
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    found.odd["deal:1"] = {"amount": "1200.00"}
    task = Task.objects.get(instance__business_key="deal:2")
    workflows.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="away", now=clock)
    batch = services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
    assert codes(batch) == {"deal:1": "stale_card", "deal:2": "not_found"}
    assert results(batch) == {"done": 1, "held": 2}
    again = services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)  # sent twice
    assert results(again) == {"done": 1, "held": 2}
    assert DecisionSnapshot.objects.count() == 1


@pytest.mark.req("E13")
def test_decisions_wait_when_their_taker_is_stopped_before_the_time_to_undo_begins(
    cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    found = cases(2)
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
    run_jobs(now=clock + 599 * SECOND)
    assert world.calls == []
    run_jobs(now=clock + 601 * SECOND)
    assert len(world.calls) == 2


@pytest.mark.req("E13")
@pytest.mark.parametrize("outcome", ["rejected", "returned"])
def test_rejecting_needs_one_reason_and_asks_for_no_stock(cases: Any, cast: SimpleNamespace, clock: dt.datetime, outcome: str) -> None:
    found = cases(2)
    found.odd["deal:0"] = {"on_hand": 1, "amount": "900000"}
    checked = services.check(person=cast.boss, outcome=outcome, notification_ids=found.ids, now=clock)
    assert codes(checked) == {}
    with pytest.raises(services.UnableToDecideBatch):
        services.decide(person=cast.boss, batch_id=checked.pk, comment="  ", now=clock)
    assert DecisionSnapshot.objects.count() == 0
    services.decide(person=cast.boss, batch_id=checked.pk, comment="not now", now=clock)
    assert set(Task.objects.values_list("outcome", "comment")) == {(outcome.upper(), "not now")}


@pytest.mark.req("E13")
def test_a_case_that_waits_for_a_repair_or_cannot_be_undone_is_decided_by_itself(cases: Any, begin: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    cases(2)
    broken = Task.objects.get(instance__business_key="deal:0")
    Incident.objects.create(instance=broken.instance, kind="test", message="broken", opened_at=clock)
    begin(process(user("now", f'{HUMAN} atrium:undo="false"'), line("start", "now", "end"), key="q"), "deal:9")
    ids = list(Notification.objects.filter(kind="workflows.task_assigned").values_list("pk", flat=True))
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=ids, now=clock)
    assert codes(checked) == {"deal:0": "obstacle", "deal:9": "no_undo"}


@pytest.mark.req("E13", "D3")
def test_nobody_decides_or_undoes_for_another(cases: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    found = cases(2)
    assert services.check(person=cast.fin, outcome="approved", notification_ids=found.ids, now=clock).items == []
    batch = decide(cast, found.ids, clock)
    for call in (
        lambda: services.undo(person=cast.fin, batch_id=batch.pk, now=clock),
        lambda: services.decide(person=cast.fin, batch_id=batch.pk, comment="", now=clock),
        lambda: selectors.batch(cast.fin, batch.pk, clock),
    ):
        with pytest.raises(NotFound):
            call()
    assert set(Task.objects.values_list("state", flat=True)) == {Task.State.DECIDED}


@pytest.mark.req("E14")
def test_undo_is_possible_once_and_in_time(cases: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    found = cases(1)
    batch = decide(cast, found.ids, clock)
    with pytest.raises(services.UnableToUndoBatch):
        services.undo(person=cast.boss, batch_id=batch.pk, now=clock + 11 * SECOND)
    assert set(Task.objects.values_list("state", flat=True)) == {Task.State.DECIDED}
    services.undo(person=cast.boss, batch_id=batch.pk, now=clock + 10 * SECOND)
    with pytest.raises(services.UnableToUndoBatch):
        services.undo(person=cast.boss, batch_id=batch.pk, now=clock + 10 * SECOND)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Any:
    """meanwhile(n, act): on another device, `act` happens while the n-th decision of a batch is on its way, `after` it or before."""

    def place(nth: int, act: Any, *, after: bool) -> None:
        decider = DECIDERS["workflows.task_assigned"]
        plain, seen = decider.decide, list[int]()

        def decide(**given: Any) -> None:
            seen.append(1)
            if len(seen) == nth and not after:
                act()
            plain(**given)
            if len(seen) == nth and after:
                act()

        monkeypatch.setattr(decider, "decide", decide)

    return place


@pytest.mark.req("E14")
@pytest.mark.parametrize("after", [False, True], ids=["before it is taken", "after it is taken"])
def test_undo_on_another_device_while_it_is_being_decided_leaves_nothing_decided(
    cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, meanwhile: Any, after: bool
) -> None:
    found = cases(3)
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    meanwhile(2, lambda: services.undo(person=cast.boss, batch_id=checked.pk, now=clock + SECOND), after=after)
    batch = services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
    batch = services.begin_undo(person=cast.boss, batch_id=batch.pk, now=clock + SECOND)
    assert (batch.state, results(batch)) == (Batch.State.UNDONE, {"undone": 2, "held": 1})
    assert [selectors.todo_count(cast.boss, clock), *Task.objects.values_list("state", flat=True).distinct()] == [3, Task.State.RESERVED]
    run_jobs(now=clock + 601 * SECOND)
    assert world.calls == []


@pytest.mark.req("E14")
def test_undo_takes_back_what_was_decided_and_never_written_down(
    cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, meanwhile: Any
) -> None:
    found = cases(3)
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)
    meanwhile(2, lambda: 1 / 0, after=True)  # its process is killed
    with pytest.raises(ZeroDivisionError):
        services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
    assert results(Batch.objects.get()) == {"done": 1, "ready": 2} and DecisionSnapshot.objects.count() == 2
    batch = services.undo(person=cast.boss, batch_id=checked.pk, now=clock + 500 * SECOND)
    assert results(batch) == {"undone": 2, "held": 1} and list(codes(batch).values()) == ["undone"]
    run_jobs(now=clock + 601 * SECOND)
    assert world.calls == []


@pytest.mark.req("E14")
def test_a_form_that_is_sent_twice_begins_the_time_to_undo_once_for_all(
    cases: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, meanwhile: Any
) -> None:
    found = cases(3)
    checked = services.check(person=cast.boss, outcome="approved", notification_ids=found.ids, now=clock)

    def again() -> None:
        services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
        services.begin_undo(person=cast.boss, batch_id=checked.pk, now=clock)

    meanwhile(2, again, after=False)
    services.decide(person=cast.boss, batch_id=checked.pk, comment="", now=clock)
    batch = services.begin_undo(person=cast.boss, batch_id=checked.pk, now=clock + 5 * SECOND)
    assert (batch.undo_until, results(batch)) == (clock + 15 * SECOND, {"done": 3})
    assert set(Task.objects.values_list("effective_at", flat=True)) == {clock + 15 * SECOND}
    run_jobs(now=clock + 16 * SECOND)
    assert len(world.calls) == 3


@pytest.mark.req("E14")
def test_what_others_changed_meanwhile_is_not_said_to_be_undone(cases: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    found = cases(2)
    batch = decide(cast, found.ids, clock)
    task = Task.objects.get(instance__business_key="deal:0")
    workflows.undo_completion(task_id=task.pk, person=cast.boss, now=clock)
    batch = services.undo(person=cast.boss, batch_id=batch.pk, now=clock + SECOND)
    with override("en"):
        assert selectors.shown_batch(batch, cast.boss, clock).words == "Undone, except for 1."
    assert results(batch) == {"undone": 1, "failed": 1}


# --- read, done, snooze -------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E13")
@pytest.mark.parametrize(
    ("verb", "done", "held"),
    [("read", 4, []), ("unread", 4, []), ("snooze", 3, ["not_snoozed"]), ("wake", 3, ["not_snoozed"]), ("done", 3, ["todo_is_open"])],
)
def test_each_has_its_own_result_and_undo_restores_what_was(
    cast: SimpleNamespace, tell: Any, clock: dt.datetime, verb: str, done: int, held: list[str]
) -> None:
    ids = [tell(cast.ana, "know", "a"), tell(cast.ana, "know", "b"), tell(cast.ana, "decide", "x"), tell(cast.ana, "know", "gone")]
    services.mark_read(person=cast.ana, notification_id=ids[0], now=clock - HOUR)
    services.dismiss(person=cast.ana, notification_id=ids[3], now=clock)
    stranger = tell(cast.boss, "know", "c")
    before = list(Notification.objects.order_by("pk").values())
    batch = services.act(person=cast.ana, verb=verb, notification_ids=[*ids, stranger], until=clock + DAY, now=clock)
    assert (results(batch)["done"], [item["code"] for item in batch.items if item["result"] == "held"]) == (done, held)
    assert Notification.objects.get(pk=stranger).read_at is None
    services.undo(person=cast.ana, batch_id=batch.pk, now=clock + 9 * SECOND)
    assert list(Notification.objects.order_by("pk").values()) == before


def test_what_was_decided_elsewhere_meanwhile_is_not_brought_back(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    ids = [tell(cast.ana, "decide", "a"), tell(cast.ana, "decide", "b")]
    batch = services.act(person=cast.ana, verb="snooze", notification_ids=ids, until=clock + DAY, now=clock)
    services.resolve(ref="t:a", now=clock, outcome="approved", by=cast.boss.pk)
    batch = services.undo(person=cast.ana, batch_id=batch.pk, now=clock + SECOND)
    assert results(batch) == {"failed": 1, "undone": 1}
    assert selectors.todo_count(cast.ana, clock) == 1


@pytest.mark.parametrize("ids", [[], ["x"]])
def test_a_batch_of_nothing_is_refused(ana: Client, tell: Any, ids: list[str]) -> None:
    for path, data in (("/inbox/batch/", {"verb": "read"}), ("/inbox/batch/check/", {"outcome": "approved"})):
        assert ana.post(path, {**data, "id": ids}, headers={"HX-Request": "true"}).status_code == 422
    assert Batch.objects.count() == 0


# --- pages and API --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E13", "E14")
def test_page_and_api_decide_alike(cases: Any, cast: SimpleNamespace, sign_in: Any, clock: dt.datetime, travel: Any) -> None:
    travel(clock)
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    found = cases(4)
    found.odd["deal:0"] = {"amount": "600000"}
    ids = [str(notice_of(f"deal:{number}")) for number in range(4)]
    said = boss.post("/api/v1/notifications/batches/check", json.dumps({"outcome": "approved", "ids": ids[:2]}), content_type="application/json").json()
    assert [(item["result"], item["code"]) for item in said["items"]] == [("held", "limit"), ("ready", "")]
    assert said["items"][0]["why"] == "Above ¥500,000: decided one by one."
    done = boss.post(f"/api/v1/notifications/batches/{said['id']}/decide", {}, content_type="application/json").json()
    assert (done["words"], done["undoable"]) == ("1 approved. 1 is left for you.", True)
    undone = boss.post(f"/api/v1/notifications/batches/{said['id']}/undo").json()
    assert (undone["words"], undone["undoable"]) == ("Undone. Nothing left Atrium.", False)
    assert boss.post(f"/api/v1/notifications/batches/{said['id']}/undo").status_code == 409

    part = boss.post("/inbox/batch/check/", {"outcome": "approved", "id": [ids[0], *ids[2:]]}, headers={"HX-Request": "true"}).content.decode()
    assert "2 will be approved." in part and "1 is left out and stays in your list:" in part and "Above ¥500,000: decided one by one." in part
    batch = Batch.objects.get(state="CHECKED")
    answer = boss.post(f"/inbox/batches/{batch.pk}/decide/", {}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Retarget"] == "#inbox-list"
    assert "2 approved. 1 is left for you." in answer.content.decode() and "data-batch-undo" in answer.content.decode()
    page = boss.get(f"/inbox/batches/{batch.pk}/").content.decode()
    assert "Left for you" in page and "Above the limit for several at once." in page
    back = boss.post(f"/inbox/batches/{batch.pk}/undo/")  # without a script
    assert boss.get(back.headers["Location"]).content.decode().count("Undone. Nothing left Atrium.") == 1
    assert selectors.todo_count(cast.boss, clock) == 4


def test_a_rejection_without_a_reason_keeps_the_question_open(cases: Any, cast: SimpleNamespace, sign_in: Any) -> None:
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    found = cases(1)
    boss.post("/inbox/batch/check/", {"outcome": "rejected", "id": [str(found.ids[0])]})
    batch = Batch.objects.get()
    answer = boss.post(f"/inbox/batches/{batch.pk}/decide/", {"comment": " "}, headers={"HX-Request": "true"})
    assert answer.status_code == 409 and "Say why: whoever asked reads it." in answer.content.decode()
    assert Task.objects.get().is_open


def test_several_are_put_off_from_the_page(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    ids = [tell(cast.ana, "decide", "x"), tell(cast.ana, "know", "a")]
    answer = ana.post("/inbox/batch/", {"until": "tomorrow", "id": [str(one) for one in ids]}, headers={"HX-Request": "true"}).content.decode()
    assert "2 snoozed." in answer
    assert Notification.objects.filter(snoozed_until__gt=clock).count() == 2
    page = ana.get("/inbox/?tab=snoozed").content.decode()
    assert page.count('name="id"') == 2
    ana.post("/inbox/batch/", {"until": "wake", "id": [str(ids[0])]})
    assert selectors.todo_count(cast.ana, clock) == 1


@pytest.mark.req("E13", "E14")
def test_several_are_taken_back_from_their_snooze_in_words_of_their_own_and_undone(
    ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime, run_jobs: Any
) -> None:
    ids = [str(tell(cast.ana, "decide", "x")), str(tell(cast.ana, "know", "a"))]
    for one in ids:
        services.snooze(person=cast.ana, notification_id=uuid.UUID(one), until=clock + HOUR, now=clock)
    before = list(Notification.objects.order_by("pk").values())
    answer = ana.post("/inbox/batch/?tab=snoozed", {"until": "wake", "id": ids}, headers={"HX-Request": "true"}).content.decode()
    assert "2 are back in the inbox." in answer and "data-batch-undo" in answer and "snoozed." not in answer
    batch = Batch.objects.get()
    assert (batch.verb, set(Notification.objects.values_list("snoozed_until", flat=True))) == ("wake", {None})
    ana.post(f"/inbox/batches/{batch.pk}/undo/")
    assert list(Notification.objects.order_by("pk").values()) == before
    run_jobs(now=clock + HOUR)  # they sleep as long as they would have
    assert list(Notification.objects.values_list("snoozed_until", "read_at", "created_at").distinct()) == [(None, None, clock + HOUR)]
    said = ana.post("/api/v1/notifications/batches", json.dumps({"verb": "snooze", "until": None, "ids": ids}), content_type="application/json").json()
    assert (said["verb"], said["words"], said["undoable"]) == ("wake", "2 are back in the inbox.", True)
    with override("zh-hans"):
        assert selectors.batch(cast.ana, batch.pk, clock).words == "已撤销。"
        assert selectors.batch(cast.ana, uuid.UUID(said["id"]), clock).words == "已放回2条。"


@pytest.mark.req("E13", "E14")
def test_one_is_taken_back_from_its_snooze_and_that_can_be_undone(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    one = tell(cast.ana, "know", "a")
    services.snooze(person=cast.ana, notification_id=one, until=clock + HOUR, now=clock)
    page = ana.get(ana.post(f"/inbox/{one}/snooze/", {"until": "wake"}).headers["Location"]).content.decode()
    assert "1 is back in the inbox." in page and "data-batch-undo" in page
    ana.post(f"/inbox/batches/{Batch.objects.get().pk}/undo/")
    assert Notification.objects.get().snoozed_until == clock + HOUR


@pytest.mark.req("E13")
@pytest.mark.parametrize("tab", ["todo", "notices", "snoozed"])
def test_several_are_marked_as_unread_in_every_list(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime, tab: str) -> None:
    one = tell(cast.ana, "decide" if tab == "todo" else "know", "a")
    services.mark_read(person=cast.ana, notification_id=one, now=clock)
    if tab == "snoozed":
        services.snooze(person=cast.ana, notification_id=one, until=clock + HOUR, now=clock)
    assert ana.get(f"/inbox/?tab={tab}").content.decode().count('name="verb" value="unread" data-all-key="u"') == 1
    answer = ana.post(f"/inbox/batch/?tab={tab}", {"verb": "unread", "id": str(one)}, headers={"HX-Request": "true"}).content.decode()
    assert "1 unread." in answer and f'class="mrow unread" id="message-{one}"' in answer
    assert Notification.objects.get().read_at is None
