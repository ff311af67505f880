"""Figures divided: nothing is missing, nothing shows through that is not for its reader."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.errors import InvalidInput
from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.models import Board, Fact
from apps.insight.payloads import Filters
from apps.insight.policies import cuts, periods
from apps.insight.policies.cuts import OTHERS, Cut
from apps.insight.policies.facts import Draft
from apps.insight.selectors.cuts import pivot
from apps.insight.services import boards
from tests.conftest import NOW
from tests.insight.conftest import add_up

MONTH = periods.period("month", today=NOW.date())
LINES, REGIONS = ("pumps", "valves", "motors", "spares", ""), ("Hangzhou", "Wuhan", "")


def read(person: Any, key: str, *words: str, top: int = 50, sort: str = "value", filters: Filters = Filters(), **more: Any) -> Any:
    return pivot(person, key, Cut(words[0], *words[1:], top=top, sort=sort), period=MONTH, filters=filters, now=NOW, **more)


def table(found: Any) -> dict[tuple[str, str], Any]:
    """(column, series) -> value."""
    return {(part.label, line.label): one.value for line, values in zip(found.series, found.values, strict=True)
            for part, one in zip(found.axis, values, strict=True)}  # fmt: skip


@pytest.fixture
def sold(cast: SimpleNamespace, travel: Any) -> SimpleNamespace:
    """Orders of two sellers: amounts by product line and region, on days of this month and the one before."""
    travel(NOW)
    days = [NOW.date() - dt.timedelta(days=back) for back in (0, 6, 8, 30)]
    for number in range(60):
        owner = (cast.ana, cast.boss)[number % 2]
        line, region, day = LINES[number % 5], REGIONS[number % 3], days[number % 4]
        draft = Draft("order", day, value=100 * (number + 1), owner=owner.pk, department=owner.org_unit_id, product_line=line, region=region)
        services.keep(subject=f"erp:order:{number}", drafts=[draft], now=NOW)
    add_up()
    return cast


COMBINATIONS = [(by, split) for by in cuts.DIMENSIONS for split in ("", *cuts.PLACES) if by != split]


@pytest.mark.req("E9")
def test_the_parts_of_every_division_add_up_to_the_figure(sold: SimpleNamespace) -> None:
    for kpi in ("erp.orders_taken", "erp.order_count"):
        whole = {filters: selectors.reading(sold.boss, kpi, period=MONTH, filters=filters, now=NOW) for filters in
                 (Filters(), Filters(region="Hangzhou"), Filters(department=sold.ana.org_unit_id))}  # fmt: skip
        for filters, reading in whole.items():
            for by, split in COMBINATIONS if kpi == "erp.orders_taken" else [one for one in COMBINATIONS if "product_line" not in one]:
                for top in (1, 2, 50):
                    found = read(sold.boss, kpi, by, split, top=top, filters=filters)
                    wanted = sum(point.value for point in reading.series if point.value) if by in cuts.TIMES else reading.value
                    assert sum(value or 0 for value in table(found).values()) == wanted, (kpi, filters, by, split, top)
                    assert by in cuts.TIMES or len(found.axis) <= top + 1


@pytest.mark.req("E9")
def test_two_things_at_once_the_largest_first_and_the_others_together(sold: SimpleNamespace) -> None:
    found = read(sold.boss, "erp.orders_taken", "product_line", "region")
    expected: dict[tuple[str, str], int] = {}
    for fact in Fact.objects.filter(day__gte=MONTH.start):
        place = (fact.product_line or "Not assigned", fact.region or "Not assigned")
        expected[place] = expected.get(place, 0) + fact.value // 100
    assert {place: value for place, value in table(found).items() if value is not None} == expected
    for place, parts in ((0, found.axis), (1, found.series)):  # the largest first
        sums = [sum(value for where, value in expected.items() if where[place] == part.label) for part in parts]
        assert sums == sorted(sums, reverse=True)
    few = read(sold.boss, "erp.orders_taken", "product_line", top=2)
    assert [(part.key, part.label) for part in few.axis][2:] == [(OTHERS, "Others (3)")]
    assert read(sold.boss, "erp.orders_taken", "product_line", sort="name").axis[0].label == "Not assigned"
    assert [part.label for part in read(sold.boss, "erp.orders_taken", "person").axis] == ["Chen An", "Lin Wei"]
    # a mean of the others is theirs together, not a sum of means
    mean = read(sold.boss, "erp.order_value", "region", top=1)
    rest = [fact.value for fact in Fact.objects.filter(day__gte=MONTH.start) if (fact.region or "") != mean.axis[0].key]
    assert mean.values[0][1].value == round(Decimal(sum(rest)) / 100 / len(rest), 2)


@pytest.mark.req("E9")
def test_weeks_and_months_stand_along_the_axis_and_the_running_one_is_said(sold: SimpleNamespace) -> None:
    weeks = read(sold.boss, "erp.orders_taken", "week", "region")
    assert (len(weeks.axis), weeks.axis[-1].label, weeks.axis[-1].key, weeks.running) == (13, "W48, 23 Nov", "2026-11-23", (12,))
    assert cuts.arranged(Cut("region", "week")) == Cut("week", "region")
    months = read(sold.boss, "erp.orders_taken", "month")
    reading = selectors.reading(sold.boss, "erp.orders_taken", period=MONTH, filters=Filters(), now=NOW)
    assert [one.value for one in months.values[0]] == [point.value for point in reading.series]
    assert months.running == (12,)
    days = read(sold.boss, "erp.orders_taken", "day", "region")
    assert (len(days.axis), days.axis[0].key, days.axis[-1].key, days.axis[-1].label, days.running) == (31, "2026-10-24", "2026-11-23", "Mon 23 Nov", (30,))
    first = NOW.date() - dt.timedelta(days=30)
    assert sum(one.value or 0 for line in days.values for one in line) == sum(fact.value for fact in Fact.objects.filter(day__gte=first)) // 100
    over = pivot(sold.boss, "erp.orders_taken", Cut("day"), period=periods.period("month", today=NOW.date(), start=dt.date(2026, 10, 1)),
                 filters=Filters(), now=NOW)
    assert (over.axis[0].key, over.axis[-1].key, over.running) == ("2026-10-01", "2026-10-31", ())


@pytest.mark.req("E9")
@pytest.mark.parametrize("by", ["week", "day", "month"])
def test_the_largest_of_weeks_and_days_are_drawn_and_the_small_ones_put_together(cast: SimpleNamespace, by: str) -> None:
    """October is whole in the weeks and the days: what was sold then counts as much as what is sold now."""
    for number, region in enumerate("ABCDEFGH"):
        old = number >= 5  # F, G and H are the largest, and all theirs is of October
        day = dt.date(2026, 10, 28) if old else dt.date(2026, 11, 20)
        draft = Draft("order", day, value=100 * (1000 + number if old else 10 + number), owner=cast.ana.pk, region=region)
        services.keep(subject=f"erp:order:{number}", drafts=[draft], now=NOW)
    add_up()
    found = read(cast.boss, "erp.orders_taken", by, "region")
    assert [part.label for part in found.series] == ["H", "G", "F", "E", "D", "Others (3)"]
    assert [sum(one.value or 0 for one in line) for line in found.values] == [1007, 1006, 1005, 14, 13, 12 + 11 + 10]


@pytest.mark.req("E9", "U4")
def test_a_division_reaches_as_far_as_its_reader_and_as_it_was_then(sold: SimpleNamespace) -> None:
    assert read(sold.ana, "erp.invoiced", "region") is None  # not for her
    later = NOW + dt.timedelta(days=1)
    before = read(sold.boss, "erp.orders_taken", "product_line", "region")
    services.keep(subject="erp:order:0", drafts=[], now=later)
    add_up()
    assert table(read(sold.boss, "erp.orders_taken", "product_line", "region")) != table(before)
    assert table(read(sold.boss, "erp.orders_taken", "product_line", "region", as_shown=NOW)) == table(before)


@pytest.mark.req("U4")
def test_small_groups_of_people_are_held_back_and_cannot_be_worked_out(cast: SimpleNamespace, settings: Any) -> None:
    settings.INSIGHT_SMALLEST_GROUP = 2
    placed = [(cast.ana, cast.ana), (cast.boss, cast.ana), (cast.fin, cast.fin), (cast.eve, cast.eve), (cast.admin, cast.eve), (cast.guest, cast.eve)]
    for index, (person, unit) in enumerate((one, other.org_unit_id) for one, other in placed):
        services.keep(subject=f"oa:case:{index}", now=NOW,
                      drafts=[Draft("task.decided", NOW.date(), part="x", value=200, bucket=201, owner=person.pk, department=unit)])  # fmt: skip
    add_up()
    found = read(cast.admin, "oa.approval_time", "department")
    by_unit = {part.key: one for part, one in zip(found.axis, found.values[0], strict=True)}
    assert {key for key, one in by_unit.items() if one.suppressed} == {str(cast.fin.org_unit_id), str(cast.ana.org_unit_id)}
    assert [one.value for one in by_unit.values() if not one.suppressed] == [2]
    assert all(one.value is None and one.rows == 0 for one in by_unit.values() if one.suppressed)


RULES = [
    ("all of an order", "erp.orders_taken", Cut("department", "person"), "bars", []),
    ("what it does not know", "erp.stock_short", Cut("department"), "bars", ["by"]),
    ("orders by what one of them is of several", "erp.order_count", Cut("product_line"), "bars", ["by"]),
    ("worth of an order, the same", "erp.order_value", Cut("month", "product_line"), "bars", ["split"]),
    ("a word that is none", "erp.orders_taken", Cut("customer"), "bars", ["by"]),
    ("twice the same", "erp.orders_taken", Cut("region", "region"), "bars", ["split"]),
    ("time below", "erp.orders_taken", Cut("month", "week"), "bars", ["split"]),
    ("people by person", "oa.approval_time", Cut("person"), "bars", ["by"]),
    ("how people decide by person", "oa.decisions", Cut("person"), "bars", ["by"]),
    ("people by two", "oa.approval_time", Cut("month", "department"), "bars", ["split"]),
    ("too many", "erp.orders_taken", Cut("region", top=51), "bars", ["top"]),
    ("none", "erp.orders_taken", Cut("region", top=0), "bars", ["top"]),
    ("no order", "erp.orders_taken", Cut("region", sort="size"), "bars", ["sort"]),
    ("a line over words", "erp.orders_taken", Cut("region"), "line", ["look"]),
    ("shares stacked", "erp.shipped_on_time", Cut("month", "region"), "stacked", ["look"]),
    ("lying bars of two", "erp.orders_taken", Cut("region", "person"), "parts", ["look"]),
]


@pytest.mark.parametrize(("_case", "key", "cut", "look", "found"), RULES, ids=[row[0] for row in RULES])
def test_what_can_be_divided_by_what(_case: str, key: str, cut: Cut, look: str, found: list[str]) -> None:
    assert cuts.problems(KPIS[key], cut, look) == found


@pytest.mark.parametrize(("people", "hidden"), [
    ({}, set()), ({"a": "12345", "b": "1234"}, set()),
    ({"a": "1", "b": "2345", "c": "123456789"}, {"a", "b"}), ({"a": "1", "b": "23", "c": "123456789"}, {"a", "b"}), ({"a": "", "b": "1234"}, set()),
    ({"a": "1"}, {"a"}), ({"a": "1", "b": "2", "c": "3456789"}, {"a", "b", "c"}), ({"a": "1", "b": "1", "c": "345", "d": "6789"}, {"a", "b", "c"}),
    ({"a": "12", "b": "13", "c": "4567"}, {"a", "b"}),
])  # fmt: skip
def test_who_is_hidden(people: dict[str, str], hidden: set[str]) -> None:
    """Part -> its people, a letter each: with one part alone another is hidden, and so on until three people stand behind those that are."""
    assert cuts.hidden(people, people, 3) == hidden


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 99), max_size=12), st.integers(1, 9), st.sampled_from(cuts.SORTS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_part_is_shown_or_among_the_others_and_none_of_those_is_larger(worth: dict[str, int], top: int, sort: str) -> None:
    first, rest = cuts.leading(worth, {part: part for part in worth}, top=top, sort=sort)
    assert sorted([*first, *rest]) == sorted(worth)
    assert len(rest) != 1
    assert not rest or max(worth[part] for part in rest) <= min(worth[part] for part in first)
    assert sort != "name" or first == sorted(first)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)))
def test_days_follow_each_other(end: dt.date) -> None:
    found = cuts.days(end)
    assert len(found) == 31 and found[-1][1] == end and all(one[1] == other[0] for one, other in pairwise(found))


@given(st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)))
def test_weeks_follow_each_other_to_the_day(end: dt.date) -> None:
    found = cuts.weeks(end)
    assert len(found) == 13 and found[-1][1] == end and all(start.weekday() == 0 for start, _end in found)
    assert all(one[1] == other[0] for one, other in pairwise(found))


@pytest.mark.req("E9")
def test_a_divided_chart_is_clicked_together_saved_and_led_further(sold: SimpleNamespace, as_: Any) -> None:
    client = as_(sold.boss)
    page = client.get("/board/new/?kpi=erp.orders_taken&by=product_line&split=region&top=5&look=stacked").content.decode()
    assert "Orders taken by product line and region" in page
    assert "/board/figures/erp.orders_taken/?period=month&amp;start=2026-11-01&amp;product_line=pumps" in page
    chart = json.loads(page.split('data-chart="')[1].split('"')[0].replace("&quot;", '"'))
    assert (chart["stacked"], chart["kind"], len(chart["series"])) == (True, "bars", 3)
    refused = client.get("/board/new/?kpi=erp.stock_short&by=department").content.decode()
    assert "It is drawn without it." in refused
    assert "choose one" in client.get("/board/new/?kpi=erp.orders_taken&kpi=erp.invoiced&kpi=crm.won&by=region").content.decode()
    given = {"name": "Mine", "kpi": "erp.orders_taken", "look": "stacked", "by": "week", "split": "region", "top": "5", "sort": "name", "title": ""}
    client.post("/board/add/", given)
    board = Board.objects.get()
    assert board.tiles[0]["cut"] == {"by": "week", "split": "region", "top": 5, "sort": "name"}
    shown = client.get(f"/board/b/{board.pk}/").content.decode()
    assert "Orders taken by week and region" in shown and "period=custom&amp;start=2026-11-23&amp;end=2026-11-29" in shown
    client.post("/board/add/", {**given, "board": str(board.pk), "by": "customer"})
    assert len(Board.objects.get().tiles) == 1  # refused
    assert client.post(f"/board/b/{board.pk}/export/", {"as": "xlsx"}).status_code == 200


@pytest.mark.req("E9")
def test_a_division_by_rest(sold: SimpleNamespace, as_: Any) -> None:
    client = as_(sold.boss)
    found = client.get("/api/v1/kpis/erp.orders_taken/cut?by=region&top=1&split=person").json()
    assert (found["state"], [one["label"] for one in found["axis"]], [one["label"] for one in found["series"]]) == (
        "ok", ["Hangzhou", "Others (2)"], ["Chen An", "Lin Wei"])
    assert found["offered"] == ["month", "week", "day", "department", "product_line", "region", "person"]
    refused = client.get("/api/v1/kpis/erp.invoiced/cut?by=region").json()
    assert (refused["state"], refused["axis"]) == ("forbidden", []) and "Guo Peng" in refused["ask"]
    for query, status in (("by=customer", 422), ("", 422), ("by=region&top=99", 422)):
        assert client.get(f"/api/v1/kpis/erp.orders_taken/cut?{query}").status_code == status, query
    assert client.get("/api/v1/kpis/no.such/cut?by=region").status_code == 404
    assert as_(sold.ana).get("/api/v1/kpis/erp.orders_taken/cut?by=region").status_code == 403
    tile = {"key": "t1", "x": 0, "y": 0, "w": 6, "h": 3, "kpis": ["erp.orders_taken"], "look": "bars", "title": "", "cut": {"by": "region"}}
    made = client.post("/api/v1/boards", {"name": "Cut", "tiles": [tile]}, content_type="application/json")
    assert (made.status_code, made.json()["tiles"][0]["cut"]) == (201, {"by": "region", "split": "", "top": 8, "sort": "value"})
    bad = client.post("/api/v1/boards", {"name": "Bad", "tiles": [{**tile, "kpis": ["erp.orders_taken", "crm.won"]}]}, content_type="application/json")
    assert bad.status_code == 422 and Board.objects.count() == 1
    with pytest.raises(InvalidInput):
        boards.make_board(person=sold.boss, name="Bad", items=[{**tile, "cut": {"by": "region", "top": "x"}}], now=NOW)
