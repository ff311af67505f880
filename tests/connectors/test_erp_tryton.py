"""Tryton: what its answers become, by recorded answers of a running one (fixtures/erp_tryton)."""

from __future__ import annotations

import datetime as dt
import runpy
from decimal import Decimal
from typing import Any

import pytest

from apps.connectors.erp_tryton import mapping
from apps.core.http import AuthError, GoneError, PermanentError
from apps.integrations.canonical import Invoice, Line, Order, PurchaseRequest, Receivable, Shipment, ShipmentLine, Stock
from stack.layout import HERE
from tests.connectors.scenarios import Play
from tests.connectors.tape import DAY

COMPANY = runpy.run_path(str(HERE / "seed_company.py"))


@pytest.fixture
def erp(every_play: dict[str, Play]) -> Play:
    return every_play["erp_tryton"]


def one(play: Play, step: str, stream: str) -> Any:
    (found,) = play.mapped(step, stream)
    return found


def plain(record: Any, *but: str) -> dict[str, Any]:
    """Without what differs from recording to recording."""
    return record.model_dump(exclude={"version", "updated_at", *but})


def test_the_goods_are_those_of_the_company_priced_in_its_currency(erp: Play) -> None:
    found = {p.key: (p.name, p.list_price, p.currency, p.stocked) for p in erp.mapped("load_products", "products")}
    assert found == {i["sku"]: (i["name"], Decimal(i["price"]), "CNY", i["on_hand"] is not None) for i in COMPANY["ITEMS"]}


def test_stock_is_what_is_there_less_what_is_promised(erp: Play) -> None:
    point = {i["sku"]: i["order_point"] for i in COMPANY["ITEMS"] if i["on_hand"] is not None}
    stock = {s.key: s for s in erp.mapped("load_stock", "stock")}
    assert {sku: s.order_point for sku, s in stock.items()} == point
    assert {sku: s.on_hand for sku, s in stock.items()} == {i["sku"]: i["on_hand"] for i in COMPANY["ITEMS"] if i["on_hand"] is not None}
    assert plain(one(erp, "stock_later", "stock"), "external_id") == plain(
        Stock(external_id="", key="P-1011", name="Vacuum pump 4 kW", on_hand=Decimal(8), available=Decimal(-3), order_point=Decimal(10), unit="u"),
        "external_id",
    )
    assert erp.results["stock_read"] == {"stock": {"P-1011": {"on_hand": "9.0", "available": "-3.0", "order_point": "10.0"}}}
    assert erp.results["stock_read_nothing"] == {"stock": {}}
    assert erp.asks["stock_read_nothing"] == []


def test_an_order_with_its_net_prices_and_the_companys_day(erp: Play) -> None:
    found = one(erp, "order", "orders")
    assert plain(found, "created_at") == plain(
        Order(
            external_id="13", key="SO-20813", customer_key="C-004", customer_name="Sunrise Paper", state="processing", amount=Decimal("125320.00"),
            currency="CNY", payment_term="45 days", reference=erp.key("deal"), comment="Recorded 录制", ordered_on=DAY,
            lines=(
                Line(external_id="24", sku="P-1001", name="Centrifugal pump 5.5 kW", quantity=Decimal(3), unit_price=Decimal("6573.3333"),
                     amount=Decimal("19720.00"), product_line="Pumps"),
                Line(external_id="25", sku="P-1011", name="Vacuum pump 4 kW", quantity=Decimal(12), unit_price=Decimal(8600),
                     amount=Decimal("103200.00"), product_line="Pumps"),
                Line(external_id="26", sku="S-2001", name="On-site commissioning, day", quantity=Decimal(1), unit_price=Decimal(2400),
                     amount=Decimal("2400.00"), product_line="Service"),
            ),
            invoice_ids=("14",), shipment_ids=("12",), region="East China", planned_on=DAY + dt.timedelta(days=7),
        ),
        "created_at",
    )  # fmt: skip
    assert found.version
    assert found.updated_at.utcoffset() == dt.timedelta(0)  # Tryton's stamps name no zone and are UTC
    assert one(erp, "order_later", "orders").shipment_ids == ("12", "13")
    assert one(erp, "order_later", "orders").version != found.version


