"""Reading: from tables to what the CRM answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from apps.devtools.sandbox.base.store import Reader, Refused, Row

PAGE = 100


def _stamps(row: Row) -> Row:
    return {"version": str(row["revision"]), "updated_at": row["changed_at"], "last_key": row["request_key"]}


def user(db: Reader, login: str) -> Row:
    row = db.one("SELECT login, email, name FROM users WHERE login = ?", login)
    return row or {"login": login, "email": "", "name": login}


def client(db: Reader, row: Row) -> Row:
    people = db.rows("SELECT name, email, phone, title FROM people WHERE client_id = ? ORDER BY id", row["id"])
    plain = {name: row[name] for name in ("id", "organisation", "code", "name", "name_zh", "industry", "city", "phone", "email", "website", "note")}
    return {**plain, "owner": user(db, row["owner"]), "people": people, **_stamps(row)}


def _client_link(db: Reader, ident: str | None) -> Row | None:
    return db.one("SELECT id, code, name FROM clients WHERE id = ?", ident) if ident else None


def stage(db: Reader, code: str) -> Row:
    """Raises Refused 400 for a stage that does not exist."""
    row = db.one("SELECT code, label, kind, probability, position FROM stages WHERE code = ? OR label = ?", code, code)
    if row is None:
        raise Refused(400, "unknown_stage", f"There is no stage {code}.", "stage")
    return row


def deal(db: Reader, row: Row) -> Row:
    lines = db.rows("SELECT id, sku, title, quantity, price, discount, net_price, total FROM positions WHERE deal_id = ? ORDER BY id", row["id"])
    at = stage(db, row["stage"])
    return {
        "id": row["id"],
        "organisation": row["organisation"],
        "title": row["title"],
        "client": _client_link(db, row["client_id"]),
        "stage": {"code": at["code"], "label": at["label"], "kind": at["kind"]},
        "stage_since": row["stage_since"],
        "probability": at["probability"],
        "value": {"amount": row["amount"], "currency": row["currency"]},
        "positions": [{**line, "id": str(line["id"])} for line in lines],
        "owner": user(db, row["owner"]),
        "closed_on": row["closed_on"],
        "custom": json.loads(row["custom"]),
        **_stamps(row),
    }


def activity(db: Reader, row: Row) -> Row:
    plain = {name: row[name] for name in ("id", "organisation", "channel", "subject", "body", "at")}
    return {**plain, "client": _client_link(db, row["client_id"]), "deal_id": row["deal_id"], "author": user(db, row["author"]), **_stamps(row)}


def case(db: Reader, row: Row) -> Row:
    plain = {name: row[name] for name in ("id", "organisation", "title", "status", "priority", "sort", "opened_at", "answered_at", "closed_on")}
    return {**plain, "client": _client_link(db, row["client_id"]), "owner": user(db, row["owner"]), **_stamps(row)}


LISTS: dict[str, Callable[[Reader, Row], Row]] = {"clients": client, "deals": deal, "activities": activity, "cases": case}


def listed(db: Reader, what: str, query: Mapping[str, str]) -> Row:
    """A page by id: ?after=<last id>&limit=&organisation=."""
    limit = max(1, min(int(query.get("limit") or PAGE), 500)) if (query.get("limit") or "1").isdigit() else PAGE
    organisation = query.get("organisation", "")
    rows = db.rows(f"SELECT * FROM {what} WHERE id > ? AND (? = '' OR organisation = ?) ORDER BY id LIMIT ?",
                   query.get("after", ""), organisation, organisation, limit + 1)  # fmt: skip
    return {"items": [LISTS[what](db, row) for row in rows[:limit]], "next": rows[limit - 1]["id"] if len(rows) > limit else None}


def row_of(db: Reader, what: str, ident: str) -> Row:
    """The stored row. Raises Refused 404."""
    row = db.one(f"SELECT * FROM {what} WHERE id = ?", ident)
    if row is None:
        raise Refused(404, "not_found", f"There is no record {ident} among the {what}.")
    return row


def one(db: Reader, what: str, ident: str) -> Row:
    return LISTS[what](db, row_of(db, what, ident))


def event(row: Row, epoch: str) -> dict[str, Any]:
    """A change as this vendor tells it; the same in the feed and in webhooks."""
    return {
        "id": f"ev-{epoch[:12]}-{row['seq']}", "organisation": row["organisation"], "happened_at": row["at"], "kind": row["entity"],
        "record_id": row["record"], "action": row["op"], "transition": row["transition"], "key": row["request_key"], "actor": row["changed_by"],
    }  # fmt: skip
