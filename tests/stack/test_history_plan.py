"""The two years before today that the real ERP and CRM are given: believable, the same for the same day, and nothing that today's stock would feel."""

from __future__ import annotations

import datetime as dt
import runpy
from collections import Counter
from typing import Any

import pytest

from stack.layout import HERE

PLAN = runpy.run_path(str(HERE / "history_plan.py"))
TODAY = dt.date(2026, 11, 30)
ORDERS: list[dict[str, Any]] = PLAN["orders"](TODAY)
SUPPLIES: list[dict[str, Any]] = PLAN["supplies"](TODAY, ORDERS)
BASE = PLAN["BASE"]


def value(order: dict[str, Any]) -> float:
    prices = {item["sku"]: float(item["price"]) for item in BASE["ITEMS"]}
    return sum(prices[sku] * quantity * (100 - off) / 100 for sku, quantity, off in order["lines"])


def test_the_same_day_has_the_same_history() -> None:
    assert PLAN["orders"](TODAY) == ORDERS
    assert len(ORDERS) == 2533


@pytest.mark.parametrize("today", [dt.date(2026, 1, 1), dt.date(2026, 3, 31), dt.date(2028, 2, 29)], ids=str)
def test_every_day_can_be_the_last_one(today: dt.date) -> None:
    orders = PLAN["orders"](today)
    assert len(orders) > 2300
    assert today - dt.timedelta(days=730) <= orders[0]["ordered"]
    assert max(order["ordered"] for order in orders) < today
    late, paid = [o["left"] for o in orders if o["left"]], [o["paid"] for o in orders if o["paid"]]
    assert max(late) < today
    assert max(paid) < today


def test_four_regions_and_three_product_lines_sell() -> None:
    assert set(Counter(order["customer"]["region"] for order in ORDERS)) == set(BASE["REGIONS"])
    assert {BASE["product_line"](sku) for order in ORDERS for sku, _, _ in order["lines"]} == set(BASE["PRODUCT_LINES"])


def test_the_second_year_sells_more_and_the_bad_quarter_less() -> None:
    middle = TODAY - dt.timedelta(days=365)
    first, second = (sum(value(o) for o in ORDERS if (o["ordered"] < middle) == early) for early in (True, False))
    assert second > first
    begin, end = PLAN["bad_quarter"](TODAY)
    assert (begin, end) == (dt.date(2026, 1, 1), dt.date(2026, 4, 1))
    a_year_before = begin.replace(year=begin.year - 1), end.replace(year=end.year - 1)
    bad, before = (sum(lo <= o["ordered"] < hi for o in ORDERS) for lo, hi in ((begin, end), a_year_before))
    assert bad < 0.8 * before


def test_deliveries_are_late_as_they_are_in_life_and_in_the_bad_quarter_more() -> None:
    begin, end = PLAN["bad_quarter"](TODAY)
    late = Counter((begin <= o["ordered"] < end, o["left"] > o["planned"]) for o in ORDERS if o["left"])
    share = {bad: late[bad, True] / (late[bad, True] + late[bad, False]) for bad in (True, False)}
    assert 0.05 < share[False] < 0.16
    assert share[True] > 2 * share[False]


def test_each_customer_may_owe_so_much() -> None:
    limits = [one["limit"] for one in PLAN["customers"](TODAY)]
    assert all(limit % 50_000 == 0 and 100_000 <= limit <= 1_300_000 for limit in limits)
    assert len(set(limits)) > 5


def test_some_invoices_are_open_some_overdue_some_goods_came_back() -> None:
    open_ = [o for o in ORDERS if o["left"] and not o["paid"]]
    assert 100 < len(open_) < 400
    assert 20 < len([o for o in open_ if o["due"] < TODAY]) < 100
    assert 20 < len([o for o in ORDERS if o["returned"]]) < 90


def test_what_is_sold_is_made_or_bought_to_the_last_piece() -> None:
    sold, got = Counter[str](), Counter[str]()
    for order in ORDERS:
        for sku, quantity, _ in order["lines"]:
            if not sku.startswith("S-"):
                sold[sku] += quantity
    for row in SUPPLIES:
        got[row["sku"]] += row["quantity"]
        assert (row["source"] == "made") == (BASE["product_line"](row["sku"]) == "Pumps")
    assert got == sold


def test_one_supplier_slips_its_dates() -> None:
    slipped = Counter((row["source"], row["done"] > row["planned"]) for row in SUPPLIES)
    share = {name: slipped[name, True] / (slipped[name, True] + slipped[name, False]) for name, _ in slipped}
    assert share[PLAN["SLIPPING"]] > 0.4
    assert max((rate, name) for name, rate in share.items())[1] == PLAN["SLIPPING"]


def test_a_won_deal_is_an_order_and_a_request_is_answered_after_it_was_made() -> None:
    deals, numbers = PLAN["deals"](TODAY, ORDERS), {order["number"]: order for order in ORDERS}
    won = [deal for deal in deals if deal["stage"] == "CLOSED_WON"]
    assert len({deal["id"] for deal in deals}) == len(deals)
    assert all(numbers[deal["order_no"]]["deal"] == deal["id"] and deal["begun"] < deal["closed"] for deal in won)
    assert 0.55 < len(won) / len(deals) < 0.7
    cases = PLAN["cases"](TODAY)
    assert len(cases) > 180
    assert all(case["made"] < case["answered"] for case in cases if case["answered"])
    assert {case["closed"] is None for case in cases} == {True, False}
