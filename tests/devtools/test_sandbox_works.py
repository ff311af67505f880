"""What the sandbox systems tell of service requests, payments, the works and suppliers; and files of an earlier release."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from apps.connectors.crm_sandbox import mapping as crm_mapping
from apps.connectors.crm_sandbox import streams as crm_streams
from apps.connectors.erp_sandbox import mapping as erp_mapping
from apps.connectors.erp_sandbox import streams as erp_streams
from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Refused, Store
from apps.devtools.sandbox.crm import tables as crm_tables
from apps.devtools.sandbox.crm.core import Crm
from apps.devtools.sandbox.erp import tables as erp_tables
from apps.devtools.sandbox.erp.core import Erp
from apps.devtools.sandbox.erp.schema import BY_NAME

pytestmark = pytest.mark.req("E8", "E11")


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(Store(tmp_path / "erp.sqlite3", tables=erp_tables.TABLES, seed=erp_tables.seed, later=erp_tables.LATER), "k")


@pytest.fixture
def crm(tmp_path: Path) -> Crm:
    return Crm(Store(tmp_path / "crm.sqlite3", tables=crm_tables.TABLES, seed=crm_tables.seed, later=crm_tables.LATER), "k")


def do(erp: Erp, name: str, user: str = company.SERVICE, **given: Any) -> Any:
    return erp.run(BY_NAME[name], given, user)[0]


def told(erp: Erp) -> list[tuple[str, str]]:
    """(stream, id) of all changes, as the connector understands them."""
    return [(hint.stream, hint.external_id) for hint in map(erp_streams.hint_of, do(erp, "changes", after="0", epoch=_epoch(erp))["rows"])]


def test_the_first_day_has_a_past_to_count(erp: Erp, crm: Crm) -> None:
    productions = [erp_mapping.production(row) for row in do(erp, "productions.list")["rows"]]
    assert (len(productions), sum(one.state == "done" for one in productions)) == (30, 24)
    assert all(one.planned_on and one.created_at and (one.done_on is None) == (one.state != "done") for one in productions)
    purchases = [erp_mapping.purchase_order(row) for row in do(erp, "purchases.list")["rows"]]
    assert (len(purchases), sum(one.received_on is not None for one in purchases)) == (16, 13)
    assert all(one.amount == sum(line.amount for line in one.lines) for one in purchases)
    payments = [erp_mapping.payment(row) for row in do(erp, "payments.list")["rows"]]
    paid = [row for row in do(erp, "invoices.list")["rows"] if row["status"] == "PAID"]
    assert {one.invoice_id: one.amount for one in payments} == {row["invoiceId"]: erp_mapping.invoice(row).amount for row in paid}
    cases = [crm_mapping.case(row) for row in crm.read("cases.list", "", {}, company.SERVICE)["items"]]
    assert {state: sum(one.state == state for one in cases) for state in ("new", "pending", "closed")} == {"new": 2, "pending": 3, "closed": 21}
    assert all(one.responded_at is None or one.responded_at > one.created_at for one in cases)


def test_a_payment_is_told_with_its_invoice(erp: Erp) -> None:
    posted = next(row for row in do(erp, "invoices.list")["rows"] if row["status"] == "POSTED")
    before = len(do(erp, "payments.list")["rows"])
    with pytest.raises(Refused, match="lacks the right"):
        do(erp, "invoices.pay", "eve", invoiceId=posted["invoiceId"])
    assert (len(do(erp, "payments.list")["rows"]), told(erp)) == (before, [])
    do(erp, "invoices.pay", requestKey="k-1", invoiceId=posted["invoiceId"])
    do(erp, "invoices.pay", requestKey="k-1", invoiceId=posted["invoiceId"])  # the same request
    newest = erp_mapping.payment(do(erp, "payments.list")["rows"][-1])
    assert (newest.invoice_key, newest.amount, newest.paid_on) == (posted["invoiceNo"], erp_mapping.invoice(posted).amount, erp_tables.today())
    assert len(do(erp, "payments.list")["rows"]) == before + 1
    assert {("payments", newest.external_id), ("invoices", posted["invoiceId"]), ("receivables", posted["partnerNo"])} == set(told(erp))
    with pytest.raises(Refused, match="posted"):
        do(erp, "invoices.pay", requestKey="k-2", invoiceId=posted["invoiceId"])


@pytest.mark.parametrize(
    ("start", "to", "allowed"),
    [("PLANNED", "RELEASED", True), ("PLANNED", "RUNNING", True), ("PLANNED", "DONE", False), ("PLANNED", "CANCELLED", True),
     ("RELEASED", "RUNNING", True), ("RELEASED", "DONE", False), ("RUNNING", "DONE", True), ("RUNNING", "CANCELLED", False),
     ("DONE", "RUNNING", False), ("DONE", "CANCELLED", False), ("RUNNING", "PLANNED", False)],
)  # fmt: skip
def test_what_a_production_may_become(erp: Erp, start: str, to: str, allowed: bool) -> None:
    row = next(one for one in do(erp, "productions.list")["rows"] if one["status"] == start)
    on_hand = do(erp, "stock.get", id=row["itemNo"])["row"]["onHand"]
    if not allowed:
        with pytest.raises(Refused):
            do(erp, "productions.advance", productionId=row["productionId"], to=to)
        assert (do(erp, "productions.get", id=row["productionId"])["row"], told(erp)) == (row, [])
        return
    made = erp_mapping.production(do(erp, "productions.advance", productionId=row["productionId"], to=to)["production"])
    assert ("productions", row["productionId"]) in told(erp)
    more = float(row["quantity"]) if to == "DONE" else 0
    assert float(do(erp, "stock.get", id=row["itemNo"])["row"]["onHand"]) == float(on_hand) + more
    assert (made.done_on is not None, made.started_on is not None) == (to == "DONE", to in ("RUNNING", "DONE"))


def test_what_a_supplier_brings_lies_in_stock_once(erp: Erp) -> None:
    row = next(one for one in do(erp, "purchases.list")["rows"] if one["status"] == "ORDERED")
    (line,) = row["lines"]
    before = float(do(erp, "stock.get", id=line["itemNo"])["row"]["onHand"])
    made = erp_mapping.purchase_order(do(erp, "purchases.arrive", purchaseId=row["purchaseId"])["purchase"])
    assert (made.state, made.received_on) == ("done", erp_tables.today())
    with pytest.raises(Refused):
        do(erp, "purchases.arrive", purchaseId=row["purchaseId"])
    assert float(do(erp, "stock.get", id=line["itemNo"])["row"]["onHand"]) == before + float(line["quantity"])
    assert set(told(erp)) == {("purchase_orders", row["purchaseId"]), ("stock", line["itemNo"])}


def test_a_service_request_is_opened_answered_closed_and_opened_again(crm: Crm) -> None:
    client = crm.read("clients.list", "", {"limit": "1"}, "ana")["items"][0]
    made, _old = crm.write("cases.create", "", {"client": client["id"], "title": "Pump is loud", "sort": "fault", "priority": "high"}, "ana")
    assert crm_mapping.case(made).responded_at is None
    steps = []
    for status in ("assigned", "closed", "pending"):
        row, _old = crm.write("cases.update", made["id"], {"status": status}, "ana")
        case = crm_mapping.case(row)
        steps.append((case.state, case.responded_at is not None, case.closed_on is not None))
    assert steps == [("assigned", True, False), ("closed", True, True), ("pending", True, False)]
    for given, user in (({"status": "gone"}, "ana"), ({"status": "closed"}, "fin"), ({"color": "red"}, "ana")):
        with pytest.raises(Refused):
            crm.write("cases.update", made["id"], given, user)
    assert crm_mapping.case(crm.read("cases.get", made["id"], {}, "ana")).state == "pending"
    hints = [crm_streams.hint_of(row) for row in crm.read("changes", "", {"cursor": f"0.{_epoch(crm)}"}, company.SERVICE)["items"]]
    assert [(hint.stream, hint.external_id) for hint in hints] == [("cases", made["id"])] * 4


def _epoch(system: Crm | Erp) -> str:
    with system.store.reading() as db:
        return str(db.meta("epoch"))


def test_a_file_of_an_earlier_release_gets_what_it_lacks_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "erp.sqlite3"
    Erp(Store(path, tables=erp_tables.TABLES, seed=erp_tables.seed, later=erp_tables.LATER), "k")
    with sqlite3.connect(path) as old:
        for table in ("purchase_lines", "purchases", "productions"):
            old.execute(f"DROP TABLE {table}")
        old.execute("UPDATE items SET on_hand = '7' WHERE no = 'P-1001'")
        old.execute("UPDATE users SET rights = 'stock.read'")
    old.close()
    again = Erp(Store(path, tables=erp_tables.TABLES, seed=erp_tables.seed, later=erp_tables.LATER), "k")
    assert (len(do(again, "productions.list")["rows"]), do(again, "stock.get", id="P-1001")["row"]["onHand"]) == (30, "7")
    third = Erp(Store(path, tables=erp_tables.TABLES, seed=erp_tables.seed, later=erp_tables.LATER), "k")
    assert len(do(third, "productions.list")["rows"]) == 30
