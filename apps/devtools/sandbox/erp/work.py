"""What the ERP does: each function is the effect of one command, inside its transaction."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Refused, Row, Writer
from apps.devtools.sandbox.erp import records
from apps.devtools.sandbox.erp.tables import LADDER, OPEN_DELIVERY, book, text, today

CENT = Decimal("0.01")
# The words of a request on the left: what a caller may ask a delivery to become.
STEPS = {"assigned": "RESERVED", "picked": "PICKED", "packed": "PACKED", "shipped": "SHIPPED", "done": "DELIVERED"}


def _stamp(db: Writer, table: str, key: str, value: object) -> None:
    db.run(f"UPDATE {table} SET revision = revision + 1, changed_at = ?, request_key = ? WHERE {key} = ?", db.now, db.key, value)


def touch_order(db: Writer, order_id: int, op: str = "updated") -> None:
    _stamp(db, "orders", "id", order_id)
    row = db.one("SELECT no, status FROM orders WHERE id = ?", order_id) or {}
    db.touch("order", order_id, op=op, number=row["no"], status=row["status"])


def touch_delivery(db: Writer, delivery_id: int, op: str = "updated") -> None:
    _stamp(db, "deliveries", "id", delivery_id)
    row = db.one("SELECT no, status FROM deliveries WHERE id = ?", delivery_id) or {}
    db.touch("delivery", delivery_id, op=op, number=row["no"], status=row["status"])


def touch_stock(db: Writer, item_no: str) -> None:
    _stamp(db, "items", "no", item_no)
    db.touch("stock", item_no, number=item_no)


def touch_balance(db: Writer, partner_no: str) -> None:
    _stamp(db, "partners", "no", partner_no)
    db.touch("balance", partner_no, number=partner_no)


# --- orders -----------------------------------------------------------------------------------------------------------------------------


def create_order(db: Writer, given: Row) -> Row:
    """An order in progress, its one delivery (goods only), its one draft invoice."""
    _check_order(db, given)
    lines = [_priced(db, number, line) for number, line in enumerate(given["lines"], 1)]
    amount = sum((line["amount"] for line in lines), Decimal(0))
    order_id = db.run(
        "INSERT INTO orders (no, partner_no, status, currency, amount, term_days, external_ref, comment, ordered_on, ship_on, "
        "entered_by, changed_at, request_key) VALUES (?, ?, 'IN_PROGRESS', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        f"SO-{db.next_number('order')}",
        given["partnerNo"],
        given["currency"],
        str(amount),
        given["termDays"],
        given["externalRef"] or "",
        given["comment"] or "",
        str(today()),
        str(given["shipOn"]) if given["shipOn"] else None,
        db.user,
        db.now,
        db.key,
    )
    for line in lines:
        db.run(
            "INSERT INTO order_lines (order_id, item_no, name, quantity, unit_price, amount) VALUES (?, ?, ?, ?, ?, ?)",
            order_id,
            line["itemNo"],
            line["name"],
            text(line["quantity"]),
            str(line["unitPrice"]),
            str(line["amount"]),
        )
    goods: dict[str, Decimal] = {}
    for line in lines:
        if line["stocked"]:
            goods[line["itemNo"]] = goods.get(line["itemNo"], Decimal(0)) + line["quantity"]
    if goods:
        _plan_delivery(db, order_id, goods, given["shipOn"] or today())
    db.run(
        "INSERT INTO invoices (order_id, partner_no, status, amount, currency, changed_at, request_key) VALUES (?, ?, 'DRAFT', ?, ?, ?, ?)",
        order_id,
        given["partnerNo"],
        str(amount),
        given["currency"],
        db.now,
        db.key,
    )
    invoice_id = db.value("SELECT id FROM invoices WHERE order_id = ?", order_id)
    db.touch("invoice", invoice_id, op="created", status="DRAFT")
    touch_order(db, order_id, op="created")
    return {"order": records.one(db, "orders", str(order_id))}


def _check_order(db: Writer, given: Row) -> None:
    if db.one("SELECT 1 FROM partners WHERE no = ?", given["partnerNo"]) is None:
        raise Refused(422, "UNKNOWN_PARTNER", f"There is no customer {given['partnerNo']}.", "partnerNo")
    if db.one("SELECT 1 FROM currencies WHERE code = ?", given["currency"]) is None:
        raise Refused(422, "UNKNOWN_CURRENCY", f"The currency {given['currency']} is not set up.", "currency")
    if db.one("SELECT 1 FROM terms WHERE days = ?", given["termDays"]) is None:
        raise Refused(422, "UNKNOWN_TERM", f"There is no payment term of {given['termDays']} days.", "termDays")
    if not given["lines"]:
        raise Refused(422, "NO_LINES", "An order needs at least one line.", "lines")


def _priced(db: Writer, number: int, line: Row) -> Row:
    item = db.one("SELECT name, list_price, stocked FROM items WHERE no = ?", line["itemNo"])
    if item is None:
        raise Refused(422, "UNKNOWN_ITEM", f"Line {number}: there is no item {line['itemNo']}.", "lines")
    price = line["unitPrice"] if line["unitPrice"] is not None else Decimal(item["list_price"])
    if line["quantity"] <= 0 or price < 0:
        raise Refused(422, "BAD_LINE", f"Line {number}: the quantity must be above 0 and the price not below it.", "lines")
    return {
        "itemNo": line["itemNo"],
        "name": line["name"] or item["name"],
        "quantity": line["quantity"],
        "unitPrice": price,
        "amount": (line["quantity"] * price).quantize(CENT, ROUND_HALF_UP),
        "stocked": bool(item["stocked"]),
    }


def _plan_delivery(db: Writer, order_id: int, goods: dict[str, Decimal], on: dt.date, backorder_of: int | None = None) -> int:
    """RESERVED when everything is here and not promised to others, else PLANNED."""
    delivery_id = db.run(
        "INSERT INTO deliveries (no, order_id, status, planned_on, backorder_of, changed_at, request_key) VALUES (?, ?, 'PLANNED', ?, ?, ?, ?)",
        f"DN-{db.next_number('delivery')}",
        order_id,
        str(on),
        backorder_of,
        db.now,
        db.key,
    )
    for item_no, quantity in goods.items():
        db.run("INSERT INTO delivery_lines VALUES (?, ?, ?)", delivery_id, item_no, text(quantity))
        touch_stock(db, item_no)
    if all(_free(db, item_no, delivery_id) >= quantity for item_no, quantity in goods.items()):
        db.run("UPDATE deliveries SET status = 'RESERVED' WHERE id = ?", delivery_id)
    touch_delivery(db, delivery_id, op="created")
    return delivery_id


def _free(db: Writer, item_no: str, but: int) -> Decimal:
    return _on_hand(db, item_no) - records.promised(db, item_no, but=but)


def _on_hand(db: Writer, item_no: str) -> Decimal:
    return Decimal(str(db.value("SELECT on_hand FROM items WHERE no = ?", item_no)))


def cancel_order(db: Writer, given: Row) -> Row:
    """Everything of it, as long as nothing has left; a posted invoice is credited."""
    order = _order(db, given["orderId"])
    deliveries = db.rows("SELECT id, status FROM deliveries WHERE order_id = ?", order["id"])
    if order["status"] == "CANCELLED" or any(one["status"] in ("SHIPPED", "DELIVERED") for one in deliveries):
        raise Refused(409, "WRONG_STATE", f"{order['no']} cannot be cancelled any more: it is cancelled already, or goods have left.")
    for one in deliveries:
        db.run("UPDATE deliveries SET status = 'CANCELLED' WHERE id = ?", one["id"])
        touch_delivery(db, one["id"])
        for line in db.rows("SELECT item_no FROM delivery_lines WHERE delivery_id = ?", one["id"]):
            touch_stock(db, line["item_no"])
    for invoice in db.rows("SELECT * FROM invoices WHERE order_id = ? AND status <> 'CANCELLED'", order["id"]):
        if invoice["status"] != "DRAFT":
            book(db, invoice=invoice["id"], partner=invoice["partner_no"], credit=Decimal(invoice["amount"]), on=today())
            touch_balance(db, invoice["partner_no"])
        _invoice_becomes(db, invoice["id"], "CANCELLED")
    reason = given.get("reason")
    db.run(
        "UPDATE orders SET status = 'CANCELLED', comment = trim(comment || ? ) WHERE id = ?", f"\nCancelled: {reason}" if reason else "", order["id"]
    )
    touch_order(db, order["id"])
    return {"order": records.one(db, "orders", str(order["id"]))}


def _order(db: Writer, order_id: str) -> Row:
    row = db.one("SELECT * FROM orders WHERE id = ?", order_id)
    if row is None:
        raise Refused(404, "NOT_FOUND", f"There is no order {order_id}.")
    return row


def _settle_order(db: Writer, order_id: int) -> None:
    """COMPLETED once all goods have left and the invoice is out."""
    waiting = db.value(f"SELECT count(*) FROM deliveries WHERE order_id = ? AND status IN {OPEN_DELIVERY}", order_id)
    draft = db.value("SELECT count(*) FROM invoices WHERE order_id = ? AND status = 'DRAFT'", order_id)
    db.run("UPDATE orders SET status = ? WHERE id = ? AND status <> 'CANCELLED'", "IN_PROGRESS" if waiting or draft else "COMPLETED", order_id)
    touch_order(db, order_id)


# --- invoices ---------------------------------------------------------------------------------------------------------------------------


def post_invoice(db: Writer, given: Row) -> Row:
    """The order's one invoice gets its number and is booked. Posted already, by whomever: that one."""
    order = _order(db, given["orderId"])
    invoice = db.one("SELECT * FROM invoices WHERE order_id = ? ORDER BY id LIMIT 1", order["id"])
    if invoice is None or invoice["status"] == "CANCELLED":
        raise Refused(409, "WRONG_STATE", f"{order['no']} has no invoice that could be posted.")
    if invoice["status"] == "DRAFT":
        on = today()
        due = on + dt.timedelta(days=order["term_days"])
        db.run(
            "UPDATE invoices SET no = ?, invoiced_on = ?, due_on = ? WHERE id = ?",
            f"INV-{db.next_number('invoice')}",
            str(on),
            str(due),
            invoice["id"],
        )
        amount = Decimal(invoice["amount"])
        book(db, invoice=invoice["id"], partner=invoice["partner_no"], debit=amount, on=on)
        book(db, invoice=invoice["id"], partner=invoice["partner_no"], credit=amount, on=on, account="REVENUE")
        _invoice_becomes(db, invoice["id"], "POSTED")
        touch_balance(db, invoice["partner_no"])
        _settle_order(db, order["id"])
    return {"invoice": records.one(db, "invoices", str(invoice["id"]))}