def test_discounts_of_the_seed_are_in_the_unit_price(erp: Play) -> None:
    orders = erp.mapped("load_orders", "orders")
    for order, seeded in zip(orders, COMPANY["ORDERS"], strict=True):
        prices = {i["sku"]: Decimal(i["price"]) for i in COMPANY["ITEMS"]}
        wanted = [(sku, Decimal(quantity), prices[sku] * (100 - off) / 100) for sku, quantity, off in seeded["lines"]]
        assert [(line.sku, line.quantity, line.unit_price) for line in order.lines] == wanted
        assert (order.customer_key, order.reference) == (seeded["customer"], seeded["reference"])
        assert sum(line.amount for line in order.lines) == order.amount


def test_an_order_is_written_with_what_the_portal_says_and_nothing_else(erp: Play) -> None:
    (ask,) = erp.asks["sale_create"]
    assert ask.json()["payload"] == {
        "party": "C-004", "currency": "CNY", "reference": erp.key("deal"), "payment_term": {"days": 45}, "comment": "Recorded 录制",
        "until": "processing", "shipping_date": "2026-11-30",
        "lines": [
            {"product": "P-1001", "quantity": "3", "unit_price": "6573.3333"}, {"product": "P-1011", "quantity": "12", "unit_price": "8600"},
            {"product": "S-2001", "quantity": "1", "unit_price": "2400"},
        ],
    }  # fmt: skip
    assert erp.results["sale_create"] == {
        "order_id": "13", "order_no": "SO-20813", "state": "processing", "amount": "125320.00", "currency": "CNY", "invoice_ids": ["14"],
        "shipment_ids": ["12"],
    }  # fmt: skip


def test_shipments_sum_a_products_moves_and_know_when_they_left(erp: Play) -> None:
    waiting, done = one(erp, "shipment_waiting", "shipments"), one(erp, "shipment", "shipments")
    common = {"external_id": "12", "key": "12", "order_ids": ("13",), "order_keys": ("SO-20813",), "customer_key": "C-004",
              "customer_name": "Sunrise Paper", "planned_on": DAY, "region": "East China"}  # fmt: skip
    full = (ShipmentLine(sku="P-1001", quantity=Decimal(3), product_line="Pumps"), ShipmentLine(sku="P-1011", quantity=Decimal(12), product_line="Pumps"))
    part = (ShipmentLine(sku="P-1001", quantity=Decimal(2), product_line="Pumps"), ShipmentLine(sku="P-1011", quantity=Decimal(1), product_line="Pumps"))
    assert plain(waiting, "created_at") == plain(Shipment(**common, state="waiting", lines=full), "created_at")
    assert plain(done, "created_at", "shipped_at") == plain(Shipment(**common, state="done", lines=part, effective_on=DAY), "created_at", "shipped_at")
    assert waiting.shipped_at is None
    assert done.shipped_at.utcoffset() == dt.timedelta(0)
    assert [erp.results[f"shipment_{step}"]["state"] for step in ("assigned", "picked", "done")] == ["assigned", "picked", "done"]


def test_two_moves_of_one_product_are_one_line() -> None:
    moves = [{"product": "P-1001", "quantity": 2.0}, {"product": "P-1001", "quantity": 0.5}]
    raw = {"id": 1, "number": "1", "state": "shipped", "party": {"code": "C-1", "name": "X"}, "moves": moves}
    assert mapping.shipment(raw).lines == (ShipmentLine(sku="P-1001", quantity=Decimal("2.5")),)


def test_an_invoice_says_what_is_due_and_when(erp: Play) -> None:
    assert plain(one(erp, "invoice", "invoices"), "created_at") == plain(
        Invoice(external_id="14", key="INV2026-00009", customer_key="C-004", order_ids=("13",), state="posted", amount=Decimal("125320.00"),
                amount_due=Decimal("125320.00"), currency="CNY", invoiced_on=DAY, due_on=DAY + dt.timedelta(days=45), region="East China"), "created_at",
    )  # fmt: skip
    paid = [i for i in erp.mapped("load_invoices", "invoices") if i.state == "paid"]
    assert paid
    assert {i.amount_due for i in paid} == {Decimal(0)}
    drafts = [i for i in erp.mapped("load_invoices", "invoices") if i.state == "draft"]
    assert drafts
    assert {(i.key, i.invoiced_on, i.due_on) for i in drafts} == {("", None, None)}


