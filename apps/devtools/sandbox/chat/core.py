"""What the three have in common: users, what each of them sees, and a hand that presses buttons."""

from __future__ import annotations

import dataclasses
import hmac
import http.client
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from apps.devtools.sandbox.base.faults import Faults
from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request, json_answer


@dataclass
class Keys:
    """What both sides know. `callback`: where presses and texts are sent to; empty: nowhere, they are handed to who asked."""

    id: str
    secret: str
    agent: str
    token: str
    aes_key: str
    corp: str = "corp-1"
    callback: str = ""


@dataclass
class Seen:
    """One thing in a user's chat. `shown`: what the card says now; `times`: how often it was changed."""

    kind: str
    id: str
    shown: dict[str, Any]
    times: int = 0
    handle: str = ""


@dataclass
class Signed:
    """A callback as this vendor sends it."""

    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    content_type: str = "application/json"


@dataclass
class Code:
    """A proof for one app: who holds the telephone. Used once, within minutes."""

    user: str
    app: str
    corp: str
    at: float
    used: bool = False


CODE_LASTS = 300.0


class Chat:
    """One running product. Vendors fill `work` (its API) and `pressed`, `said` (its callbacks)."""

    name = ""

    def __init__(self, keys: Keys, service_key: str) -> None:
        self.keys, self.service_key = keys, service_key
        self.faults = Faults()
        self.users: dict[str, list[Seen]] = {}
        self.lock = threading.Lock()
        self.access = secrets.token_hex(8)
        self.holder = ""
        self.nonsense = False
        self.codes: dict[str, Code] = {}

    # --- of the server

    def operation(self, request: Request) -> str:
        return request.path

    def refusal(self, request: Request, refused: Refused) -> Answer:
        return json_answer({"code": refused.code, "message": refused.message}, refused.status)

    def answer(self, request: Request) -> Answer:
        if request.path.startswith("/_"):
            return self._hand(request)
        with self.lock:
            if self.nonsense:
                return Answer(body=b'["a bus", 7, null]')
            return json_answer(self.work(request))

    # --- signing in

    def page(self, request: Request, app: str) -> Answer:
        """The product's own page, which knows who holds the telephone: back to the app with a code, at once. Without anybody: a page that says so."""
        back = request.query.get("redirect_uri", "")
        if app != self.keys.id or not back.startswith(("http://localhost:", "http://127.0.0.1:")):
            return Answer(400, b"This app, or the address it wants to go back to, is not known here.", "text/plain; charset=utf-8")
        if not self.holder:
            return Answer(200, b"Open this inside the product.", "text/plain; charset=utf-8")
        code = self.code_for(self.holder)
        return Answer(302, headers={"Location": f"{back}?{urlencode({self.code_name: code, 'state': request.query.get('state', '')})}"})

    code_name = "code"

    def code_for(self, user: str, app: str = "", corp: str = "") -> str:
        code = secrets.token_hex(16)
        self.codes[code] = Code(user, app or self.keys.id, corp or self.keys.corp, time.monotonic())
        return code

    def trade(self, code: str) -> Code | None:
        """The code's owner, once; None for a code that is unknown, used, too old or another app's."""
        found = self.codes.get(code)
        if found is None or found.used or found.app != self.keys.id or time.monotonic() - found.at > CODE_LASTS:
            return None
        found.used = True
        return found

    def work(self, request: Request) -> dict[str, Any]:
        raise NotImplementedError

    def pressed(self, user: str, seen: Seen, button: dict[str, Any], reason: str) -> Signed:
        raise NotImplementedError

    def said(self, user: str, text: str) -> Signed:
        raise NotImplementedError

    # --- what vendors use

    def chat(self, user: str) -> list[Seen]:
        """A user of this product; "nobody..." is none."""
        if not user or user.startswith("nobody"):
            raise Refused(400, "NO_USER", "There is no such user.")
        return self.users.setdefault(user, [])

    def show(self, user: str, card_id: str, shown: dict[str, Any]) -> Seen:
        """A card of an id once, however often it is sent."""
        chat = self.chat(user)
        found = next((one for one in chat if one.kind == "card" and one.id == card_id), None)
        if found is None:
            found = Seen("card", card_id, shown)
            chat.append(found)
        found.handle = secrets.token_hex(6)
        return found

    def change(self, wanted: Any, shown: dict[str, Any]) -> Seen:
        """Change the card for which `wanted(seen)` is true."""
        for chat in self.users.values():
            for one in chat:
                if one.kind == "card" and wanted(one):
                    one.shown, one.times, one.handle = shown, one.times + 1, secrets.token_hex(6)
                    return one
        raise Refused(400, "NO_CARD", "There is no such card.")

    def write(self, user: str, text: str, name: str = "") -> None:
        chat = self.chat(user)
        if not name or all(one.id != name for one in chat):
            chat.append(Seen("text", name, {"text": text}))

    # --- the hand of a user, for tests and demonstrations

    def _hand(self, request: Request) -> Answer:
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {self.service_key}"):
            return json_answer({"error": "the service key is missing"}, 401)
        with self.lock:
            if request.path == "/_shown":
                return json_answer({"shown": [dataclasses.asdict(one) for one in self.chat(request.query.get("user", ""))]})
            given = request.json()
            if request.path == "/_hold":
                self.holder, self.nonsense = str(given.get("user", "")), bool(given.get("nonsense"))
                return json_answer({"held": self.holder})
            if request.path == "/_code":
                return json_answer({"code": self.code_for(str(given["user"]), str(given.get("app", "")), str(given.get("corp", "")))})
            if request.path == "/_say":
                signed = self.said(given["user"], given["text"])
            elif request.path == "/_press":
                signed = self._press(given)
            else:
                raise Refused(404, "NO_PATH", "There is nothing here.")
        return json_answer(self._call(signed))

    def _press(self, given: dict[str, Any]) -> Signed:
        cards = [one for one in self.chat(given["user"]) if one.kind == "card"]
        seen = next((one for one in reversed(cards) if given.get("card") in (None, one.id)), None)
        if seen is None:
            raise Refused(404, "NO_CARD", "There is no such card.")
        button = next((one for one in seen.shown["buttons"] if one["text"] == given["button"]), None)
        if button is None or button.get("url"):
            raise Refused(409, "NO_BUTTON", "This card has no such button.")
        return self.pressed(given["user"], seen, button, str(given.get("reason", "")))

    def _call(self, signed: Signed) -> dict[str, Any]:
        """Send it, if there is somewhere to send it to; else hand it out."""
        told: dict[str, Any] = {"query": signed.query, "headers": signed.headers, "body": signed.body.decode(), "type": signed.content_type}
        if not self.keys.callback:
            return told
        to, began = urlsplit(self.keys.callback), time.monotonic()
        connection = http.client.HTTPConnection(to.hostname or "localhost", to.port, timeout=10)
        try:
            connection.request("POST", f"{to.path}?{urlencode(signed.query)}", signed.body, {"Content-Type": signed.content_type, **signed.headers})
            answer = connection.getresponse()
            return {**told, "status": answer.status, "answer": answer.read().decode(), "milliseconds": round(1000 * (time.monotonic() - began))}
        finally:
            connection.close()


@dataclass
class Count:
    """Ids that are never given twice."""

    prefix: str
    at: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        with self._lock:
            self.at += 1
            return f"{self.prefix}{self.at}"
