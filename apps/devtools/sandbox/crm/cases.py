"""Service requests: opened, answered, closed. Each function is the effect of one request."""

from __future__ import annotations

from apps.devtools.sandbox.base.store import Refused, Row, Writer
from apps.devtools.sandbox.crm import records
from apps.devtools.sandbox.crm.tables import today
from apps.devtools.sandbox.crm.work import _known, _owner, _same_version, _stamp, _text, may_edit

OPEN, OVER = ("new", "assigned", "pending"), ("closed", "rejected", "duplicate")
PRIORITIES, SORTS = ("low", "normal", "high", "urgent"), ("question", "fault", "complaint", "service")


def create(db: Writer, given: Row) -> Row:
    """A new request of a client; it is the client's owner's unless another one is named."""
    _known(given, "client", "title", "priority", "sort", "owner")
    client = records.row_of(db, "clients", str(given.get("client", "")))
    title, priority, sort = _text(given, "title").strip(), _text(given, "priority", "normal"), _text(given, "sort", "question")
    _need(bool(title), "title")
    _need(priority in PRIORITIES, "priority")
    _need(sort in SORTS, "sort")
    ident = f"ca-{db.next_number('case')}"
    db.run(
        "INSERT INTO cases (id, organisation, client_id, title, status, priority, sort, owner, opened_at, changed_at, request_key) "
        "VALUES (?, ?, ?, ?, 'new', ?, ?, ?, ?, ?, ?)",
        ident, client["organisation"], client["id"], title, priority, sort, _owner(db, _text(given, "owner", client["owner"])), db.now, db.now, db.key,
    )  # fmt: skip
    db.touch("case", ident, op="created", number=title, status="new", organisation=client["organisation"])
    return records.one(db, "cases", ident)


def update(db: Writer, ident: str, given: Row, if_match: str) -> Row:
    """Status, priority, owner. The first step on from "new" is the first answer; what is over carries the day, what is opened again loses it."""
    row = records.row_of(db, "cases", ident)
    may_edit(db, row["owner"])
    _same_version(row, if_match)
    _known(given, "status", "priority", "owner")
    status = _text(given, "status", row["status"])
    _need(status in (*OPEN, *OVER), "status")
    _need(_text(given, "priority", row["priority"]) in PRIORITIES, "priority")
    answered = row["answered_at"] or (db.now if status != "new" else None)
    closed = (row["closed_on"] or str(today())) if status in OVER else None
    db.run("UPDATE cases SET status = ?, priority = ?, owner = ?, answered_at = ?, closed_on = ? WHERE id = ?", status,
           _text(given, "priority", row["priority"]), _owner(db, _text(given, "owner", row["owner"])), answered, closed, ident)  # fmt: skip
    _stamp(db, "cases", ident)
    db.touch("case", ident, number=row["title"], status=status, organisation=row["organisation"])
    return records.one(db, "cases", ident)


def _need(truth: bool, name: str) -> None:
    if not truth:
        raise Refused(400, "bad_value", f"{name} has no such value.", name)
