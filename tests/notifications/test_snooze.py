# ruff: noqa: F811 - fixtures of other tests are imported by name
"""Snooze: until a moment or until the other system says something new; how it comes back by itself and by hand. And what was handed over."""

from __future__ import annotations

import datetime as dt
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.notifications import selectors, services
from apps.notifications.models import Batch, Notification, SnoozeWatch
from apps.workflows import registry
from apps.workflows import services as workflows
from apps.workflows.models import Task
from tests.notifications.test_inbox import DAY, HOUR, ana, tell  # noqa: F401 - fixtures
from tests.records.test_messages import hear  # noqa: F401 - fixture
from tests.workflows.build import line, process, user
from tests.workflows.conftest import World, approve, begin, world  # noqa: F401 - fixtures

MINUTE = dt.timedelta(minutes=1)


@pytest.mark.req("E13")
@pytest.mark.parametrize("read", [True, False], ids=["read", "unread"])
def test_it_comes_back_by_itself_as_new_and_by_hand_as_it_was(
    cast: SimpleNamespace, tell: Any, clock: dt.datetime, run_jobs: Any, read: bool
) -> None:
    ids = [tell(cast.ana, "know", what, ago=2 * DAY) for what in ("alone", "by hand")]
    for one in ids if read else ():
        services.mark_read(person=cast.ana, notification_id=one, now=clock - DAY)
    for one in ids:
        services.snooze(person=cast.ana, notification_id=one, until=clock + HOUR, now=clock)
        with pytest.raises(services.UnableToPutAway):  # not put away meanwhile
            services.dismiss(person=cast.ana, notification_id=one, now=clock)
    services.snooze(person=cast.ana, notification_id=ids[1], until=None, now=clock + MINUTE)
    run_jobs(now=clock + 59 * MINUTE)
    assert [row.title for row in selectors.inbox_page(cast.ana, selectors.Filters(tab="notices"), clock + 59 * MINUTE).rows] == ["Know by hand"]
    run_jobs(now=clock + HOUR)
    alone, by_hand = (Notification.objects.get(pk=one) for one in ids)
    assert (alone.read_at, alone.created_at, alone.snoozed_until) == (None, clock + HOUR, None)
    assert (by_hand.read_at, by_hand.created_at) == (clock - DAY if read else None, clock - 2 * DAY)


@pytest.mark.req("E13", "E14")
def test_what_sleeps_until_a_change_sleeps_until_it_again_after_a_batch_was_undone(
    waiting: Notification, hear: Any, cast: SimpleNamespace, clock: dt.datetime
) -> None:
    services.snooze_until_change(person=cast.boss, notification_id=waiting.pk, now=clock)
    before = Notification.objects.values().get(pk=waiting.pk)
    batch = services.act(person=cast.boss, verb="snooze", notification_ids=[waiting.pk], until=clock + HOUR, now=clock)
    services.undo(person=cast.boss, batch_id=batch.pk, now=clock)
    assert Notification.objects.values().get(pk=waiting.pk) == before
    hear("erp", "stock", "k-1", **STOCK, available=50)
    assert Notification.objects.get(pk=waiting.pk).snoozed_until is None


@pytest.mark.req("E13")
@pytest.mark.parametrize(("ahead", "taken"), [(2 * MINUTE, False), (3 * MINUTE, True), (90 * DAY, True), (91 * DAY, False), (-HOUR, False)])
def test_a_moment_too_near_or_too_far_is_refused(cast: SimpleNamespace, tell: Any, clock: dt.datetime, ahead: dt.timedelta, taken: bool) -> None:
    one = tell(cast.ana, "know", "a")
    try:
        services.snooze(person=cast.ana, notification_id=one, until=clock + ahead, now=clock)
    except services.UnableToSnooze:
        assert not taken
    assert (Notification.objects.get().snoozed_until is not None) is taken


STOCK = {"key": "6308", "name": "Bearing", "on_hand": 80, "order_point": 60}


