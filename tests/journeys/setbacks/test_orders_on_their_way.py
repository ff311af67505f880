"""What the ERP does with an order: ships it in two parts, or gives it up. CRM, portal and timeline say exactly that."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.journeys.erp import TrytonUser
from tests.journeys.ledger import Row, rows
from tests.journeys.setbacks.office import LONG, Office, pick
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
SHIPPED, CANCELLED = "business.order_shipped", "business.order_cancelled"
PARTS = [("P-1017", "4", "130"), ("P-1034", "10", "68")]


def ship_part(office: Office, shipment_id: str, **quantities: str) -> None:
    """The warehouse clerk, on the portal's page: reserve, then ship less than the note says."""
    eve = office.at("eve")
    until(lambda: eve.get(f"/shipments/{shipment_id}/").status_code == 200, seconds=LONG, what="the delivery note on the page")
    shown = until(lambda: eve.get(f"/api/v1/shipments/{shipment_id}").json(), seconds=LONG)
    steps = [("assigned", {}), ("done", {f"quantity:{sku.replace('_', '-')}": amount for sku, amount in quantities.items()})]
    for to, form in steps[0 if shown["state"] == "waiting" else 1 :]:
        answer = eve.post(f"/shipments/{shipment_id}/advance/", {"to": to, **form})
        assert answer.status_code == 302, answer.text[-2000:]


def left_at(office: Office, shipment_id: Any) -> dt.datetime:
    """The moment that Tryton itself keeps for a delivery."""
    (row,) = rows(office.env["ERP_DATABASE_URL"], "select portal_left_at from stock_shipment_out where id = %s", int(shipment_id))
    return row["portal_left_at"].replace(tzinfo=dt.UTC)


def crm_says(office: Office, deal_id: str, state: str) -> dict[str, Any]:
    until(lambda: office.custom(deal_id).get("erp_order_state") == state, seconds=LONG, every=0.2, what=f"{state} in the CRM")
    return office.custom(deal_id)


def portal_says(office: Office, deal_id: str, state: str) -> dict[str, Any]:
    """The contract fields of the portal's own record of the deal, once they say `state`."""

    def probe() -> dict[str, Any]:
        custom = office.at("boss").get(f"/api/v1/deals/{deal_id}").json()["custom"]
        return custom if custom.get("erp_order_state") == state else {}

    return until(probe, seconds=LONG, every=0.2, what=f"{state} in the portal's record")


@pytest.mark.req("P5", "V5")
def test_P5_a_part_is_a_part_and_shipped_is_all_of_it(office: Office) -> None:
    deal_id = office.won(lines=PARTS)
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    office.approve(deal_id)
    (order_no,) = office.ordered(deal_id)
    (first,) = office.erp(deal_id).deliveries
    ship_part(office, str(first["id"]), P_1017="4", P_1034="3")
    partly(office, deal_id, order_no, first)
    # the rest, in the ERP's own client
    second = until(lambda: [one for one in office.erp(deal_id).deliveries if one["id"] != first["id"]], seconds=LONG, what="the second delivery")[0]
    assert second["state"] != "done"
    TrytonUser(office.env, "eve").press("stock.shipment.out", second["id"], "assign_try", "pick", "pack", "do")
    custom = crm_says(office, deal_id, "shipped")
    numbers = ", ".join(sorted([first["number"], second["number"]]))
    moment = left_at(office, second["id"])
    assert (custom["shipment_ref"], dt.datetime.fromisoformat(custom["shipped_at"])) == (numbers, moment.replace(microsecond=0))
    assert pick(portal_says(office, deal_id, "shipped"), "shipment_ref", "shipped_at") == (numbers, custom["shipped_at"])
    until(lambda: office.case(key)["state"] == "COMPLETED", seconds=LONG, what="the case is over")
    (loop,) = office.loops(deal_id)
    assert (loop["outcome"], loop["shipped_at"]) == ("CLOSED", moment)
    hops = office.hops(key)
    for line in (
        f"Delivery {first['number']} left the house, a part of the order | ",
        f"Progress to the CRM | The deal reads: partially shipped, {first['number']}",
        f"Delivery {second['number']} left the house | ",
        f"Progress to the CRM | The deal reads: shipped, {numbers}",
    ):
        assert hops.count(line) == 1, (line, hops)
    assert (office.phase(key, "Shipped"), office.phase(key, "Told in the CRM")) == ("done", "done")
    for login in ("ana", "boss"):
        titles = sorted(one["title"] for one in office.notices(login, SHIPPED, name))
        assert titles == [f"Order {order_no} was shipped", f"Order {order_no}: a part was shipped"]
    facts = office.erp(deal_id)
    assert [(one["sku"], float(one["quantity"])) for one in facts.shipped] == [("P-1017", 4.0), ("P-1034", 10.0)]
    assert [len(facts.orders), len(facts.deliveries), len(facts.receivables)] == [1, 2, 1]


