"""What the CRM does for whom: who acts, what each request means. REST and the page stand on it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.faults import Faults
from apps.devtools.sandbox.base.store import Refused, Row, Store, Writer, change_page
from apps.devtools.sandbox.crm import cases, records, work

VERSION = "5.1"
Effect = Callable[[Writer], Row]

# name, method, path
OPERATIONS = (
    ("whoami", "GET", "/v1/whoami"), ("stages", "GET", "/v1/stages"), ("changes", "GET", "/v1/changes"),
    ("clients.list", "GET", "/v1/clients"), ("clients.get", "GET", "/v1/clients/{id}"), ("clients.create", "POST", "/v1/clients"),
    ("clients.update", "PATCH", "/v1/clients/{id}"),
    ("deals.list", "GET", "/v1/deals"), ("deals.get", "GET", "/v1/deals/{id}"), ("deals.create", "POST", "/v1/deals"),
    ("deals.update", "PATCH", "/v1/deals/{id}"), ("deals.delete", "DELETE", "/v1/deals/{id}"), ("deals.move", "POST", "/v1/deals/{id}/stage"),
    ("deals.comment", "POST", "/v1/deals/{id}/comments"),
    ("cases.list", "GET", "/v1/cases"), ("cases.get", "GET", "/v1/cases/{id}"), ("cases.create", "POST", "/v1/cases"),
    ("cases.update", "PATCH", "/v1/cases/{id}"),
    ("activities.list", "GET", "/v1/activities"), ("activities.get", "GET", "/v1/activities/{id}"), ("activities.create", "POST", "/v1/activities"),
)  # fmt: skip
_ROUTES = [(name, method, re.compile("^" + path.replace("{id}", "(?P<id>[^/]+)") + "/?$")) for name, method, path in OPERATIONS]


def route(method: str, path: str) -> tuple[str, str] | None:
    """(operation, id) of a request; None: there is nothing."""
    for name, verb, pattern in _ROUTES:
        match = pattern.match(path) if verb == method else None
        if match:
            return name, match.groupdict().get("id", "")
    return None


class Crm:
    """One running CRM."""

    def __init__(self, store: Store, service_key: str) -> None:
        self.store, self.service_key, self.faults = store, service_key, Faults()

    def acting(self, token: str, login: str) -> str:
        """The login that acts; the service account when nobody is named. Raises Refused 401 and 403."""
        if not hmac.compare_digest(token.encode(), f"Token {self.service_key}".encode()):
            raise Refused(401, "not_signed_in", "The token is missing or wrong.")
        login = login or company.SERVICE
        with self.store.reading() as db:
            row = db.one("SELECT active FROM users WHERE login = ?", login)
        if row is None or not row["active"]:
            raise Refused(403, "no_account", f"{login} has no account in this CRM.")
        return login

    def read(self, name: str, ident: str, query: Mapping[str, str], user: str) -> Row:
        """One of the reading operations."""
        what, _, verb = name.partition(".")
        with self.store.reading() as db:
            if verb == "list":
                return records.listed(db, what, query)
            if verb == "get":
                return records.one(db, what, ident)
            if name == "changes":
                return _changes(db, query, user)
            if name == "stages":
                return {"items": db.rows("SELECT code, label, label_zh, kind, probability, position FROM stages ORDER BY position")}
            organisations = db.rows("SELECT code, name FROM organisations ORDER BY rowid")
            role = db.value("SELECT role FROM users WHERE login = ?", user)
            return {
                "product": "Sandbox CRM",
                "version": VERSION,
                "epoch": db.meta("epoch"),
                "user": user,
                "role": role,
                "organisations": organisations,
            }

    def write(self, name: str, ident: str, given: Row, user: str, *, key: str = "", if_match: str = "") -> tuple[Row, bool]:
        """One of the writing operations: (answer, whether it is the stored answer of an earlier request)."""
        effects: dict[str, Effect] = {
            "clients.create": lambda db: work.create_client(db, given),
            "clients.update": lambda db: work.update_client(db, ident, given, if_match),
            "deals.create": lambda db: work.create_deal(db, given),
            "deals.update": lambda db: work.update_deal(db, ident, given, if_match),
            "deals.move": lambda db: work.move_deal(db, ident, given),
            "deals.delete": lambda db: work.delete_deal(db, ident),
            "deals.comment": lambda db: work.comment(db, ident, given),
            "cases.create": lambda db: cases.create(db, given),
            "cases.update": lambda db: cases.update(db, ident, given, if_match),
            "activities.create": lambda db: work.create_activity(db, given),
        }
        return self.store.command(name=name, key=key, user=user, body={"id": ident, "given": given, "if": if_match}, effect=effects[name])


def _changes(db: records.Reader, query: Mapping[str, str], user: str) -> Row:
    if db.value("SELECT role FROM users WHERE login = ?", user) != "service":
        raise Refused(403, "service_only", "The change feed is for calling systems.")
    after, _, epoch = query.get("cursor", "now").partition(".")
    limit = query.get("limit", "200")
    rows, position, more = change_page(db, epoch=epoch, after=after, limit=int(limit) if limit.isdigit() else 200)
    now = db.meta("epoch")
    return {"items": [records.event(row, now) for row in rows], "cursor": f"{position}.{now}", "more": more}
