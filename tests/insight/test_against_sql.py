"""Every indicator of records, computed once more by SQL that knows nothing of facts: over the canonical records as they were read."""
# ruff: noqa: E501 - a statement is one line

from __future__ import annotations

import datetime as dt
import random
import statistics
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import rights
from apps.insight.selectors.rights import Reach
from apps.records.models import Record
from tests.conftest import NOW
from tests.insight.conftest import add_up

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="the recomputation is written in SQLite's JSON functions")

FIRST, END, LAST = "2026-11-01", "2026-11-24", "2026-11-23"
IN = f"BETWEEN '{FIRST}' AND '{LAST}'"


def j(path: str) -> str:
    return f"json_extract(data, '$.{path}')"


def local(path: str) -> str:
    """The company's day of a moment."""
    return f"date({j(path)}, '+8 hours')"


def of(kind: str, what: str, where: str = "1=1") -> str:
    return f"SELECT {what} FROM records_record WHERE kind = '{kind}' AND deleted_at IS NULL AND {where}"


MONEY = f"SUM(CAST({j('amount')} AS REAL))"
ORDERS = f"{j('state')} NOT IN ('draft', 'cancelled') AND {j('ordered_on')} {IN}"
LEFT = f"{j('state')} IN ('shipped', 'done') AND {local('shipped_at')} {IN}"
CLOSED = f"coalesce({local('stage_changed_at')}, {j('closed_on')})"  # these deals do not say when they were made
WON = f"{j('stage_kind')} = 'won' AND {CLOSED} {IN}"
ENDED = f"{j('stage_kind')} IN ('won', 'lost') AND {CLOSED} {IN}"
FOLLOWED = "EXISTS (SELECT 1 FROM records_record f WHERE f.kind = 'follow_up' AND json_extract(f.data, '$.deal_id') = records_record.external_id)"
LIVE = f"{j('state')} != 'cancelled'"


def share(kind: str, condition: str, where: str) -> str:
    return of(kind, f"round(100.0 * SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) / COUNT(*), 1)", where)

PAID = of("payment", MONEY, f"{j('paid_on')} {IN}")
INVOICED = of("invoice", MONEY, f"{j('state')} IN ('posted', 'paid') AND {j('invoiced_on')} {IN}")

