"""More of what the ERP does: a customer pays, a supplier delivers, the works start and finish. Each the effect of one command."""

from __future__ import annotations

from decimal import Decimal

from apps.devtools.sandbox.base.store import Refused, Row, Writer
from apps.devtools.sandbox.erp import records
from apps.devtools.sandbox.erp.tables import book, today
from apps.devtools.sandbox.erp.work import _stamp, touch_balance, touch_stock

MADE = {"RELEASED": ("PLANNED",), "RUNNING": ("PLANNED", "RELEASED"), "DONE": ("RUNNING",), "CANCELLED": ("PLANNED", "RELEASED")}


def _row(db: Writer, table: str, ident: str, words: str) -> Row:
    """Raises Refused 404."""
    row = db.one(f"SELECT * FROM {table} WHERE id = ?", int(ident) if ident.isdigit() else 0)
    if row is None:
        raise Refused(404, "NOT_FOUND", f"There is no {words} {ident}.")
    return row


def pay(db: Writer, given: Row) -> Row:
    """All that is open of an invoice is paid. Raises Refused 409 for one that is not posted."""
    row = _row(db, "invoices", given["invoiceId"], "invoice")
    if row["status"] != "POSTED":
        raise Refused(409, "WRONG_STATE", "Only an invoice that was posted can be paid.")
    due = Decimal(records.invoice(db, row)["open"])
    booking = book(db, invoice=row["id"], partner=row["partner_no"], credit=due, on=today())
    db.run("UPDATE invoices SET status = 'PAID' WHERE id = ?", row["id"])
    _stamp(db, "invoices", "id", row["id"])
    db.touch("invoice", row["id"], number=row["no"] or "", status="PAID")
    db.touch("payment", booking, op="created", number=f"PAY-{booking}")
    touch_balance(db, row["partner_no"])
    return {"invoice": records.one(db, "invoices", str(row["id"]))}


def arrive(db: Writer, given: Row) -> Row:
    """All of an order to a supplier came, and lies in stock."""
    row = _row(db, "purchases", given["purchaseId"], "order to a supplier")
    if row["status"] != "ORDERED":
        raise Refused(409, "WRONG_STATE", "This order is not waited for.")
    db.run("UPDATE purchases SET status = 'RECEIVED', received_on = ? WHERE id = ?", str(today()), row["id"])
    for line in db.rows("SELECT item_no, quantity FROM purchase_lines WHERE purchase_id = ?", row["id"]):
        _add(db, line["item_no"], line["quantity"])
    _stamp(db, "purchases", "id", row["id"])
    db.touch("purchase", row["id"], number=row["no"], status="RECEIVED")
    return {"purchase": records.one(db, "purchases", str(row["id"]))}


def advance(db: Writer, given: Row) -> Row:
    """The next state of a production; what is done lies in stock."""
    row, to = _row(db, "productions", given["productionId"], "production"), given["to"]
    if row["status"] not in MADE.get(to, ()):
        raise Refused(409, "WRONG_STATE", f"A production that is {row['status']} cannot become {to}.")
    db.run("UPDATE productions SET status = ? WHERE id = ?", to, row["id"])
    if to == "RUNNING":
        db.run("UPDATE productions SET started_on = ? WHERE id = ?", str(today()), row["id"])
    if to == "DONE":
        db.run("UPDATE productions SET done_on = ? WHERE id = ?", str(today()), row["id"])
        _add(db, row["item_no"], row["quantity"])
    _stamp(db, "productions", "id", row["id"])
    db.touch("production", row["id"], number=row["no"], status=to)
    return {"production": records.one(db, "productions", str(row["id"]))}


def _add(db: Writer, item_no: str, quantity: str) -> None:
    on_hand = Decimal(db.value("SELECT on_hand FROM items WHERE no = ?", item_no) or "0") + Decimal(quantity)
    db.run("UPDATE items SET on_hand = ? WHERE no = ?", str(on_hand), item_no)
    touch_stock(db, item_no)