@pytest.fixture
def waiting(hear: Any, begin: Any, world: World, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> Notification:
    """Boss's decision that depends on a stock level in the ERP."""
    monkeypatch.setitem(registry.DEPENDS, "p", lambda instance: ["erp:stock:k-1"])
    hear("erp", "stock", "k-1", **STOCK, available=70)
    begin(process(user("check"), line("start", "check", "end")))
    return Notification.objects.get(person=cast.boss, kind="workflows.task_assigned")


@pytest.mark.req("E13", "E14")
def test_it_sleeps_until_the_erp_says_something_new(
    waiting: Notification, hear: Any, cast: SimpleNamespace, sign_in: Any, clock: dt.datetime, travel: Any
) -> None:
    travel(clock)
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    page = boss.get(f"/inbox/{waiting.pk}/").content.decode()
    assert "Until the ERP or CRM reports a change" in page and 'type="datetime-local"' in page
    services.mark_read(person=cast.boss, notification_id=waiting.pk, now=clock)
    boss.post(f"/inbox/{waiting.pk}/snooze/", {"until": "change"})
    assert selectors.todo_count(cast.boss, clock + 80 * DAY) == 0
    assert "Snoozed until the system reports a change" in boss.get(f"/inbox/{waiting.pk}/").content.decode()
    hear("erp", "stock", "k-2", **STOCK, available=10)  # another one
    assert selectors.todo_count(cast.boss, clock) == 0
    hear("erp", "stock", "k-1", **STOCK, available=65)
    assert selectors.todo_count(cast.boss, clock) == 1
    row = Notification.objects.get(pk=waiting.pk)
    assert (row.read_at, row.wakes_on_change, row.snoozed_until, SnoozeWatch.objects.count()) == (None, False, None, 0)


@pytest.mark.req("E13")
def test_another_snooze_or_a_decision_ends_the_watch(waiting: Notification, hear: Any, cast: SimpleNamespace, sign_in: Any, clock: dt.datetime) -> None:
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    path = f"/api/v1/notifications/{waiting.pk}/snooze"
    said = boss.post(path, json.dumps({"until_change": True}), content_type="application/json").json()
    assert (said["wakes_on_change"], said["watches"]) == (True, ["erp:stock:k-1"])
    services.snooze(person=cast.boss, notification_id=waiting.pk, until=clock + DAY, now=clock)
    hear("erp", "stock", "k-1", **STOCK, available=65)
    assert selectors.todo_count(cast.boss, clock) == 0
    services.snooze_until_change(person=cast.boss, notification_id=waiting.pk, now=clock)
    services.resolve(ref=waiting.ref, now=clock, outcome="approved", by=cast.fin.pk)
    hear("erp", "stock", "k-1", **STOCK, available=64)
    assert Notification.objects.get(pk=waiting.pk).state == "RESOLVED"


@pytest.mark.req("E13", "A9")
@pytest.mark.parametrize(("language", "words"), [
    ("en", "This is snoozed. Take it back into the inbox first."), ("zh-hans", "此消息已推迟。请先将其放回。")])  # fmt: skip
def test_what_is_snoozed_does_not_offer_to_be_put_away_and_says_so(
    ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime, travel: Any, language: str, words: str
) -> None:
    cast.ana.account.language = language
    cast.ana.account.save(update_fields=["language"])
    one = tell(cast.ana, "know", "a")
    services.snooze(person=cast.ana, notification_id=one, until=clock + HOUR, now=clock)
    pane = ana.get(f"/inbox/{one}/").content.decode()
    assert 'data-key="e"' not in pane and f'data-no-e="{words}"' in pane and 'value="wake"' in pane
    travel(clock + HOUR)
    pane = ana.get(f"/inbox/{one}/").content.decode()
    assert 'data-key="e"' in pane and "data-no-e" not in pane


def test_what_names_no_record_cannot_wait_for_one(ana: Client, cast: SimpleNamespace, tell: Any) -> None:
    one = tell(cast.ana, "know", "a")
    assert ana.post(f"/inbox/{one}/snooze/", {"until": "change"}).status_code == 422
    assert Notification.objects.get().snoozed_until is None and SnoozeWatch.objects.count() == 0


@pytest.mark.req("E13")
def test_what_i_handed_over_and_how_it_stands(begin: Any, world: World, approve: Any, cast: SimpleNamespace, sign_in: Any, clock: dt.datetime) -> None:
    for number in range(3):
        begin(process(user("check"), line("start", "check", "end")), f"deal:{number}")
    tasks = list(Task.objects.order_by("instance__business_key"))
    for task in tasks[:2]:
        workflows.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="away", now=clock)
    approve(tasks[1], person=cast.fin)
    admin = sign_in(Client(headers={"accept-language": "en"}), cast.admin)
    said = admin.get("/api/v1/tasks?delegated=1").json()
    assert {(one["business_key"], one["state"], one["assignee"]) for one in said} == {("deal:0", "RESERVED", "fin"), ("deal:1", "DECIDED", "fin")}
    page = admin.get("/done/?who=others").content.decode()
    assert page.count("with He Jing") == 2 and "deal:2" not in page
    fin = sign_in(Client(headers={"accept-language": "en"}), cast.fin)
    assert fin.get("/api/v1/tasks?delegated=1").json() == []
    assert "Nothing handed over yet" in fin.get("/done/?who=others").content.decode()