SQL = {
    "erp.orders_taken": of("order", MONEY, ORDERS),
    "erp.order_count": of("order", "COUNT(*)", ORDERS),
    "erp.order_value": of("order", f"{MONEY} / COUNT(*)", ORDERS),
    "erp.backlog": of("order", MONEY, f"{j('state')} IN ('confirmed', 'processing') AND {j('ordered_on')} <= '{LAST}'"),
    "erp.invoiced": INVOICED,
    "erp.receivables": of("receivable", f"SUM(CAST({j('balance')} AS REAL))"),
    "erp.overdue": of("receivable", f"SUM(CAST({j('overdue')} AS REAL))"),
    "erp.overdue_share": of("receivable", f"round(100 * SUM(CAST({j('overdue')} AS REAL)) / SUM(CAST({j('balance')} AS REAL)), 1)"),
    "erp.payments": PAID,
    "erp.collection": f"SELECT round(100.0 * ({PAID}) / ({INVOICED}), 1)",
    "erp.shipped": of("shipment", "COUNT(*)", LEFT),
    "erp.shipped_on_time": share("shipment", f"{local('shipped_at')} <= {j('planned_on')}", LEFT),
    "erp.shipping_late": of("shipment", "COUNT(*)", f"{LIVE} AND {j('state')} NOT IN ('shipped', 'done') AND {j('planned_on')} {IN}"),
    "erp.stock_short": of("stock", "COUNT(*)", f"CAST({j('available')} AS REAL) < CAST({j('order_point')} AS REAL)"),
    "erp.stock_out": of("stock", "COUNT(*)", f"CAST({j('available')} AS REAL) <= 0"),
    "erp.stock_short_share": share("stock", f"CAST({j('available')} AS REAL) < CAST({j('order_point')} AS REAL)", "1=1"),
    "erp.stock_worth": "SELECT SUM(CAST(json_extract(s.data, '$.on_hand') AS REAL) * CAST(json_extract(p.data, '$.list_price') AS REAL)) FROM records_record s JOIN records_record p ON p.kind = 'product' AND p.key = s.key WHERE s.kind = 'stock'",
    "erp.production_progress": share("production", f"{j('done_on')} IS NOT NULL", f"{LIVE} AND {j('planned_on')} {IN}"),
    "erp.production_late": of("production", "COUNT(*)", f"{LIVE} AND {j('done_on')} IS NULL AND {j('planned_on')} {IN}"),
    "erp.production_on_time": share("production", f"{j('done_on')} <= {j('planned_on')}", f"{LIVE} AND {j('done_on')} {IN}"),
    "erp.production_output": of("production", f"SUM(CAST({j('quantity')} AS REAL))", f"{LIVE} AND {j('done_on')} {IN}"),
    "erp.supply_on_time": share("purchase_order", f"{j('received_on')} <= {j('planned_on')}", f"{LIVE} AND {j('received_on')} {IN}"),
    "erp.supply_late": of("purchase_order", "COUNT(*)", f"{LIVE} AND {j('received_on')} IS NULL AND {j('planned_on')} {IN}"),
    "crm.new_customers": of("customer", "COUNT(*)", f"{local('created_at')} {IN}"),
    "crm.customers": of("customer", "COUNT(*)", f"{local('created_at')} <= '{LAST}'"),
    "crm.first_orders": f"SELECT COUNT(*) FROM (SELECT customer_key, MIN({j('ordered_on')}) AS first FROM records_record WHERE kind = 'order' AND {j('state')} NOT IN ('draft', 'cancelled') GROUP BY 1) WHERE first {IN}",
    "crm.won": of("deal", MONEY, WON),
    "crm.won_count": of("deal", "COUNT(*)", WON),
    "crm.win_rate": share("deal", f"{j('stage_kind')} = 'won'", ENDED),
    "crm.deal_value": of("deal", f"{MONEY} / COUNT(*)", WON),
    "crm.pipeline": of("deal", MONEY, f"{j('stage_kind')} = 'open'"),
    "crm.pipeline_weighted": of("deal", f"SUM(CAST({j('amount')} AS REAL) * {j('probability')} / 100)", f"{j('stage_kind')} = 'open'"),
    "crm.follow_ups": of("follow_up", "COUNT(*)", f"{local('occurred_at')} {IN}"),
    "crm.follow_up_conversion": share("deal", f"{j('stage_kind')} = 'won'", f"{ENDED} AND {FOLLOWED}"),
    "crm.follow_ups_per_win": f"SELECT round(1.0 * ({of('follow_up', 'COUNT(*)', local('occurred_at') + ' ' + IN)}) / ({of('deal', 'COUNT(*)', WON)}), 1)",
    "crm.answered_in_time": share("case", f"julianday({j('responded_at')}) - julianday({j('created_at')}) <= 4.0001 / 24", f"{local('responded_at')} {IN}"),
    "crm.open_cases": of("case", "COUNT(*)", f"{local('created_at')} <= '{LAST}' AND NOT ({j('state')} = 'closed' AND {j('closed_on')} <= '{LAST}')"),
}  # fmt: skip
# The middle one: exact in SQL's list of values, by the histogram in the figure, which is right to a 64th.
MEDIANS = {
    "erp.shipping_time": f"SELECT julianday(date(json_extract(s.data, '$.shipped_at'), '+8 hours')) - julianday(json_extract(o.data, '$.ordered_on')) FROM records_record s JOIN records_record o ON o.kind = 'order' AND o.external_id = json_extract(s.data, '$.order_ids[0]') WHERE s.kind = 'shipment' AND json_extract(s.data, '$.state') IN ('shipped', 'done') AND date(json_extract(s.data, '$.shipped_at'), '+8 hours') {IN} ORDER BY 1",
    "erp.supply_delay": of("purchase_order", f"max(0, julianday({j('received_on')}) - julianday({j('planned_on')}))", f"{LIVE} AND {j('received_on')} {IN} ORDER BY 1"),
    "crm.first_response": of("case", f"(julianday({j('responded_at')}) - julianday({j('created_at')})) * 24", f"{local('responded_at')} {IN} ORDER BY 1"),
}  # fmt: skip


