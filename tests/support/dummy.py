"""Two small outside systems inside the test process, with the contract of real ones: a store, a change feed, signed webhooks, idempotent writes,
and switches for what goes wrong. The portal sees them through connectors as it sees any."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from apps.integrations import registry, sdk
from apps.integrations.canonical import Customer, Deal, FollowUp, Line, Order, Product, Receivable, Shipment, ShipmentLine, Stock

SECRET = "dummy-webhook-secret-of-32-characters"
T0 = dt.datetime(2026, 11, 1, 8, 0, tzinfo=dt.UTC)


class DummyConfig(sdk.Config):
    """`base_url` is only there to be shown."""

    base_url: str = "http://localhost:1"
    service_key: SecretStr = SecretStr("")
    webhook_secret: SecretStr = SecretStr(SECRET)


class DummySystem:
    """`rows[stream][id]`: vendor records. `events`: the change feed. `fail`: raised by the next calls instead of an answer, once each."""

    def __init__(self, key: str, kinds: Mapping[str, Any], page_size: int = 2) -> None:
        self.key, self.kinds, self.page_size = key, kinds, page_size
        self.reset()

    def reset(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {stream: {} for stream in self.kinds}
        self.events: list[dict[str, Any]] = []
        self.epoch = 1
        self.fail: list[Exception] = []
        self.down = False
        self.calls: list[str] = []
        self.effects: dict[str, dict[str, Any]] = {}
        self.actors: list[sdk.Actor] = []
        self.clock = T0

    # the system's own life
    def put(self, stream: str, external_id: str, *, transition: str = "", origin: str = "", at: dt.datetime | None = None, quiet: bool = False,
            organisation: str = "", **values: Any) -> dict[str, Any]:
        """Create or change a record; writes an event unless `quiet`."""
        self.clock = at or self.clock + dt.timedelta(seconds=1)
        known = self.rows[stream].get(external_id, {})
        row = {**known, **values, "id": external_id, "version": str(int(known.get("version", "0")) + 1)}
        self.rows[stream][external_id] = row
        if not quiet:
            self._event(stream, external_id, transition, origin, organisation)
        return row

    def remove(self, stream: str, external_id: str, *, at: dt.datetime | None = None) -> None:
        self.clock = at or self.clock + dt.timedelta(seconds=1)
        del self.rows[stream][external_id]
        self._event(stream, external_id, "deleted", "", "")

    def _event(self, stream: str, external_id: str, transition: str, origin: str, organisation: str) -> None:
        self.events.append({
            "id": f"{self.epoch}.{len(self.events) + 1}", "stream": stream, "record": external_id, "transition": transition, "origin": origin,
            "at": self.clock.isoformat(), "organisation": organisation,
        })

    def restore(self) -> None:
        """As a restored database: other events, old cursors are no longer good."""
        self.epoch += 1
        self.events = []

    # what a connector sees
    def touch(self, what: str) -> None:
        self.calls.append(what)
        if self.down:
            raise sdk.TransientError(f"{self.key} did not answer", system=self.key)
        if self.fail:
            raise self.fail.pop(0)

    def signed(self, events: Iterable[Mapping[str, Any]], *, at: dt.datetime, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
        """(headers, body) of a webhook that tells these events."""
        body = json.dumps({"events": list(events)}).encode()
        stamp = str(int(at.timestamp()))
        mac = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return {"X-Portal-Timestamp": stamp, "X-Portal-Signature": f"v1={mac}"}, body


def _hint(event: Mapping[str, Any]) -> sdk.Hint:
    return sdk.Hint(
        event_id=str(event["id"]), stream=str(event["stream"]), external_id=str(event["record"]), transition=str(event["transition"]),
        occurred_at=dt.datetime.fromisoformat(str(event["at"])), origin=str(event["origin"]), organisation=str(event["organisation"]), raw=dict(event),
    )


class DummyStream:
    """A stream of one system; `build` maps."""

    def __init__(self, system: DummySystem, name: str, model: Any) -> None:
        self.system, self.name, self.model = system, name, model
        self.kind = model.model_fields["kind"].default

    def load(self, config: Any, cursor: str) -> sdk.Page:
        self.system.touch(f"load {self.name} {cursor}")
        ids = sorted(i for i in self.system.rows[self.name] if i > cursor)
        chosen = ids[: self.system.page_size]
        return sdk.Page(
            vendor=tuple((i, self.system.rows[self.name][i]) for i in chosen), cursor=chosen[-1] if chosen else cursor,
            more=len(ids) > len(chosen),
        )

    def fetch(self, config: Any, external_id: str) -> Mapping[str, Any] | None:
        self.system.touch(f"fetch {self.name} {external_id}")
        return self.system.rows[self.name].get(external_id)

    def map(self, raw: Mapping[str, Any]) -> Any:
        values = {name: value for name, value in raw.items() if name != "id"}
        return self.model.model_validate({"external_id": raw["id"], **values})


def _connector(system: DummySystem, connector_id: str, actions: tuple[sdk.Action[Any, Any], ...]) -> sdk.Connector[Any]:
    def feed(config: Any, cursor: str) -> sdk.HintPage:
        system.touch(f"feed {cursor}")
        if not cursor:
            return sdk.HintPage((), f"{system.epoch}:{len(system.events)}", more=False)
        epoch, _, position = cursor.partition(":")
        if int(epoch) != system.epoch:
            raise sdk.GoneError("the feed was restored", system=system.key, status=410)
        start = int(position)
        chosen = system.events[start : start + 3]
        return sdk.HintPage(tuple(_hint(e) for e in chosen), f"{epoch}:{start + len(chosen)}", more=start + len(chosen) < len(system.events))

    def parse(config: Any, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Iterator[sdk.Hint]:
        given = {name.lower(): value for name, value in headers.items()}
        stamp = given.get("x-portal-timestamp", "")
        mac = hmac.new(config.webhook_secret.get_secret_value().encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.get("x-portal-signature", ""), f"v1={mac}"):
            raise sdk.WebhookRefused("signature")
        if not stamp.isdigit() or abs(now.timestamp() - int(stamp)) > sdk.REPLAY_WINDOW.total_seconds():
            raise sdk.WebhookRefused("age")
        return iter([_hint(event) for event in json.loads(body)["events"]])

    def check(config: Any) -> sdk.CheckResult:
        system.touch("check")
        return sdk.CheckResult(ok=True, message="", version="1.0")

    return registry.register_dummy(sdk.Connector(
        id=connector_id, config=DummyConfig, streams=tuple(DummyStream(system, name, model) for name, model in system.kinds.items()),
        actions=actions, check=check, feed=feed, parse_webhook=parse,
    ))


crm = DummySystem("crm", {"customers": Customer, "deals": Deal, "follow_ups": FollowUp})
erp = DummySystem("erp", {"orders": Order, "shipments": Shipment, "stock": Stock, "products": Product, "receivables": Receivable})


def _once(system: DummySystem, name: str, actor: sdk.Actor, key: str, work: Any) -> dict[str, Any]:
    """The idempotency of a real system: the key, the effect and the answer are one transaction."""
    system.touch(f"{name} {key}")
    system.actors.append(actor)
    if key in system.effects:
        return system.effects[key]
    result: dict[str, Any] = work()
    system.effects[key] = result
    return result


def _update_customer(config: Any, actor: sdk.Actor, given: sdk.CustomerUpdate, key: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        row = crm.rows["customers"][given.customer_id]
        if given.if_version and given.if_version != row["version"]:
            raise sdk.PermanentError("changed by somebody else", system="crm", code="conflict", status=409)
        if given.changes.get("name") == "taken":
            raise sdk.PermanentError("Name: already in use", system="crm", status=400)
        new = crm.put("customers", given.customer_id, origin=key, **given.changes)
        return {"external_id": given.customer_id, "version": new["version"]}

    return _once(crm, "customer.update", actor, key, work)


def _move_deal(config: Any, actor: sdk.Actor, given: sdk.DealMove, key: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        before = crm.rows["deals"][given.deal_id]["stage_kind"]
        moved = {"won": "won", "lost": "lost"}.get(given.to, "reopened" if before != "open" else "")
        crm.put("deals", given.deal_id, transition=moved, origin=key, stage_kind=given.to, stage=given.to.title())
        return {"stage": given.to.title(), "stage_kind": given.to}

    return _once(crm, "deal.move", actor, key, work)


def _add_follow_up(config: Any, actor: sdk.Actor, given: sdk.FollowUpCreate, key: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        ident = f"F-{len(crm.rows['follow_ups']) + 1}"
        crm.put("follow_ups", ident, origin=key, customer_id=given.customer_id, deal_id=given.deal_id or None, channel=given.channel,
                subject=given.subject, body=given.body, occurred_at=crm.clock.isoformat(), author_email=f"{actor.login}@yunhe.example")
        return {"external_id": ident}

    return _once(crm, "follow_up.create", actor, key, work)


def _advance(config: Any, actor: sdk.Actor, given: sdk.ShipmentAdvance, key: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        erp.put("shipments", given.shipment_id, origin=key, state=given.to, shipped_at=erp.clock.isoformat() if given.to in ("shipped", "done") else None)
        return {"shipment_id": given.shipment_id, "state": given.to, "number": given.shipment_id}

    return _once(erp, "shipment.advance", actor, key, work)


def _read_stock(config: Any, actor: sdk.Actor, given: sdk.StockRead, key: str) -> dict[str, Any]:
    erp.touch("stock.read")
    rows = {row["key"]: row for row in erp.rows["stock"].values()}
    return {"stock": {sku: {"on_hand": str(rows[sku]["on_hand"]), "available": str(rows[sku]["available"])} for sku in given.skus if sku in rows}}


def _end_sessions(config: Any, actor: sdk.Actor, given: sdk.SessionsEnd, key: str) -> dict[str, Any]:
    return _once(erp, "sessions.end", actor, key, lambda: {"ended": 1})


CRM = _connector(crm, "dummy_crm", (
    sdk.Action("customer.update", sdk.CustomerUpdate, _update_customer),
    sdk.Action("deal.move", sdk.DealMove, _move_deal),
    sdk.Action("follow_up.create", sdk.FollowUpCreate, _add_follow_up),
))
ERP = _connector(erp, "dummy_erp", (
    sdk.Action("shipment.advance", sdk.ShipmentAdvance, _advance),
    sdk.Action("currencies.read", sdk.CurrencyList, lambda config, actor, given, key: {"currencies": ["CNY"]}, writes=False),
    sdk.Action("stock.read", sdk.StockRead, _read_stock, writes=False),
    sdk.Action("sessions.end", sdk.SessionsEnd, _end_sessions),
))


def line(sku: str | None, quantity: str, price: str) -> dict[str, Any]:
    """A deal line as the dummy CRM holds it."""
    amount = str(Decimal(quantity) * Decimal(price))
    return Line(sku=sku, name=sku or "", quantity=Decimal(quantity), unit_price=Decimal(price), amount=Decimal(amount)).model_dump(mode="json")


def furnish() -> None:
    """A few records in both systems, quietly: two customers, three deals, two orders, two shipments, three stock levels."""
    for number, (name, owner) in {"C-001": ("Blue Ocean Retail", "ana"), "C-002": ("Moon Lake Tea", "boss")}.items():
        erp.put("receivables", number, quiet=True, key=number, customer_name=name, balance="100", currency="CNY")
        crm.put("customers", f"acc-{number}", quiet=True, key=number, name=name, industry="Retail", city="Hangzhou", phone="0571-1234",
                email=f"{number.lower()}@customer.example", owner_email=f"{owner}@yunhe.example", contacts=[{"name": "Zhang", "phone": "138"}])
    for ident, customer, owner in (("d-1", "C-001", "ana"), ("d-2", "C-002", "boss"), ("d-3", "C-001", "ana")):
        crm.put("deals", ident, quiet=True, name=f"Pumps {ident}", customer_id=f"acc-{customer}", customer_key=customer, customer_name=customer,
                stage="Proposal", stage_kind="open", amount="1000", currency="CNY", lines=[line("P-1001", "2", "500")],
                owner_email=f"{owner}@yunhe.example", organisation="Yunhe")
    for ident, customer, state in (("1", "C-001", "processing"), ("2", "C-002", "done")):
        erp.put("orders", ident, quiet=True, key=f"S000{ident}", customer_key=customer, customer_name=customer, state=state, amount="1000",
                currency="CNY", ordered_on="2026-11-02")
        shipped = {"state": "assigned"} if state == "processing" else {"state": "done", "shipped_at": T0.isoformat()}
        erp.put("shipments", f"s{ident}", quiet=True, key=f"OUT{ident}", order_ids=[ident], order_keys=[f"S000{ident}"], customer_key=customer,
                lines=[ShipmentLine(sku="P-1001", quantity=Decimal(2)).model_dump(mode="json")], **shipped)
    for sku, available, point in (("P-1001", "12", "5"), ("P-1002", "3", "5"), ("P-1003", "0", None)):
        erp.put("products", sku, quiet=True, key=sku, name=f"Pump {sku}", list_price="500", currency="CNY", unit="u")
        erp.put("stock", sku, quiet=True, key=sku, name=f"Pump {sku}", on_hand=available, available=available, order_point=point, unit="u")