def test_a_receivable_is_the_sum_of_open_invoices_and_overdue_the_late_ones(erp: Play) -> None:
    invoices, owed = erp.mapped("load_invoices", "invoices"), {r.key: r for r in erp.mapped("load_receivables", "receivables")}
    assert set(owed) == {c["code"] for c in COMPANY["CUSTOMERS"]}
    for code, found in owed.items():
        open_ones = [i for i in invoices if i.customer_key == code and i.state == "posted"]
        assert found.balance == sum(i.amount_due for i in open_ones), code
        assert found.overdue == sum(i.amount_due for i in open_ones if i.due_on < DAY), code
        assert (found.open_invoices, found.currency) == (len(open_ones), "CNY")
    assert sum(found.balance > 0 for found in owed.values()) == 3
    assert Receivable.model_validate(erp.results["receivable_read"]).key == "C-004"


def test_a_purchase_request_names_its_order_by_the_number(erp: Play) -> None:
    assert erp.results["request_create"] == {"request_ids": ["1"], "reference": "SO-20813"}
    assert plain(one(erp, "load_purchase_requests", "purchase_requests")) == plain(
        PurchaseRequest(external_id="1", sku="P-1011", quantity=Decimal(3), state="draft", reference="SO-20813", needed_on=DAY + dt.timedelta(days=5))
    )