def day(rng: random.Random, back: int = 120, ahead: int = 0) -> str:
    return str(NOW.date() + dt.timedelta(days=rng.randint(-back, ahead)))


def moment(rng: random.Random, back: int = 120) -> str:
    return (NOW - dt.timedelta(minutes=rng.randint(0, back * 24 * 60))).isoformat()


def _made(rng: random.Random) -> dict[str, list[dict[str, Any]]]:
    money = lambda: str(Decimal(rng.randint(100, 9_000_000)) / 100)  # noqa: E731
    key = lambda: f"K{rng.randint(0, 29)}"  # noqa: E731
    found: dict[str, list[dict[str, Any]]] = {"customer": [
        {"key": f"K{n}", "name": f"Customer {n}", "city": rng.choice(["Hangzhou", "Ningbo"]), "created_at": moment(rng, 200)} for n in range(30)]}
    found["product"] = [{"key": f"P{n}", "name": f"Pump {n}", "list_price": money(), "product_line": rng.choice(["IH", "IS"])} for n in range(12)]
    found["stock"] = [{"key": f"P{n}", "on_hand": str(rng.randint(0, 40)), "available": str(rng.choice([0, *range(-3, 40)])), "order_point": "12"} for n in range(12)]
    found["receivable"] = [{"key": f"K{n}", "balance": money(), "overdue": str(rng.randint(0, 900)), "currency": "CNY"} for n in range(30)]
    found["order"] = [{"customer_key": key(), "state": rng.choice(["draft", "confirmed", "processing", "done", "cancelled"]), "amount": money(), "currency": "CNY",
                       "ordered_on": day(rng), "updated_at": moment(rng, 0), "lines": [{"sku": f"P{n}", "quantity": "1", "unit_price": price, "amount": price} for n, price in ((1, "10.00"), (2, "5.55"))]} for _n in range(50)]
    found["shipment"] = [{"customer_key": key(), "state": rng.choice(["waiting", "shipped", "done", "cancelled"]), "planned_on": day(rng, 60, 10),
                          "shipped_at": moment(rng, 40), "order_ids": [f"order-{n}"]} for n in range(50)]
    found["invoice"] = [{"customer_key": key(), "state": rng.choice(["draft", "posted", "paid", "cancelled"]), "amount": money(), "currency": "CNY", "invoiced_on": day(rng)} for _n in range(40)]
    found["payment"] = [{"customer_key": key(), "amount": money(), "currency": "CNY", "paid_on": day(rng)} for _n in range(40)]
    found["production"] = [{"quantity": str(rng.randint(1, 50)), "planned_on": day(rng, 60, 10), "done_on": rng.choice([None, day(rng, 60)]), "state": rng.choice(["done", "cancelled", "running"])} for _n in range(40)]
    found["purchase_order"] = [{"planned_on": day(rng, 60, 10), "received_on": rng.choice([None, day(rng, 60)]), "state": rng.choice(["open", "cancelled"])} for _n in range(40)]
    found["deal"] = [{"customer_key": key(), "stage_kind": rng.choice(["open", "won", "lost"]), "amount": money(), "currency": "CNY", "probability": rng.randint(0, 100),
                      "closed_on": day(rng, 90, 60), "stage_changed_at": moment(rng, 90)} for _n in range(50)]
    found["follow_up"] = [{"customer_id": "customer-1", "deal_id": rng.choice([None, f"deal-{rng.randint(0, 49)}"]), "occurred_at": moment(rng)} for _n in range(50)]
    found["case"] = []
    for _n in range(40):
        made = NOW - dt.timedelta(hours=rng.randint(30, 2000))
        found["case"].append({"created_at": made.isoformat(), "responded_at": (made + dt.timedelta(minutes=rng.randint(1, 900))).isoformat(),
                              "state": rng.choice(["new", "closed"]), "closed_on": str((made + dt.timedelta(hours=20)).date())})
    return found


