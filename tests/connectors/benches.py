"""Each connector on its bench: something that answers, a line to it, and what the contract asks of it.

The sandboxes run as they are. The two real systems answer from recordings (fixtures/, made by record.py); a test with the mark `stack` holds these
against the systems themselves. A new connector joins by one row here.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import json
import pathlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from apps.devtools.sandbox.base.start import arguments
from apps.devtools.sandbox.base.web import SandboxServer
from apps.integrations import registry
from apps.integrations.sdk import SERVICE, Actor, Connector
from tests.connectors import line as lines
from tests.connectors.line import Answer, Line, of_json

KEY = "bench-service-key-00112233"
SECRET = "bench-webhook-secret-of-32-characters"
PERSON_TOKEN = "bench-person-token-44556677"
SECRETS = (KEY, SECRET, PERSON_TOKEN)
Json = dict[str, Any]


@dataclass(repr=False)
class Bench:
    """`refusal(status, words)`: how this system refuses. `conflict`: what a 409 of it means. `reads`, `writes`: one action of each with its data;
    `gone`: the way it says that a record is not there. `page`: the module whose PAGE and FEED_PAGE cut what is read."""

    name: str
    connector: Connector[Any]
    line: Line
    settings: Json
    stream: str
    record: str
    reads: tuple[str, Json]
    writes: tuple[str, Json]
    refusal: Callable[[int, str], Answer]
    later_409: bool = False
    gone_status: bool = True
    signed: Callable[[bytes, dt.datetime, str], dict[str, str]] = lambda body, at, secret: {}
    event: Callable[[], bytes] = lambda: b""
    sandbox: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    def config(self, base_url: str = "") -> Any:
        return self.connector.config.model_validate({**self.settings, "base_url": base_url or self.line.url})

    def act(self, name: str, data: Mapping[str, Any], key: str = "", *, config: Any = None, actor: Actor = SERVICE) -> Json:
        action = self.connector.action(name)
        return action.run(config or self.config(), actor, action.input.model_validate(dict(data)), key)

    def ask(self, what: str, config: Any = None) -> Any:
        """One of the six ways in which the portal speaks with a system."""
        config = config or self.config()
        stream = self.connector.stream(self.stream)
        return {
            "check": lambda: self.connector.check(config),
            "load": lambda: stream.load(config, ""),
            "fetch": lambda: stream.fetch(config, self.record),
            "feed": lambda: self.connector.feed(config, ""),
            "read": lambda: self.act(*self.reads, config=config),
            "write": lambda: self.act(*self.writes, key="bench-key-of-a-write", config=config),
        }[what]()


WAYS = ("check", "load", "fetch", "feed", "read", "write")
SALE = {
    "customer_key": "C-001",
    "currency": "CNY",
    "reference": "bench-deal",
    "payment_term_days": 30,
    "lines": [{"sku": "P-1001", "quantity": "2", "unit_price": "6500.25"}],
    "comment": "Bench",
}


# --- how each refuses -------------------------------------------------------------------------------------------------------------------------


def _tryton(status: int, words: str) -> Answer:
    codes = {401: "unauthenticated", 403: "access_denied", 404: "not_found", 409: "wrong_state", 410: "resync", 422: "validation", 503: "unavailable"}
    return of_json(status, {"error": {"code": codes.get(status, "internal"), "message": words}}, **_later(status))


def _bottle(status: int, words: str) -> Answer:
    return of_json(status, {"error": True, "errors": words} if status == 404 else {"detail": words}, **_later(status))


def _erp_rest(status: int, words: str) -> Answer:
    codes = {404: "NOT_FOUND", 409: "STATE", 401: "UNAUTHENTICATED"}
    return of_json(status, {"error": {"code": codes.get(status, "REFUSED"), "message": words, "field": ""}}, **_later(status))


def _erp_soap(status: int, words: str) -> Answer:
    code = {404: "NOT_FOUND"}.get(status, "REFUSED")
    side = "Server" if status >= 500 else "Client"
    body = (
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        f"<faultcode>soap:{side}</faultcode><faultstring>{escape(words)}</faultstring><detail><e:ErpFault xmlns:e='urn:sandbox-erp:v2'>"
        f"<e:code>{code}</e:code><e:status>{status}</e:status><e:field></e:field></e:ErpFault></detail></soap:Fault></soap:Body></soap:Envelope>"
    )
    return Answer(500, body.encode(), {"Content-Type": "text/xml; charset=utf-8", **{k.replace("_", "-"): v for k, v in _later(status).items()}})


def _crm_rest(status: int, words: str) -> Answer:
    code = {404: "not_found", 409: "changed_meanwhile"}.get(status, "refused")
    return of_json(status, {"reason": code, "message": words, "errors": {}}, **_later(status))


def _later(status: int) -> dict[str, str]:
    return {"Retry_After": "7"} if status in (429, 503) else {}


# --- how each signs ---------------------------------------------------------------------------------------------------------------------------


def _hex(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def _tryton_signed(body: bytes, at: dt.datetime, secret: str) -> dict[str, str]:
    moment = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"msg-1.{moment}.".encode() + body, hashlib.sha256).digest()
    return {"webhook-id": "msg-1", "webhook-timestamp": moment, "webhook-signature": f"v1,b2xk v1,{base64.b64encode(mac).decode()}"}


def _bottle_signed(body: bytes, at: dt.datetime, secret: str) -> dict[str, str]:
    moment = str(int(at.timestamp()))
    return {"X-Portal-Timestamp": moment, "X-Portal-Signature": f"v1={_hex(secret, moment.encode() + b'.' + body)}"}


def _sandbox_signed(names: tuple[str, str, str]) -> Callable[[bytes, dt.datetime, str], dict[str, str]]:
    def signed(body: bytes, at: dt.datetime, secret: str) -> dict[str, str]:
        moment = str(int(at.timestamp()))
        mac = _hex(secret, f"ev-1.{moment}.".encode() + body)
        return dict(zip(names, ("ev-1", moment, f"v1={mac}"), strict=True))

    return signed


AT = "2026-11-23T01:00:00+00:00"
EVENTS: dict[str, Json] = {
    "erp_tryton": {"epoch": "e1", "events": [{"id": 5, "model": "sale.sale", "record": 12, "mode": "write", "names": ["state"], "state": "done", "at": AT}]},
    "crm_bottle": {
        "org_id": "o1",
        "events": [{"id": "f.1.5", "kind": "opportunity", "action": "update", "object_id": "12", "transition": "won", "origin": "", "at": AT}],
    },
    "erp_sandbox": {"id": "f.5", "entity": "order", "record": "12", "op": "updated", "status": "COMPLETED", "requestKey": "", "at": AT},
    "crm_sandbox": {
        "id": "ev-5", "organisation": "yunhe", "happened_at": AT, "kind": "deal", "record_id": "12", "action": "updated", "transition": "won", "key": "",
    },
}  # fmt: skip


# --- the benches ------------------------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _sandbox(which: str, folder: pathlib.Path) -> Iterator[str]:
    """The sandbox itself, with the data of its first day, on a port of its own."""
    import threading

    from apps.devtools.sandbox.crm import __main__ as crm
    from apps.devtools.sandbox.erp import __main__ as erp

    given = ["--port", "0", "--state", str(folder / f"{which}.sqlite3"), "--service-key", KEY]
    system, _store = {"erp": erp, "crm": crm}[which].build(arguments(which, given))
    server = SandboxServer(0, system)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()


def _erp_sandbox(line: Line, protocol: str) -> Bench:
    return Bench(
        name=f"erp_sandbox-{protocol}", connector=registry.connector("erp_sandbox"), line=line, stream="orders", record="1",
        settings={"service_key": KEY, "webhook_secret": SECRET, "protocol": protocol},
        reads=("stock.read", {"skus": ["P-1001"]}), writes=("sale.create", SALE), refusal=_erp_soap if protocol == "soap" else _erp_rest,
        signed=_sandbox_signed(("X-Erp-Event", "X-Erp-Timestamp", "X-Erp-Signature")),
    )  # fmt: skip


def _crm_sandbox(line: Line) -> Bench:
    asked = lines.Ask("GET", "/v1/deals?limit=1&organisation=yunhe", {"authorization": f"Token {KEY}"})
    first = json.loads(line.behind(asked).body)["items"][0]
    deal, talk = first["id"], {"customer_id": first["client"]["id"], "deal_id": first["id"], "channel": "call", "subject": "Bench"}
    return Bench(
        name="crm_sandbox", connector=registry.connector("crm_sandbox"), line=line, stream="deals", record=deal,
        settings={"service_token": KEY, "webhook_secret": SECRET},
        reads=("stages.read", {}), writes=("follow_up.create", talk), refusal=_crm_rest,
        signed=_sandbox_signed(("X-Crm-Delivery", "X-Crm-Sent", "X-Crm-Sign")),
    )  # fmt: skip


def _erp_tryton(line: Line) -> Bench:
    return Bench(
        name="erp_tryton", connector=registry.connector("erp_tryton"), line=line, stream="orders", record="1",
        settings={"service_key": KEY, "webhook_secret": SECRET},
        reads=("stock.read", {"skus": ["P-1001"]}), writes=("sale.create", SALE), refusal=_tryton, gone_status=False,
        signed=_tryton_signed, sandbox=False,
    )  # fmt: skip


def _crm_bottle(line: Line) -> Bench:
    deal = "11111111-2222-4333-8444-555555555555"
    return Bench(
        name="crm_bottle", connector=registry.connector("crm_bottle"), line=line, stream="deals", record=deal,
        settings={"service_token": KEY, "webhook_secret": SECRET, "organisation": "org-1"},
        reads=("stages.read", {}), writes=("deal.note", {"deal_id": deal, "text": "Bench"}), refusal=_bottle, gone_status=False, later_409=True,
        signed=_bottle_signed, sandbox=False,
    )  # fmt: skip


LIVE = ("erp_sandbox-rest", "erp_sandbox-soap", "crm_sandbox")
NAMES = ("erp_tryton", "crm_bottle", "erp_sandbox-rest", "erp_sandbox-soap", "crm_sandbox")


def nothing_there(ask: lines.Ask) -> Answer:
    return lines.of_html(404)


@contextlib.contextmanager
def all_benches(folder: pathlib.Path) -> Iterator[dict[str, Bench]]:
    with contextlib.ExitStack() as stack:
        erp, crm = (lines.onward(stack.enter_context(_sandbox(which, folder))) for which in ("erp", "crm"))
        found = [
            _erp_tryton(stack.enter_context(lines.line_to(nothing_there, prefix="/erp"))),
            _crm_bottle(stack.enter_context(lines.line_to(nothing_there))),
            _erp_sandbox(stack.enter_context(lines.line_to(erp)), "rest"),
            _erp_sandbox(stack.enter_context(lines.line_to(erp)), "soap"),
            _crm_sandbox(stack.enter_context(lines.line_to(crm))),
        ]
        yield {bench.name: bench for bench in found}
