"""What the two real connectors are made to do, step by step: recorded once on the running systems, played in every test run."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from apps.core import http
from apps.core.http import OutsideError
from apps.integrations import registry
from apps.integrations.sdk import SERVICE, Actor, Page
from tests.connectors.benches import KEY, SECRET
from tests.connectors.line import Line, line_to, onward
from tests.connectors.tape import Tape

PAGES = {"erp_tryton": 10, "crm_bottle": 3}  # small, so that the few records of the seed are several pages
FEED_PAGE = 7
LAST = 7  # whole records of the CRM are large: the last so many are read, and the very first
NOBODY = "999999999"
NO_ID = "00000000-0000-4000-8000-000000000000"
Json = dict[str, Any]


class Play:
    """One run of a scenario. `results`: by step, what the connector returned or raised; `asks`: what it sent."""

    def __init__(self, connector_id: str, tape: Tape, line: Line, settings: Mapping[str, str]) -> None:
        self.connector, self.tape, self.line, self.settings = registry.connector(connector_id), tape, line, dict(settings)
        self.results: dict[str, Any] = {}
        self.asks: dict[str, list[Any]] = {}
        self.unasked: dict[str, list[Any]] = {}
        self.config = self.config_with()
        self.run = str(tape.fact("run", lambda: uuid.uuid4().hex[:8]))

    def key(self, name: str) -> str:
        """A key of this run: on the same system, another run's effects are not this one's."""
        return f"recorded-{self.run}-{name}"

    def config_with(self, **more: str) -> Any:
        return self.connector.config.model_validate({**self.settings, "base_url": self.line.url, **more})

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        """Do it; a failure the contract knows is a result, too."""
        self.tape.begin(name)
        self.line.asks = []
        try:
            with http.understanding(self.connector.id):
                self.results[name] = do()
        except OutsideError as error:
            self.results[name] = error
        self.asks[name] = self.line.asks
        self.unasked[name] = self.tape.rest()
        return self.results[name]

    def act(self, step: str, action: str, key: str = "", actor: Actor = SERVICE, **data: Any) -> Any:
        found = self.connector.action(action)
        return self.step(step, lambda: found.run(self.config, actor, found.input.model_validate(data), key))

    def load(self, stream: str, begin: str = "") -> list[Page]:
        """All pages of a stream after a cursor."""
        source = self.connector.stream(stream)

        def pages() -> list[Page]:
            found = [source.load(self.config, begin)]
            while found[-1].more:
                found.append(source.load(self.config, found[-1].cursor))
            return found

        return self.step(f"load_{stream}", pages)  # type: ignore[no-any-return]

    def fetch(self, step: str, stream: str, external_id: str) -> Any:
        return self.step(step, lambda: self.connector.stream(stream).fetch(self.config, external_id))

    def feed(self, step: str, cursor: str) -> Any:
        """All pages of the feed after a cursor."""

        def pages() -> list[Any]:
            found = [self.connector.feed(self.config, cursor)]
            while found[-1].more:
                found.append(self.connector.feed(self.config, found[-1].cursor))
            return found

        return self.step(step, pages)

    def mapped(self, step: str, stream: str) -> list[Any]:
        """The canonical records of a step that read them."""
        source, found = self.connector.stream(stream), self.results[step]
        raws = [raw for page in found for _id, raw in page.vendor] if isinstance(found, list) else [found]
        return [source.map(raw) for raw in raws]


def tryton(play: Play) -> None:
    """Every record kind, every command, and what the ERP refuses."""
    step, tape = play.step, play.tape
    today = dt.date.fromisoformat(tape.fact("today", _today))
    step("check", lambda: play.connector.check(play.config))
    step("wrong_key", lambda: play.connector.check(play.config_with(service_key="not-a-key")))
    for stream in ("products", "stock", "receivables", "orders", "shipments", "invoices", "payments", "purchase_orders", "productions"):
        play.load(stream)
    cursor = step("feed_start", lambda: play.connector.feed(play.config, "")).cursor
    lines = [
        {"sku": "P-1001", "quantity": "3", "unit_price": "6573.3333"},
        {"sku": "P-1011", "quantity": "12", "unit_price": "8600"},
        {"sku": "S-2001", "quantity": "1", "unit_price": "2400"},
    ]
    sale = {
        "customer_key": "C-004", "currency": "CNY", "reference": play.key("deal"), "payment_term_days": 45, "lines": lines, "comment": "Recorded 录制",
        "shipping_date": today + dt.timedelta(days=7),
    }  # fmt: skip
    made = play.act("sale_create", "sale.create", play.key("sale"), **sale)
    play.act("sale_create_again", "sale.create", play.key("sale"), **sale)
    play.act("sale_key_of_another", "sale.create", play.key("sale"), **{**sale, "comment": "Another"})
    play.act("sale_in_euro", "sale.create", play.key("euro"), **{**sale, "currency": "EUR"})
    play.act("sale_to_nobody", "sale.create", play.key("nobody"), **{**sale, "customer_key": "C-999"})
    play.fetch("order", "orders", made["order_id"])
    play.act("order_read", "order.read", order_id=made["order_id"])
    play.fetch("order_gone", "orders", NOBODY)
    play.act("order_read_gone", "order.read", order_id=NOBODY)
    play.act("stock_read", "stock.read", skus=["P-1011", "S-2001", "P-9999"])
    play.act("stock_read_nothing", "stock.read", skus=[])
    play.act("receivable_read", "receivable.read", customer_key="C-004")
    play.act("receivable_of_nobody", "receivable.read", customer_key="C-999")
    play.act("currencies", "currencies.read")
    short = [{"sku": "P-1011", "quantity": "3"}]
    request = {"order_no": made["order_no"], "lines": short, "needed_on": today + dt.timedelta(days=5)}
    play.act("request_create", "purchase_request.create", play.key("request"), **request)
    play.act("request_create_again", "purchase_request.create", play.key("request"), **request)
    play.load("purchase_requests")
    shipment = made["shipment_ids"][0]
    play.fetch("shipment_waiting", "shipments", shipment)
    play.act("shipment_not_in_stock", "shipment.advance", play.key("all"), shipment_id=shipment, to="assigned")
    part = {"shipment_id": shipment, "quantities": {"P-1001": "2", "P-1011": "1"}}
    play.act("shipment_assigned", "shipment.advance", play.key("assigned"), **part, to="assigned")
    play.act("shipment_picked", "shipment.advance", play.key("picked"), shipment_id=shipment, to="picked")
    play.act("shipment_done", "shipment.advance", play.key("done"), shipment_id=shipment, to="done")
    play.act("shipment_done_again", "shipment.advance", play.key("done"), shipment_id=shipment, to="done")
    play.act("shipment_back", "shipment.advance", play.key("back"), shipment_id=shipment, to="picked")
    play.act("shipment_gone", "shipment.advance", play.key("gone"), shipment_id=NOBODY, to="picked")
    play.fetch("shipment", "shipments", shipment)
    play.act("invoice_post", "invoice.post", play.key("invoice"), order_id=made["order_id"])
    play.act("invoice_post_again", "invoice.post", play.key("invoice"), order_id=made["order_id"])
    play.fetch("invoice", "invoices", play.results["invoice_post"]["invoice_id"])
    play.fetch("order_later", "orders", made["order_id"])
    play.fetch("stock_later", "stock", tape.fact("product_of_stock", lambda: _id_of(play, "stock", "P-1011")))
    play.act("sessions_end", "sessions.end", play.key("sessions"), subject="nobody")
    play.feed("feed", cursor)
    play.feed("feed_of_another_database", "another-epoch:1")


def bottle(play: Play, crm: Any = None) -> None:
    """Every record kind, every action, and what the CRM refuses. `crm`: its own users at work (tests/journeys/crm.py), while recording."""
    step, tape = play.step, play.tape
    today = dt.date.fromisoformat(tape.fact("today", _today))
    step("check", lambda: play.connector.check(play.config))
    step("wrong_token", lambda: play.connector.check(play.config_with(service_token="bcrm_pat_not-a-token")))
    for stream, kind in (("customers", "account"), ("deals", "opportunity"), ("follow_ups", "interaction"), ("cases", "case")):
        play.load(stream, tape.fact(f"before_the_last_{stream}", functools.partial(_before_the_last, crm, kind)))
        with mock.patch("apps.connectors.crm_bottle.streams.PAGE", 1):
            step(f"first_of_{stream}", functools.partial(play.connector.stream(stream).load, play.config, ""))
    play.act("stages", "stages.read")
    cursor = step("feed_start", lambda: play.connector.feed(play.config, "")).cursor
    deal = tape.fact("deal", lambda: _deal(crm, play.run))
    play.fetch("deal", "deals", deal)
    wanted = {
        "contract_no": "CT-2026-0042", "contract_state": "approved", "contract_amount": "20216.25", "payment_term": "45",
        "contract_until": (today + dt.timedelta(days=365)).isoformat(), "erp_order_no": "SO-20900", "reject_reason": "",
    }  # fmt: skip
    play.act("write_back", "deal.write_back", play.key("back"), deal_id=deal, fields=wanted)
    play.act("write_back_again", "deal.write_back", play.key("back"), deal_id=deal, fields=wanted)
    play.act("write_back_unknown", "deal.write_back", play.key("unknown"), deal_id=deal, fields={"no_such_field": "x"})
    play.act("write_back_key_of_another", "deal.write_back", play.key("back"), deal_id=deal, fields={"contract_no": "CT-2026-0043"})
    play.fetch("deal_written", "deals", deal)
    play.act("write_back_empty", "deal.write_back", play.key("empty"), deal_id=deal, fields={"contract_no": ""})
    play.act("note", "deal.note", play.key("note"), deal_id=deal, text="Recorded 录制")
    play.act("move_to_a_stage", "deal.move", play.key("stage"), deal_id=deal, to="Proposal")
    play.act("move_nowhere", "deal.move", play.key("nowhere"), deal_id=deal, to="No such stage")
    play.act("move_to_won", "deal.move", play.key("won"), deal_id=deal, to="won", closed_on=today)
    play.act("move_to_won_again", "deal.move", play.key("won"), deal_id=deal, to="won", closed_on=today)
    play.fetch("deal_won", "deals", deal)
    customer = play.results["deal"]["account"]["id"]
    before = play.connector.stream("customers").map(play.fetch("customer", "customers", customer))
    change = {"customer_id": customer, "changes": {"phone": "+86 512 5550 0199", "note": ""}, "if_version": before.version}
    play.act("customer_update", "customer.update", play.key("customer"), **change)
    play.act("customer_update_again", "customer.update", play.key("customer"), **change)
    play.act("customer_update_late", "customer.update", play.key("late"), **{**change, "changes": {"phone": "+86 512 0000"}})
    play.act("customer_update_of_nobody", "customer.update", play.key("nobody"), customer_id=NO_ID, changes={"phone": "1"})
    play.act("customer_update_refused", "customer.update", play.key("bad"), customer_id=customer, changes={"email": "nonsense"})
    play.fetch("customer_changed", "customers", customer)
    talk = {"customer_id": customer, "deal_id": deal, "channel": "call", "subject": "Recorded call", "body": "Two words"}
    made = play.act("follow_up_create", "follow_up.create", play.key("talk"), **talk)
    play.act("follow_up_create_again", "follow_up.create", play.key("talk"), **talk)
    play.fetch("follow_up", "follow_ups", made["external_id"])
    for stream in ("customers", "deals", "follow_ups", "cases"):
        play.fetch(f"gone_{stream}", stream, NO_ID)
    gone = tape.fact("deleted_deal", lambda: _deleted(crm, play.run))
    play.fetch("deal_deleted", "deals", gone)
    play.act("write_back_to_nothing", "deal.write_back", play.key("nothing"), deal_id=gone, fields={"contract_no": "x"})
    play.feed("feed", cursor)
    play.feed("feed_of_another_database", "000000000000.1.1")


def _today() -> str:
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date().isoformat()


def _before_the_last(crm: Any, kind: str) -> str:
    return str(crm.ask("GET", f"/portal/rows/{kind}?limit=1000")["rows"][-LAST - 1]["id"])


def _id_of(play: Play, stream: str, key: str) -> str:
    return next(one.external_id for one in play.mapped(f"load_{stream}", stream) if one.key == key)


def _deal(crm: Any, run: str) -> str:
    """Three lines: a plain one, one with a discount in percent, one without a product."""
    deal: str = crm.deal(customer="C-003", lines=[("P-1001", "1", "6800")], name=f"Recorded deal 录制 {run}")
    crm.add_line(deal, "P-1014", "8", "420", discount_type="PERCENTAGE", discount_value="7.5")
    crm.add_line(deal, "NOT-A-PRODUCT", "3", "100", discount_type="FIXED", discount_value="0.01")
    return deal


def _deleted(crm: Any, run: str) -> str:
    deal: str = crm.deal(customer="C-001", lines=[], name=f"Recorded and deleted {run}")
    crm.ask("DELETE", f"/api/opportunities/{deal}/")
    return deal


SCENARIOS: dict[str, Callable[..., None]] = {"erp_tryton": tryton, "crm_bottle": bottle}


@contextmanager
def playing(connector_id: str, env: Mapping[str, str] | None = None) -> Iterator[Play]:
    """The scenario, run: on the tape that lies here, or (`env` of a running stack) on the real system."""
    prefix = "/erp" if connector_id == "erp_tryton" else ""
    name = "service_key" if connector_id == "erp_tryton" else "service_token"
    settings = {name: KEY, "webhook_secret": SECRET}
    crm: Any = None
    if env is None:
        tape = Tape(connector_id)
        organisation = str(tape.facts.get("organisation", ""))
    else:
        from tests.journeys.crm import BottleCrm

        base = env["ERP_URL" if prefix else "CRM_URL"]
        settings[name] = env["ERP_SERVICE_KEY" if prefix else "CRM_SERVICE_TOKEN"]
        tape, organisation = Tape(connector_id, onward(base, prefix=prefix)), "" if prefix else env["CRM_ORG_ID"]
        tape.facts["organisation"] = organisation
        crm = None if prefix else BottleCrm(env)
    more = {"organisation": organisation} if organisation else {}
    module = f"apps.connectors.{connector_id}.streams"
    with line_to(tape.answer, prefix=prefix) as line, mock.patch(f"{module}.PAGE", PAGES[connector_id]), mock.patch(f"{module}.FEED_PAGE", FEED_PAGE):
        play = Play(connector_id, tape, line, {**settings, **more})
        if prefix:
            tryton(play)
        else:
            bottle(play, crm)
        yield play
