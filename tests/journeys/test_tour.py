"""The tour of `make demo`: one press of a button, and the sales loop goes round while the person watches."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.checks import Tab
from tests.journeys.people import somebody
from tests.support.stack import Running

pytestmark = pytest.mark.browser
A_MINUTE_AND_A_HALF = 90_000


@pytest.mark.req("X5", "X3")
def test_the_tour_goes_round_by_itself_and_explains_each_step(chromium: Any, demo: Running) -> None:
    with somebody(chromium, demo.portal_url, "ana") as ana:
        ana.sign_in_at_demo()
        page = ana.page
        page.get_by_role("link", name="Take the tour").click()
        page.locator("a.btn-primary", has_text="Start").click()
        expect(page.locator(".flow.tour > li.now")).to_have_count(1)
        tab = Tab(page, demo.portal_url)
        page.locator("text=Pause").click()
        expect(page.get_by_role("button", name="One step")).to_be_visible()
        assert tab.findings() == []
        page.get_by_role("link", name="Go on").click()
        expect(page.locator(".flow.tour > li.done")).to_have_count(8, timeout=A_MINUTE_AND_A_HALF)
        expect(page.locator(".at-head .pill.ok")).to_have_text("closed")
        words = page.locator(".flow.tour").inner_text()
        for fact in ("Lin Wei approves", "Order SO-", "Delivery note DN-", "Receivable by invoice", "Wang Jun ships", "have left the house"):
            assert fact in words
        assert page.locator(".note.danger").count() == 0
        page.get_by_role("link", name="The deal").click()
        expect(page.locator("#deal-sheet")).to_contain_text("Order status")
        expect(page.locator("#deal-sheet")).to_contain_text("shipped")
        assert ana.problems == []
