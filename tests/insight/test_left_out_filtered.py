"""What a figure does not count stands beside just the figures that it is missing in; and an order of two product lines is one order."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import selectors, services
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.integrations.models import Connection, QuarantineItem
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

PERIOD = periods.period("month", today=NOW.date())


def hold(ident: str, kind: str, raw: dict[str, Any], owner: Any = None, system: str = "erp") -> None:
    """A record whose last reading was not taken."""
    QuarantineItem.objects.create(connection=Connection.objects.get(key=system), stream=f"{kind}s", kind=kind, external_id=ident, raw=raw,
                                  owner_id=owner.pk if owner else None, created_at=NOW, updated_at=NOW)  # fmt: skip
    services.take_records(connection=system, kind=kind, external_ids=[ident], now=NOW)
    add_up()


def left_out(person: Any, key: str = "erp.orders_taken", **filters: Any) -> list[tuple[int, Decimal | None]]:
    found = selectors.reading(person, key, period=PERIOD, filters=Filters(**filters), now=NOW)
    return [(one.count, one.amount) for one in found.excluded]


@pytest.fixture
def lines(shopped: SimpleNamespace) -> SimpleNamespace:
    """A customer in Hangzhou orders pumps for 900 and spares for 100."""
    for sku, line in (("P-1", "pumps"), ("S-1", "spares")):
        shop.put("product", sku, key=sku, name=sku, product_line=line)
    shop.put("order", "two", key="TWO", customer_key="K100", state="confirmed", amount="1000", currency="CNY", ordered_on="2026-11-20",
             lines=[{"sku": sku, "quantity": 1, "unit_price": amount, "amount": amount} for sku, amount in (("P-1", 900), ("S-1", 100))])  # fmt: skip
    services.take_records(connection="erp", kind="order", external_ids=["two"], now=NOW)
    add_up()
    return shopped


@pytest.mark.req("E9")
def test_what_is_left_out_follows_the_filters(lines: SimpleNamespace) -> None:
    hold("two", "order", {"total_amount": "1000.00"}, lines.ana)
    sales, finance = lines.ana.org_unit_id, lines.fin.org_unit_id
    rows = [
        ({}, [(1, Decimal(1000))]), ({"region": "Hangzhou"}, [(1, Decimal(1000))]), ({"region": "Suzhou"}, []),
        ({"product_line": "pumps"}, [(1, Decimal(900))]), ({"product_line": "spares"}, [(1, Decimal(100))]), ({"product_line": "valves"}, []),
        ({"department": sales, "region": "Hangzhou"}, [(1, Decimal(1000))]), ({"department": finance}, []),
    ]  # fmt: skip
    assert [(filters, left_out(lines.admin, **filters)) for filters, _found in rows] == rows


@pytest.mark.req("E9")
def test_a_figure_is_not_complete_while_a_new_record_is_held(lines: SimpleNamespace) -> None:
    """What line and region it is of nobody knows yet: it may be missing in any. Whose it is, is known."""
    hold("new", "order", {"total_amount": "70.00"}, lines.ana)
    sales, finance = lines.ana.org_unit_id, lines.fin.org_unit_id
    for filters in ({}, {"region": "Suzhou"}, {"product_line": "valves"}, {"department": sales}, {"department": sales, "product_line": "pumps"}):
        assert left_out(lines.admin, **filters) == [(1, Decimal(70))], filters
    assert left_out(lines.admin, department=finance) == []
    hold("whose", "order", {"total_amount": "5.00"})  # whose it is, nobody knows either
    assert (left_out(lines.admin, department=finance), left_out(lines.admin, department=sales)) == ([(1, Decimal(5))], [(2, Decimal(75))])


@pytest.mark.req("E9", "U4")
def test_whose_record_is_held_sees_that_it_is_missing_and_nobody_else_of_small_reach(shopped: SimpleNamespace) -> None:
    from tests.insight.test_readings import grant

    grant(shopped.ana, ("own", {"*": "read"}), resource="erp.invoice")
    grant(shopped.eve, ("own", {"*": "read"}), resource="erp.invoice")
    hold("i-9", "invoice", {"amount_total": "30.00"}, shopped.ana)
    assert left_out(shopped.ana, "erp.invoiced")[-1] == (1, Decimal(30))  # after those of hers that have no date
    assert left_out(shopped.eve, "erp.invoiced") == []


@pytest.mark.req("E7", "E9")
def test_an_order_of_two_product_lines_is_one_order_under_each_of_them(lines: SimpleNamespace, as_: Any) -> None:
    """Its money is divided by line, to the cent; how many there are, and what one is worth, do not follow the filter, and the page says so."""
    def found(key: str, **filters: Any) -> tuple[Decimal | None, tuple[str, ...]]:
        one = selectors.reading(lines.admin, key, period=PERIOD, filters=Filters(**filters), now=NOW)
        return one.value, one.ignores

    assert found("erp.orders_taken", product_line="spares") == (Decimal(100), ())
    assert found("erp.orders_taken", product_line="pumps") == (Decimal(900), ())
    for key, value in (("erp.order_count", Decimal(5)), ("erp.order_value", Decimal("68960.00"))):
        assert found(key) == (value, ())
        assert found(key, product_line="spares") == (value, ("product_line",))
    page = as_(lines.admin).get("/board/b/sales/?product_line=spares").content.decode()
    assert "Value of an order" in page.split("product line", 1)[1]


@pytest.mark.req("E9")
def test_boards_divided_so_before_go_on_undivided(lines: SimpleNamespace) -> None:
    from importlib import import_module

    from django.apps import apps

    from apps.insight.models import Board, Threshold, UnusualWatch

    tile = {"key": "t1", "x": 0, "y": 0, "w": 6, "h": 3, "kpis": ["erp.order_count"], "look": "bars", "title": ""}
    tiles = [{**tile, "cut": {"by": "month", "split": "product_line", "top": 8, "sort": "value"}},
             {**tile, "key": "t2", "y": 3, "cut": {"by": "region", "split": "", "top": 8, "sort": "value"}},
             {**tile, "key": "t3", "y": 6, "kpis": ["erp.orders_taken"], "cut": {"by": "product_line", "split": "", "top": 8, "sort": "value"}}]  # fmt: skip
    board = Board.objects.create(name="Mine", owner_id=lines.boss.pk, tiles=tiles, created_at=NOW, updated_at=NOW)
    for line in ("", "pumps"):
        Threshold.objects.create(person_id=lines.boss.pk, kpi="erp.order_count", product_line=line, above=True, value=3, created_at=NOW)
        UnusualWatch.objects.create(person_id=lines.boss.pk, kpi="erp.order_value", product_line=line, created_at=NOW)
    import_module("apps.insight.migrations.0008_orders_are_of_no_line").undivided(apps, None)
    board.refresh_from_db()
    assert board.tiles == [tile, *tiles[1:]]
    assert list(Threshold.objects.values_list("product_line", flat=True)) == [""]
    assert sorted(UnusualWatch.objects.values_list("product_line", "active")) == [("", True), ("pumps", False)]