@pytest.mark.req("E13")
@pytest.mark.parametrize(("verb", "fields", "left"), [("done", {}, "DISMISSED"), ("snooze", {"until": "hour"}, "snoozed")])
def test_one_message_put_away_is_taken_back_from_the_next_page(
    ana: Client, cast: SimpleNamespace, tell: Any, verb: str, fields: dict[str, str], left: str
) -> None:
    one = tell(cast.ana, "know", "a")
    before = Notification.objects.values().get(pk=one)
    ana.post(f"/inbox/{one}/{verb}/?tab=notices", fields)
    row = Notification.objects.get(pk=one)
    assert (row.state if verb == "done" else "snoozed" if row.snoozed_until else "") == left
    page = ana.get("/inbox/?tab=notices").content.decode()
    assert page.count("data-batch-undo") == 1 and ("1 done." if verb == "done" else "1 snoozed.") in page
    assert "data-batch-undo" not in ana.get("/inbox/?tab=notices").content.decode()  # offered once
    ana.post(re.findall(r'hx-post="(/inbox/batches/[^"]+)"', page)[0], headers={"hx-request": "true"})
    assert Notification.objects.values().get(pk=one) == before


@pytest.mark.req("E13")
def test_one_message_that_may_not_be_put_away_leaves_no_undo(ana: Client, cast: SimpleNamespace, tell: Any) -> None:
    todo, foreign = tell(cast.ana, "decide", "x"), tell(cast.boss, "know", "a")
    before = list(Notification.objects.values().order_by("pk"))
    assert ana.post(f"/inbox/{todo}/done/").status_code == 409
    assert ana.post(f"/inbox/{foreign}/done/").status_code == 404
    assert ana.post(f"/inbox/{foreign}/snooze/", {"until": "hour"}).status_code == 404
    assert (list(Notification.objects.values().order_by("pk")), Batch.objects.count()) == (before, 0)


@pytest.mark.req("E13", "E14")
@pytest.mark.parametrize(("fields", "ahead"), [
    ({"until": "hour"}, HOUR), ({"until": "moment", "moment": "2026-11-25T10:00"}, None), ({"until": "moment", "moment": ""}, "refused"),
    ({"until": "moment", "moment": "2026-11-25T10:00", "verb": "read"}, None),
])  # fmt: skip
def test_several_are_snoozed_until_the_moment_that_is_chosen(
    ana: Client, cast: SimpleNamespace, tell: Any, travel: Any, clock: dt.datetime, fields: dict[str, str], ahead: Any
) -> None:
    travel(clock)
    ids = [str(tell(cast.ana, "know", what)) for what in "ab"]
    page = ana.get("/inbox/?tab=notices").content.decode()
    assert 'id="batch-snooze"' in page and all(f'value="{word}"' in page for word in ("hour", "tomorrow", "monday", "moment"))
    ana.post("/inbox/batch/?tab=notices", {"id": ids, **fields})
    until = set(Notification.objects.values_list("snoozed_until", flat=True))
    if ahead == "refused":
        assert (until, Batch.objects.count()) == ({None}, 0)
    else:
        assert until == {clock + HOUR if ahead else dt.datetime(2026, 11, 25, 2, 0, tzinfo=dt.UTC)}
