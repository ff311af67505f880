"""A session that ends while somebody writes keeps the words; where websockets are blocked the inbox hears of the systems all the same."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.inbox.desk import Desk
from tests.journeys.people import WITHIN_TEN_SECONDS, Somebody, somebody
from tests.journeys.setbacks.test_erp_away import realm_sessions, sessions_here

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]
WORDS = "They ask for a second set, and want it"


def live(page: Page) -> None:
    page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=3 * WITHIN_TEN_SECONDS)


def sign_on_again(who: Somebody, password: str) -> None:
    """On the page that the portal has led to."""
    page = who.page
    page.wait_for_url("**/sign-in/**", timeout=3 * WITHIN_TEN_SECONDS)
    page.locator("form[action*='keycloak'] button").first.click()
    field = page.locator("#username")
    expect(field.or_(page.locator("[data-kept]")).first).to_be_visible(timeout=WITHIN_TEN_SECONDS)
    if field.count():  # the realm's own session is over, too
        page.fill("#username", who.login)
        page.fill("#password", password)
        page.click("#kc-login")


@pytest.mark.req("A3", "E14", "U3")
@pytest.mark.parametrize("end", ["in the realm", "in another tab"])
def test_a_session_that_ends_while_somebody_writes_keeps_the_words_for_that_person(chromium: Any, desk: Desk, end: str) -> None:
    path = f"/visits/new/?customer={desk.crm.account('C-003')}"
    with somebody(chromium, desk.portal.url, "ana") as ana:
        ana.sign_in_at_keycloak(desk.env["DEMO_PASSWORD"])
        page = ana.go(path)
        live(page)
        page.locator("[name=purpose]").click()
        page.keyboard.type(WORDS)
        if end == "in the realm":
            admin, subject, before = realm_sessions(desk, "ana")
            assert before
            admin.user_logout(subject)
            desk.forget("ana")
        else:
            other = page.context.new_page()
            other.goto(ana.base + "/profile/")
            other.locator("form[action='/sign-out/'] button").last.evaluate("one => one.form.requestSubmit()")
        sign_on_again(ana, desk.env["DEMO_PASSWORD"])
        expect(page.locator("[data-kept]")).to_be_visible(timeout=3 * WITHIN_TEN_SECONDS)
        expect(page.locator("[name=purpose]")).to_have_value(WORDS)
        assert page.url == ana.base + path
        assert sessions_here(desk, "ana") >= 1
        assert page.evaluate("sessionStorage.getItem('atrium:draft')") is None
        assert ana.problems == []
    assert desk.rows("select 1 from business_customervisit where purpose = %s", WORDS) == []  # kept, never sent


@pytest.mark.req("E11", "E13", "U3")
def test_where_websockets_are_blocked_the_inbox_hears_of_the_crm_by_events(chromium: Any, desk: Desk) -> None:
    name = f"No sockets {uuid.uuid4().hex[:6]}"
    deal_id = desk.crm.deal(customer="C-003", name=name, lines=[("P-1017", "1", "130")])
    with somebody(chromium, desk.portal.url, "ana") as ana:
        ana.page.route_web_socket("**/ws/", lambda socket: socket.close(code=1011))
        streams: list[str] = []
        ana.page.on("request", lambda request: streams.append(request.url) if "/events/" in request.url else None)
        ana.sign_in_at_keycloak(desk.env["DEMO_PASSWORD"])
        page = ana.go("/inbox/?tab=notices")
        live(page)
        assert streams
        desk.crm.set_stage(deal_id, "CLOSED_LOST")
        expect(page.locator(".mrow.unread", has_text=f"{name} was set to lost")).to_have_count(1, timeout=3 * WITHIN_TEN_SECONDS)
