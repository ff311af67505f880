"""One system stopped, one slow, one refusing, on `make demo`: the home page of all widgets is there at once, what asks outside shows its last figures.

The faults are real: a process that is gone, answers that come ten seconds late, requests that are refused. A fault that met nothing fails the test.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.journeys.people import Somebody, somebody
from tests.support.stack import Running
from tests.support.until import until

pytestmark = pytest.mark.browser
STOCK, DEALS, ORDERS = "#widget-erp-watched-stock", "#widget-crm-watched-deals", "#widget-erp-watched-orders"
PUT = """([path, body]) => fetch(path, {method: 'PUT', body: JSON.stringify(body), headers: {
  'Content-Type': 'application/json', 'X-CSRFToken': (document.cookie.match(/atrium_csrf=([^;]+)/) || [])[1]}}).then(answer => answer.status)"""
STAR = """async ([kind, id]) => {
  const body = new FormData();
  body.set('kind', kind); body.set('id', id);
  body.set('csrfmiddlewaretoken', document.querySelector('input[name=csrfmiddlewaretoken]').value);
  return (await fetch('/home/do/star/', {method: 'POST', body})).status;
}"""
PRESS = "widget => [...document.querySelectorAll(`${widget} button`)].find((one) => one.textContent.trim() === 'Try again')?.click()"
FIRST_BYTE = "() => { const [entry] = performance.getEntriesByType('navigation'); return (entry.responseStart - entry.requestStart) / 1000; }"
A_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT")
AT_MOST = 2.0  # seconds to the first byte on a busy machine; the slow system takes ten


class Switches:
    """The fault switches of one sandbox."""

    def __init__(self, running: Running, system: str) -> None:
        self.url = running.env[f"{system.upper()}_SANDBOX_URL"] + "/_faults"
        self.key = running.env["ERP_SERVICE_KEY" if system == "erp" else "CRM_SERVICE_TOKEN"]

    def _ask(self, method: str, **given: Any) -> list[dict[str, Any]]:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(method, self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=20, **given)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["faults"])

    def met(self) -> bool:
        """The one fault that is switched on has met a request."""
        [left] = self._ask("GET")
        return bool(left["left"] < 1000)

    @contextmanager
    def on(self, **switch: Any) -> Iterator[None]:
        """The fault for the length of a block; it must have met a request."""
        self._ask("POST", json={"count": 1000, **switch})
        try:
            yield
            [left] = self._ask("GET")
            assert left["left"] < 1000, f"{switch} met nothing"
        finally:
            self._ask("DELETE")


def change(running: Running, system: str, sql: str, *values: Any) -> None:
    with closing(sqlite3.connect(running.state.root / f"{system}.sqlite", timeout=10)) as database, database:
        assert database.execute(sql, values).rowcount == 1


def first(running: Running, system: str, sql: str) -> str:
    with closing(sqlite3.connect(running.state.root / f"{system}.sqlite", timeout=10)) as database:
        return str(database.execute(sql).fetchone()[0])


def lay_out(boss: Somebody) -> int:
    """Every widget the person is offered, the three that ask outside first; how many they are."""
    page = boss.go("/home/edit/")
    placed = page.locator(".grid-stack-item[gs-id]").evaluate_all("all => all.map(e => e.getAttribute('gs-id'))")
    more = page.locator("#add-widget [data-add]").evaluate_all("all => all.map(e => e.dataset.add)")
    live = ["erp.watched_stock", "crm.watched_deals", "erp.watched_orders"]
    keys = live + [key for key in dict.fromkeys([*placed, *more]) if key not in live]
    cells = [{"key": key, "x": place % 3 * 4, "y": place // 3 * 4, "w": 4, "h": 4} for place, key in enumerate(keys)]
    assert page.evaluate(PUT, ["/api/v1/home/layout", {"cells": cells}]) == 200
    return len(cells)


def quick(page: Page) -> None:
    seconds = page.evaluate(FIRST_BYTE)
    assert seconds < AT_MOST, f"the first byte came after {seconds:.1f} s"


def again(page: Page, widget: str) -> None:
    """Press the widget's own retry."""
    page.evaluate(PRESS, widget)


