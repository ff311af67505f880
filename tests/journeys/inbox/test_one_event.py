"""What Tryton and BottleCRM both report is one message, and the numbers beside the lists are the truth."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.erp import TrytonUser
from tests.journeys.inbox.desk import Desk
from tests.journeys.people import WITHIN_TEN_SECONDS, somebody
from tests.journeys.setbacks.office import LONG
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]
SHIPPED = ("business.order_shipped", "erp_tryton.shipped", "crm_bottle.order_status")


def told_of_shipping(desk: Desk, login: str, order_no: str) -> list[dict[str, Any]]:
    """Every message about that order's shipping, whoever reported it."""
    return [one for one in desk.inbox(login) if one["kind"] in SHIPPED and order_no in f"{one['title']} {one['number']} {one['body']}"]


@pytest.mark.req("E10", "E11", "E13", "P5")
def test_E13_a_delivery_that_erp_and_crm_both_report_is_one_message(desk: Desk) -> None:
    deal_id = desk.won(customer="C-009")
    desk.approve(deal_id)
    (order_no,) = desk.ordered(deal_id)
    (delivery,) = desk.erp(deal_id).deliveries
    TrytonUser(desk.env, "eve").press("stock.shipment.out", delivery["id"], "assign_try", "pick", "pack", "do")
    until(lambda: desk.custom(deal_id).get("erp_order_state") == "shipped", seconds=LONG, every=0.2, what="shipped in the CRM")
    until(lambda: any("crm" in one["also"] for one in told_of_shipping(desk, "ana", order_no)), seconds=LONG, every=0.2, what="the CRM has said so, too")
    until(desk.quiet, seconds=LONG, what="everything that was to be told is told")
    (message,) = told_of_shipping(desk, "ana", order_no)
    assert (message["kind"], message["system"], message["also"]) == ("business.order_shipped", "erp", ["crm"])
    assert message["title"] == f"Order {order_no} was shipped"
    sql = """select n.kind from notifications_notification n join directory_person p on p.id = n.person_id
             where p.login = 'ana' and n.kind = any(%s) and n.params::text like %s"""
    assert [row["kind"] for row in desk.rows(sql, list(SHIPPED), f"%{order_no}%")] == ["business.order_shipped"]


@pytest.mark.req("E13", "E14")
def test_E13_the_badge_is_what_can_be_acted_on_on_every_page_and_by_rest(chromium: Any, desk: Desk) -> None:
    deals = [desk.won(customer="C-009") for _deal in range(2)]
    for deal_id in deals:
        desk.task(f"deal:{deal_id}")
    with somebody(chromium, desk.portal.url, "boss") as boss:
        boss.sign_in_at_keycloak(desk.env["DEMO_PASSWORD"])
        badge = boss.page.locator(".at-side [data-todo-number]").first
        assert count(desk) >= 2
        expect(badge).to_have_text(str(count(desk)))
        boss.page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=3 * WITHIN_TEN_SECONDS)
        for deal_id in deals:
            before = count(desk)
            desk.approve(deal_id)
            assert count(desk) == before - 1
            expect(badge).to_have_text(str(before - 1), timeout=WITHIN_TEN_SECONDS)  # pushed
        assert boss.problems == []
    desk.ordered(*deals)


def count(desk: Desk) -> int:
    """The badge by REST, which is what the list holds and what the tables hold."""
    told = desk.todo("boss")
    sql = """select count(*) as n from notifications_notification n join directory_person p on p.id = n.person_id
             where p.login = 'boss' and n.todo and n.state = 'OPEN' and n.snoozed_until is null"""
    assert told["todo"] == len(told["items"]) == desk.rows(sql)[0]["n"]
    return int(told["todo"])