def test_a_purchase_for_the_stock_is_asked_for_without_an_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command of portal_bridge takes it since its sale may be left out."""
    from apps.connectors.erp_tryton import actions
    from apps.integrations.sdk import SERVICE, PurchaseRequestCreate

    asked: list[Any] = []

    class Client:
        def command(self, name: str, payload: Any, *, key: str, actor: Any) -> Any:
            asked.append((name, payload, key))
            return {"sale": None, "reference": "", "requests": [{"id": 9}]}

    monkeypatch.setattr(actions, "client_of", lambda config: Client())
    given = PurchaseRequestCreate.model_validate({"lines": [{"sku": "P-1", "quantity": "3"}]})
    assert actions.purchase_request_create(None, SERVICE, given, "k") == {"request_ids": ["9"], "reference": ""}  # type: ignore[arg-type]
    assert asked == [("purchase_request.create", {"lines": [{"product": "P-1", "quantity": "3"}]}, "k")]


def test_a_request_without_an_order_keeps_its_own_words() -> None:
    raw = {"id": 1, "product": "P-1", "quantity": 1, "state": "draft", "origin": "Rule [7]", "origin_model": "stock.order_point"}
    assert mapping.purchase_request(raw).reference == "Rule [7]"
    assert mapping.purchase_request({**raw, "origin": None, "origin_model": None, "description": "by hand"}).reference == "by hand"


def test_an_order_line_without_a_product_has_no_sku() -> None:
    raw = {"id": 1, "number": "1", "state": "quotation", "party": {"code": None, "name": None}, "total_amount": "5", "currency": "CNY",
           "lines": [{"id": 9, "product": None, "name": "Freight", "quantity": 1, "unit_price": "5", "amount": "5"}]}  # fmt: skip
    order = mapping.order(raw)
    assert (order.state, order.customer_key, order.lines[0].sku, order.lines[0].name) == ("draft", "", None, "Freight")


@pytest.mark.parametrize(("function", "raw"), [(mapping.order, "sale"), (mapping.shipment, "shipment"), (mapping.invoice, "invoice")])
def test_a_state_of_a_newer_tryton_is_not_guessed(function: Any, raw: str) -> None:
    row = {"id": 1, "number": "1", "state": "on_hold", "party": {"code": "C", "name": "N"}, "total_amount": "1", "currency": "CNY"}
    with pytest.raises(ValueError, match="on_hold"):
        function(row)


REFUSALS = {
    "wrong_key": (AuthError, 401, "unauthenticated"),
    "sale_in_euro": (PermanentError, 422, "validation"),
    "sale_to_nobody": (PermanentError, 422, "validation"),
    "order_read_gone": (PermanentError, 404, "not_found"),
    "receivable_of_nobody": (PermanentError, 404, "not_found"),
    "shipment_not_in_stock": (PermanentError, 409, "out_of_stock"),
    "shipment_back": (PermanentError, 409, "wrong_state"),
    "shipment_gone": (PermanentError, 404, "not_found"),
    "feed_of_another_database": (GoneError, 410, "resync"),
}


@pytest.mark.parametrize("step", REFUSALS)
def test_what_tryton_refuses_is_final_and_has_its_code(erp: Play, step: str) -> None:
    error = erp.results[step]
    assert (type(error), error.status, error.code) == REFUSALS[step]
    assert error.message


def test_words_of_a_refusal_are_trytons(erp: Play) -> None:
    assert erp.results["sale_in_euro"].message == "The currency EUR is not kept here."
    assert erp.results["shipment_not_in_stock"].message == "The goods of 12 are not all in stock."


def test_an_order_is_read_whole_in_one_go(erp: Play) -> None:
    found = erp.results["order_read"]
    assert Order.model_validate(found["order"]) == one(erp, "order", "orders")
    assert ([s["external_id"] for s in found["shipments"]], [i["external_id"] for i in found["invoices"]]) == (["12"], ["14"])
    assert erp.results["order_gone"] is None
    assert erp.results["currencies"] == {"currencies": ["CNY"]}
    assert erp.results["sessions_end"] == {"ended": 0}


def test_each_change_is_told_with_our_key_and_stock_with_its_product(erp: Play) -> None:
    hints = [hint for page in erp.results["feed"] for hint in page.hints]
    by_key: dict[str, set[tuple[str, str]]] = {}
    for hint in hints:
        by_key.setdefault(hint.origin, set()).add((hint.stream, hint.external_id))
    assert by_key[erp.key("sale")] == {("orders", "13"), ("invoices", "14"), ("shipments", "12"), ("stock", "1"), ("stock", "11")}
    assert by_key[erp.key("request")] == {("purchase_requests", "1")}
    assert by_key[erp.key("done")] >= {("shipments", "12"), ("shipments", "13"), ("orders", "13")}
    assert by_key[erp.key("invoice")] == {("invoices", "14"), ("receivables", "5"), ("orders", "13")}
    assert {hint.transition for hint in hints} == {""}


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"model": "sale.sale", "mode": "delete"}, [("orders", "deleted")]),
        ({"model": "sale.sale", "mode": "write", "state": "cancelled"}, [("orders", "cancelled")]),
        ({"model": "product.product", "mode": "write", "names": ["stock"]}, [("stock", "")]),
        ({"model": "product.product", "mode": "write", "names": ["stock", "name"]}, [("products", ""), ("stock", "")]),
        ({"model": "party.party", "mode": "create"}, [("receivables", "")]),
        ({"model": "res.user", "mode": "write"}, [("res.user", "")]),
    ],
)
def test_what_an_event_is_about(event: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    from apps.connectors.erp_tryton.streams import hints_of

    found = hints_of({"id": 1, "record": 5, "at": "2026-11-23T01:00:00+00:00", **event}, "e")
    assert [(hint.stream, hint.transition) for hint in found] == wanted
    assert {hint.event_id for hint in found} == {"e:1"}


def test_an_id_that_is_no_number_names_nothing_and_is_not_asked(erp: Play) -> None:
    from apps.connectors.erp_tryton.actions import invoice_post
    from apps.integrations.sdk import SERVICE, InvoicePost

    for text in ("SO-1", "", "٣"):
        with pytest.raises(PermanentError) as caught:
            invoice_post(erp.config, SERVICE, InvoicePost(order_id=text), "key")
        assert caught.value.code == "not_found"


def test_a_person_gets_a_link_into_the_web_client() -> None:
    from apps.integrations import registry
    from apps.integrations.sdk import Actor
    from tests.connectors.line import line_to, of_json

    connector = registry.connector("erp_tryton")
    with line_to(lambda ask: of_json(201, {"url": "/erp/portal/session?ticket=t&path=p", "expires_in": 60}), prefix="/erp") as line:
        settings = {"base_url": line.url, "service_key": "k", "web_url": "http://localhost:8010/web"}
        action = connector.action("ticket.open")
        opened = [
            action.run(connector.config.model_validate(given), Actor("eve", "her-token"), action.input(kind=kind, external_id=ident), "")
            for given, kind, ident in ((settings, "order", "13"), ({**settings, "web_url": ""}, "", ""), (settings, "receivable", "C-1"))
        ]
        assert [one.json() for one in line.asks] == [{"path": "model/sale.sale/13"}, {"path": ""}, {"path": ""}]
        assert {one.headers["authorization"] for one in line.asks} == {"Bearer her-token"}
    assert opened[0] == {"url": "http://localhost:8010/erp/portal/session?ticket=t&path=p", "expires_in": 60}
    assert opened[1]["url"].startswith(line.url.removesuffix("/erp"))


def test_an_erp_that_lacks_a_command_is_named() -> None:
    from apps.integrations import registry
    from tests.connectors.line import line_to, of_json

    connector = registry.connector("erp_tryton")
    with line_to(lambda ask: of_json(200, {"trytond": "8.0", "commands": ["sale.create", "invoice.post"], "login": "x"}), prefix="/erp") as line:
        found = connector.check(connector.config.model_validate({"base_url": line.url, "service_key": "k"}))
    assert (found.ok, found.message) == (False, "portal_bridge lacks the commands purchase_request.create, shipment.advance.")


# --- what figures are reckoned from -----------------------------------------------------------------------------------------------------------


def test_orders_name_region_and_product_line_of_the_company(erp: Play) -> None:
    region = {c["code"]: COMPANY["REGION_OF"][c["city"]] for c in COMPANY["CUSTOMERS"]}
    orders = erp.mapped("load_orders", "orders")
    assert {(o.customer_key, o.region) for o in orders} <= set(region.items())
    assert {(line.sku, line.product_line) for o in orders for line in o.lines} <= {(i["sku"], COMPANY["product_line"](i["sku"])) for i in COMPANY["ITEMS"]}
    assert {o.created_at.utcoffset() for o in orders} == {dt.timedelta(0)}


def test_payments_are_what_invoices_say_was_paid(erp: Play) -> None:
    invoices, payments = erp.mapped("load_invoices", "invoices"), erp.mapped("load_payments", "payments")
    assert {p.invoice_key: p.amount for p in payments} == {i.key: i.amount_paid for i in invoices if i.amount_paid}
    assert {i.key: i.paid_on for i in invoices if i.state == "paid"} == {p.invoice_key: p.paid_on for p in payments}
    assert all(i.amount_paid + i.amount_due == i.amount for i in invoices if i.state in ("posted", "paid"))
    assert {i.paid_on for i in invoices if i.state == "posted"} == {None}


def test_a_planned_production_and_a_purchase_that_was_asked_for(erp: Play) -> None:
    (made,), (wanted,) = erp.mapped("load_productions", "productions"), erp.mapped("load_purchase_orders", "purchase_orders")
    assert (made.sku, made.product_line, made.quantity, made.state, made.done_on) == ("P-1001", "Pumps", 4, "draft", None)
    assert (wanted.supplier_key, wanted.state, wanted.amount, wanted.currency, wanted.received_on) == ("S-04", "draft", Decimal("2132.80"), "CNY", None)
    assert [(line.sku, line.quantity, line.product_line) for line in wanted.lines] == [("P-1018", 40, "Spare parts")]


@pytest.mark.parametrize("state", ["unheard_of", "", "DONE"])
def test_a_production_in_a_state_nobody_knows_is_not_taken(state: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        mapping.production({"id": 1, "state": state, "quantity": 1, "product": "P-1001"})
