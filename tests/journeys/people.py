"""People in front of the running portal, each in a browser profile of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

from tests.support.until import until

WITHIN_TEN_SECONDS = 10_000


class Somebody:
    """One signed-in person. `problems`: what the console and the policy reported."""

    def __init__(self, page: Page, base: str, login: str) -> None:
        self.page, self.base, self.login = page, base, login
        self.problems: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def go(self, path: str) -> Page:
        self.page.goto(self.base + path)
        return self.page

    # -- signing on

    def sign_in_at_demo(self) -> None:
        self.go("/sign-in/")
        self.page.locator(f'form:has(input[value="{self.login}"]) button, button[value="{self.login}"]').first.click()
        expect(self.page.locator("h1")).to_contain_text(re.compile("Good|好"), timeout=WITHIN_TEN_SECONDS)

    def sign_in_at_keycloak(self, password: str) -> None:
        self.go("/sign-in/")
        self.page.locator("form[action*='keycloak'] button").first.click()
        self.page.fill("#username", self.login)
        self.page.fill("#password", password)
        self.page.click("#kc-login")
        expect(self.page.locator("h1")).to_contain_text(re.compile("Good|好"), timeout=WITHIN_TEN_SECONDS)

    # -- what they do

    def set_won(self, deal_id: str) -> None:
        page = self.go(f"/deals/{deal_id}/")
        page.get_by_role("button", name="Set to won").first.click()
        page.locator("dialog[open]").get_by_role("button", name="Set to won").click()
        expect(page.get_by_role("button", name="Set to won")).to_have_count(0, timeout=WITHIN_TEN_SECONDS)

    def wait_for_task(self, title: str) -> None:
        """On the page that is open already (home, inbox): pushed, without a reload, within ten seconds."""
        link = self.page.locator("main").get_by_text(title).first
        expect(link).to_be_visible(timeout=WITHIN_TEN_SECONDS)

    def approve(self, title: str) -> None:
        page = self.go("/approvals/")
        page.locator("main").get_by_role("link", name=re.compile(re.escape(title))).first.click()
        expect(page.locator("h1")).to_contain_text(title)
        page.wait_for_load_state("load")
        page.get_by_role("button", name=re.compile("^Approve")).first.click()
        confirm = page.locator("dialog[open]")
        toast = page.get_by_role("button", name=re.compile("Undo"))
        expect(confirm.or_(toast).first).to_be_visible(timeout=WITHIN_TEN_SECONDS)
        if confirm.count():
            confirm.get_by_role("button", name="Approve").click()
        expect(toast.first).to_be_visible(timeout=WITHIN_TEN_SECONDS)

    def wait_for_text(self, path: str, text: str) -> None:
        """On that page, opened once: what comes later is pushed."""
        expect(self.go(path).get_by_text(re.compile(text)).first).to_be_visible(timeout=30_000)

    def sees(self, path: str) -> bool:
        """Whether the portal has such a page for this person."""
        return bool(self.page.request.get(self.base + path).status == 200)

    def ship(self, shipment_id: str) -> None:
        """Press the button of the next step until the delivery has left the house."""
        until(lambda: self.sees(f"/shipments/{shipment_id}/"), seconds=30, what=f"delivery note {shipment_id} on the page")
        page = self.go(f"/shipments/{shipment_id}/")
        left = page.get_by_text(re.compile("^Left the house"))
        step = page.locator("#next-step button[type=submit]")
        for _step in range(6):
            expect(left.or_(step).first).to_be_visible(timeout=WITHIN_TEN_SECONDS)
            if left.count():
                return
            step.first.click()
            page.wait_for_load_state()
        expect(left.first).to_be_visible()


@contextmanager
def somebody(chromium: Any, base: str, login: str, *, width: int = 1440) -> Iterator[Somebody]:
    context = chromium.new_context(viewport={"width": width, "height": 900}, locale="en-GB", timezone_id="Asia/Shanghai", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    try:
        yield Somebody(context.new_page(), base, login)
    finally:
        context.close()
