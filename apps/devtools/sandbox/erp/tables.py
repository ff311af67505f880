"""Tables of the ERP, and the first day's data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Writer
from apps.devtools.sandbox.erp import works

ZONE = ZoneInfo("Asia/Shanghai")
TERMS = (0, 15, 30, 45, 60, 90, 120)
OPEN_DELIVERY = ("PLANNED", "RESERVED", "PICKED", "PACKED")
LADDER = (*OPEN_DELIVERY, "SHIPPED", "DELIVERED")

_STAMPS = "revision INTEGER NOT NULL DEFAULT 1, changed_at TEXT NOT NULL, request_key TEXT NOT NULL DEFAULT ''"
TABLES = f"""
CREATE TABLE currencies (code TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE terms (days INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE users (login TEXT PRIMARY KEY, name TEXT NOT NULL, name_zh TEXT NOT NULL, subject TEXT NOT NULL,
    rights TEXT NOT NULL, active INTEGER NOT NULL);
CREATE TABLE partners (no TEXT PRIMARY KEY, name TEXT NOT NULL, name_zh TEXT NOT NULL, city TEXT NOT NULL, credit_limit TEXT, {_STAMPS});
CREATE TABLE items (no TEXT PRIMARY KEY, name TEXT NOT NULL, name_zh TEXT NOT NULL, unit TEXT NOT NULL, list_price TEXT NOT NULL,
    stocked INTEGER NOT NULL, on_hand TEXT NOT NULL DEFAULT '0', order_point TEXT, {_STAMPS});
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT UNIQUE NOT NULL,
    partner_no TEXT NOT NULL REFERENCES partners, status TEXT NOT NULL,
    currency TEXT NOT NULL REFERENCES currencies, amount TEXT NOT NULL, term_days INTEGER NOT NULL REFERENCES terms, external_ref TEXT NOT NULL,
    comment TEXT NOT NULL, ordered_on TEXT NOT NULL, ship_on TEXT, entered_by TEXT NOT NULL, {_STAMPS});
CREATE TABLE order_lines (id INTEGER PRIMARY KEY AUTOINCREMENT, order_id INTEGER NOT NULL REFERENCES orders, item_no TEXT NOT NULL REFERENCES items,
    name TEXT NOT NULL, quantity TEXT NOT NULL, unit_price TEXT NOT NULL, amount TEXT NOT NULL);
CREATE TABLE deliveries (id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT UNIQUE NOT NULL,
    order_id INTEGER NOT NULL REFERENCES orders, status TEXT NOT NULL,
    planned_on TEXT NOT NULL, shipped_at TEXT, tracking TEXT NOT NULL DEFAULT '', backorder_of INTEGER REFERENCES deliveries, {_STAMPS});
CREATE TABLE delivery_lines (delivery_id INTEGER NOT NULL REFERENCES deliveries, item_no TEXT NOT NULL REFERENCES items, quantity TEXT NOT NULL,
    PRIMARY KEY (delivery_id, item_no));
CREATE TABLE invoices (id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT UNIQUE,
    order_id INTEGER NOT NULL REFERENCES orders, partner_no TEXT NOT NULL,
    status TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, invoiced_on TEXT, due_on TEXT, {_STAMPS});
CREATE TABLE ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, partner_no TEXT NOT NULL,
    invoice_id INTEGER NOT NULL REFERENCES invoices,
    debit TEXT NOT NULL, credit TEXT NOT NULL, booked_on TEXT NOT NULL);
CREATE TABLE requests (id INTEGER PRIMARY KEY AUTOINCREMENT, item_no TEXT NOT NULL REFERENCES items, quantity TEXT NOT NULL, status TEXT NOT NULL,
    reference TEXT NOT NULL, needed_on TEXT, {_STAMPS});
CREATE TABLE productions (id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT UNIQUE NOT NULL, item_no TEXT NOT NULL REFERENCES items, quantity TEXT NOT NULL,
    status TEXT NOT NULL, planned_on TEXT NOT NULL, started_on TEXT, done_on TEXT, created_at TEXT NOT NULL, {_STAMPS});
