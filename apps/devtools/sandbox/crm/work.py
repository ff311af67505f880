"""What the CRM does: each function is the effect of one request, inside its transaction."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.devtools.sandbox.base.store import Refused, Row, Writer
from apps.devtools.sandbox.crm import records
from apps.devtools.sandbox.crm.tables import CENT, CUSTOM_FIELDS, net, today

CLIENT_FIELDS = ("name", "industry", "city", "phone", "email", "website", "note")
CHANNELS = ("call", "visit", "mail", "note")
LONGEST = 4000


def may_edit(db: Writer, owner: str) -> None:
    """Raises Refused 403 with the reason."""
    role = db.value("SELECT role FROM users WHERE login = ?", db.user)
    if role in ("manager", "service") or (role == "rep" and owner == db.user):
        return
    words = "You may look here, not change." if role == "reader" else "This belongs to somebody else."
    raise Refused(403, "not_yours", words)


def _known(given: Row, *names: str) -> None:
    for name in given:
        if name not in names:
            raise Refused(400, "unknown_field", f"There is no field {name}.", name)


def _text(given: Row, name: str, default: str = "") -> str:
    value = given.get(name, default)
    if not isinstance(value, str) or len(value) > LONGEST:
        raise Refused(400, "bad_value", f"{name} is a text of at most {LONGEST} characters.", name)
    return value


def _number(value: Any, name: str) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Refused(400, "bad_value", f"{name} is a number.", name) from None
    if not number.is_finite() or abs(number) > Decimal("1e12"):
        raise Refused(400, "bad_value", f"{name} is a number.", name)
    return number


def _day(value: Any, name: str) -> str | None:
    if value in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise Refused(400, "bad_value", f"{name} is a day.", name) from None


def _same_version(row: Row, if_match: str) -> None:
    if if_match and if_match.strip('"') != str(row["revision"]):
        raise Refused(412, "changed_meanwhile", "Somebody changed this record meanwhile.")


def _stamp(db: Writer, table: str, ident: str) -> None:
    db.run(f"UPDATE {table} SET revision = revision + 1, changed_at = ?, request_key = ? WHERE id = ?", db.now, db.key, ident)


def _touch_deal(db: Writer, ident: str, *, op: str = "updated", transition: str = "") -> None:
    row = db.one("SELECT organisation, title, stage FROM deals WHERE id = ?", ident) or {}
    db.touch("deal", ident, op=op, number=row["title"], status=row["stage"], transition=transition, organisation=row["organisation"])


# --- clients ----------------------------------------------------------------------------------------------------------------------------


def update_client(db: Writer, ident: str, given: Row, if_match: str) -> Row:
    row = records.row_of(db, "clients", ident)
    may_edit(db, row["owner"])
    _same_version(row, if_match)
    _known(given, *CLIENT_FIELDS)
    for name in given:
        value = _text(given, name).strip()
        if name == "name" and not value:
            raise Refused(400, "bad_value", "A client needs a name.", name)
        if name == "email" and value and ("@" not in value or " " in value):
            raise Refused(400, "bad_value", "This is not an e-mail address.", name)
        db.run(f"UPDATE clients SET {name} = ? WHERE id = ?", value, ident)
    _stamp(db, "clients", ident)
    db.touch("client", ident, number=row["code"], organisation=row["organisation"])
    return records.one(db, "clients", ident)


def create_client(db: Writer, given: Row) -> Row:
    _known(given, *CLIENT_FIELDS, "code", "owner", "organisation")
    owner = _owner(db, _text(given, "owner") or db.user)
    may_edit(db, owner)
    ident = f"cl-{db.next_number('client')}"
    values = [_text(given, name) for name in CLIENT_FIELDS]
    organisation = _organisation(db, given)
    db.run(
        f"INSERT INTO clients (id, organisation, code, name_zh, owner, changed_at, request_key, {', '.join(CLIENT_FIELDS)}) "
        f"VALUES (?, ?, ?, '', ?, ?, ?{', ?' * len(values)})",
        ident, organisation, _text(given, "code"), owner, db.now, db.key, *values,
    )  # fmt: skip
    db.touch("client", ident, op="created", number=_text(given, "code"), organisation=organisation)
    return records.one(db, "clients", ident)


def _organisation(db: Writer, given: Row) -> str:
    wanted = _text(given, "organisation") or str(db.value("SELECT code FROM organisations ORDER BY rowid LIMIT 1"))
    if db.one("SELECT 1 FROM organisations WHERE code = ?", wanted) is None:
        raise Refused(400, "unknown_organisation", f"There is no organisation {wanted}.", "organisation")
    return wanted


# --- deals ------------------------------------------------------------------------------------------------------------------------------

DEAL_FIELDS = ("title", "client", "amount", "currency", "owner", "closed_on", "custom", "positions")


def create_deal(db: Writer, given: Row) -> Row:
    _known(given, *DEAL_FIELDS, "organisation", "stage")
    owner = _owner(db, _text(given, "owner") or db.user)
    may_edit(db, owner)
    if not _text(given, "title").strip():
        raise Refused(400, "bad_value", "A deal needs a title.", "title")
    stage = records.stage(db, _text(given, "stage") or "qualified")
    ident = f"D-{db.next_number('deal')}"
    db.run(
        "INSERT INTO deals (id, organisation, title, stage, stage_since, currency, owner, changed_at, request_key) "
        "VALUES (?, ?, ?, ?, ?, 'CNY', ?, ?, ?)",
        ident, _organisation(db, given), _text(given, "title"), stage["code"], db.now, owner, db.now, db.key,
    )  # fmt: skip
    _set_deal(db, ident, {name: value for name, value in given.items() if name in DEAL_FIELDS})
    _touch_deal(db, ident, op="created", transition="won" if stage["kind"] == "won" else "")
    return records.one(db, "deals", ident)


def update_deal(db: Writer, ident: str, given: Row, if_match: str) -> Row:
    """`custom` is merged with what is there; `positions` replaces all; the amount stands for itself."""
    row = records.row_of(db, "deals", ident)
    may_edit(db, row["owner"])
    _same_version(row, if_match)
    _known(given, *DEAL_FIELDS)
    _set_deal(db, ident, given)
    _stamp(db, "deals", ident)
    _touch_deal(db, ident)
    return records.one(db, "deals", ident)


def _set_deal(db: Writer, ident: str, given: Row) -> None:
    if "client" in given and given["client"] is not None:
        records.row_of(db, "clients", str(given["client"]))
    plain: dict[str, Any] = {
        "title": lambda: _text(given, "title"),
        "client_id": lambda: given["client"],
        "amount": lambda: None if given["amount"] in (None, "") else str(_number(given["amount"], "amount")),
        "currency": lambda: _text(given, "currency"),
        "owner": lambda: _owner(db, _text(given, "owner")),
        "closed_on": lambda: _day(given["closed_on"], "closed_on"),
        "custom": lambda: _merged(db, ident, given["custom"]),
    }
    for column, value in plain.items():
        if ("client" if column == "client_id" else column) in given:
            db.run(f"UPDATE deals SET {column} = ? WHERE id = ?", value(), ident)
    if "positions" in given:
        _set_positions(db, ident, given["positions"])


def _owner(db: Writer, login: str) -> str:
    if db.one("SELECT 1 FROM users WHERE login = ?", login) is None:
        raise Refused(400, "unknown_user", f"{login} has no account in this CRM.", "owner")
    return login


def _merged(db: Writer, ident: str, custom: Any) -> str:
    if not isinstance(custom, dict):
        raise Refused(400, "bad_value", "custom holds fields by name.", "custom")
    _known(custom, *CUSTOM_FIELDS)
    there = json.loads(db.value("SELECT custom FROM deals WHERE id = ?", ident) or "{}")
    return json.dumps({**there, **{name: _text(custom, name) for name in custom}}, ensure_ascii=False)


def _set_positions(db: Writer, ident: str, lines: Any) -> None:
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Refused(400, "bad_value", "positions is a list.", "positions")
    db.run("DELETE FROM positions WHERE deal_id = ?", ident)
    for line in lines:
        _known(line, "sku", "title", "quantity", "price", "discount")
        quantity, price = _number(line.get("quantity", 1), "quantity"), _number(line.get("price", 0), "price")
        discount = _number(line.get("discount", 0), "discount")
        one = net(price, discount)
        db.run(
            "INSERT INTO positions (deal_id, sku, title, quantity, price, discount, net_price, total) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ident, line.get("sku") or None, _text(line, "title"), str(quantity), str(price), str(discount), str(one),
            str((one * quantity).quantize(CENT)),
        )  # fmt: skip


def move_deal(db: Writer, ident: str, given: Row) -> Row:
    """To another stage. Won and lost carry the day of closing: the given one, else the company's today."""
    row = records.row_of(db, "deals", ident)
    may_edit(db, row["owner"])
    _known(given, "stage", "closed_on")
    before, after = records.stage(db, row["stage"]), records.stage(db, _text(given, "stage"))
    if before["code"] == after["code"]:
        raise Refused(409, "already_there", f"The deal is at {after['label']} already.", "stage")
    closed = _day(given.get("closed_on"), "closed_on") or str(today()) if after["kind"] != "open" else None
    db.run("UPDATE deals SET stage = ?, stage_since = ?, closed_on = ? WHERE id = ?", after["code"], db.now, closed, ident)
    transition = "" if before["kind"] == after["kind"] else "reopened" if after["kind"] == "open" else after["kind"]
    _stamp(db, "deals", ident)
    _touch_deal(db, ident, transition=transition)
    return records.one(db, "deals", ident)


