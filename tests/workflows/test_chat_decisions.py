"""Deciding on a chat card, on all three products; and the same refusal on every channel."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from apps.access import services as access
from apps.core.errors import NotPermitted
from apps.notifications import services as notifications
from apps.notifications.models import ChatAccount, ChatCode, ChatEvent, Delivery
from apps.notifications.services import chats
from apps.workflows import services
from apps.workflows.models import Task
from tests.notifications.conftest import mailbox, products  # noqa: F401 - fixtures
from tests.support.chat import VENDORS, Product, call
from tests.workflows.test_decisions import APPROVAL, only_task, state_of
from tests.workflows.test_mail_decisions import path_in
from tests.workflows.test_pages import as_  # noqa: F401 - fixture

pytestmark = [pytest.mark.django_db, pytest.mark.req("X1", "E14")]


@pytest.fixture
def clock() -> dt.datetime:
    """The products sign with the real time."""
    return timezone.now()


@pytest.fixture(params=VENDORS)
def product(request: pytest.FixtureRequest, products: dict[str, Product], settings: Any) -> Product:  # noqa: F811
    found = products[request.param]
    settings.CHAT = {found.vendor: found.settings}
    return found


@pytest.fixture
def asked(product: Product, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: dt.datetime, travel: Any) -> Task:
    """Boss and fin may decide; both are on the chat product, the cards are there."""
    travel(clock)
    for person in (cast.boss, cast.fin):
        chats.bind(person=person, vendor=product.vendor, user_id=user(person), actor=person, now=clock)
    world.deciders, world.owed = [cast.boss, cast.fin], 300
    task = only_task(begin(APPROVAL))
    run_jobs(now=clock)
    return task


def user(person: Any) -> str:
    return f"{person.login}-{person.pk.hex[:6]}"


def press(product: Product, person: Any, button: str, run_jobs: Any, now: dt.datetime, **more: Any) -> None:
    status, seconds = call(product, product.press(user(person), button, **more))
    assert (status, seconds < 1.5) == (200, True)
    run_jobs(now=now)


def newest(product: Product, person: Any) -> dict[str, Any]:
    return dict(product.cards(user(person))[-1]["shown"])


def test_the_card_shows_masked_facts_and_a_press_decides(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    card = newest(product, cast.boss)
    assert card["title"] == "approve: Pump set for Delta"
    assert ["Amount", "¥1,000 (CRM)"] in card["facts"] and ["Receivable", "¥300 (ERP)"] in card["facts"]
    press(product, cast.boss, "Approve", run_jobs, clock)
    asked.refresh_from_db()
    assert (asked.state, asked.outcome, asked.decided_by) == ("DECIDED", "APPROVED", cast.boss)
    assert {row.state for row in Delivery.objects.filter(channel=f"chat:{product.vendor}")} == {"CLOSED"}
    for person, told in ((cast.boss, "approved by you"), (cast.fin, "already approved by Lin Wei")):
        if product.vendor == "welink":
            assert product.texts(user(person)) == [f"approve: Pump set for Delta: {told}"]
        else:
            assert (newest(product, person)["note"], newest(product, person)["buttons"]) == (told, [])


def test_the_same_press_twice_counts_once_and_a_later_one_hears_how_it_ended(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    signed, late = product.press(user(cast.boss), "Approve"), product.press(user(cast.fin), "Approve")
    assert [call(product, signed)[0] for _time in range(2)] == [200, 200]
    assert ChatEvent.objects.count() == 1
    run_jobs(now=clock)
    before = state_of(asked)
    call(product, late)
    run_jobs(now=clock)
    assert state_of(asked) == before
    assert "approve: Pump set for Delta: already approved by Lin Wei" in product.texts(user(cast.fin))
    assert sorted(ChatEvent.objects.values_list("outcome", flat=True)) == ["closed", "decided"]


def test_a_rejection_carries_the_words_of_its_box_or_leads_to_the_page(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    reject = next(one for one in newest(product, cast.boss)["buttons"] if one["text"].startswith("Reject"))
    if product.vendor == "wecom":
        assert re.match(r"http://localhost:8000/mail/decide/\S+/$", reject["url"])
        return
    press(product, cast.boss, "Reject", run_jobs, clock)
    asked.refresh_from_db()
    assert (asked.state, product.texts(user(cast.boss))) == ("READY", ["Say why: whoever asked reads it."])
    press(product, cast.boss, "Reject", run_jobs, clock, reason="too cheap")
    asked.refresh_from_db()
    assert (asked.outcome, asked.comment) == ("REJECTED", "too cheap")


def test_a_card_pressed_by_somebody_else_decides_nothing(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    before = state_of(asked)
    stolen = product.press(user(cast.boss), "Approve")
    chats.unbind(person=cast.boss, vendor=product.vendor, actor=cast.boss, now=clock)
    call(product, stolen)
    run_jobs(now=clock)
    chats.bind(person=cast.eve, vendor=product.vendor, user_id=user(cast.boss), actor=cast.eve, now=clock)
    press(product, cast.boss, "Approve", run_jobs, clock)
    assert state_of(asked) == before
    assert product.texts(user(cast.boss)) == ["This card is not yours to decide. Nothing was decided."] * 2


def test_a_forged_callback_is_not_stored(asked: Task, product: Product, cast: Any) -> None:
    signed, before = product.press(user(cast.boss), "Approve"), state_of(asked)
    forged = {**signed, "query": dict.fromkeys(signed["query"], "1"), "headers": dict.fromkeys(signed["headers"], "1")}
    assert call(product, forged)[0] == 401
    assert (ChatEvent.objects.count(), state_of(asked)) == (0, before)


def test_an_account_is_bound_by_a_code_that_comes_from_it(product: Product, cast: Any, run_jobs: Any, clock: dt.datetime, travel: Any) -> None:
    travel(clock)
    ana = user(cast.ana)
    code = chats.new_code(person=cast.ana, vendor=product.vendor, now=clock)
    call(product, product.say(ana, "hello"))
    run_jobs(now=clock)
    assert not ChatAccount.objects.exists() and product.texts(ana)[-1].startswith("This is no valid code.")
    call(product, product.say(ana, f" {code.lower()}"))
    run_jobs(now=clock)
    assert ChatAccount.objects.get().person_id == cast.ana.pk and product.texts(ana)[-1].startswith("Connected to Chen An.")
    call(product, product.say(user(cast.eve), code))  # used already
    run_jobs(now=clock)
    assert [row.user_id for row in ChatAccount.objects.all()] == [ana]
    late = chats.new_code(person=cast.eve, vendor=product.vendor, now=clock - dt.timedelta(minutes=11))
    call(product, product.say(user(cast.eve), late))
    run_jobs(now=clock)
    assert ChatAccount.objects.count() == 1 and ChatCode.objects.filter(used_at=None).count() == 1
    with pytest.raises(chats.UnableToBind):
        chats.bind(person=cast.eve, vendor=product.vendor, user_id=ana, actor=cast.admin, now=clock)
    with pytest.raises(NotPermitted):
        chats.bind(person=cast.eve, vendor=product.vendor, user_id="x", actor=cast.boss, now=clock)
    assert [row.person_id for row in ChatAccount.objects.all()] == [cast.ana.pk]


def test_a_product_that_was_away_gets_its_card_and_its_change_later(
    product: Product, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: dt.datetime, travel: Any
) -> None:
    travel(clock)
    chats.bind(person=cast.boss, vendor=product.vendor, user_id=user(cast.boss), actor=cast.boss, now=clock)
    product.fault(mode="error_after_commit", count=1)
    task = only_task(begin(APPROVAL))
    run_jobs(now=clock)
    run_jobs(now=clock + dt.timedelta(minutes=10))
    assert len(product.cards(user(cast.boss))) == 1  # sent twice, shown once
    notifications.resolve(ref=f"workflows.task:{task.pk}", now=clock, outcome="withdrawn")
    product.fault(mode="error500", count=1)
    run_jobs(now=clock + dt.timedelta(minutes=20))
    run_jobs(now=clock + dt.timedelta(minutes=40))
    told = product.texts(user(cast.boss)) if product.vendor == "welink" else [newest(product, cast.boss)["note"]]
    assert "already withdrawn" in told[0]


# --- the four channels ---------------------------------------------------------------------------------------------------------------------


def web(client: Any, task: Task, **sent: Any) -> tuple[int, list[tuple[str, str]]]:
    answer = client.post(f"/approvals/{task.pk}/decide/", sent, headers={"HX-Request": "true"})
    return answer.status_code, diffs(answer.content.decode())


def diffs(html: str) -> list[tuple[str, str]]:
    return re.findall(r"<del>(.*?)</del>.*?<ins>(.*?)</ins>", html)


@pytest.mark.req("D5", "D9")
@pytest.mark.parametrize("product", VENDORS, indirect=True)
def test_what_moved_is_refused_with_the_same_difference_on_every_channel(
    product: Product, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: dt.datetime, as_: Callable[..., Any], mailbox: Any  # noqa: F811
) -> None:
    """Web page, API, mail and chat: a watched fact moved after each had shown it. Nothing is decided four times; then one channel decides."""
    chats.bind(person=cast.boss, vendor=product.vendor, user_id=user(cast.boss), actor=cast.boss, now=clock)
    task, client = only_task(begin(APPROVAL)), as_(cast.boss)
    run_jobs(now=clock)
    mailed = path_in(mailbox.mails[0])
    seen = client.get(f"/api/v1/tasks/{task.pk}").json()["card"]["version"]
    world.on_hand = 8  # not watched as long as it is enough: no channel minds
    assert "Changed since" not in client.get(mailed).content.decode()
    world.amount, before = "900.00", state_of(task)
    moved = [("¥1,000", "¥900")]
    assert web(client, task, outcome="APPROVED", seen_version=seen) == (409, moved)
    by_api = client.post(f"/api/v1/tasks/{task.pk}/complete", {"outcome": "APPROVED", "seen_version": seen}, content_type="application/json")
    assert (by_api.status_code, [(one["old"], one["new"]) for one in by_api.json()["error"]["details"]["diff"]]) == (409, moved)
    by_mail = client.post(mailed, {"outcome": "APPROVED"})
    assert (by_mail.status_code, diffs(by_mail.content.decode())) == (409, moved)
    press(product, cast.boss, "Approve", run_jobs, clock)
    note = product.texts(user(cast.boss))[-1] if product.vendor == "welink" else newest(product, cast.boss)["note"]
    assert "Something changed since you looked. Nothing was decided" in note and "Amount: ¥1,000 → ¥900 (CRM)" in note
    task.refresh_from_db()
    assert (task.state, before[0], Task.objects.get(pk=task.pk).outcome) == ("RESERVED", "RESERVED", "")
    if product.vendor == "welink":  # its card cannot be changed: the text behind it leads to the facts of now
        link = re.search(r"http://localhost:8000(/mail/decide/\S+/)", note)
        assert link
        assert client.post(link.group(1), {"outcome": "APPROVED"}).status_code == 302
    else:
        press(product, cast.boss, "Approve", run_jobs, clock)
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("DECIDED", "APPROVED")
    run_jobs(now=clock)
    assert {row.channel: row.state for row in Delivery.objects.all()} == {
        "in_app": "CLOSED", "email": "CLOSED", f"chat:{product.vendor}": "CLOSED"}  # fmt: skip
    assert web(client, task, outcome="REJECTED", seen_version=seen, comment="x")[0] == 409
    assert "approved by you" in client.get(mailed).content.decode()


@pytest.mark.parametrize("product", ["dingtalk"], indirect=True)
def test_a_decision_on_the_web_changes_the_card_and_an_undo_brings_a_new_one(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    seen = services.look_at(task_id=asked.pk, person=cast.boss, now=clock).seen
    services.complete_task(task_id=asked.pk, person=cast.boss, outcome="APPROVED", comment="", seen_version=seen.version, acknowledged=[], form={}, now=clock)
    services.undo_completion(task_id=asked.pk, person=cast.boss, now=clock + dt.timedelta(seconds=3))
    run_jobs(now=clock + dt.timedelta(seconds=4))
    old, new = product.cards(user(cast.fin))
    assert (old["shown"]["buttons"], old["shown"]["note"]) == ([], "already undone by Lin Wei")
    assert [one["text"] for one in new["shown"]["buttons"]] == ["Approve", "Reject", "Return"]


@pytest.mark.parametrize("product", ["dingtalk"], indirect=True)
def test_who_lost_the_right_decides_nothing_from_an_old_card(
    asked: Task, product: Product, cast: Any, run_jobs: Any, clock: dt.datetime
) -> None:
    access.set_actions(role="employee", resource="workflows.task", scope="own", actions=["view"], actor=cast.admin, now=clock)
    before = state_of(asked)
    press(product, cast.boss, "Approve", run_jobs, clock)  # before the card has followed the right
    *decided, jobs_left, told = state_of(asked)
    assert (*decided, told) == (*before[:-2], before[-1]) and jobs_left < before[-2]  # what the change of rights asked for is done, and nothing else
    assert product.texts(user(cast.boss)) == ["approve: Pump set for Delta: already dealt with"]  # the to-do ended with the right
