"""The contract, writing: the key goes with every write, and a repeat after an unknown outcome has the first one's effect and answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from apps.core.http import OutsideError, PermanentError, TransientError
from apps.integrations.sdk import SERVICE, Actor
from tests.connectors import line as lines
from tests.connectors.benches import SALE, Bench
from tests.connectors.scenarios import Play

# What a repeat may do again: a link that opens once, sessions that are over already.
WITHOUT_KEY = {"ticket.open", "sessions.end"}
Step = tuple[str, dict[str, Any]]
Json = dict[str, Any]


def erp_story(run: str) -> Iterator[Step]:
    order: Json = yield "sale.create", {**SALE, "reference": f"story-{run}", "lines": [{"sku": "P-1014", "quantity": "4", "unit_price": "399.5"}]}
    yield "purchase_request.create", {"order_no": order["order_no"], "lines": [{"sku": "P-1015", "quantity": "6"}], "needed_on": dt.date(2026, 12, 1)}
    shipment = order["shipment_ids"][0]
    yield "shipment.advance", {"shipment_id": shipment, "to": "picked"}
    yield "shipment.advance", {"shipment_id": shipment, "to": "done", "quantities": {"P-1014": "3"}}
    yield "invoice.post", {"order_id": order["order_id"]}


def crm_story(run: str, deal: str, customer: str, version: str) -> Iterator[Step]:
    yield "deal.write_back", {"deal_id": deal, "fields": {"contract_no": f"CT-{run}", "contract_state": "approved"}}
    yield "deal.note", {"deal_id": deal, "text": f"Story {run}"}
    yield "deal.move", {"deal_id": deal, "to": "won", "closed_on": dt.date(2026, 11, 23)}
    yield "customer.update", {"customer_id": customer, "changes": {"note": f"Story {run}"}, "if_version": version}
    yield "follow_up.create", {"customer_id": customer, "deal_id": deal, "channel": "call", "subject": f"Story {run}"}


def told(bench: Bench, run: str, act: Callable[[str, Json, str], Json]) -> dict[str, Json]:
    """Tell the story of a bench's system; `act` does each step. Returns its result by action."""
    if bench.name.startswith("erp"):
        story = erp_story(run)
    else:
        deals = bench.connector.stream("deals")
        deal = next(one for one in (deals.map(raw) for _id, raw in deals.load(bench.config(), "").vendor) if one.stage_kind == "open")
        customer = bench.connector.stream("customers").fetch(bench.config(), deal.customer_id)
        assert customer is not None
        story = crm_story(run, deal.external_id, customer["id"], customer["version"])
    results: dict[str, Json] = {}
    step: Step | None = next(story)
    number = 0
    while step is not None:
        name, data = step
        number += 1
        results[name] = act(name, data, f"story-{run}-{number}")
        try:
            step = story.send(results[name])  # type: ignore[attr-defined]
        except StopIteration:
            step = None
    return results


def effects(bench: Bench) -> dict[str, int]:
    """How many records of each kind there are."""
    found = {}
    for stream in bench.connector.streams:
        page, count = stream.load(bench.config(), ""), 0
        while True:
            count += len(page.vendor)
            if not page.more:
                break
            page = stream.load(bench.config(), page.cursor)
        found[stream.name] = count
    return found


MADE = {
    "erp": {"orders": 1, "shipments": 2, "invoices": 1, "purchase_requests": 1},  # the second shipment: what stayed
    "crm": {"follow_ups": 1},
}


@pytest.mark.req("I4", "P4")
def test_a_repeat_after_a_lost_answer_has_one_effect_and_the_first_answer(live: Bench) -> None:
    before = effects(live)

    def act(name: str, data: Json, key: str) -> Json:
        live.line.fault = _loses_the_answer_of_writes
        with pytest.raises(TransientError):
            live.act(name, data, key)
        live.line.fault = None
        first = live.act(name, data, key)
        assert live.act(name, data, key) == first, name
        return first

    results = told(live, f"lost-{live.name}", act)
    writes = {action.name for action in live.connector.actions if action.writes}
    assert set(results) == writes - WITHOUT_KEY
    after = effects(live)
    made = {stream: after[stream] - before[stream] for stream in after if after[stream] != before[stream]}
    assert made == MADE[live.name[:3]]


def _loses_the_answer_of_writes(handler: Any, ask: lines.Ask, behind: lines.Behind) -> None:
    """Readings go through; a write is done, and its answer lost."""
    if ask.method == "GET" or b"Get" in ask.headers.get("soapaction", "").encode() or b":ListSt" in ask.body:
        handler.write(behind(ask))
    else:
        lines.loses(handler, ask, behind)


@pytest.mark.req("E1")
def test_a_purchase_for_the_stock_names_no_order(live: Bench) -> None:
    if not live.name.startswith("erp"):
        return
    stream = live.connector.stream("purchase_requests")
    data = {"lines": [{"sku": "P-1015", "quantity": "2.5"}]}
    made = live.act("purchase_request.create", data, f"stock-{live.name}")
    assert made == live.act("purchase_request.create", data, f"stock-{live.name}") and made["reference"] == ""  # once
    raw = stream.fetch(live.config(), made["request_ids"][0])
    found = stream.map(raw)
    assert (found.sku, found.quantity, found.reference) == ("P-1015", Decimal("2.5"), "")
    with pytest.raises(PermanentError):
        live.act("purchase_request.create", {"order_no": "SO-NONE", **data}, f"stock-none-{live.name}")