def _invoice_becomes(db: Writer, invoice_id: int, status: str) -> None:
    db.run("UPDATE invoices SET status = ? WHERE id = ?", status, invoice_id)
    _stamp(db, "invoices", "id", invoice_id)
    db.touch("invoice", invoice_id, number=str(db.value("SELECT no FROM invoices WHERE id = ?", invoice_id) or ""), status=status)


# --- purchase ---------------------------------------------------------------------------------------------------------------------------


def create_requests(db: Writer, given: Row) -> Row:
    """One request a line, naming the sales order it is for; without one it fills up the stock."""
    if given["reference"] and db.one("SELECT 1 FROM orders WHERE no = ?", given["reference"]) is None:
        raise Refused(422, "UNKNOWN_ORDER", f"There is no order {given['reference']}.", "reference")
    if not given["lines"]:
        raise Refused(422, "NO_LINES", "A purchase request needs at least one line.", "lines")
    made = []
    for number, line in enumerate(given["lines"], 1):
        if not db.value("SELECT stocked FROM items WHERE no = ?", line["itemNo"]) or line["quantity"] <= 0:
            raise Refused(422, "BAD_LINE", f"Line {number}: {line['itemNo']} is nothing that can be bought in this quantity.", "lines")
        needed = given["neededOn"]
        request_id = db.run(
            "INSERT INTO requests (item_no, quantity, status, reference, needed_on, changed_at, request_key) VALUES (?, ?, 'OPEN', ?, ?, ?, ?)",
            line["itemNo"],
            text(line["quantity"]),
            given["reference"] or "",
            str(needed) if needed else None,
            db.now,
            db.key,
        )
        db.touch("request", request_id, op="created", number=str(request_id), status="OPEN")
        made.append(records.one(db, "requests", str(request_id)))
    return {"requests": made}


