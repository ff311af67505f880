"""Rules of boards without a database: tiles, arrangement, words, mails that are due, lines that are crossed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from apps.core.grid import Cell
from apps.core.kpis import KPIS
from apps.insight.payloads import Gauge, Period, Point, Reading
from apps.insight.policies import boards, figures, mailing
from apps.insight.selectors.boards import tile_view

pytestmark = pytest.mark.one_database
ITEM = {"key": "t1", "x": 0, "y": 0, "w": 3, "h": 1, "kpis": ["erp.orders_taken"], "look": "figure", "title": ""}


def reading(**changes: Any) -> Reading:
    base = {"key": "erp.orders_taken", "version": 1, "title": "Orders taken", "group": "erp.finance", "system": "erp", "formula": "f", "owner": "o",
            "unit": "money", "direction": "up", "state": "ok"}  # fmt: skip
    return Reading(**{**base, **changes})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"look": "pie"}, ["look"]),
        ({"kpis": []}, ["kpi"]),
        ({"kpis": ["no.such"]}, ["kpi"]),
        ({"kpis": "erp.orders_taken"}, ["kpi"]),
        ({"kpis": ["erp.orders_taken"] * 5}, ["kpi"]),
        ({"title": "x" * 81}, ["title"]),
        ({"title": 7}, ["title"]),
        ({"w": 13}, ["outside"]),
        ({"x": "0"}, ["number"]),
    ],
)
def test_what_is_no_board_is_named(change: dict[str, Any], found: list[str]) -> None:
    assert boards.problems([{**ITEM, **change}], KPIS) == found


@pytest.mark.req("E6", "E7", "E8")
@pytest.mark.parametrize("one", boards.STANDARD, ids=lambda one: one.code)
def test_every_figure_of_a_standard_board_exists_and_nothing_overlaps(one: boards.Standard) -> None:
    named = {*one.figures, *(key for _look, keys in one.charts for key in keys)}
    assert named <= set(KPIS)
    tiles = one.tiles(KPIS)
    assert len(tiles) == len(one.figures) + len(one.charts)
    assert not [(a.key, b.key) for a in tiles for b in tiles if a.key < b.key and a.cell.covers(b.cell)]
    assert boards.problems(boards.as_items(tiles), KPIS) == []


@pytest.mark.req("E6", "E7", "E8")
def test_the_company_board_holds_all_three_systems() -> None:
    groups = {KPIS[key].group.partition(".")[0] for key in boards.STANDARD[0].figures}
    assert groups == {"erp", "crm", "oa"}


@pytest.mark.parametrize(
    ("roles", "code"),
    [(("sales_manager", "employee"), "sales"), (("finance",), "finance"), (("warehouse",), "operations"), (("x",), "company"), ((), "company")],
)
def test_whose_first_board_is_which(roles: tuple[str, ...], code: str) -> None:
    assert boards.first_of(roles).code == code


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 20), st.integers(1, 12), st.integers(1, 8)), max_size=12), st.sets(st.integers(0, 11)))
def test_a_tile_without_a_place_is_gone_and_the_others_never_overlap(places: list[tuple[int, int, int, int]], gone: set[int]) -> None:
    cells = [Cell(f"t{n}", min(x, 12 - w), y, w, h) for n, (x, y, w, h) in enumerate(places)]
    tiles = [boards.Tile(cell.key, ("erp.orders_taken",), "figure", "", cell) for cell in cells]
    kept = [cell for n, cell in enumerate(cells) if n not in gone]
    found = boards.rearranged(tiles, kept)
    assert {tile.key for tile in found} == {cell.key for cell in kept}
    assert not [1 for a in found for b in found if a.key < b.key and a.cell.covers(b.cell)]
    assert boards.tiles_of(boards.as_items(found)) == found


@pytest.mark.parametrize(
    ("value", "unit", "english", "chinese"),
    [
        ("4820000", "money", "¥4.82 M", "¥482万"),
        ("612345", "money", "¥612 k", "¥61.2万"),
        ("93.4", "percent", "93.4%", "93.4%"),
        ("41", "days", "41 days", "41 天"),
        ("1", "hours", "1 hour", "1 小时"),
        ("23", "count", "23", "23"),
        (None, "money", "–", "–"),
        ("-5", "count", "−5", "−5"),
    ],
)
def test_a_figure_is_written_with_its_unit(value: str | None, unit: str, english: str, chinese: str) -> None:
    number = None if value is None else Decimal(value)
    assert figures.written(number, unit) == english
    with translation.override("zh-hans"):
        assert figures.written(number, unit) == chinese


@pytest.mark.parametrize(
    ("unit", "direction", "value", "former", "words", "tone"),
    [
        ("money", "up", "108.1", "100", "+8.1%", "up"),
        ("money", "down", "108", "100", "+8%", "down"),
        ("percent", "up", "93.4", "94.6", "−1.2 pt", "down"),
        ("days", "down", "4", "6", "−33.3%", "up"),
        ("money", "none", "1", "2", "−50%", "flat"),
        ("count", "up", "2", "2", "±0%", "flat"),
        ("count", "up", "2", "0", "", "flat"),
    ],
)
def test_the_change_is_said_by_the_direction_that_is_better(unit: str, direction: str, value: str, former: str, words: str, tone: str) -> None:
    one = reading(unit=unit, direction=direction, value=Decimal(value), former=Decimal(former))
    assert (figures.change_words(one), figures.change_tone(one)) == (words, tone)


@pytest.mark.parametrize(
    ("kind", "start", "end", "english", "chinese"),
    [
        ("month", (2026, 11, 1), (2026, 12, 1), "Nov 2026", "2026年11月"),
        ("quarter", (2026, 10, 1), (2027, 1, 1), "Q4 2026", "2026年第4季度"),
        ("year", (2026, 1, 1), (2027, 1, 1), "2026", "2026年"),
        ("custom", (2026, 11, 1), (2026, 11, 13), "1 Nov 2026 to 12 Nov 2026", "2026年11月1日至2026年11月12日"),
    ],
)
def test_a_period_has_a_name(kind: Any, start: tuple[int, int, int], end: tuple[int, int, int], english: str, chinese: str) -> None:
    period = Period(kind, dt.date(*start), dt.date(*end))
    assert figures.period_words(period) == english
    with translation.override("zh-hans"):
        assert figures.period_words(period) == chinese


def test_the_finding_of_a_chart_is_one_sentence_and_the_spark_fits_its_box() -> None:
    series = tuple(Point(dt.date(2026, month, 1), f"2026-{month:02}", Decimal(value), month != 11) for month, value in ((9, 100), (10, 300), (11, 200)))
    one = reading(series=series, target=Decimal(400), value=Decimal(200))
    assert figures.finding_of_months(one) == "Orders taken by month: ¥200 in Nov 2026; the highest of 3 months is ¥300 in Oct 2026."
    assert figures.spark(series, Decimal(400)) == {"points": "0.0,28.0 50.0,10.7 100.0,19.3", "target": "2.0"}
    chart = figures.chart_of_months([one], "bars")
    assert [(line["role"], line["values"]) for line in chart["series"]] == [("main", [100.0, 300.0, 200.0]), ("target", [400.0, 400.0, 400.0])]
    assert chart["running"] == [2]


MONDAY = dt.datetime(2026, 11, 23, 9, 0)


@pytest.mark.parametrize(
    ("rhythm", "at", "made", "sent", "due"),
    [
        ("daily", MONDAY, dt.date(2026, 11, 20), None, True),
        ("daily", MONDAY.replace(hour=6), dt.date(2026, 11, 20), None, False),
        ("daily", MONDAY, dt.date(2026, 11, 23), None, False),
        ("daily", MONDAY, dt.date(2026, 11, 20), dt.date(2026, 11, 23), False),
        ("weekly", MONDAY, dt.date(2026, 11, 20), dt.date(2026, 11, 16), True),
        ("weekly", MONDAY + dt.timedelta(days=3), dt.date(2026, 11, 20), None, True),
        ("weekly", MONDAY + dt.timedelta(days=3), dt.date(2026, 11, 24), None, False),
        ("monthly", MONDAY, dt.date(2026, 10, 5), None, True),
        ("monthly", MONDAY, dt.date(2026, 10, 5), dt.date(2026, 11, 1), False),
        ("monthly", dt.datetime(2026, 12, 1, 6), dt.date(2026, 10, 5), dt.date(2026, 11, 1), False),
    ],
)
def test_a_mail_is_due_once_a_slot(rhythm: str, at: dt.datetime, made: dt.date, sent: dt.date | None, due: bool) -> None:
    assert mailing.is_due(rhythm, at, made_on=made, sent_for=sent) is due


@pytest.mark.parametrize(
    ("value", "above", "beyond"), [("11", True, True), ("10", True, False), ("9", False, True), ("10", False, False), (None, True, False), (None, False, False)]
)
def test_a_line_is_crossed_only_when_passed(value: str | None, above: bool, beyond: bool) -> None:
    assert mailing.crossed(None if value is None else Decimal(value), Decimal(10), above=above) is beyond


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [
        ("1", "seconds", ("1", "second")), ("1.91", "seconds", ("1.91", "seconds")), ("60", "hours", ("60", "hours")), ("1", "hours", ("1", "hour")),
        ("0.5", "days", ("0.5", "days")), ("90", "seconds", ("90", "seconds")), ("150", "seconds", ("2.5", "minutes")), ("9000", "seconds", ("2.5", "hours")),
    ],
)  # fmt: skip
def test_one_alone_is_singular(value: str, unit: str, written: tuple[str, str]) -> None:
    assert figures.parts(Decimal(value), unit) == written


@pytest.mark.req("E6")
@pytest.mark.parametrize(("language", "title"), [("en", "Products short by product line"), ("zh-hans", "缺货产品（按产品线）")])
def test_a_chart_of_nothing_still_says_what_it_divides_by(language: str, title: str) -> None:
    with translation.override(language):
        name = "Products short" if language == "en" else "缺货产品"
        tile = boards.Tile("t1", ("erp.stock_short",), "parts", "", Cell("t1", 0, 0, 6, 3))
        view = tile_view(tile, [reading(key="erp.stock_short", title=name, state="empty")])
        assert (view.title, view.chart) == (title, {})


def gauge(**changes: Any) -> Gauge:
    base = {"key": "order_hours", "title": "t", "formula": "f", "unit": "hours", "statistic": "median", "better": "down", "in_points": False, "target": -30,
            "verdict": "proven"}  # fmt: skip
    return Gauge(**{**base, **changes})


@pytest.mark.req("E13")
@pytest.mark.parametrize(
    ("better", "change", "low", "high", "x", "width", "worse", "better_end", "dot"),
    [
        ("down", -34.0, -41.0, -10.0, "30.0", "31.0", "", "", "54.0"),
        ("down", -76.0, -94.0, -45.0, "65.0", "32.5", "", "1", "96.0"),
        ("down", 30.0, 15.0, 60.0, "2.5", "2.5", "1", "", ""),
        ("down", -64.0, -84.0, 24.0, "2.5", "95.0", "1", "1", "84.0"),
        ("up", 350.0, -100.0, 800.0, "2.5", "95.0", "1", "1", ""),
        ("up", 150.0, 120.0, 190.0, "97.5", "1.0", "", "1", ""),
    ],
)
def test_a_bar_that_goes_on_says_so(better: str, change: float, low: float, high: float, x: str, width: str, worse: str, better_end: str, dot: str) -> None:
    bar = figures.bar_of(gauge(better=better, change=change, low=low, high=high))
    assert (bar["x"], bar["width"], bar["worse"], bar["better"], bar["dot"], bar["zero"]) == (x, width, worse, better_end, dot, "20.0")
    assert ("beyond the worse end" in bar["words"], "beyond the better end" in bar["words"]) == (bool(worse), bool(better_end))


@pytest.mark.req("E13")
def test_a_bar_is_said_as_it_is_drawn_and_none_without_an_interval() -> None:
    assert figures.bar_of(gauge(change=-34.0)) == {}
    assert figures.bar_of(gauge(change=-34.0, low=-41.0, high=-10.0))["words"] == "Change and its interval: −34% (−41% … −10%); goal −30%"


@pytest.mark.req("E13")
def test_points_and_counts_are_said_in_chinese() -> None:
    with translation.override("zh-hans"):
        assert (figures.shift(12.0, True), figures.change_words(reading(unit="percent", value=Decimal("93.4"), former=Decimal("94.6")))) == (
            "+12个百分点", "−1.2个百分点")  # fmt: skip
        assert "共 8 项" in figures.proof_words(gauge(before=Decimal(9), before_count=8))
