"""Deliveries by mail: once each, in the reader's words, never about what is dealt with; held, digested, failed and reminded."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from apps.jobs import selectors as jobs
from apps.jobs import services as queue
from apps.notifications import services
from apps.notifications.models import Delivery, Notification, Reach
from apps.notifications.services import chats, deliveries
from tests.support.chat import Product
from tests.support.mailbox import Mailbox, text_of

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)
Tell = Callable[..., uuid.UUID]


@pytest.fixture
def go(run_jobs: Any, travel: Any) -> Callable[[dt.datetime], None]:
    """The clock moves, and what is due is done."""

    def to(moment: dt.datetime) -> None:
        travel(moment)
        run_jobs(now=moment)

    return to


def states(notice: uuid.UUID) -> dict[str, tuple[str, str]]:
    return {f"{row.channel}{'+' * row.nth}": (row.state, row.reason) for row in Delivery.objects.filter(notification=notice)}


def choose(person: Any, now: dt.datetime, **fields: Any) -> None:
    Reach.objects.update_or_create(person_id=person.pk, defaults={**fields, "updated_at": now})


@pytest.mark.req("E14")
def test_a_todo_is_mailed_once_and_closed_behind_its_decision(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    notice = tell(cast.boss, "ask", "x", clock, number="HT-1")
    assert mailbox.mails == []  # nothing leaves inside the transaction
    go(clock)
    go(clock + HOUR)
    (mail,) = mailbox.mails
    assert (mail["To"], mail["Subject"], mail["Auto-Submitted"]) == ("boss@yunhe.example", "HT-1 · Decide x", "auto-generated")
    assert "http://localhost:8000/things/x/" in text_of(mail) and "<h2>Decide x</h2>" in text_of(mail, "html")
    assert states(notice) == {"in_app": ("SENT", "inbox"), "email": ("SENT", "default")}
    services.resolve(ref="t:x", now=clock + HOUR, outcome="approved", by=cast.boss.pk)
    go(clock + HOUR)
    assert states(notice) == {"in_app": ("CLOSED", "inbox"), "email": ("CLOSED", "default")}
    assert len(mailbox.mails) == 1


def test_mails_of_one_case_are_one_thread(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    for what, number in (("a", "HT-1"), ("b", "HT-1"), ("c", "HT-2")):
        tell(cast.boss, "ask", what, clock, number=number)
    go(clock)
    threads = [mail["References"] for mail in mailbox.mails]
    assert threads[0] == threads[1] != threads[2]
    assert len({mail["Message-ID"] for mail in mailbox.mails}) == 3


@pytest.mark.req("A9")
def test_the_words_are_those_of_the_reader_at_the_moment_of_sending(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    """Two readers of one message: the phone is masked for the one whose role may not read it; each reads the own language."""
    cast.fin.account.language = "zh-hans"
    cast.fin.account.save()
    for person in (cast.boss, cast.fin):
        tell(person, "ask", "x", clock, phone="0571 8888 1234", owner=str(cast.ana.pk))
    go(clock)
    told = {str(mail["To"]): text_of(mail) for mail in mailbox.mails}
    assert "Call 0571 8888 1234" in told["boss@yunhe.example"]
    assert "0571" not in told["fin@yunhe.example"] and "Call ••••" in told["fin@yunhe.example"]
    assert "Open in the portal:" in told["boss@yunhe.example"] and "在门户中打开:" in told["fin@yunhe.example"]


@pytest.mark.req("E14")
def test_what_was_dealt_with_meanwhile_is_never_sent(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    notice = tell(cast.boss, "ask", "x", clock)
    deliveries.plan(notification_ids=[notice], now=clock)
    services.resolve(ref="t:x", now=clock, outcome="withdrawn")
    go(clock)
    assert mailbox.mails == []
    assert states(notice) == {"in_app": ("CLOSED", "inbox"), "email": ("SUPPRESSED", "dealt_with")}
    later = tell(cast.boss, "ask", "y", clock)
    services.resolve(ref="t:y", now=clock)  # before anything was planned
    go(clock)
    assert (mailbox.mails, states(later)) == ([], {})


def test_who_left_the_company_or_has_no_proven_address_gets_no_mail(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    from apps.directory import services as directory
    from apps.directory.models import Person

    left = tell(cast.boss, "ask", "x", clock)
    deliveries.plan(notification_ids=[left], now=clock)
    directory.set_active(person_id=cast.boss.pk, active=False, now=clock)
    Person.objects.filter(pk=cast.fin.pk).update(email_verified=False)
    unproven = tell(cast.fin, "ask", "y", clock)
    go(clock)
    assert mailbox.mails == []
    assert states(left)["email"] == ("SUPPRESSED", "left")
    assert states(unproven) == {"in_app": ("SENT", "inbox")}


@pytest.mark.req("E14")
def test_at_night_a_mail_waits_until_the_morning_of_its_reader(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    choose(cast.boss, clock, quiet={"0": ["20:00", "07:00"]}, remind_after=0)
    night, morning = clock + 13 * HOUR, dt.datetime(2026, 11, 23, 23, tzinfo=dt.UTC)  # Monday 22:12, Tuesday 07:00 in Shanghai
    quiet, loud = tell(cast.boss, "ask", "x", night), tell(cast.boss, "alarm", "fire", night)
    go(night)
    assert [mail["Subject"] for mail in mailbox.mails] == ["News of fire"]
    assert (states(quiet)["email"], states(loud)["email"]) == (("HELD", "quiet"), ("SENT", "critical"))
    assert Delivery.objects.get(notification=quiet, channel="email").held_until == morning
    go(morning - dt.timedelta(minutes=1))
    assert len(mailbox.mails) == 1
    go(morning)
    assert [mail["Subject"] for mail in mailbox.mails] == ["News of fire", "Decide x"]


def test_a_choice_made_while_it_waits_counts(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    choose(cast.boss, clock, quiet={"0": ["09:00", "12:00"]})
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    choose(cast.boss, clock, quiet={}, off=["email"])
    go(clock + 4 * HOUR)
    assert (mailbox.mails, states(notice)["email"]) == ([], ("SUPPRESSED", "channel"))


@pytest.mark.req("E14")
def test_the_digest_tells_by_case_what_is_still_news(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    choose(cast.boss, clock, remind_after=0)
    told, again, loose = (tell(cast.boss, "news", what, clock - dt.timedelta(minutes=ago), number=number) for what, number, ago in (
        ("a", "HT-1", 3), ("b", "HT-1", 2), ("c", "", 1)))  # fmt: skip
    read, acted = tell(cast.boss, "news", "read", clock), tell(cast.boss, "news", "acted", clock)
    at_once = tell(cast.boss, "ask", "work", clock)
    go(clock)
    assert [mail["Subject"] for mail in mailbox.mails] == ["Decide work"]
    services.mark_read(person=cast.boss, notification_id=read, now=clock)
    services.resolve(ref="t:acted", now=clock)
    morning = dt.datetime(2026, 11, 24, 0, tzinfo=dt.UTC)  # 08:00 in Shanghai
    go(morning)
    go(morning + HOUR)
    mail = mailbox.mails[1]
    assert (len(mailbox.mails), mail["Subject"]) == (2, "3 messages that could wait")
    text = text_of(mail)
    assert text.count("HT-1 Case of") == 1
    assert [what for what in ("a", "b", "c", "read", "acted", "work") if f"News of {what} " in text or f"Decide {what}" in text] == ["a", "b", "c"]
    assert [states(one)["email"] for one in (told, again, loose, read, acted, at_once)] == [
        *[("SENT", "digest")] * 3, ("SUPPRESSED", "read"), ("SUPPRESSED", "dealt_with"), ("SENT", "default")]  # fmt: skip


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any, travel: Any
) -> None:
    choose(cast.boss, clock, remind_after=0)
    mailbox.refusals = ["451 come later"]
    busy = tell(cast.boss, "ask", "busy", clock)
    go(clock)
    assert (mailbox.mails, states(busy)["email"]) == ([], ("PLANNED", "default"))
    go(clock + HOUR)
    assert (len(mailbox.mails), states(busy)["email"]) == (1, ("SENT", "default"))
    mailbox.refusals = ["550 no such user"]
    refused = tell(cast.boss, "ask", "refused", clock + HOUR)
    go(clock + HOUR)
    go(clock + 6 * HOUR)
    assert (len([mail for mail in mailbox.mails if "refused" in mail["Subject"]]), states(refused)["email"]) == (0, ("FAILED", "default"))
    (dead,) = jobs.dead()
    queue.replay(job_id=dead.pk, now=clock + 6 * HOUR)
    go(clock + 6 * HOUR)
    assert states(refused)["email"] == ("SENT", "default")


@pytest.mark.req("E14")
@pytest.mark.parametrize(("_case", "reminded"), [("unread", 1), ("read", 0), ("snoozed", 0), ("dealt with", 0), ("never", 0)])
def test_an_unread_todo_is_told_once_more(
    _case: str, reminded: int, mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    if _case == "never":
        choose(cast.boss, clock, remind_after=0)
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    if _case == "read":
        services.mark_read(person=cast.boss, notification_id=notice, now=clock)
    if _case == "snoozed":
        services.snooze(person=cast.boss, notification_id=notice, until=clock + 30 * HOUR, now=clock)
    if _case == "dealt with":
        services.resolve(ref="t:x", now=clock)
    go(clock + 2 * HOUR)
    go(clock + 20 * HOUR)
    assert len(mailbox.mails) == 1 + reminded
    assert ("email+" in states(notice)) == bool(reminded)


@pytest.mark.req("E13", "E14")
def test_a_todo_that_slept_through_its_reminder_is_reminded_of_after_it_is_back(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    choose(cast.boss, clock, remind_after=120)
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    services.snooze(person=cast.boss, notification_id=notice, until=clock + 3 * HOUR, now=clock + HOUR)
    sent = []
    for half_hours in (4, 5, 6, 9, 10, 20):
        go(clock + half_hours * HOUR / 2)
        sent.append((half_hours / 2, len(mailbox.mails)))
    assert sent == [(2.0, 1), (2.5, 1), (3.0, 2), (4.5, 2), (5.0, 3), (10.0, 3)]  # the first, back at 3, reminded of at 5, once
    assert states(notice) == {"in_app": ("SENT", "inbox"), "email": ("SENT", "default"), "email++": ("SENT", "default"), "email+": ("SENT", "reminder")}


@pytest.mark.req("E14")
@pytest.mark.parametrize(("_case", "chosen", "second"), [
    ("on a channel that was not used yet", {"kinds": {"tests.ask": {"chat": "off"}}}, "chat:dingtalk+"),
    ("never on one that is switched off as a whole", {"off": ["chat"]}, "email+"),
    ("on the one that was chosen for it", {"remind_by": "email"}, "email+"),
    ("in the morning", {"kinds": {"tests.ask": {"chat": "off"}}, "quiet": {"0": ["10:00", "18:00"]}}, ""),
])  # fmt: skip
def test_a_reminder_rises_to_another_channel(
    _case: str, chosen: dict[str, Any], second: str, mailbox: Mailbox, products: dict[str, Product], settings: Any, tell: Tell,
    cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    settings.CHAT = {"dingtalk": products["dingtalk"].settings}
    chats.bind(person=cast.boss, vendor="dingtalk", user_id=f"boss-{cast.boss.pk}", actor=cast.boss, now=clock)
    choose(cast.boss, clock, **chosen)
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    go(clock + 2 * HOUR)
    reminded = {channel: state for channel, (state, _why) in states(notice).items() if channel.endswith("+")}
    assert reminded == ({second: "SENT"} if second else {"chat:dingtalk+": "HELD"})
    go(clock + 12 * HOUR)
    assert [state for channel, (state, _why) in states(notice).items() if channel.endswith("+")] == ["SENT"]


WAITS = [
    ("for the digest", {}, ("HELD", "digest")),
    ("for the end of the quiet", {"kinds": {"tests.news": {"email": "instant"}}, "quiet": {"0": ["08:00", "20:00"]}}, ("HELD", "quiet")),
    ("for its job", {"kinds": {"tests.news": {"email": "instant"}}}, ("PLANNED", "kind")),
]


@pytest.mark.req("E13", "E14")
@pytest.mark.parametrize("way", ["undo", "restore"])
@pytest.mark.parametrize(("_case", "chosen", "state"), WAITS, ids=[case[0] for case in WAITS])
def test_what_is_taken_back_is_told_as_if_it_had_never_been_put_away(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any, _case: str, chosen: Any, state: tuple[str, str], way: str
) -> None:
    choose(cast.boss, clock, **chosen)
    notice = tell(cast.boss, "news", "x", clock)
    deliveries.plan(notification_ids=[notice], now=clock)
    before = Delivery.objects.get(notification=notice, channel="email").held_until
    for turn in range(2):  # by mistake, twice
        now = clock + turn * dt.timedelta(seconds=20)
        batch = services.act_on_one(person=cast.boss, verb="done", notification_id=notice, now=now)
        assert states(notice) == {"in_app": ("CLOSED", "inbox"), "email": ("SUPPRESSED", "dealt_with")}
        if way == "undo":
            services.undo(person=cast.boss, batch_id=batch.pk, now=now + dt.timedelta(seconds=5))
        else:
            services.restore(person=cast.boss, notification_id=notice, now=now + dt.timedelta(seconds=5))
            services.mark_unread(person=cast.boss, notification_id=notice, now=now + dt.timedelta(seconds=5))
        row = Delivery.objects.get(notification=notice, channel="email")
        assert (row.state, row.reason, row.held_until) == (*state, before)
        assert states(notice)["in_app"] == ("SENT", "inbox")
    assert mailbox.mails == []
    for hours in (0, 12, 24, 48):
        go(clock + dt.timedelta(minutes=1) + hours * HOUR)
    assert (len(mailbox.mails), states(notice)["email"][0]) == (1, "SENT")
    assert "News of x" in text_of(mailbox.mails[0])


@pytest.mark.parametrize(("_case", "refusals", "state", "mails"), [("sent", [], "SENT", 1), ("failed", ["550 no such user"], "FAILED", 0)])
def test_what_was_sent_or_refused_before_is_not_tried_again_when_it_is_taken_back(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any, _case: str, refusals: list[str], state: str, mails: int
) -> None:
    choose(cast.boss, clock, kinds={"tests.news": {"email": "instant"}})
    mailbox.refusals = refusals
    notice = tell(cast.boss, "news", "x", clock)
    go(clock)
    assert states(notice)["email"] == (state, "kind")
    batch = services.act_on_one(person=cast.boss, verb="done", notification_id=notice, now=clock)
    services.undo(person=cast.boss, batch_id=batch.pk, now=clock + dt.timedelta(seconds=5))
    assert states(notice) == {"in_app": ("SENT", "inbox"), "email": (state, "kind")}
    go(clock + HOUR)
    assert (len(mailbox.mails), states(notice)["email"]) == (mails, (state, "kind"))


def test_the_reconciler_closes_and_sends_what_lost_its_job(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any
) -> None:
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    Notification.objects.filter(pk=notice).update(state="RESOLVED", closed_at=clock)  # as a restored backup might have it
    assert deliveries.reconcile(now=clock + dt.timedelta(minutes=1)) == {"closed": 0, "sent": 0}
    assert deliveries.reconcile(now=clock + HOUR) == {"closed": 1, "sent": 0}
    go(clock + HOUR)
    assert states(notice)["email"] == ("CLOSED", "default")
    assert deliveries.reconcile(now=clock + 2 * HOUR) == {"closed": 0, "sent": 0}


def test_planning_twice_changes_nothing(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    assert deliveries.plan(notification_ids=[notice], now=clock + HOUR) == 0
    go(clock + HOUR)
    assert len(mailbox.mails) == 1


def test_without_a_channel_nothing_is_planned(tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    assert states(notice) == {}


@pytest.mark.req("E13", "E14")
def test_what_comes_back_from_a_snooze_rings_again(mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any) -> None:
    choose(cast.boss, clock, remind_after=0)
    alone, by_hand = (tell(cast.boss, "ask", what, clock) for what in ("alone", "by hand"))
    go(clock)
    assert len(mailbox.mails) == 2
    for turn in (1, 2):  # each time anew, and once each
        for notice in (alone, by_hand):
            services.snooze(person=cast.boss, notification_id=notice, until=clock + turn * HOUR, now=clock + (turn - 1) * HOUR)
        services.snooze(person=cast.boss, notification_id=by_hand, until=None, now=clock + (turn - 1) * HOUR)  # taken back by the person: no bell
        go(clock + turn * HOUR)
        assert len(mailbox.mails) == 2 + turn
    go(clock + 3 * HOUR)
    assert {str(mail["Subject"]) for mail in mailbox.mails[2:]} == {"Decide alone"}
    assert states(alone) == {"in_app": ("SENT", "inbox"), **{f"email{nth}": ("SENT", "default") for nth in ("", "++", "+++")}}
    assert states(by_hand) == {"in_app": ("SENT", "inbox"), "email": ("SENT", "default")}


@pytest.mark.req("E13")
@pytest.mark.parametrize(("fields", "way"), [
    ({"off": ["email"]}, ("SUPPRESSED", "channel")),
    ({"quiet": {"0": ["09:00", "12:00"]}}, ("HELD", "quiet")),
])  # fmt: skip
def test_a_bell_after_a_snooze_asks_the_choices_and_the_quiet_hours_of_now(
    mailbox: Mailbox, tell: Tell, cast: SimpleNamespace, clock: dt.datetime, go: Any, fields: Any, way: Any
) -> None:
    notice = tell(cast.boss, "ask", "x", clock)
    go(clock)
    choose(cast.boss, clock, **fields)
    services.snooze(person=cast.boss, notification_id=notice, until=clock + HOUR, now=clock)
    go(clock + HOUR)
    assert len(mailbox.mails) == 1
    assert states(notice).get("email++") == way