CREATE TABLE purchases (id INTEGER PRIMARY KEY AUTOINCREMENT, no TEXT UNIQUE NOT NULL, supplier_no TEXT NOT NULL, supplier_name TEXT NOT NULL,
    status TEXT NOT NULL, currency TEXT NOT NULL, amount TEXT NOT NULL, ordered_on TEXT NOT NULL, planned_on TEXT NOT NULL, received_on TEXT,
    created_at TEXT NOT NULL, {_STAMPS});
CREATE TABLE purchase_lines (id INTEGER PRIMARY KEY AUTOINCREMENT, purchase_id INTEGER NOT NULL REFERENCES purchases,
    item_no TEXT NOT NULL REFERENCES items, name TEXT NOT NULL, quantity TEXT NOT NULL, unit_price TEXT NOT NULL, amount TEXT NOT NULL);
CREATE INDEX lines_of_purchase ON purchase_lines (purchase_id);
CREATE INDEX deliveries_of_order ON deliveries (order_id);
CREATE INDEX lines_of_order ON order_lines (order_id);
CREATE INDEX invoices_of_order ON invoices (order_id);
CREATE INDEX ledger_of_partner ON ledger (partner_no);
CREATE INDEX lines_of_item ON delivery_lines (item_no);
"""

RIGHTS = {
    "ana": "sales.read sales.write stock.read",
    "boss": "sales.read sales.write stock.read purchase.write works.read",
    "fin": "sales.read stock.read finance.read finance.write works.read",
    "eve": "sales.read stock.read stock.write works.read",
    company.SERVICE: "sales.read sales.write stock.read stock.write purchase.write finance.read finance.write works.read works.write changes.read "
    "sessions.end",
}

# Orders of the past: days ago, customer, term, lines, how far: open | shipped | paid; None: entered only
_PAST: tuple[tuple[int, str, int, tuple[tuple[str, int], ...], str], ...] = (
    (96, "C-001", 30, (("P-1001", 6), ("P-1014", 12), ("S-2001", 2)), "overdue"),
    (81, "C-002", 30, (("P-1009", 8), ("P-1028", 10)), "paid"),
    (74, "C-003", 60, (("P-1010", 4), ("P-1016", 6)), "paid"),
    (63, "C-009", 30, (("P-1005", 5), ("P-1025", 5)), "overdue"),
    (52, "C-005", 45, (("P-1012", 1), ("S-2001", 1)), "paid"),
    (44, "C-014", 60, (("P-1013", 1), ("P-1027", 8), ("S-2002", 2)), "shipped"),
    (37, "C-004", 30, (("P-1021", 6), ("P-1023", 12)), "overdue"),
    (29, "C-001", 30, (("P-1004", 8), ("P-1024", 8)), "shipped"),
    (18, "C-013", 45, (("P-1009", 10), ("P-1027", 10)), "shipped"),
    (12, "C-007", 30, (("P-1007", 3),), "shipped"),
    (5, "C-026", 60, (("P-1006", 4), ("P-1020", 2)), "open"),
    (3, "C-002", 30, (("P-1019", 20), ("P-1017", 10)), "open"),
)


def today() -> dt.date:
    """The company's day."""
    return dt.datetime.now(ZONE).date()


def text(number: Decimal) -> str:
    """A number without needless zeros."""
    return format(number.normalize(), "f") if number else "0"


def seed(db: Writer) -> None:
    """Master data and a past."""
    db.run("INSERT INTO currencies VALUES (?, ?)", company.CURRENCY, "Yuan Renminbi")
    for days in TERMS:
        db.run("INSERT INTO terms VALUES (?, ?)", days, f"{days} days net" if days else "due at once")
    for user in company.USERS:
        db.run("INSERT INTO users VALUES (?, ?, ?, ?, ?, 1)", user.login, user.name, user.name_zh, user.subject, RIGHTS[user.login])
    db.run("INSERT INTO users VALUES (?, 'Portal service', '门户服务', '', ?, 1)", company.SERVICE, RIGHTS[company.SERVICE])
    for one in company.CUSTOMERS:
        db.run(
            "INSERT INTO partners (no, name, name_zh, city, credit_limit, changed_at) VALUES (?, ?, ?, ?, ?, ?)",
            one.code,
            one.name,
            one.name_zh,
            one.city,
            str(one.limit),
            db.now,
        )
    for item in company.ITEMS:
        db.run(
            "INSERT INTO items (no, name, name_zh, unit, list_price, stocked, on_hand, order_point, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            item.sku,
            item.name,
            item.name_zh,
            item.unit,
            item.price,
            int(item.on_hand is not None),
            str(item.on_hand or 0),
            None if item.order_point is None else str(item.order_point),
            db.now,
        )
    for row in _PAST:
        _past(db, *row)
    works.seed(db, today())