def receive(db: Writer, given: Row) -> Row:
    """The goods came in; deliveries that waited for them are reserved, the oldest first."""
    row = db.one("SELECT * FROM requests WHERE id = ?", given["requestId"])
    if row is None:
        raise Refused(404, "NOT_FOUND", f"There is no purchase request {given['requestId']}.")
    if row["status"] != "OPEN":
        raise Refused(409, "WRONG_STATE", "These goods were received already.")
    db.run("UPDATE requests SET status = 'RECEIVED' WHERE id = ?", row["id"])
    _stamp(db, "requests", "id", row["id"])
    db.touch("request", row["id"], number=str(row["id"]), status="RECEIVED")
    _move_stock(db, row["item_no"], Decimal(row["quantity"]))
    for waiting in db.rows(
        "SELECT d.id FROM deliveries d JOIN delivery_lines l ON l.delivery_id = d.id WHERE d.status = 'PLANNED' AND l.item_no = ? ORDER BY d.id",
        row["item_no"],
    ):
        lines = db.rows("SELECT item_no, quantity FROM delivery_lines WHERE delivery_id = ?", waiting["id"])
        if all(_on_hand(db, line["item_no"]) - _reserved(db, line["item_no"]) >= Decimal(line["quantity"]) for line in lines):
            db.run("UPDATE deliveries SET status = 'RESERVED' WHERE id = ?", waiting["id"])
            touch_delivery(db, waiting["id"])
    return {"request": records.one(db, "requests", str(row["id"]))}


