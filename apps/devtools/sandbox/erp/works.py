"""What the works made and what suppliers sent, before the first day. Plain data; days are counted from today, a negative number lies ahead."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.store import Writer

# item, how many, days ago it was planned to be done, when it was: days after that (None: not yet), status of what is not done
_PRODUCTIONS: tuple[tuple[str, int, int, int | None, str], ...] = (
    ("P-1001", 12, 88, 0, ""), ("P-1003", 6, 84, 2, ""), ("P-1010", 8, 79, 0, ""), ("P-1012", 2, 75, 5, ""), ("P-1004", 20, 70, -1, ""),
    ("P-1006", 15, 66, 0, ""), ("P-1002", 10, 61, 0, ""), ("P-1013", 2, 57, 6, ""), ("P-1009", 30, 54, -2, ""), ("P-1005", 12, 50, 0, ""),
    ("P-1008", 6, 46, 1, ""), ("P-1021", 40, 43, 0, ""), ("P-1022", 25, 39, 0, ""), ("P-1011", 5, 36, 3, ""), ("P-1001", 12, 33, 0, ""),
    ("P-1026", 8, 29, -1, ""), ("P-1007", 15, 26, 0, ""), ("P-1003", 6, 22, 4, ""), ("P-1010", 8, 19, 0, ""), ("P-1004", 20, 16, 0, ""),
    ("P-1012", 3, 13, 2, ""), ("P-1006", 15, 10, 0, ""), ("P-1002", 10, 8, -1, ""), ("P-1020", 18, 6, 0, ""), ("P-1011", 6, 4, None, "RUNNING"),
    ("P-1003", 6, 2, None, "RUNNING"), ("P-1005", 10, -2, None, "RUNNING"), ("P-1013", 2, -5, None, "RELEASED"), ("P-1008", 6, -9, None, "PLANNED"),
    ("P-1001", 12, -14, None, "PLANNED"),
)  # fmt: skip
SUPPLIERS = {"V-101": "Harbour Castings", "V-102": "Swift Bearings", "V-103": "Clearline Seals", "V-104": "Northlight Drives"}
# supplier, (item, how many, price) ..., days ago it was to be there, when it came: days after that; None: not yet
_PURCHASES: tuple[tuple[str, tuple[tuple[str, int, str], ...], int, int | None], ...] = (
    ("V-102", (("P-1018", 300, "58.00"),), 86, 0), ("V-103", (("P-1014", 120, "260.00"), ("P-1015", 40, "345.00")), 80, 3),
    ("V-101", (("P-1020", 30, "720.00"),), 73, 0), ("V-104", (("P-1025", 15, "2650.00"),), 67, 8), ("V-102", (("P-1019", 150, "112.00"),), 60, -1),
    ("V-103", (("P-1016", 20, "1240.00"),), 55, 0), ("V-101", (("P-1021", 60, "830.00"), ("P-1023", 80, "150.00")), 48, 1),
    ("V-104", (("P-1027", 60, "330.00"),), 41, 0), ("V-102", (("P-1018", 200, "58.00"),), 34, 5), ("V-103", (("P-1028", 200, "55.00"),), 27, 0),
    ("V-101", (("P-1022", 30, "1150.00"),), 21, 0), ("V-104", (("P-1025", 10, "2650.00"),), 15, 2), ("V-103", (("P-1015", 60, "345.00"),), 9, 0),
    ("V-102", (("P-1019", 100, "112.00"),), 3, None), ("V-103", (("P-1015", 60, "345.00"),), -4, None), ("V-101", (("P-1020", 20, "720.00"),), -11, None),
)  # fmt: skip
LASTS = dt.timedelta(days=5)  # from the start of a production to its planned end
ORDERED_BEFORE = dt.timedelta(days=18)


def _stamp(day: dt.date) -> str:
    return f"{day}T01:10:00Z"


def seed(db: Writer, today: dt.date) -> None:
    """Productions and orders to suppliers."""
    for item, quantity, ago, after, status in _PRODUCTIONS:
        planned = today - dt.timedelta(days=ago)
        done = min(planned + dt.timedelta(days=after), today) if after is not None else None
        started = planned - LASTS if done or status == "RUNNING" else None
        db.run(
            "INSERT INTO productions (no, item_no, quantity, status, planned_on, started_on, done_on, created_at, changed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            f"MO-{db.next_number('production', 7001)}", item, str(quantity), status or "DONE", str(planned), str(min(started, today)) if started else None,
            str(done) if done else None, _stamp(min(planned - 3 * LASTS, today)), db.now,
        )  # fmt: skip
    for supplier, lines, ago, after in _PURCHASES:
        _purchase(db, supplier, lines, today - dt.timedelta(days=ago), after, today)


def _purchase(db: Writer, supplier: str, lines: tuple[tuple[str, int, str], ...], planned: dt.date, after: int | None, today: dt.date) -> None:
    came = min(planned + dt.timedelta(days=after), today) if after is not None else None
    total = sum((Decimal(price) * quantity for _item, quantity, price in lines), Decimal(0))
    ordered = min(planned - ORDERED_BEFORE, today)
    ident = db.run(
        "INSERT INTO purchases (no, supplier_no, supplier_name, status, currency, amount, ordered_on, planned_on, received_on, created_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        f"PO-{db.next_number('purchase', 3001)}", supplier, SUPPLIERS[supplier], "RECEIVED" if came else "ORDERED", company.CURRENCY, str(total),
        str(ordered), str(planned), str(came) if came else None, _stamp(ordered), db.now,
    )  # fmt: skip
    for item, quantity, price in lines:
        db.run(
            "INSERT INTO purchase_lines (purchase_id, item_no, name, quantity, unit_price, amount) VALUES (?, ?, ?, ?, ?, ?)",
            ident, item, company.name_of(item), str(quantity), price, str(Decimal(price) * quantity),
        )  # fmt: skip
