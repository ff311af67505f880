"""What the ERP does for whom: rights, operations, tickets and sessions. REST, SOAP and the page stand on it."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from typing import Any

from apps.devtools.sandbox import company
from apps.devtools.sandbox.base.faults import Faults
from apps.devtools.sandbox.base.store import Refused, Row, Store, change_page
from apps.devtools.sandbox.base.web import Request
from apps.devtools.sandbox.erp import making, records, work
from apps.devtools.sandbox.erp.schema import BY_NAME, Operation, check

VERSION = "2.4"
TICKET_SECONDS, SESSION_SECONDS = 60, 8 * 3600
COOKIE = "erp_session"
EFFECTS = {
    "orders.create": work.create_order,
    "orders.cancel": work.cancel_order,
    "orders.invoice": work.post_invoice,
    "requests.create": work.create_requests,
    "requests.receive": work.receive,
    "deliveries.advance": work.advance_delivery,
    "invoices.pay": making.pay,
    "purchases.arrive": making.arrive,
    "productions.advance": making.advance,
}


class Erp:
    """One running ERP."""

    def __init__(self, store: Store, service_key: str) -> None:
        self.store, self.service_key, self.faults = store, service_key, Faults()
        self._lock = threading.Lock()
        self._signed_on: dict[str, tuple[str, str, float]] = {}  # ticket or session -> (kind, login, good until)

    # --- operations ---------------------------------------------------------------------------------------------------------------------

    def acting(self, key: str, login: str) -> str:
        """The login that acts; the service account when nobody is named. Raises Refused 401 and 403."""
        if not hmac.compare_digest(key.encode(), self.service_key.encode()):
            raise Refused(401, "NOT_SIGNED_ON", "The service key is missing or wrong.")
        login = login or company.SERVICE
        with self.store.reading() as db:
            row = db.one("SELECT active FROM users WHERE login = ?", login)
        if row is None or not row["active"]:
            raise Refused(403, "NO_SUCH_USER", f"{login} has no account in this ERP.")
        return login

    def run(self, operation: Operation, given: Row, user: str, *, base: str = "", trusted: bool = False) -> tuple[Row, bool]:
        """One operation as a user: (answer, whether it is the stored answer of an earlier request). `trusted`: rights are not asked."""
        values = check(operation.given, given)
        with self.store.reading() as db:
            rights = str(db.value("SELECT rights FROM users WHERE login = ?", user) or "").split()
            if operation.right and operation.right not in rights and not trusted:
                raise Refused(403, "NOT_ALLOWED", f"{user} lacks the right {operation.right}.")
            what, _, verb = operation.name.partition(".")
            if verb == "list":
                return records.listed(db, what, values), False
            if verb == "get":
                return {"row": records.one(db, what, values["id"])}, False
            if operation.name == "changes":
                return _changes(db, values), False
            if operation.name == "info":
                return {
                    "product": "Sandbox ERP",
                    "version": VERSION,
                    "epoch": db.meta("epoch"),
                    "company": "Yunhe Pump Works",
                    "user": user,
                    "rights": rights,
                }, False
            if operation.name == "currencies":
                return {"currencies": [row["code"] for row in db.rows("SELECT code FROM currencies ORDER BY code")]}, False
        if operation.name == "tickets.open":
            return self._ticket(user, values["path"] or "/", base), False
        if operation.name == "sessions.end":
            return {"ended": self._end_sessions(values["subject"])}, False
        effect = EFFECTS[operation.name]
        return self.store.command(
            name=operation.name, key=values.get("requestKey") or "", user=user, body=given, effect=lambda db: effect(db, values)
        )

    def do(self, name: str, given: Row, user: str, *, trusted: bool = False) -> Row:
        """An operation by name, for the page."""
        return self.run(BY_NAME[name], given, user, trusted=trusted)[0]

    # --- people in the ERP's own page -------------------------------------------------------------------------------------------------------

    def _ticket(self, user: str, path: str, base: str) -> Row:
        if not path.startswith("/") or path.startswith("//"):
            raise Refused(400, "BAD_REQUEST", "The path begins with one slash.", "path")
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._signed_on[ticket] = (f"ticket {path}", user, time.monotonic() + TICKET_SECONDS)
        return {"url": f"{base}/enter?ticket={ticket}", "expiresIn": TICKET_SECONDS}

    def enter(self, ticket: str) -> tuple[str, str]:
        """(session, path) for a ticket that was not used yet. Raises Refused 401."""
        with self._lock:
            kind, login, until = self._signed_on.pop(ticket, ("", "", 0.0))
            if not kind.startswith("ticket ") or until < time.monotonic():
                raise Refused(401, "TICKET_USED", "This link was used already, or it is too old. Open the ERP from the portal again.")
            session = secrets.token_urlsafe(24)
            self._signed_on[session] = ("session", login, time.monotonic() + SESSION_SECONDS)
        return session, kind.partition(" ")[2]

    def person(self, request: Request) -> str:
        """Login of whoever came by a ticket; "" for the demo's operator."""
        cookies = dict(part.strip().partition("=")[::2] for part in request.headers.get("cookie", "").split(";"))
        with self._lock:
            kind, login, until = self._signed_on.get(cookies.get(COOKIE, ""), ("", "", 0.0))
        return login if kind == "session" and until > time.monotonic() else ""

    def _end_sessions(self, subject: str) -> int:
        with self.store.reading() as db:
            login = db.value("SELECT login FROM users WHERE subject = ? AND subject <> ''", subject)
        with self._lock:
            theirs = [one for one, (_kind, who, _until) in self._signed_on.items() if login and who == login]
            return sum(1 for one in theirs if self._signed_on.pop(one)[0] == "session")


def event(row: Row, epoch: str) -> Row:
    """A change as this vendor tells it; the same in the feed and in webhooks."""
    return {
        "id": f"{epoch[:12]}-{row['seq']}",
        "seq": row["seq"],
        "at": row["at"],
        "entity": row["entity"],
        "record": row["record"],
        "number": row["number"],
        "op": row["op"],
        "status": row["status"],
        "requestKey": row["request_key"],
        "changedBy": row["changed_by"],
    }


def _changes(db: Any, given: Row) -> Row:
    rows, position, more = change_page(db, epoch=given["epoch"] or "", after=given["after"], limit=given["limit"] or 200)
    epoch = db.meta("epoch")
    return {"epoch": epoch, "rows": [event(row, epoch) for row in rows], "next": str(position), "more": more}