@pytest.fixture
def measured(cast: SimpleNamespace, travel: Any, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Records of every kind, those that no connector brings yet among them, and a viewer who may see all."""
    travel(NOW)
    from apps.records import policies

    for kind, records in _made(random.Random(20261123)).items():
        for number, values in enumerate(records):
            record = {"external_id": f"{kind}-{number}", **values}
            row = Record(system="erp", connection="erp", kind=kind, external_id=f"{kind}-{number}", data=record, as_of=NOW)
            for name, value in policies.columns(kind, record).items():
                setattr(row, name, value)
            row.save()
            for link, target in policies.links(record):
                row.links.create(kind=link, target=target)
    monkeypatch.setattr(rights, "_reach", lambda *_given: Reach(True, everything=True))
    services.take_all(now=NOW)
    add_up()
    return cast


@pytest.mark.req("E6", "E7")
def test_each_figure_is_what_sql_says_of_the_records(measured: SimpleNamespace) -> None:
    of_records = {key for key, kpi in KPIS.items() if kpi.system != "oa"}
    assert of_records == {*SQL, *MEDIANS}
    found = selectors.board_readings(measured.admin, sorted(of_records), period=periods.period("month", today=NOW.date()), filters=Filters(), now=NOW)
    values = {one.key: one.value for one in found}
    with connection.cursor() as cursor:
        for key, sql in SQL.items():
            cursor.execute(sql)
            expected = cursor.fetchone()[0]
            assert expected is not None, key
            places = "0.1" if KPIS[key].unit == "percent" or key == "crm.follow_ups_per_win" else "0.01"
            assert abs(values[key] - Decimal(str(expected))) <= Decimal(places) * (90 if key == "crm.pipeline_weighted" else 1), (key, values[key], expected)
        for key, sql in MEDIANS.items():
            cursor.execute(sql)
            list_of = [row[0] for row in cursor.fetchall()]
            assert abs(float(values[key]) - statistics.median(list_of)) <= statistics.median(list_of) / 64 + 0.01, (key, values[key])
    assert services.reconcile() == []
    _a_figure_is_the_sum_of_its_parts(measured)
    _the_pages_of_rows_hold_each_row_once(measured)


def _a_figure_is_the_sum_of_its_parts(measured: SimpleNamespace) -> None:
    for one in selectors.board_readings(measured.admin, list(KPIS), period=periods.period("year", today=NOW.date()), filters=Filters(), now=NOW):
        kpi = KPIS[one.key]
        if one.state == "ok" and type(kpi).__mro__[1 if type(kpi).__mro__[1].__module__ == "apps.core.kpis" else 2].__name__ in {"Count", "Total", "Level"}:
            assert sum(part.value for part in one.breakdown) == one.value, one.key


def _the_pages_of_rows_hold_each_row_once(measured: SimpleNamespace) -> None:
    period = periods.period("month", today=NOW.date())
    for key in ("erp.orders_taken", "erp.backlog"):
        reading = selectors.reading(measured.admin, key, period=period, filters=Filters(), now=NOW)
        after, rows = "", []
        while True:
            page = selectors.rows(measured.admin, key, period=period, filters=Filters(), after=after, now=NOW, size=7)
            rows += page.rows
            after = page.after
            if not after:
                break
        assert len(rows) == page.total
        assert sum(row.value for row in rows) == reading.value
