"""A morning on the real systems: the home page acts in ERP and CRM, a customer visit goes round, messages of both systems arrive.

People sign on through Keycloak; what they did is read afterwards in Tryton's and BottleCRM's own databases.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from icalendar import Calendar
from playwright.sync_api import expect

from tests.journeys.ledger import rows
from tests.journeys.people import somebody
from tests.journeys.setbacks.office import LONG, Office
from tests.support.stack import RealStack
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]
QUICK = {"UNDO_WINDOW_SECONDS": "0.5", "JOBS_RETRY_BASE_SECONDS": "0.3", "FEED_INTERVAL_SECONDS": "1"}
CUSTOMER = "C-003"
FOLLOW_UPS = """select i.subject, i.body, i.kind from interaction i join accounts a on a.id = i.account_id where a.id = %s::uuid order by i.created_at desc"""
REQUESTS = """select r.id, r.quantity, r.description from purchase_request r join product_product p on p.id = r.product where p.code = %s order by r.id"""


@pytest.fixture(scope="module")
def office(real_stack: RealStack) -> Iterator[Office]:
    with real_stack.portal(workers=2, env=QUICK) as portal:
        yield Office(real_stack, portal)


def follow_ups(office: Office, account: str) -> list[dict[str, Any]]:
    return rows(office.env["CRM_DATABASE_URL"], FOLLOW_UPS, account)


@pytest.mark.req("G1", "E1", "E14", "U3")
def test_the_home_page_acts_in_the_erp_and_in_the_crm(chromium: Any, office: Office) -> None:
    password = office.env["DEMO_PASSWORD"]
    with somebody(chromium, office.portal.url, "eve") as eve, somebody(chromium, office.portal.url, "ana") as ana:
        eve.sign_in_at_keycloak(password)
        alerts = eve.page.locator('[gs-id="erp.stock_alerts"]')
        reorder = alerts.get_by_role("button", name=re.compile("^Reorder")).or_(alerts.locator("summary")).first
        expect(reorder).to_be_visible(timeout=30_000)
        sku = str(alerts.locator("li .mono").first.text_content())
        before = rows(office.env["ERP_DATABASE_URL"], REQUESTS, sku)
        reorder.click()
        alerts.locator("input[name=quantity]").first.fill("7")
        alerts.get_by_role("button", name="Request in the ERP").first.click()
        expect(eve.page.get_by_text(re.compile("^Requested in the ERP")).first).to_be_visible(timeout=30_000)
        after = rows(office.env["ERP_DATABASE_URL"], REQUESTS, sku)
        assert [(row["quantity"], row["description"]) for row in after[len(before) :]] == [(7.0, "To fill up the stock")]
        ana.sign_in_at_keycloak(password)
        calls = ana.page.locator('[gs-id="crm.follow_up"]')
        expect(calls.locator("summary").first).to_be_visible(timeout=30_000)
        calls.locator("summary").first.click()
        account = str(calls.locator("input[name=customer]").first.input_value())
        calls.locator("input[name=subject]").first.fill("Asked for the new price list")
        calls.get_by_role("button", name="Write to the CRM").first.click()
        until(lambda: follow_ups(office, account), seconds=30, what="the follow-up in the CRM")
        assert [row["subject"] for row in follow_ups(office, account)][:1] == ["Asked for the new price list"]
        assert [eve.problems, ana.problems] == [[], []]


PLACE, PURPOSE = "Their pump house", "See how the new pumps run"
REPORT = "They run well. A second set is planned for May."


@pytest.mark.req("D2", "D3", "E11", "E12", "E13")
def test_D3_a_visit_is_asked_for_approved_made_and_is_a_follow_up_in_the_crm_once(office: Office) -> None:
    account, ana = office.crm.account(CUSTOMER), office.at("ana")
    (name,) = rows(office.env["CRM_DATABASE_URL"], "select name from accounts where id = %s::uuid", account)
    hits = ana.get(f"/visits/customers/?customer_q={name['name'].split()[0]}").text
    assert f'value="{account}"' in hits and name["name"] in hits and CUSTOMER in hits  # of the CRM's customers, as they are called there
    begin = (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=25)).replace(microsecond=0)
    asked = ana.post("/api/v1/visits", json={"customer_id": account, "starts_at": begin.isoformat(),
                                             "ends_at": (begin + dt.timedelta(hours=1)).isoformat(), "place": PLACE, "purpose": PURPOSE})  # fmt: skip
    assert asked.status_code == 201, asked.text[:300]
    visit = asked.json()
    key, path = f"visit:{visit['id']}", f"/visits/{visit['id']}/"
    assert office.decide(office.task(key)["id"]).status_code == 200
    until(lambda: ana.get(f"/api/v1/visits/{visit['id']}").json()["state"] == "APPROVED", seconds=LONG, every=0.2, what="approved")
    assert visit["number"] in office.at("boss").get(f"/customers/{account}/").text
    on_the_calendar(office, path, str(name["name"]), begin)
    before = len(follow_ups(office, account))

    def reported() -> bool:
        answer = ana.post(f"/api/v1/visits/{visit['id']}/report", json={"report": REPORT})
        assert answer.status_code in {200, 409}, answer.text[:300]  # 409: it has not begun yet
        return bool(answer.status_code == 200)

    until(reported, seconds=90, every=0.5, what="the visit has begun")
    until(lambda: len(follow_ups(office, account)) > before, seconds=LONG, every=0.2, what="the follow-up in the CRM")
    until(lambda: office.case(key)["state"] == "COMPLETED", seconds=LONG, every=0.2, what="the end of the case")
    (written,) = follow_ups(office, account)[: len(follow_ups(office, account)) - before]
    assert REPORT in written["body"]
    for login in ("ana", "boss"):
        page = office.at(login).get(f"/customers/{account}/").text
        assert visit["number"] in page and REPORT in page, login


def on_the_calendar(office: Office, path: str, customer: str, begin: dt.datetime) -> None:
    """In the portal, and behind the secret link that a calendar program asks without any session."""
    ana = office.at("ana")
    (entry,) = [one for one in ana.get("/api/v1/calendar").json() if one["url"] == path]
    assert (entry["kind"], entry["place"], dt.datetime.fromisoformat(entry["starts_at"])) == ("visit", PLACE, begin)
    assert customer in entry["title"]
    assert path in ana.get("/calendar/?view=agenda").text
    link = ana.post("/api/v1/calendar/link").json()["url"]
    with requests.Session() as program:
        program.trust_env = False
        told = program.get(link, timeout=30)
        assert (told.status_code, told.headers["Content-Type"].partition(";")[0]) == (200, "text/calendar")
        (event,) = [one for one in Calendar.from_ical(told.text).walk("VEVENT") if path in str(one.get("url"))]
        assert (event.decoded("dtstart"), event.decoded("dtend"), str(event["location"])) == (begin, begin + dt.timedelta(hours=1), PLACE)
        assert customer in str(event["summary"])
        assert ana.session.delete(f"{office.portal.url}/api/v1/calendar/link", headers={"X-CSRFToken": ana.session.cookies["atrium_csrf"]},
                                  timeout=30).status_code == 204  # fmt: skip
        assert program.get(link, timeout=30).status_code == 404


@pytest.mark.req("E10", "E13")
def test_a_product_that_falls_below_its_order_point_is_told_to_the_warehouse_once(office: Office) -> None:
    stock = {row["key"]: row for row in office.at("eve").get("/api/v1/stock?size=200").json()["results"]}
    above = [row for row in stock.values() if row["order_point"] and float(row["available"]) > float(row["order_point"])]
    product = min(above, key=lambda row: float(row["available"]) - float(row["order_point"]))
    quantity = int(float(product["available"]) - float(product["order_point"])) + 1
    deal_id = office.won(lines=[(product["key"], str(quantity), "10")])  # the order reserves it, and the ERP tells of its stock
    office.approve(deal_id)
    office.ordered(deal_id)
    notice = office.told("eve", "erp_tryton.stock_warning", product["key"])
    assert notice["title"] == f"{product['name']} ({product['key']}) fell below its order point"
    assert office.told_chinese("eve", "erp_tryton.stock_warning", product["key"])[0] == f"{product['name']}（{product['key']}）低于订货点"