def delete_deal(db: Writer, ident: str) -> Row:
    row = records.row_of(db, "deals", ident)
    may_edit(db, row["owner"])
    _touch_deal(db, ident, op="deleted", transition="deleted")
    db.run("DELETE FROM deals WHERE id = ?", ident)
    return {"deleted": ident}


def comment(db: Writer, ident: str, given: Row) -> Row:
    records.row_of(db, "deals", ident)
    _known(given, "text")
    if db.value("SELECT role FROM users WHERE login = ?", db.user) == "reader" or not _text(given, "text").strip():
        raise Refused(400, "bad_value", "A comment needs a text, and somebody who may write.", "text")
    number = db.run("INSERT INTO comments (deal_id, text, author, at) VALUES (?, ?, ?, ?)", ident, _text(given, "text"), db.user, db.now)
    return {"id": str(number)}


# --- follow-ups -------------------------------------------------------------------------------------------------------------------------


def create_activity(db: Writer, given: Row) -> Row:
    """Everybody who sees the client may note what was said."""
    _known(given, "client", "deal", "channel", "subject", "body")
    client = records.row_of(db, "clients", str(given.get("client", "")))
    if given.get("deal"):
        records.row_of(db, "deals", str(given["deal"]))
    channel, subject = _text(given, "channel", "note"), _text(given, "subject").strip()
    if channel not in CHANNELS or not subject:
        raise Refused(
            400, "bad_value", f"A follow-up needs a subject, and a channel out of {', '.join(CHANNELS)}.", "channel" if subject else "subject"
        )
    ident = f"ac-{db.next_number('activity')}"
    db.run(
        "INSERT INTO activities (id, organisation, client_id, deal_id, channel, subject, body, at, author, changed_at, request_key) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ident, client["organisation"], client["id"], given.get("deal") or None, channel, subject, _text(given, "body"), db.now, db.user,
        db.now, db.key,
    )  # fmt: skip
    db.touch("activity", ident, op="created", number=subject, organisation=client["organisation"])
    return records.one(db, "activities", ident)