def asks(page: Page, widget: str) -> bool:
    """The browser asks for the widget as a press on its retry does; the portal has answered."""
    path = str(page.locator(widget).get_attribute("hx-get"))
    return bool(page.evaluate("path => fetch(path + '?again=1', {headers: {'HX-Request': 'true'}}).then(answer => answer.ok)", path))


@pytest.mark.req("U3", "E5", "X5")
def test_a_stopped_a_slow_and_a_refusing_system_hold_up_nobody(chromium: Any, demo: Running) -> None:
    sku = first(demo, "erp", "select no from items where stocked = 1 order by no limit 1")
    deal = first(demo, "crm", "select d.id from deals d join stages s on s.code = d.stage where s.kind = 'open' order by d.id limit 1")
    order = first(demo, "erp", "select id from orders order by id limit 1")
    erp, crm = Switches(demo, "erp"), Switches(demo, "crm")
    with somebody(chromium, demo.portal_url, "boss") as boss:
        boss.sign_in_at_demo()
        page = boss.page
        for kind, ident in (("stock", sku), ("deal", deal), ("order", order)):
            assert page.evaluate(STAR, [kind, ident]) == 200
        assert lay_out(boss) >= 16
        boss.go("/")
        for widget in (STOCK, DEALS, ORDERS):
            expect(page.locator(f"{widget} li")).to_have_count(1, timeout=20_000)
        demo.stop("erp")
        change(demo, "erp", "update items set on_hand = '4711' where no = ?", sku)
        with crm.on(mode="slow", seconds=10):
            until(lambda: due(boss), seconds=60, every=2, what="the figures are due and the ERP is found dead")
            quick(page)
            for widget in (STOCK, ORDERS):
                expect(page.locator(widget)).to_contain_text("Could not be refreshed; the last known figures are shown.")
                expect(page.locator(f"{widget} .asof time")).to_have_attribute("datetime", A_MOMENT)
                expect(page.locator(f"{widget} li")).to_have_count(1)
            expect(page.locator(f"{DEALS} li")).to_have_count(1)
            expect(page.locator(f"{DEALS} .asof time")).to_have_attribute("datetime", A_MOMENT)
            troubled = page.locator("section.widget", has_text=re.compile("Could not be refreshed|did not answer|is slow"))
            assert set(troubled.evaluate_all("all => all.map(e => '#' + e.id)")) <= {STOCK, DEALS, ORDERS}  # the others show what they know
            boss.go("/approvals/")
            quick(page)  # the rest of the portal acts
            boss.go("/")
            again(page, STOCK)
            expect(page.locator(STOCK)).to_contain_text("Could not be refreshed", timeout=20_000)
        demo.start("erp")
        with erp.on(mode="refuse", path="/api/orders"):
            until(lambda: recovered(boss, STOCK), seconds=40, every=1, what="the stock of this moment")
            expect(page.locator(STOCK)).to_contain_text("4,711")
            expect(page.locator(ORDERS)).to_contain_text("Could not be refreshed")
            until(lambda: asks(page, ORDERS) and erp.met(), seconds=40, every=1, what="the ERP refuses the orders")
            expect(page.locator(ORDERS)).to_contain_text("Could not be refreshed", timeout=20_000)
        for widget in (ORDERS, DEALS):
            until(lambda widget=widget: recovered(boss, widget), seconds=40, every=1, what=f"{widget} is back")  # type: ignore[misc]
        assert boss.problems == []


def due(boss: Somebody) -> bool:
    """The page has found out by itself: figures are read every half minute."""
    boss.go("/")
    return boss.page.locator(STOCK).get_by_text("Could not be refreshed").count() > 0 and boss.page.locator(ORDERS).get_by_text("Could not be").count() > 0


def recovered(boss: Somebody, widget: str) -> bool:
    """Retried while it says that it could not be refreshed; True: it shows figures of this moment."""
    page = boss.page
    page.evaluate(PRESS, widget)  # a push may take the button away at any moment: it is pressed where it stands, in one go
    page.wait_for_function("() => !document.querySelector('.htmx-request')")
    button = page.locator(widget).get_by_role("button", name="Try again")
    slow = page.locator(widget).get_by_text("is slow")
    return button.count() == 0 and slow.count() == 0 and page.locator(f"{widget} li").count() == 1
