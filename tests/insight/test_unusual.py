"""Unusual days and lines to watch: when they ring, for whom, how often, and what they show."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.access import services as access
from apps.core import worktime
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.insight import services as insight
from apps.insight.models import Threshold, UnusualDay, UnusualWatch
from apps.insight.payloads import Filters
from apps.insight.policies import unusual as policy
from apps.insight.policies.facts import Draft
from apps.insight.selectors import unusual as reading
from apps.insight.services import unusual, watching
from apps.notifications.models import Notification
from tests.conftest import NOW
from tests.insight.conftest import add_up

KEY = "erp.orders_taken"
FRIDAY = dt.date(2026, 11, 20)
SATURDAY = dt.datetime(2026, 11, 21, 1, 0, tzinfo=dt.UTC)  # 9:00 in the company's zone: Friday is judged
UNITS = st.sampled_from(["money", "count", "percent", "hours", "days"])
LEVELS = st.sampled_from(list(policy.REACH))


def orders(day: dt.date, amount: int, *, owner: Any = None, region: str = "", tag: str = "") -> None:
    draft = Draft("order", day, value=100 * amount, owner=owner.pk if owner else None, department=owner.org_unit_id if owner else None, region=region)
    insight.keep(subject=f"erp:order:{uuid.uuid5(uuid.NAMESPACE_OID, f'{day}{tag}{region}')}", drafts=[draft], now=NOW)


def fridays(amount: int, last: int, **given: Any) -> None:
    """Eight Fridays of about the same, and the one that is judged."""
    for back in range(1, 9):
        orders(FRIDAY - dt.timedelta(weeks=back), amount + back, **given)
    orders(FRIDAY, last, **given)
    add_up()


def rang(person: Any) -> list[Notification]:
    return list(Notification.objects.filter(person=person, kind=unusual.UNUSUAL).order_by("created_at"))


# --- the method ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
@given(st.decimals(-10**9, 10**9, places=2), UNITS, LEVELS, st.integers(policy.LEAST, policy.WEEKS))
def test_a_flat_series_never_rings(value: Decimal, unit: str, sensitivity: str, weeks: int) -> None:
    found = policy.judge(value, [value] * weeks, unit=unit, sensitivity=sensitivity)
    assert found is not None
    assert (found.unusual, found.times) == (False, 0)


@pytest.mark.req("E9")
@given(st.lists(st.decimals(0, 10**6, places=2), min_size=policy.LEAST, max_size=policy.WEEKS), st.booleans(), UNITS, LEVELS)
def test_a_planted_jump_always_rings(before: list[Decimal], up: bool, unit: str, sensitivity: str) -> None:
    usual = policy.judge(before[0], before, unit=unit, sensitivity=sensitivity)
    assert usual is not None
    jump = Decimal(usual.middle) + Decimal(usual.spread) * Decimal(policy.REACH[sensitivity] * 1.01 + 0.01) * (1 if up else -1)
    found = policy.judge(jump, before, unit=unit, sensitivity=sensitivity)
    assert found is not None
    assert (found.unusual, found.above) == (True, up)


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=policy.LEAST, max_size=policy.WEEKS), st.decimals(0, 10**6, places=2), UNITS)
def test_who_wants_to_hear_less_never_hears_more(before: list[Decimal], value: Decimal, unit: str) -> None:
    low, medium, high = (policy.judge(value, before, unit=unit, sensitivity=one).unusual for one in ("low", "medium", "high"))  # type: ignore[union-attr]
    assert (not low or medium) and (not medium or high)


@given(st.lists(st.none() | st.decimals(0, 100, places=2), max_size=policy.WEEKS).filter(lambda days: sum(one is not None for one in days) < policy.LEAST))
def test_too_few_days_say_nothing(before: list[Decimal | None]) -> None:
    assert policy.judge(Decimal(10**9), before, unit="count", sensitivity="high") is None


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=7, max_size=9))
def test_the_picture_stays_inside_its_frame(values: list[Decimal]) -> None:
    found = policy.judge(values[-1], values[:-1], unit="money", sensitivity="medium")
    assert found is not None
    drawn = policy.picture(list(values), found)
    for bar in drawn.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= policy.WIDTH
        assert 0 <= bar.y <= policy.HEIGHT + 0.6
        assert bar.y + bar.height <= policy.HEIGHT + 0.7
    assert [bar.last for bar in drawn.bars] == [False] * (len(values) - 1) + [True]


def test_days_off_are_neither_judged_nor_compared_with(settings: Any) -> None:
    settings.HOLIDAYS, settings.MAKE_UP_DAYS = ["2026-11-06"], ["2026-11-14"]
    calendar = worktime.company()
    assert len(policy.compared(FRIDAY, calendar)) == 7
    assert dt.date(2026, 11, 6) not in policy.compared(FRIDAY, calendar)
    assert policy.compared(dt.date(2026, 11, 6), calendar) == []
    assert policy.compared(dt.date(2026, 11, 14), calendar) == []


# --- what is told --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_a_jump_rings_once_and_its_picture_has_the_days(cast: SimpleNamespace, as_: Any) -> None:
    fridays(1000, 9000)
    unusual.watch_days(person=cast.boss, kpi=KEY, now=NOW)
    assert unusual.look_for_unusual(now=SATURDAY.replace(hour=22) - dt.timedelta(days=1)) == 0  # six in the morning: what came late is not in yet
    assert unusual.look_for_unusual(now=SATURDAY) == 1
    assert unusual.look_for_unusual(now=SATURDAY + dt.timedelta(hours=3)) == 0
    UnusualWatch.objects.update(judged_for=None)
    assert unusual.look_for_unusual(now=SATURDAY + dt.timedelta(hours=4)) == 0  # judged again, but told once for one day
    (notice,) = rang(cast.boss)
    assert "9000" not in json.dumps(notice.params)
    row = UnusualDay.objects.get()
    assert (row.day, row.above, row.weeks) == (FRIDAY, True, 8)
    client = as_(cast.boss)
    page = client.get(f"/board/unusual/{row.pk}/").content.decode()
    assert "The day has ¥9,000. The middle of the same weekdays before it is ¥1,004.50" in page
    assert page.count('<rect class="one') == 9
    inbox = client.get("/inbox/?tab=notices").content.decode()
    assert "Orders taken was unusually high on 20 Nov 2026" in inbox
    assert as_(cast.fin).get(f"/board/unusual/{row.pk}/").status_code == 404  # another person's


def test_a_usual_day_a_quiet_figure_and_a_day_off_do_not_ring(cast: SimpleNamespace, settings: Any) -> None:
    fridays(1000, 1010)
    unusual.watch_days(person=cast.boss, kpi=KEY, sensitivity="high", now=NOW)
    assert unusual.look_for_unusual(now=SATURDAY) == 0
    UnusualWatch.objects.update(judged_for=None)
    orders(FRIDAY, 90000)
    add_up()
    settings.HOLIDAYS = [str(FRIDAY)]
    assert unusual.look_for_unusual(now=SATURDAY) == 0
    assert rang(cast.boss) == []


@pytest.mark.parametrize(("weeks", "told"), [(5, 0), (6, 1)])
def test_a_figure_that_is_too_young_does_not_ring(cast: SimpleNamespace, weeks: int, told: int) -> None:
    for back in range(1, weeks + 1):
        orders(FRIDAY - dt.timedelta(weeks=back), 1000)
    orders(FRIDAY, 90000)
    add_up()
    unusual.watch_days(person=cast.boss, kpi=KEY, sensitivity="high", now=NOW)
    assert unusual.look_for_unusual(now=SATURDAY) == told


@pytest.mark.req("E9")
def test_who_lost_the_right_is_not_told_and_sees_no_day(cast: SimpleNamespace, as_: Any) -> None:
    fridays(1000, 9000)
    unusual.watch_days(person=cast.boss, kpi=KEY, now=NOW)
    assert unusual.look_for_unusual(now=SATURDAY) == 1
    row = UnusualDay.objects.get()
    access.set_level(actor=cast.admin, role="sales", resource="erp.order", scope="all", field="amount", level="masked", now=NOW)
    look = reading.look(cast.boss, row.pk)
    assert (look.state, look.points, look.judged) == ("forbidden", (), None)
    page = as_(cast.boss).get(f"/board/unusual/{row.pk}/").content.decode()
    assert "9,000" not in page
    assert "You may not see this figure any more" in page
    UnusualWatch.objects.update(judged_for=None)
    UnusualDay.objects.all().delete()
    assert unusual.look_for_unusual(now=SATURDAY) == 0


@pytest.mark.req("E9")
def test_a_watch_counts_what_it_is_narrowed_by(cast: SimpleNamespace) -> None:
    fridays(1000, 1000, region="North")
    fridays(1000, 9000, region="South")
    for region in ("North", "South"):
        unusual.watch_days(person=cast.boss, kpi=KEY, filters=Filters(region=region), now=NOW)
    unusual.watch_days(person=cast.boss, kpi=KEY, filters=Filters(region="South"), sensitivity="low", now=NOW)  # replaces, adds nothing
    assert UnusualWatch.objects.count() == 2
    assert unusual.look_for_unusual(now=SATURDAY) == 1
    assert UnusualDay.objects.get().watch.region == "South"
    unusual.unwatch_days(person=cast.boss, kpi=KEY, filters=Filters(region="South"))
    assert [one.region for one in reading.watches(cast.boss, KEY)] == ["North"]
    assert reading.look(cast.boss, UnusualDay.objects.get().pk).state == "ok"  # what was told can still be opened


def test_what_cannot_be_watched_is_refused_and_nothing_is_kept(cast: SimpleNamespace) -> None:
    for person, kpi in ((cast.ana, KEY), (cast.boss, "erp.invoiced")):
        with pytest.raises(NotPermitted):
            unusual.watch_days(person=person, kpi=kpi, now=NOW)
    with pytest.raises(NotFound):
        unusual.watch_days(person=cast.boss, kpi="no.such", now=NOW)
    with pytest.raises(NotFound):
        unusual.watch_days(person=cast.boss, kpi=KEY, filters=Filters(department=uuid.uuid4()), now=NOW)
    with pytest.raises(InvalidInput):
        unusual.watch_days(person=cast.boss, kpi=KEY, sensitivity="very", now=NOW)
    with pytest.raises(InvalidInput):  # figures of the OA know no region
        unusual.watch_days(person=cast.admin, kpi="oa.decisions", filters=Filters(region="North"), now=NOW)
    assert not UnusualWatch.objects.exists()


# --- lines, narrowed -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_a_line_is_judged_by_what_it_is_narrowed_by(cast: SimpleNamespace) -> None:
    orders(NOW.date(), 700, region="North", owner=cast.ana)
    orders(NOW.date(), 50, region="South", owner=cast.fin)
    add_up()
    sales = Filters(department=cast.ana.org_unit_id)
    for filters in (Filters(), Filters(region="North"), Filters(region="South"), sales, Filters(department=cast.fin.org_unit_id)):
        watching.watch(person=cast.boss, kpi=KEY, above=True, value=Decimal(600), filters=filters, now=NOW)
    watching.watch(person=cast.boss, kpi=KEY, above=True, value=Decimal(650), filters=sales, now=NOW)  # replaces
    assert Threshold.objects.count() == 5
    assert watching.look(now=NOW) == 3
    crossed = Threshold.objects.exclude(crossed_at=None).values_list("region", "department_id")
    assert set(crossed) == {("", None), ("North", None), ("", cast.ana.org_unit_id)}
    assert watching.look(now=NOW) == 0
    notices = Notification.objects.filter(person=cast.boss, kind="insight.crossed")
    assert sorted(one.params["region"] for one in notices) == ["", "", "North"]
    assert watching.unwatch(person=cast.boss, kpi=KEY, above=True, filters=Filters(region="North")) is True
    assert Threshold.objects.count() == 4


# --- pages and REST ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_pages_and_rest_set_and_end_both(cast: SimpleNamespace, as_: Any, travel: Any, clock: Any) -> None:
    travel(clock)
    fridays(1000, 9000, region="North")
    client, page = as_(cast.boss), f"/board/figures/{KEY}/"
    client.post(f"{page}unusual/?region=North", {"sensitivity": "high"})
    client.post(f"{page}alerts/?region=North", {"above": "1", "value": "5,000"})
    html = client.get(page).content.decode()
    assert "small ones too" in html
    assert html.count('<span class="xs muted blk">North</span>') == 2
    answer = client.get(f"/api/v1/kpis/{KEY}/unusual").json()
    assert answer == {"watches": [{"department": None, "product_line": "", "region": "North", "sensitivity": "high"}], "days": []}
    unusual.look_for_unusual(now=SATURDAY)
    (day,) = client.get(f"/api/v1/kpis/{KEY}/unusual").json()["days"]
    assert (day["day"], day["above"], day["state"], day["still"], day["middle"], day["points"][-1]) == (
        "2026-11-20", True, "ok", True, "1004.50", {"day": "2026-11-20", "value": "9000.00"})  # fmt: skip
    row = {"department": "", "product_line": "", "region": "North"}
    client.post(f"{page}unusual/", {**row, "sensitivity": ""})  # the row's own filter, whatever the page is filtered by
    client.post(f"{page}alerts/", {**row, "above": "1", "value": ""})
    assert not Threshold.objects.exists()
    assert reading.watches(cast.boss, KEY) == []
    put = client.put(f"/api/v1/kpis/{KEY}/unusual", json.dumps({"sensitivity": "low", "region": "North"}), content_type="application/json")
    assert put.json()["watches"][0]["sensitivity"] == "low"
    line = {"above": False, "value": "5.00", "region": "North"}
    lines = client.put(f"/api/v1/kpis/{KEY}/lines", json.dumps(line), content_type="application/json").json()
    assert [(one["region"], one["above"]) for one in lines] == [("North", False)]
    assert client.delete(f"/api/v1/kpis/{KEY}/lines?above=false").status_code == 204
    assert Threshold.objects.count() == 1  # that was the line of everything
    assert client.delete(f"/api/v1/kpis/{KEY}/lines?above=false&region=North").status_code == 204
    assert client.delete(f"/api/v1/kpis/{KEY}/unusual?region=North").status_code == 204
    assert (Threshold.objects.count(), UnusualWatch.objects.filter(active=True).count()) == (0, 0)
    assert as_(cast.ana).get(f"/api/v1/kpis/{KEY}/unusual").status_code == 403
