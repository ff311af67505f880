"""The sales loop on `make demo`, in a browser, over REST and over SOAP; then the two sandboxes' own databases are read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.journeys.people import somebody
from tests.support.stack import Running
from tests.support.until import until

pytestmark = pytest.mark.browser


def rows(running: Running, system: str, sql: str, *values: Any) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(running.state.root / f"{system}.sqlite", timeout=10)) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(sql, values)]


def an_open_deal_of_ana(running: Running) -> dict[str, Any]:
    """One with lines for goods, in the last open stage."""
    return rows(
        running,
        "crm",
        """select d.id, d.title, d.amount, d.currency, c.code from deals d join stages s on s.code = d.stage join clients c on c.id = d.client_id
           where s.kind = 'open' and d.owner = 'ana' and exists (select 1 from positions p where p.deal_id = d.id and p.sku like 'P-%')
           order by s.position desc, d.id limit 1""",
    )[0]


@pytest.mark.parametrize("protocol", ["rest", "soap"])
@pytest.mark.req("X5", "I4", "G4", "P4", "P5", "D5", "E1")
def test_a_won_deal_goes_round_and_is_there_once(chromium: Any, request: pytest.FixtureRequest, protocol: str) -> None:
    running: Running = request.getfixturevalue("demo" if protocol == "rest" else "demo_soap")
    deal = an_open_deal_of_ana(running)
    with (
        somebody(chromium, running.portal_url, "ana") as ana,
        somebody(chromium, running.portal_url, "boss") as boss,
        somebody(chromium, running.portal_url, "eve") as eve,
    ):
        for person in (ana, boss, eve):
            person.sign_in_at_demo()
        ana.set_won(deal["id"])
        boss.wait_for_task(deal["title"])
        boss.approve(deal["title"])
        assert rows(running, "erp", "select 1 from orders where external_ref = ?", deal["id"]) == []  # nothing is outside while it can be undone
        until(
            lambda: rows(
                running,
                "erp",
                "select 1 from invoices i join orders o on o.id = i.order_id where o.external_ref = ? and i.status = 'POSTED'",
                deal["id"],
            ),
            seconds=40,
            what="the order and its receivable",
        )
        order = one_order(running, deal)
        for delivery in until(lambda: eve_sees(running, order), seconds=20, what="the delivery note"):
            eve.ship(str(delivery["id"]))
        ana.wait_for_text(f"/loop/deal:{deal['id']}/", "The deal reads: shipped")
        assert [person.problems for person in (ana, boss, eve)] == [[], [], []]
    assert_closed(running, deal, order)


def one_order(running: Running, deal: dict[str, Any]) -> dict[str, Any]:
    (order,) = rows(running, "erp", "select * from orders where external_ref = ?", deal["id"])
    assert (float(order["amount"]), order["currency"], order["partner_no"]) == (float(deal["amount"]), deal["currency"], deal["code"])
    lines = rows(running, "erp", "select item_no as sku, quantity, amount from order_lines where order_id = ? order by id", order["id"])
    wanted = rows(running, "crm", "select sku, quantity, total as amount from positions where deal_id = ? order by id", deal["id"])
    assert [(one["sku"], float(one["quantity"]), float(one["amount"])) for one in lines] == [
        (one["sku"], float(one["quantity"]), float(one["amount"])) for one in wanted
    ]
    return order


def eve_sees(running: Running, order: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(running, "erp", "select id from deliveries where order_id = ?", order["id"])


def assert_closed(running: Running, deal: dict[str, Any], order: dict[str, Any]) -> None:
    """One delivery note, one receivable, the deal told of it."""
    deliveries = rows(running, "erp", "select status, shipped_at from deliveries where order_id = ?", order["id"])
    assert len(deliveries) == 1 and deliveries[0]["status"] in ("SHIPPED", "DELIVERED") and deliveries[0]["shipped_at"]
    receivables = rows(
        running,
        "erp",
        "select l.debit from ledger l join invoices i on i.id = l.invoice_id where i.order_id = ? and l.account = 'RECEIVABLE' and l.debit <> '0'",
        order["id"],
    )
    assert [float(one["debit"]) for one in receivables] == [float(order["amount"])]
    (custom,) = rows(
        running,
        "crm",
        """select json_extract(custom, '$.erp_order_no') as no, json_extract(custom, '$.erp_order_state') as state,
                  json_extract(custom, '$.contract_state') as contract from deals where id = ?""",
        deal["id"],
    )
    assert custom == {"no": order["no"], "state": "shipped", "contract": "approved"}
