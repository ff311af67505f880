"""What the systems' own databases say about one deal, read with plain SQL: no portal code, no connector."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]


def rows(url: str, sql: str, *values: Any) -> list[Row]:
    """All rows of a query, as dicts."""
    with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
        return list(connection.execute(sql, values))  # type: ignore[arg-type]


ORDERS = """select s.id, s.number, s.state, s.reference, s.comment, c.code as currency, p.code as party, s.total_amount_cache as amount,
       s.shipment_state,
       t.name as payment_term
  from sale_sale s join currency_currency c on c.id = s.currency join party_party p on p.id = s.party
  left join account_invoice_payment_term t on t.id = s.payment_term where s.reference = %s"""
ORDER_LINES = """select pr.code as sku, l.quantity, l.unit_price from sale_line l join product_product pr on pr.id = l.product
 where l.sale = %s and l.type = 'line' order by pr.code"""
DELIVERIES = """select distinct so.id, so.number, so.state, so.effective_date from stock_shipment_out so
  join stock_move m on m.shipment = 'stock.shipment.out,' || so.id
  join sale_line l on m.origin = 'sale.line,' || l.id where l.sale = %s order by so.id"""
SHIPPED = """select pr.code as sku, sum(m.quantity) as quantity from stock_move m join sale_line l on m.origin = 'sale.line,' || l.id
  join product_product pr on pr.id = m.product join stock_shipment_out so on m.shipment = 'stock.shipment.out,' || so.id
 where l.sale = %s and m.state = 'done' group by 1 order by 1"""
RECEIVABLES = """select ml.id, ml.debit, ml.maturity_date, i.number as invoice, i.state from account_move_line ml
  join account_account a on a.id = ml.account join account_account_type t on t.id = a.type
  join account_invoice i on i.move = ml.move
 where t.receivable and ml.debit > 0 and i.id in (
   select il.invoice from account_invoice_line il join sale_line l on il.origin = 'sale.line,' || l.id where l.sale = %s)"""
INVOICES = """select distinct i.id, i.number, i.state, i.total_amount_cache as amount from account_invoice i
  join account_invoice_line il on il.invoice = i.id
  join sale_line l on il.origin = 'sale.line,' || l.id where l.sale = %s"""
PURCHASE_REQUESTS = """select r.id, pr.code as sku, r.quantity, r.description from purchase_request r join product_product pr on pr.id = r.product
 where r.description like %s"""


@dataclass
class ErpFacts:
    """Everything the ERP holds because of one deal."""

    orders: list[Row]
    lines: list[Row] = field(default_factory=list)
    deliveries: list[Row] = field(default_factory=list)
    shipped: list[Row] = field(default_factory=list)
    invoices: list[Row] = field(default_factory=list)
    receivables: list[Row] = field(default_factory=list)
    purchase_requests: list[Row] = field(default_factory=list)


def erp_facts(env: Mapping[str, str], deal_id: str) -> ErpFacts:
    """Read Tryton's database for the orders whose reference is the deal's id."""
    url = env["ERP_DATABASE_URL"]
    facts = ErpFacts(rows(url, ORDERS, deal_id))
    for order in facts.orders:
        facts.lines += rows(url, ORDER_LINES, order["id"])
        facts.deliveries += rows(url, DELIVERIES, order["id"])
        facts.shipped += rows(url, SHIPPED, order["id"])
        facts.invoices += rows(url, INVOICES, order["id"])
        facts.receivables += rows(url, RECEIVABLES, order["id"])
        facts.purchase_requests += rows(url, PURCHASE_REQUESTS, f"%{order['number']}%")
    return facts


def crm_deal(env: Mapping[str, str], deal_id: str) -> Row:
    """The deal's row in BottleCRM's database, with its lines."""
    url = env["CRM_DATABASE_URL"]
    (deal,) = rows(url, "select id::text, name, stage, amount, currency, custom_fields from opportunity where id = %s::uuid", deal_id)
    deal["lines"] = rows(
        url,
        """select p.sku, l.quantity, l.unit_price, l.total from opportunity_line_item l
                                  left join product p on p.id = l.product_id where l.opportunity_id = %s::uuid order by p.sku""",
        deal_id,
    )
    return deal


def cents(value: Any) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def assert_one_of_each(env: Mapping[str, str], deal_id: str, *, short: bool, payment_term_days: int) -> ErpFacts:
    """One order, one delivery note, one receivable, one purchase request where short; equal values field by field."""
    facts, deal = erp_facts(env, deal_id), crm_deal(env, deal_id)
    assert [len(facts.orders), len(facts.deliveries), len(facts.invoices), len(facts.receivables)] == [1, 1, 1, 1], facts
    assert len(facts.purchase_requests) == (1 if short else 0), facts.purchase_requests
    order, custom = facts.orders[0], deal["custom_fields"]
    assert cents(order["amount"]) == cents(deal["amount"]) == cents(facts.receivables[0]["debit"]) == cents(facts.invoices[0]["amount"])
    assert order["currency"] == deal["currency"]
    assert [(line["sku"], cents(line["quantity"]), cents(line["unit_price"])) for line in facts.lines] == [
        (line["sku"], cents(line["quantity"]), cents(line["total"] / line["quantity"])) for line in deal["lines"]
    ]
    assert custom["erp_order_no"] == order["number"]
    assert cents(custom["contract_amount"]) == cents(deal["amount"])
    assert str(custom["payment_term"]) == str(payment_term_days)
    assert facts.invoices[0]["state"] == "posted"
    due = facts.receivables[0]["maturity_date"]
    assert isinstance(due, dt.date)
    return facts