def _reserved(db: Writer, item_no: str) -> Decimal:
    """Promised and set aside: without deliveries that still wait for goods."""
    rows = db.rows(
        "SELECT l.quantity FROM delivery_lines l JOIN deliveries d ON d.id = l.delivery_id WHERE l.item_no = ? "
        "AND d.status IN ('RESERVED', 'PICKED', 'PACKED')",
        item_no,
    )
    return sum((Decimal(row["quantity"]) for row in rows), Decimal(0))


def _move_stock(db: Writer, item_no: str, quantity: Decimal) -> None:
    db.run("UPDATE items SET on_hand = ? WHERE no = ?", text(_on_hand(db, item_no) + quantity), item_no)
    touch_stock(db, item_no)


# --- deliveries -------------------------------------------------------------------------------------------------------------------------


def advance_delivery(db: Writer, given: Row) -> Row:
    """On to a later step. Leaving the house takes the goods from stock; with `lines` only those leave, the rest becomes a delivery of its own."""
    row = db.one("SELECT * FROM deliveries WHERE id = ?", given["deliveryId"])
    if row is None:
        raise Refused(404, "NOT_FOUND", f"There is no delivery {given['deliveryId']}.")
    to = STEPS.get(given["to"])
    if to is None:
        raise Refused(400, "BAD_REQUEST", f"A delivery becomes one of {', '.join(STEPS)}.", "to")
    if row["status"] not in LADDER or LADDER.index(to) <= LADDER.index(row["status"]):
        raise Refused(409, "WRONG_STATE", f"{row['no']} is {row['status'].lower()} already.")
    planned = {line["item_no"]: Decimal(line["quantity"]) for line in db.rows("SELECT * FROM delivery_lines WHERE delivery_id = ?", row["id"])}
    leaves = to in ("SHIPPED", "DELIVERED") and row["status"] in OPEN_DELIVERY
    going = _going(planned, given["lines"], leaves)
    if row["status"] in OPEN_DELIVERY:
        for item_no, quantity in going.items():
            if _on_hand(db, item_no) < quantity:
                here = text(_on_hand(db, item_no))
                raise Refused(409, "OUT_OF_STOCK", f"{company.name_of(item_no)} ({item_no}): {text(quantity)} wanted, {here} here.", "lines")
    backorder = _leave(db, row, planned, going) if leaves else None
    db.run(
        "UPDATE deliveries SET status = ?, tracking = CASE WHEN ? <> '' THEN ? ELSE tracking END WHERE id = ?",
        to,
        given["tracking"] or "",
        given["tracking"] or "",
        row["id"],
    )
    touch_delivery(db, row["id"])
    _settle_order(db, row["order_id"])
    return {
        "delivery": records.one(db, "deliveries", str(row["id"])),
        "backorder": records.one(db, "deliveries", str(backorder)) if backorder else None,
    }


def _going(planned: dict[str, Decimal], lines: list[Row], leaves: bool) -> dict[str, Decimal]:
    if not lines:
        return planned
    if not leaves:
        raise Refused(400, "BAD_REQUEST", "Quantities are named when goods leave.", "lines")
    going: dict[str, Decimal] = {}
    for line in lines:
        if line["quantity"] < 0 or going.get(line["itemNo"], Decimal(0)) + line["quantity"] > planned.get(line["itemNo"], Decimal(0)):
            raise Refused(422, "BAD_LINE", f"{line['itemNo']}: not more than the delivery holds can leave.", "lines")
        going[line["itemNo"]] = going.get(line["itemNo"], Decimal(0)) + line["quantity"]
    if not any(going.values()):
        raise Refused(422, "NO_LINES", "Nothing would leave.", "lines")
    return {item_no: quantity for item_no, quantity in going.items() if quantity}


def _leave(db: Writer, row: Row, planned: dict[str, Decimal], going: dict[str, Decimal]) -> int | None:
    """Take the goods out; returns the delivery of the rest."""
    rest = {item_no: quantity - going.get(item_no, Decimal(0)) for item_no, quantity in planned.items()}
    rest = {item_no: quantity for item_no, quantity in rest.items() if quantity}
    db.run("DELETE FROM delivery_lines WHERE delivery_id = ?", row["id"])
    for item_no, quantity in going.items():
        db.run("INSERT INTO delivery_lines VALUES (?, ?, ?)", row["id"], item_no, text(quantity))
    db.run("UPDATE deliveries SET shipped_at = ?, status = 'SHIPPED', tracking = ? WHERE id = ?", db.now, f"SF{100000 + row['id']}", row["id"])
    for item_no, quantity in going.items():
        _move_stock(db, item_no, -quantity)
    return _plan_delivery(db, row["order_id"], rest, today(), backorder_of=row["id"]) if rest else None
