"""The sales loop on the real systems, in a browser, signed on through Keycloak; then Tryton's and BottleCRM's own databases are read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.journeys.crm import BottleCrm
from tests.journeys.ledger import assert_one_of_each, crm_deal, erp_facts
from tests.journeys.people import somebody
from tests.support.stack import RealStack
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]


def erp_order(stack: RealStack, deal_id: str) -> dict[str, Any] | None:
    found = erp_facts(stack.env, deal_id).orders
    return found[0] if found else None


def receivable(stack: RealStack, deal_id: str) -> list[dict[str, Any]]:
    return erp_facts(stack.env, deal_id).receivables


def custom_fields(stack: RealStack, deal_id: str) -> dict[str, Any]:
    return dict(crm_deal(stack.env, deal_id)["custom_fields"] or {})


@pytest.mark.req("G4", "G5", "G6", "G10", "D4", "D5", "P3", "P4", "P5", "A3", "E14", "X3")
def test_a_deal_won_in_the_crm_becomes_an_order_in_the_erp_and_comes_back(chromium: Any, real_stack: RealStack) -> None:
    crm, password = BottleCrm(real_stack.env), real_stack.env["DEMO_PASSWORD"]
    with real_stack.portal(workers=2) as portal, somebody(chromium, portal.url, "boss") as boss, somebody(chromium, portal.url, "eve") as eve:
        boss.sign_in_at_keycloak(password)
        eve.sign_in_at_keycloak(password)
        boss.go("/inbox/")
        deal_id = crm.deal(customer="C-003", lines=[("P-1001", "2", "6800"), ("P-1014", "4", "400")])
        title = crm.name(deal_id)
        crm.set_won(deal_id)
        boss.wait_for_task(title)
        boss.approve(title)
        assert erp_order(real_stack, deal_id) is None  # nothing is outside while it can be undone
        until(lambda: custom_fields(real_stack, deal_id).get("erp_order_no"), seconds=240, what="the contract in the CRM")
        facts = assert_one_of_each(real_stack.env, deal_id, short=False, payment_term_days=30)
        eve.ship(str(facts.deliveries[0]["id"]))
        until(lambda: custom_fields(real_stack, deal_id).get("erp_order_state") == "shipped", seconds=240, what="shipped in the CRM")
        boss.wait_for_text(f"/loop/deal:{deal_id}/", "The deal reads: shipped")
        assert [boss.problems, eve.problems] == [[], []]
    facts = assert_one_of_each(real_stack.env, deal_id, short=False, payment_term_days=30)
    assert [(one["sku"], float(one["quantity"])) for one in facts.shipped] == [("P-1001", 2.0), ("P-1014", 4.0)]
    assert facts.deliveries[0]["state"] == "done"
    custom = custom_fields(real_stack, deal_id)
    assert custom["contract_state"] == "approved" and custom["shipment_ref"] == facts.deliveries[0]["number"] and custom["shipped_at"]


@pytest.mark.req("P4", "I12")
def test_what_is_short_is_requested_from_purchasing_once(chromium: Any, real_stack: RealStack) -> None:
    crm, password = BottleCrm(real_stack.env), real_stack.env["DEMO_PASSWORD"]
    with real_stack.portal(workers=2) as portal, somebody(chromium, portal.url, "boss") as boss:
        boss.sign_in_at_keycloak(password)
        boss.go("/inbox/")
        deal_id = crm.deal(customer="C-005", lines=[("P-1003", "9", "18600")])
        crm.set_won(deal_id)
        boss.wait_for_task(crm.name(deal_id))
        boss.approve(crm.name(deal_id))
        until(lambda: custom_fields(real_stack, deal_id).get("erp_order_no"), seconds=240, what="the contract in the CRM")
    facts = assert_one_of_each(real_stack.env, deal_id, short=True, payment_term_days=60)
    assert [(one["sku"], float(one["quantity"])) for one in facts.purchase_requests] == [("P-1003", 5.0)]