def _past(db: Writer, days: int, partner: str, term: int, lines: tuple[tuple[str, int], ...], how: str) -> None:
    """One order with everything that became of it. Its goods left before the stock was counted."""
    on = today() - dt.timedelta(days=days)
    amount = sum((Decimal(company.PRICES[sku]) * quantity for sku, quantity in lines), Decimal(0))
    order = db.run(
        "INSERT INTO orders (no, partner_no, status, currency, amount, term_days, external_ref, comment, ordered_on, ship_on, "
        "entered_by, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, '', '', ?, NULL, 'boss', ?)",
        f"SO-{db.next_number('order', 1001)}",
        partner,
        "IN_PROGRESS" if how == "open" else "COMPLETED",
        company.CURRENCY,
        str(amount),
        term,
        str(on),
        db.now,
    )
    delivery = db.run(
        "INSERT INTO deliveries (no, order_id, status, planned_on, shipped_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)",
        f"DN-{db.next_number('delivery', 5001)}",
        order,
        "RESERVED" if how == "open" else "DELIVERED",
        str(on),
        None if how == "open" else f"{on + dt.timedelta(days=2)}T02:30:00Z",
        db.now,
    )
    for sku, quantity in lines:
        db.run(
            "INSERT INTO order_lines (order_id, item_no, name, quantity, unit_price, amount) VALUES (?, ?, ?, ?, ?, ?)",
            order,
            sku,
            company.name_of(sku),
            str(quantity),
            company.PRICES[sku],
            str(Decimal(company.PRICES[sku]) * quantity),
        )
        if not sku.startswith("S-"):
            db.run("INSERT INTO delivery_lines VALUES (?, ?, ?)", delivery, sku, str(quantity))
    _past_invoice(db, order, partner, amount, on, term, how)


def _past_invoice(db: Writer, order: int, partner: str, amount: Decimal, on: dt.date, term: int, how: str) -> None:
    columns = "order_id, partner_no, status, amount, currency, changed_at"
    if how == "open":
        db.run(f"INSERT INTO invoices ({columns}) VALUES (?, ?, 'DRAFT', ?, ?, ?)", order, partner, str(amount), company.CURRENCY, db.now)
        return
    invoice = db.run(
        f"INSERT INTO invoices ({columns}, no, invoiced_on, due_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        order,
        partner,
        "PAID" if how == "paid" else "POSTED",
        str(amount),
        company.CURRENCY,
        db.now,
        f"INV-{db.next_number('invoice', 20001)}",
        str(on),
        str(on + dt.timedelta(days=term)),
    )
    book(db, invoice=invoice, partner=partner, debit=amount, on=on)
    if how == "paid":
        book(db, invoice=invoice, partner=partner, credit=amount, on=on + dt.timedelta(days=term - 3))


def book(
    db: Writer, *, invoice: int, partner: str, on: dt.date, debit: Decimal = Decimal(0), credit: Decimal = Decimal(0), account: str = "RECEIVABLE"
) -> int:
    """One line of the ledger; its number."""
    values: tuple[Any, ...] = (account, partner, invoice, str(debit), str(credit), str(on))
    return db.run("INSERT INTO ledger (account, partner_no, invoice_id, debit, credit, booked_on) VALUES (?, ?, ?, ?, ?, ?)", *values)


def _works(db: Writer) -> None:
    for login, rights in RIGHTS.items():
        db.run("UPDATE users SET rights = ? WHERE login = ?", rights, login)
    works.seed(db, today())


LATER = {"productions": _works}