def test_the_key_goes_with_every_write(live: Bench) -> None:
    def act(name: str, data: Json, key: str) -> Json:
        live.line.asks.clear()
        result = live.act(name, data, key)
        carried = [key in f"{ask.headers} {ask.body.decode()}" for ask in live.line.asks if ask.method != "GET"]
        assert carried == [True], name
        return result

    told(live, f"keys-{live.name}", act)


def test_the_same_key_for_something_else_is_refused_for_good(live: Bench) -> None:
    action, data = live.writes
    field = "comment" if "comment" in data else "subject"
    live.act(action, data, f"reused-{live.name}")
    with pytest.raises(PermanentError):
        live.act(action, {**data, field: "Something else"}, f"reused-{live.name}")


def test_a_reading_carries_no_key_and_changes_nothing(live: Bench) -> None:
    before = live.connector.feed(live.config(), "").cursor
    for action in live.connector.actions:
        if not action.writes:
            data = {"stock.read": {"skus": ["P-1001"]}, "order.read": {"order_id": "1"}, "receivable.read": {"customer_key": "C-001"}}
            live.act(action.name, data.get(action.name, {}), "")
    assert live.connector.feed(live.config(), before).hints == ()


def test_refused_values_change_nothing(live: Bench) -> None:
    before = effects(live)
    wrong = {"erp": ("sale.create", {**SALE, "currency": "EUR"}), "crm": ("deal.move", {"deal_id": live.record, "to": "No such stage"})}
    with pytest.raises(PermanentError) as caught:
        live.act(*wrong[live.name[:3]], "refused-key")
    assert caught.value.message
    assert effects(live) == before


# --- the tape of the real systems -------------------------------------------------------------------------------------------------------------


REPEATED = {
    "erp_tryton": ("sale_create", "request_create", "shipment_done", "invoice_post"),
    "crm_bottle": ("write_back", "move_to_won", "customer_update", "follow_up_create"),
}


def test_the_real_systems_answer_a_repeat_with_the_first_answer(play: Play) -> None:
    for step in REPEATED[play.connector.id]:
        first, again = play.results[step], play.results[f"{step}_again"]
        assert not isinstance(first, OutsideError), (step, first)
        assert again == first, step


def test_every_write_to_the_real_systems_carries_its_key(play: Play) -> None:
    bare = {
        (step, ask.target)
        for step, asks in play.asks.items()
        for ask in asks
        if ask.method != "GET" and play.key("") not in f"{ask.headers} {ask.body.decode()}" and step != "sessions_end"
    }
    assert bare == set()


def test_the_real_systems_refuse_the_same_key_for_something_else(play: Play) -> None:
    found = play.results["sale_key_of_another" if play.connector.id == "erp_tryton" else "write_back_key_of_another"]
    assert (type(found), found.code) == (PermanentError, "key_reuse")


# --- who acts ---------------------------------------------------------------------------------------------------------------------------------


def test_a_person_acts_as_that_person_where_the_system_knows_people(bench: Bench) -> None:
    from apps.integrations import registry

    bench.line.fault = lines.says(bench.refusal(500, "Broken."))
    action, data = bench.writes
    with pytest.raises(OutsideError):
        bench.act(action, data, "as-a-person", actor=Actor(login="ana", token="the-persons-own-token"))
    (ask,) = bench.line.asks
    if registry.manifests()[bench.connector.id].person_tokens:
        assert ask.headers["authorization"] == "Bearer the-persons-own-token"
    else:
        assert "the-persons-own-token" not in f"{ask.headers}{ask.body.decode()}"
        assert "ana" in [ask.headers.get("x-on-behalf-of"), ask.headers.get("x-act-as")] or "onBehalfOf>ana<" in ask.body.decode()


def test_the_screens_of_an_erp_open_for_a_person_only(bench: Bench) -> None:
    if not any(action.name == "ticket.open" for action in bench.connector.actions):
        with pytest.raises(LookupError):
            bench.connector.action("ticket.open")
        return
    with pytest.raises(PermanentError):
        bench.act("ticket.open", {}, actor=SERVICE)
    assert bench.line.asks == []


def test_a_link_into_the_sandbox_is_made_for_the_person(live: Bench) -> None:
    if live.name.startswith("crm"):
        assert [action.name for action in live.connector.actions if action.name == "sessions.end"] == []
        return
    one = live.act("ticket.open", {"kind": "order", "external_id": "1"}, actor=Actor(login="eve"))
    other = live.act("ticket.open", {"kind": "order", "external_id": "1"}, actor=Actor(login="eve"))
    assert one["url"] != other["url"]
    assert one["expires_in"] == 60
    assert live.act("sessions.end", {"subject": "nobody"}) == {"ended": 0}


def test_numbers_travel_as_plain_text(bench: Bench) -> None:
    """6800 is never 6.8E+3 on the line: not every system reads that."""
    if bench.name.startswith("crm"):
        assert Decimal("6.8E+3") == 6800
        return
    bench.line.fault = lines.says(bench.refusal(500, "Broken."))
    with pytest.raises(OutsideError):
        bench.act("sale.create", {**SALE, "lines": [{"sku": "P-1001", "quantity": Decimal("2E+1"), "unit_price": Decimal("6.8E+3")}]}, "plain-key")
    (ask,) = bench.line.asks
    assert b"E+" not in ask.body


@pytest.mark.parametrize(("channel", "kept"), [("visit", "visit"), ("meeting", "visit"), ("email", "mail"), ("call", "call"), ("note", "note")])
def test_the_sandbox_gets_channels_that_it_knows(channel: str, kept: str) -> None:
    from apps.connectors.crm_sandbox import mapping

    assert mapping.channel_of(channel) == kept