def partly(office: Office, deal_id: str, order_no: str, first: Row) -> None:
    """After the first delivery every place says "a part", and none says "shipped"."""
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    custom = crm_says(office, deal_id, "partially_shipped")
    assert (custom["shipment_ref"], custom.get("shipped_at")) == (first["number"], None)
    assert pick(portal_says(office, deal_id, "partially_shipped"), "shipment_ref", "shipped_at") == (first["number"], None)
    notice = office.told("ana", SHIPPED, name)
    assert (notice["title"], notice["body"]) == (f"Order {order_no}: a part was shipped", f"Delivery {first['number']} for Jinsha Chemical, {name}.")
    assert [(one["sku"], float(one["quantity"])) for one in office.erp(deal_id).shipped] == [("P-1017", 4.0), ("P-1034", 3.0)]
    hops = office.hops(key)
    assert f"Delivery {first['number']} left the house, a part of the order | " in hops
    assert not any("The deal reads: shipped" in hop for hop in hops)
    assert office.phase(key, "Shipped") != "done" and office.case(key)["state"] == "ACTIVE"
    assert [pick(loop, "outcome", "shipped_at") for loop in office.loops(deal_id)] == [("", None)]


@pytest.mark.req("P5", "P15")
def test_an_order_given_up_in_the_erp_is_told_everywhere_and_nothing_is_undone(office: Office) -> None:
    """Tryton cancels an order in processing by its deliveries. A cancelled delivery alone, not settled yet, is no cancelled order."""
    deal_id = office.won(lines=PARTS)
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    office.approve(deal_id)
    (order_no,) = office.ordered(deal_id)
    before = office.erp(deal_id)
    TrytonUser(office.env, "eve").press("stock.shipment.out", before.deliveries[0]["id"], "cancel")
    TrytonUser(office.env, "boss").settle_without_delivery(before.orders[0]["id"])
    custom = crm_says(office, deal_id, "cancelled")
    assert (custom["erp_order_no"], custom.get("shipped_at"), custom.get("shipment_ref")) == (order_no, None, None)
    assert portal_says(office, deal_id, "cancelled")["erp_order_no"] == order_no
    order = office.at("ana").get(f"/api/v1/orders/{before.orders[0]['id']}").json()
    assert (order["state"], order["key"]) == ("cancelled", order_no)
    for login in ("ana", "boss"):
        notice = office.told(login, CANCELLED, name)
        assert notice["title"] == f"Order {order_no} was cancelled in the ERP"
        assert notice["body"] == (
            f"{name} for Jinsha Chemical. The portal changed nothing by itself: agree with the customer, then set the deal right in the CRM."
        )
        assert office.told_chinese(login, CANCELLED, name)[0] == f"订单 {order_no} 已在 ERP 中取消"
    assert office.recipients(CANCELLED, "business_key", key) == ["ana", "boss"]
    until(lambda: office.case(key)["state"] == "COMPLETED", seconds=LONG, what="the case is over")
    hops = office.hops(key)
    assert hops.count(f"Order {order_no} was cancelled in the ERP | ") == 1
    assert "Progress to the CRM | The deal reads: order cancelled" in hops
    assert [pick(loop, "outcome", "order_no") for loop in office.loops(deal_id)] == [("CANCELLED", order_no)]
    after = office.erp(deal_id)
    assert (after.orders[0]["number"], after.invoices, after.receivables, after.shipped) == (order_no, before.invoices, before.receivables, [])
