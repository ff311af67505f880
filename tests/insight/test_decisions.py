"""Decisions per approver-hour: what is counted, when more of them are proven, and that it never speaks of one person."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import worktime
from apps.core.kpis import SCALE
from apps.insight import selectors, services
from apps.insight.models import Baseline, Fact
from apps.insight.policies import facts as policies
from apps.insight.policies import meter
from apps.insight.policies.facts import Draft
from apps.workflows.models import Task
from tests.conftest import NOW
from tests.insight.test_measures import a_case

TODAY = NOW.date()
SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY = "decisions_hour"


def task(decided_at: dt.datetime | None, person: uuid.UUID | None) -> SimpleNamespace:
    return SimpleNamespace(id=uuid.uuid4(), person_id=person, asked_at=NOW - dt.timedelta(days=9), due_at=None, decided_at=decided_at, outcome="APPROVED",
                           cancelled=False)  # fmt: skip


def hours_of(tasks: list[SimpleNamespace]) -> list[int]:
    made = [draft for one in tasks for draft in policies.task_drafts(one, worktime.company())]
    return [draft.value // SCALE for draft in made if draft.stream == "task.hour"]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def put(owners: list[Any], *, day: dt.date, made: dict[int, int]) -> None:
    """Each of them decided so many in each hour of the clock of that day."""
    drafts = [Draft("task.hour", day, part=f"{owner.pk.hex[:8]}{hour}.{n}", value=SCALE * hour, owner=owner.pk, department=owner.org_unit_id)
              for owner in owners for hour, count in made.items() for n in range(count)]  # fmt: skip
    services.keep(subject=f"oa:case:{uuid.uuid5(uuid.NAMESPACE_OID, f'{day}{[one.login for one in owners]}')}", drafts=drafts, now=NOW)


def gauge(person: Any, **asked: Any) -> Any:
    return selectors.gauge(person, KEY, now=NOW, **asked)


@pytest.mark.req("V2")
@pytest.mark.parametrize(
    ("decided_at", "somebody", "hours"),
    [("2026-11-23T09:10", True, [9]), ("2026-11-23T17:59", True, [17]), ("2026-11-23T20:00", True, []), ("2026-11-21T10:00", True, []),
     ("2026-11-23T09:10", False, []), (None, True, [])],
    ids=["in the morning", "before closing", "in the evening", "on a Saturday", "by nobody: a process decided", "not decided"],
)  # fmt: skip
def test_decisions_of_people_in_working_time_count(decided_at: str | None, somebody: bool, hours: list[int]) -> None:
    assert hours_of([task(at(decided_at) if decided_at else None, uuid.uuid4() if somebody else None)]) == hours


@pytest.mark.req("V2")
def test_a_decision_is_taken_with_its_approver_and_the_department_of_the_approver(cast: SimpleNamespace) -> None:
    case = a_case(cast)
    for decided_at in ("2026-11-20T10:15", "2026-11-20T21:00"):
        Task.objects.create(instance=case, token=decided_at, node="approve", name="Approve", state="COMPLETED", outcome="APPROVED", decided_by=cast.fin,
                            decided_at=at(decided_at), created_at=NOW - dt.timedelta(days=9), updated_at=NOW)
    services.take_case(instance_id=case.pk, now=NOW)
    services.take_case(instance_id=case.pk, now=NOW)  # read again: nothing doubles
    found = Fact.objects.filter(stream="task.hour", replaced_at=None).values_list("day", "value", "owner", "department")
    assert list(found) == [(dt.date(2026, 11, 20), 1000, cast.fin.pk, cast.fin.org_unit_id)]
    assert Fact.objects.filter(stream="task.decided", replaced_at=None).count() == 2


@pytest.mark.req("V2")
@given(st.lists(st.datetimes(dt.datetime(2026, 11, 1), dt.datetime(2026, 11, 30), timezones=st.just(dt.UTC)), max_size=20))
def test_only_hours_of_the_working_day_are_found(moments: list[dt.datetime]) -> None:
    found, calendar = hours_of([task(moment, uuid.uuid4()) for moment in moments]), worktime.company()
    assert len(found) == sum(1 for moment in moments if calendar.seconds_between(moment, moment + dt.timedelta(microseconds=2_000_000)) >= 1)
    assert set(found) <= set(range(8, 18))


def an_office(rng: random.Random, days: int, each: float) -> list[int]:
    """What approvers did on so many days: one to four hours, in each of them one decision and by chance more, so that there are `each` on average."""
    found = []
    for _day in range(days):
        hours = rng.randint(1, 4)
        made = sum(1 + sum(rng.random() < (each - 1) / 10 for _chance in range(10)) for _hour in range(hours))
        found.append(round(SCALE * made / hours))
    return found


@pytest.mark.req("V2")
def test_a_true_change_of_40_percent_more_lies_in_the_interval_in_95_of_100_samples() -> None:
    one, inside, proven = meter.MEASURES[KEY], 0, 0
    for seed in range(100):
        rng = random.Random(seed)
        found = meter.compare(an_office(rng, 120, 2.0), an_office(rng, 120, 2.8), statistic=one.statistic, better=one.better)
        inside += found.low <= 40 <= found.high
        proven += found.verdict == "proven"
    assert inside >= 95
    assert proven >= 95


@pytest.mark.req("V2")
@pytest.mark.parametrize(
    ("before", "after", "verdict"), [((120, 2.0), (5, 2.8), "not_yet"), ((5, 2.0), (120, 2.8), "not_yet"), ((120, 2.8), (120, 2.0), "worse")])
def test_more_is_better_and_five_days_prove_nothing(before: tuple[int, float], after: tuple[int, float], verdict: str) -> None:
    one, rng = meter.MEASURES[KEY], random.Random(11)
    assert meter.compare(an_office(rng, *before), an_office(rng, *after), statistic=one.statistic, better=one.better).verdict == verdict


def days_before(count: int, start: int) -> list[dt.date]:
    return [TODAY - dt.timedelta(days=start + n) for n in range(count)]


@pytest.mark.req("V2")
def test_decisions_by_hours_of_the_clock_against_what_was_frozen(cast: SimpleNamespace) -> None:
    three = [cast.boss, cast.fin, cast.admin]
    for day in days_before(8, 200):
        put(three, day=day, made={9: 2, 14: 1})  # three in two hours
    for day in days_before(8, 3):
        put(three, day=day, made={9: 3, 11: 3})  # six in two hours
    services.freeze_baseline(person=cast.admin, key=KEY, first_day=TODAY - dt.timedelta(days=230), last_day=TODAY - dt.timedelta(days=180), now=NOW)
    found = gauge(cast.admin)
    assert (found.before, found.before_count, found.now, found.now_count, found.each) == (Decimal("1.50"), 24, Decimal("3.00"), 24, "approver_day")
    assert (found.change, found.target, found.verdict, found.reached) == (100.0, 40, "proven", True)
    rows = selectors.meter_rows(cast.admin, KEY, size=4, now=NOW)
    assert (rows.total, {row.value for row in rows.rows}) == (144, {Decimal(1)})


@pytest.mark.req("V2")
def test_departments_not_yet_live_stand_beside(cast: SimpleNamespace, settings: Any) -> None:
    settings.INSIGHT_SMALLEST_GROUP = 1
    for day in days_before(25, 1):
        put([cast.ana], day=day, made={9: 4})
        put([cast.fin], day=day, made={9: 2, 15: 3})
    services.set_live(person=cast.admin, department=cast.ana.org_unit_id, live_from=TODAY - dt.timedelta(days=80), now=NOW)
    found = gauge(cast.admin)
    assert (found.now, found.control.value, found.control.count, found.control.change, found.control.verdict) == (4, Decimal("2.50"), 25, None, "no_baseline")
    services.freeze_baseline(person=cast.admin, key=KEY, first_day=TODAY - dt.timedelta(days=25), last_day=TODAY - dt.timedelta(days=20), now=NOW)
    settings.INSIGHT_SMALLEST_GROUP = 2
    held = gauge(cast.admin)
    assert (held.verdict, held.before, held.before_count) == ("suppressed", None, 0)
    assert held.before_days == (TODAY - dt.timedelta(days=25), TODAY - dt.timedelta(days=20))  # that it was frozen is no figure


@pytest.mark.req("V2")
def test_it_never_speaks_of_one_person(cast: SimpleNamespace, as_: Any, travel: Any, clock: Any) -> None:
    travel(clock)
    for day in days_before(10, 2):
        put([cast.boss, cast.fin], day=day, made={9: 2})
    days = {"first_day": TODAY - dt.timedelta(days=20), "last_day": TODAY}
    with pytest.raises(services.UnableToFreeze, match="Fewer than 3 people"):
        services.freeze_baseline(person=cast.admin, key=KEY, now=NOW, **days)
    assert not Baseline.objects.exists()
    found = gauge(cast.admin)
    assert (found.verdict, found.now, found.now_count, found.change) == ("suppressed", None, 0, None)
    assert selectors.meter_rows(cast.admin, KEY, now=NOW).state == "suppressed"
    page = as_(cast.admin).get(f"/board/meter/{KEY}/").content.decode()
    assert page.count("Fewer than 3 people stand behind this figure") == 2
    said = {one["key"]: one for one in as_(cast.admin).get("/api/v1/value-meter").json()}[KEY]
    assert (said["verdict"], said["now"], said["better"], said["target"], said["unit"]) == ("suppressed", None, "up", 40, "per_hour")
    put([cast.ana], day=TODAY, made={9: 2})
    assert gauge(cast.admin).now_count == 21
    # the company less one department would be one person
    assert gauge(cast.admin, department=cast.ana.org_unit_id).verdict == "suppressed"
