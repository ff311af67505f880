"""Reading: from tables to the shapes of the schema."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Reader, Refused, Row
from apps.devtools.sandbox.erp.tables import OPEN_DELIVERY, text, today

PAGE = 100


def _stamps(row: Row) -> Row:
    return {"revision": row["revision"], "changedAt": row["changed_at"], "requestKey": row["request_key"]}


def item(db: Reader, row: Row) -> Row:
    return {
        "itemNo": row["no"],
        "name": row["name"],
        "nameZh": row["name_zh"],
        "unit": row["unit"],
        "listPrice": row["list_price"],
        "currency": company.CURRENCY,
        "stocked": bool(row["stocked"]),
        **_stamps(row),
    }


def promised(db: Reader, item_no: str, *, but: int = 0) -> Decimal:
    """How many are promised to deliveries that have not left, without one of them."""
    marks = ", ".join("?" * len(OPEN_DELIVERY))
    rows = db.rows(
        f"SELECT l.quantity FROM delivery_lines l JOIN deliveries d ON d.id = l.delivery_id "
        f"WHERE l.item_no = ? AND d.id <> ? AND d.status IN ({marks})",
        item_no,
        but,
        *OPEN_DELIVERY,
    )
    return sum((Decimal(row["quantity"]) for row in rows), Decimal(0))


def stock(db: Reader, row: Row) -> Row:
    on_hand = Decimal(row["on_hand"])
    return {
        "itemNo": row["no"],
        "name": row["name"],
        "unit": row["unit"],
        "onHand": text(on_hand),
        "available": text(on_hand - promised(db, row["no"])),
        "orderPoint": row["order_point"],
        **_stamps(row),
    }


def balance(db: Reader, row: Row) -> Row:
    """What the partner owes by the ledger; overdue: the open part of invoices past their day."""
    lines = db.rows(
        "SELECT l.debit, l.credit, l.invoice_id, i.due_on FROM ledger l JOIN invoices i ON i.id = l.invoice_id "
        "WHERE l.partner_no = ? AND l.account = 'RECEIVABLE'",
        row["no"],
    )
    open_by: dict[int, Decimal] = {}
    late = Decimal(0)
    for line in lines:
        move = Decimal(line["debit"]) - Decimal(line["credit"])
        open_by[line["invoice_id"]] = open_by.get(line["invoice_id"], Decimal(0)) + move
        if line["due_on"] and line["due_on"] < str(today()):
            late += move
    return {
        "partnerNo": row["no"],
        "partnerName": row["name"],
        "balance": str(sum(open_by.values(), Decimal(0))),
        "overdue": str(late),
        "currency": company.CURRENCY,
        "creditLimit": row["credit_limit"],
        "openInvoices": sum(1 for open_ in open_by.values() if open_),
        **_stamps(row),
    }


def order(db: Reader, row: Row) -> Row:
    lines = db.rows("SELECT * FROM order_lines WHERE order_id = ? ORDER BY id", row["id"])
    return {
        "orderId": str(row["id"]),
        "orderNo": row["no"],
        "partnerNo": row["partner_no"],
        "partnerName": _partner(db, row["partner_no"]),
        "status": row["status"],
        "currency": row["currency"],
        "amount": row["amount"],
        "termDays": row["term_days"],
        "externalRef": row["external_ref"],
        "comment": row["comment"],
        "orderedOn": row["ordered_on"],
        "shipOn": row["ship_on"],
        "lines": [
            {
                "lineId": str(line["id"]),
                "itemNo": line["item_no"],
                "name": line["name"],
                "quantity": line["quantity"],
                "unitPrice": line["unit_price"],
                "amount": line["amount"],
            }
            for line in lines
        ],
        "deliveryIds": [str(one["id"]) for one in db.rows("SELECT id FROM deliveries WHERE order_id = ? ORDER BY id", row["id"])],
        "invoiceIds": [str(one["id"]) for one in db.rows("SELECT id FROM invoices WHERE order_id = ? ORDER BY id", row["id"])],
        **_stamps(row),
    }


def _partner(db: Reader, no: str) -> str:
    return str(db.value("SELECT name FROM partners WHERE no = ?", no) or "")


def delivery(db: Reader, row: Row) -> Row:
    of = db.one("SELECT no, partner_no FROM orders WHERE id = ?", row["order_id"]) or {}
    lines = db.rows("SELECT item_no, quantity FROM delivery_lines WHERE delivery_id = ? ORDER BY item_no", row["id"])
    return {
        "deliveryId": str(row["id"]),
        "deliveryNo": row["no"],
        "orderId": str(row["order_id"]),
        "orderNo": of["no"],
        "partnerNo": of["partner_no"],
        "partnerName": _partner(db, of["partner_no"]),
        "status": row["status"],
        "plannedOn": row["planned_on"],
        "shippedAt": row["shipped_at"],
        "tracking": row["tracking"],
        "backorderOf": str(row["backorder_of"]) if row["backorder_of"] else None,
        "lines": [{"itemNo": line["item_no"], "quantity": line["quantity"]} for line in lines],
        **_stamps(row),
    }


def invoice(db: Reader, row: Row) -> Row:
    moves = db.rows("SELECT debit, credit FROM ledger WHERE invoice_id = ? AND account = 'RECEIVABLE'", row["id"])
    return {
        "invoiceId": str(row["id"]),
        "invoiceNo": row["no"],
        "orderId": str(row["order_id"]),
        "partnerNo": row["partner_no"],
        "status": row["status"],
        "amount": row["amount"],
        "open": str(sum((Decimal(m["debit"]) - Decimal(m["credit"]) for m in moves), Decimal(0))),
        "currency": row["currency"],
        "invoicedOn": row["invoiced_on"],
        "dueOn": row["due_on"],
        **_stamps(row),
    }


def request(db: Reader, row: Row) -> Row:
    return {
        "requestId": str(row["id"]),
        "itemNo": row["item_no"],
        "quantity": row["quantity"],
        "status": row["status"],
        "reference": row["reference"],
        "neededOn": row["needed_on"],
        **_stamps(row),
    }


def payment(db: Reader, row: Row) -> Row:
    """What the ledger says was paid of an invoice."""
    of = db.one("SELECT no, currency FROM invoices WHERE id = ?", row["invoice_id"]) or {}
    return {
        "paymentId": str(row["id"]),
        "paymentNo": f"PAY-{row['id']}",
        "invoiceId": str(row["invoice_id"]),
        "invoiceNo": of["no"],
        "partnerNo": row["partner_no"],
        "partnerName": _partner(db, row["partner_no"]),
        "amount": row["credit"],
        "currency": of["currency"],
        "paidOn": row["booked_on"],
        "revision": 1,  # a booking is never changed
        "changedAt": f"{row['booked_on']}T02:00:00Z",
        "requestKey": "",
    }


def purchase(db: Reader, row: Row) -> Row:
    lines = db.rows("SELECT * FROM purchase_lines WHERE purchase_id = ? ORDER BY id", row["id"])
    return {
        "purchaseId": str(row["id"]),
        "purchaseNo": row["no"],
        "supplierNo": row["supplier_no"],
        "supplierName": row["supplier_name"],
        "status": row["status"],
        "amount": row["amount"],
        "currency": row["currency"],
        "lines": [
            {"lineId": str(line["id"]), "itemNo": line["item_no"], "name": line["name"], "quantity": line["quantity"], "unitPrice": line["unit_price"],
             "amount": line["amount"]} for line in lines
        ],
        "orderedOn": row["ordered_on"],
        "plannedOn": row["planned_on"],
        "receivedOn": row["received_on"],
        "createdAt": row["created_at"],
        **_stamps(row),
    }  # fmt: skip


def production(db: Reader, row: Row) -> Row:
    return {
        "productionId": str(row["id"]),
        "productionNo": row["no"],
        "itemNo": row["item_no"],
        "name": company.name_of(row["item_no"]),
        "quantity": row["quantity"],
        "status": row["status"],
        "plannedOn": row["planned_on"],
        "startedOn": row["started_on"],
        "doneOn": row["done_on"],
        "createdAt": row["created_at"],
        **_stamps(row),
    }


PAID = "account = 'RECEIVABLE' AND credit <> '0' AND invoice_id IN (SELECT id FROM invoices WHERE status = 'PAID')"
# what -> (table, key column, reader, more to the WHERE)
LISTS: dict[str, tuple[str, str, Callable[[Reader, Row], Row], str]] = {
    "items": ("items", "no", item, "1"),
    "stock": ("items", "no", stock, "stocked = 1"),
    "balances": ("partners", "no", balance, "1"),
    "orders": ("orders", "id", order, "1"),
    "deliveries": ("deliveries", "id", delivery, "1"),
    "invoices": ("invoices", "id", invoice, "1"),
    "requests": ("requests", "id", request, "1"),
    "payments": ("ledger", "id", payment, PAID),
    "purchases": ("purchases", "id", purchase, "1"),
    "productions": ("productions", "id", production, "1"),
}


def listed(db: Reader, what: str, given: Row) -> Row:
    """A page by key: `after` the last key seen; `only` these keys (no paging)."""
    table, key, read, more = LISTS[what]
    if given["only"]:
        marks = ", ".join("?" * len(given["only"]))
        rows = db.rows(f"SELECT * FROM {table} WHERE {more} AND {key} IN ({marks}) ORDER BY {key}", *given["only"])
        return {"rows": [read(db, row) for row in rows], "next": None}
    limit = max(1, min(given["limit"] or PAGE, 500))
    after: Any = given["after"] or ("" if key == "no" else 0)
    rows = db.rows(f"SELECT * FROM {table} WHERE {more} AND {key} > ? ORDER BY {key} LIMIT ?", after if key == "no" else int(after), limit + 1)
    cut = rows[:limit]
    return {"rows": [read(db, row) for row in cut], "next": str(cut[-1][key]) if len(rows) > limit else None}


def one(db: Reader, what: str, wanted: str) -> Row:
    """One record. Raises Refused 404."""
    table, key, read, more = LISTS[what]
    row = db.one(f"SELECT * FROM {table} WHERE {more} AND {key} = ?", wanted)
    if row is None:
        raise Refused(404, "NOT_FOUND", f"There is no record {wanted} among the {what}.")
    return read(db, row)
