"""A fortnight of somebody's messages, clocks that change and channels that fail included: none is lost, none is told twice, none disturbs the quiet,
and no digest speaks of what was dealt with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.http import TransientError
from apps.jobs import services as queue
from apps.jobs.models import Job
from apps.jobs.models import State as JobState
from apps.notifications import channels, services
from apps.notifications.channels import Sent
from apps.notifications.models import ChatAccount, Delivery, DeliveryState, Notification, Reach
from apps.notifications.services import deliveries

pytestmark = [pytest.mark.django_db, pytest.mark.req("E13", "O6")]
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
# zone, a Monday before a change of its clocks; Lord Howe moves by half an hour, Shanghai by none
PLACES = (
    ("Asia/Shanghai", dt.datetime(2026, 3, 23, tzinfo=dt.UTC)), ("Europe/Berlin", dt.datetime(2026, 3, 23, tzinfo=dt.UTC)),
    ("Europe/Berlin", dt.datetime(2026, 10, 19, tzinfo=dt.UTC)), ("America/New_York", dt.datetime(2026, 3, 2, tzinfo=dt.UTC)),
    ("America/New_York", dt.datetime(2026, 10, 26, tzinfo=dt.UTC)), ("Australia/Lord_Howe", dt.datetime(2026, 3, 30, tzinfo=dt.UTC)),
)  # fmt: skip
FORTNIGHT = 14 * 24 * 60  # minutes
SPANS = (["22:00", "07:00"], ["20:30", "06:30"], ["12:00", "13:30"], ["00:00", "23:30"])


@dataclass
class Told:
    at: dt.datetime
    channel: str
    notice: uuid.UUID
    digest: bool


@dataclass
class Line:
    """A channel that writes down what it is given, and is dead at times."""

    key: str
    world: World
    decides: bool = False

    def _alive(self) -> None:
        if any(begin <= self.world.now < end for begin, end in self.world.dead.get(self.key, ())):
            raise TransientError("no answer", system=self.key)

    def send(self, envelope: Any) -> Sent:
        self._alive()
        self.world.told.append(Told(self.world.now, self.key, uuid.UUID(envelope.message.topic), False))
        return Sent(external_id=envelope.key)

    def send_digest(self, envelope: Any) -> Sent:
        self._alive()
        for case in envelope.message.cases:
            for title, _body, _link, _moment in case.items:
                self.world.told.append(Told(self.world.now, self.key, self.world.by_title[title], True))
        return Sent(external_id=envelope.key)

    def close(self, envelope: Any) -> None:
        self._alive()


@dataclass
class World:
    zone: ZoneInfo
    now: dt.datetime
    dead: dict[str, list[tuple[dt.datetime, dt.datetime]]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    by_title: dict[str, uuid.UUID] = field(default_factory=dict)
    quiet_at: list[tuple[dt.datetime, dict[str, list[str]]]] = field(default_factory=list)  # what was chosen when

    def is_quiet(self, at: dt.datetime) -> bool:
        """By the clock on the wall alone, in another way than the product reckons: minute by minute of the two days around."""
        chosen = [quiet for begin, quiet in self.quiet_at if begin <= at][-1]
        wall = at.astimezone(self.zone)
        for day in (wall.date() - DAY, wall.date()):
            span = chosen.get(str(day.weekday()))
            if span:
                begin, end = (dt.datetime.combine(day, dt.time.fromisoformat(text)) for text in span)
                end += DAY if end <= begin else dt.timedelta(0)
                if begin <= wall.replace(tzinfo=None) < end:
                    return True
        return False


minutes = st.integers(0, FORTNIGHT)
weeks = st.dictionaries(st.sampled_from("0123456"), st.sampled_from(SPANS[:3]), max_size=7) | st.just(dict.fromkeys("0123456", SPANS[0]))
messages = st.lists(
    st.tuples(minutes, st.sampled_from(("ask", "news", "alarm")), st.sampled_from(("", "", "read", "decide", "snooze")), st.integers(1, 3 * 24 * 60)),
    min_size=1, max_size=5,
)  # fmt: skip
pauses = st.lists(st.tuples(st.sampled_from(("email", "chat:wecom", "worker")), minutes, st.integers(10, 600)), max_size=2)


def run(world: World, until: dt.datetime, travel: Any, held_up: list[tuple[dt.datetime, dt.datetime]]) -> None:
    """Everything that falls due until then, each at its moment; a worker that stands still does it afterwards."""
    ran = 1
    for _turn in range(2000):
        waiting = Job.objects.filter(state__in=[JobState.DUE, JobState.UNKNOWN], repeat_seconds=None)
        if not ran:  # what is due and does not run stands behind another one that is tried again later
            waiting = waiting.filter(run_at__gt=world.now)
        job = waiting.order_by("run_at").first()
        moment = max(world.now, job.run_at) if job else until
        for begin, end in held_up:
            if begin <= moment < end:
                moment = end
        if job is None or moment > until:
            break
        world.now = moment
        travel(moment)
        ran = queue.run_due(now=moment)
    else:
        raise AssertionError("jobs without end")
    world.now = until
    travel(until)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(place=st.sampled_from(PLACES), quiet=weeks, other=st.none() | st.tuples(minutes, weeks), digest=st.sampled_from(("1h", "3h", "daily", "weekly")),
       remind=st.sampled_from((0, 60, 480)), asked=messages, broken=pauses)  # fmt: skip
def test_each_message_arrives_once_and_never_in_the_quiet(
    own_kinds: None, cast: SimpleNamespace, travel: Any, monkeypatch: pytest.MonkeyPatch, place: Any, quiet: Any, other: Any, digest: str, remind: int,
    asked: Any, broken: Any,
) -> None:
    with transaction.atomic():
        try:
            _live_through(cast.boss, travel, monkeypatch, place, quiet, other, digest, remind, asked, broken)
        finally:
            transaction.set_rollback(True)


NIGHTS = dict.fromkeys("0123456", SPANS[0])
ALL_DAY = dict.fromkeys("0123456", SPANS[3])
# what: (quiet, chosen later, digest, minutes to the reminder, messages, pauses); minute 0 is Monday 08:00 in Shanghai
STORIES: dict[str, tuple[Any, Any, str, int, Any, Any]] = {
    "a reminder does not come together with what it reminds of": (NIGHTS, None, "daily", 60, [(900, "ask", "", 1)], []),
    "a digest says nothing of what was snoozed": ({}, None, "daily", 0, [(60, "news", "snooze", 30)], []),
    "a digest keeps the quiet that was chosen after it was planned": ({}, (120, ALL_DAY), "daily", 0, [(60, "news", "", 1)], []),
    "a digest that is late waits for the morning": (NIGHTS, None, "1h", 0, [(650, "news", "", 1)], [("worker", 655, 300)]),
    "a reminder that is late waits for the morning": (NIGHTS, None, "daily", 60, [(700, "ask", "", 1)], [("worker", 710, 300)]),
    "a channel that is dead for hours tells once": ({}, None, "1h", 0, [(10, "news", "", 1), (20, "ask", "", 1)], [("email", 5, 90)]),
}


@pytest.mark.parametrize("story", STORIES)
def test_what_went_wrong_before(own_kinds: None, cast: SimpleNamespace, travel: Any, monkeypatch: pytest.MonkeyPatch, story: str) -> None:
    _live_through(cast.boss, travel, monkeypatch, PLACES[0], *STORIES[story])


def _live_through(boss: Any, travel: Any, monkeypatch: Any, place: Any, quiet: Any, other: Any, digest: str, remind: int, asked: Any, broken: Any) -> None:
    zone, start = ZoneInfo(place[0]), place[1]
    world = World(zone, start)
    lines = {key: Line(key, world) for key in ("email", "chat:wecom")}
    monkeypatch.setattr(channels, "outside", lambda: dict(lines))
    boss.account.time_zone = place[0]
    boss.account.save(update_fields=["time_zone"])
    ChatAccount.objects.create(person=boss, vendor="wecom", user_id="lin.wei", bound_at=start)
    Reach.objects.create(person=boss, quiet=quiet, digest=digest, remind_after=remind, updated_at=start)
    world.quiet_at.append((start, quiet))
    for who, begin, lasts in broken:
        world.dead.setdefault(who, []).append((start + begin * MINUTE, start + (begin + lasts) * MINUTE))
    held_up = sorted(world.dead.get("worker", ()))
    happenings: list[tuple[int, int, str, Any]] = []
    for number, (at, kind, act, after) in enumerate(asked):
        happenings.append((at, 0, "tell", (number, kind)))
        if act:
            happenings.append((at + after, 1, act, number))
    if other is not None:
        happenings.append((other[0], 2, "choose", other[1]))
    happenings += [(minute, 3, "reconcile", None) for minute in range(0, FORTNIGHT, 720)]
    dealt: dict[uuid.UUID, dt.datetime] = {}
    snoozed: dict[uuid.UUID, tuple[dt.datetime, dt.datetime]] = {}
    for minute, _order, what, given_ in sorted(happenings, key=lambda one: one[:2]):
        run(world, start + minute * MINUTE, travel, held_up)
        _happen(world, boss, what, given_, dealt, snoozed)
    run(world, start + 24 * DAY, travel, held_up)
    _judge(world, boss, dealt, snoozed)


def _happen(world: World, boss: Any, what: str, given_: Any, dealt: dict[Any, dt.datetime], snoozed: dict[Any, Any]) -> None:
    now = world.now
    if what == "tell":
        number, kind = given_
        (made,) = services.notify(kind=f"tests.{kind}", person_ids=[boss.pk], params={"what": f"m{number}", "number": f"HT-{number}"},
                                  ref=f"t:{number}", now=now)  # fmt: skip
        world.by_title[{"ask": f"Decide m{number}"}.get(kind, f"News of m{number}")] = made
    elif what == "choose":
        Reach.objects.filter(person=boss).update(quiet=given_, updated_at=now)
        world.quiet_at.append((now, given_))
    elif what == "reconcile":
        deliveries.reconcile(now=now)
    else:
        row = Notification.objects.get(person=boss, ref=f"t:{given_}")
        if what == "decide":
            services.resolve(ref=row.ref, now=now, outcome="approved")
            dealt[row.pk] = now
        elif what == "read":
            services.mark_read(person=boss, notification_id=row.pk, now=now)
            dealt[row.pk] = now
        else:
            services.snooze(person=boss, notification_id=row.pk, until=now + 36 * HOUR, now=now)
            snoozed[row.pk] = (now, now + 36 * HOUR)


def _judge(world: World, boss: Any, dealt: dict[Any, dt.datetime], snoozed: dict[Any, tuple[dt.datetime, dt.datetime]]) -> None:
    notices = {row.pk: row for row in Notification.objects.filter(person=boss)}
    urgent = {pk for pk, row in notices.items() if row.kind == "tests.alarm"}
    assert [one for one in world.told if world.is_quiet(one.at) and one.notice not in urgent] == []
    for one in world.told:
        if one.digest:  # reading and deciding take it out of every later digest, a snooze as long as it lasts
            assert one.notice not in dealt or one.at <= dealt[one.notice]
            assert one.notice not in snoozed or not snoozed[one.notice][0] < one.at < snoozed[one.notice][1]
    nths = Counter(Delivery.objects.filter(notification__in=notices, state__in=[DeliveryState.SENT, DeliveryState.CLOSED]).exclude(
        channel="in_app").values_list("notification_id", "channel"))  # fmt: skip
    assert Counter((one.notice, one.channel) for one in world.told) == nths  # what the rows say happened, and nothing else
    moments = Counter((one.notice, one.channel, one.at) for one in world.told)
    assert [one for one, times in moments.items() if times > 1] == []  # no reminder together with what it reminds of
    firsts = {(row.notification_id, row.channel) for row in Delivery.objects.filter(nth=0, state__in=[DeliveryState.SENT, DeliveryState.CLOSED])}
    for pk, row in notices.items():
        if pk in dealt or pk in snoozed:
            continue
        wanted = {"tests.news": {"email"}, "tests.ask": {"email", "chat:wecom"}, "tests.alarm": {"email", "chat:wecom"}}[row.kind]
        assert {channel for notice, channel in firsts if notice == pk} >= wanted, row.kind  # nothing is lost
        assert sum(one.notice == pk for one in world.told) <= len(wanted) + (row.todo and 1)  # at most one reminder beside
    for pk, (_begin, end) in snoozed.items():
        assert any(one.notice == pk and one.at >= end for one in world.told) or pk in dealt  # it came back, and rang
    assert not Delivery.objects.filter(notification__in=notices, state__in=[DeliveryState.PLANNED, DeliveryState.HELD]).exists()
