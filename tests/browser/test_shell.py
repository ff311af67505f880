"""The frame of every page: pushes, keys, theme and language, popovers, what happens without a connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock, kinds
from apps.notifications import services as notifications
from apps.realtime import services as realtime
from tests.support import shop

pytestmark = pytest.mark.browser
SOON = 2_000  # milliseconds: what a push may take to be seen


@pytest.fixture
def stocked(live_portal: str, cast: SimpleNamespace) -> SimpleNamespace:
    return shop.fill(cast)


class Todo(kinds.NotificationKind):
    key = "tests.browser_todo"
    todo = True

    def title(self, params: Any, show: Any) -> str:
        return f"Decide {params['what']}"


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(kinds.KINDS, Todo.key, Todo())

    def one(person: Any, what: str) -> None:
        notifications.notify(kind=Todo.key, person_ids=[person.pk], params={"what": what}, ref=f"t:{what}", now=clock.now())

    return one


def live(tab: Any) -> None:
    tab.page.wait_for_selector('[data-live-state="live"]', timeout=10_000)


@pytest.mark.req("D8")
def test_a_todo_appears_and_vanishes_by_itself(open_page: Any, stocked: SimpleNamespace, tell: Any) -> None:
    home, orders = open_page(stocked.ana), open_page(stocked.ana)
    home.goto("/")
    orders.goto("/orders/")
    live(home)
    live(orders)
    badge = ".at-side [data-todo-count]:not([hidden]) [data-todo-number]"
    tell(stocked.ana, "the contract")
    home.page.wait_for_selector("#home-todos >> text=Decide the contract", timeout=SOON)
    for tab in (home, orders):
        tab.page.wait_for_selector(f"{badge}:text-is('1')", timeout=SOON)
    notifications.resolve(ref="t:the contract", now=clock.now())
    home.page.wait_for_selector("#home-todos >> text=Nothing to do", timeout=SOON)
    orders.page.wait_for_function("() => document.querySelector('.at-side [data-todo-count]').hidden", timeout=SOON)
    assert home.errors == [] and orders.errors == []


@pytest.mark.req("D4")
def test_open_pages_follow_the_records(open_page: Any, stocked: SimpleNamespace) -> None:
    home, listing = open_page(stocked.eve), open_page(stocked.eve)
    home.goto("/")
    listing.goto("/stock/")
    live(home)
    live(listing)
    shop.put("stock", "CAB-4", key="CAB-4", name="Cable 4 mm", on_hand=10, available=5, order_point=200, unit="u")
    realtime.broadcast(hint={"t": "record", "kind": "stock", "system": "erp"}, now=clock.now())
    home.page.wait_for_selector("#widget-erp-stock-alerts >> text=4 products below", timeout=SOON)
    listing.page.wait_for_selector("#stock-rows tr:has-text('CAB-4') >> text=below the order point", timeout=SOON)
    assert home.errors == [] and listing.errors == []


def test_what_is_typed_survives_a_push(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.eve)
    tab.goto("/shipments/s-1/")
    live(tab)
    field = tab.page.locator('input[name="quantity:IH-100"]')
    field.fill("3")
    shop.put("shipment", "s-1", key="DN-5501", order_ids=["o-1"], order_keys=["SO-20871"], customer_key="K101", state="packed",
             lines=[{"sku": "IH-100", "quantity": 8}])  # fmt: skip
    realtime.broadcast(hint={"t": "record", "kind": "shipment", "system": "erp"}, now=clock.now())
    tab.page.wait_for_selector("#shipment-news >> text=This shipment changed in the ERP.", timeout=SOON)
    assert field.input_value() == "3"
    assert tab.findings() == []


def test_keys(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.ana)
    tab.goto("/orders/")
    keyboard = tab.page.keyboard
    keyboard.press("Control+k")
    assert tab.page.evaluate("() => document.activeElement.name") == "q"
    keyboard.type("gh/?")  # single keys are text in a field
    assert tab.page.input_value(".at-search input") == "gh/?"
    keyboard.press("Enter")
    tab.page.wait_for_url("**/search/?q=gh%2F%3F")
    tab.page.evaluate("() => document.activeElement.blur()")
    keyboard.press("?")
    tab.page.wait_for_selector("dialog#keys[open]")
    assert tab.findings() == []
    keyboard.press("Escape")
    keyboard.press("g")
    keyboard.press("c")
    tab.page.wait_for_url("**/customers/")


def test_single_keys_can_be_switched_off(open_page: Any, stocked: SimpleNamespace) -> None:
    stocked.ana.account.single_key_shortcuts = False
    stocked.ana.account.save(update_fields=["single_key_shortcuts"])
    tab = open_page(stocked.ana)
    tab.goto("/orders/")
    tab.page.keyboard.press("?")
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("h")
    assert tab.page.locator("dialog#keys[open]").count() == 0
    assert tab.page.url.endswith("/orders/")
    tab.page.keyboard.press("Control+k")  # with a modifier it stays
    assert tab.page.evaluate("() => document.activeElement.name") == "q"


@pytest.mark.req("I12")
def test_theme_and_language_are_kept(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.ana)
    tab.goto("/stock/")
    with tab.page.expect_response("**/profile/quick/") as answer:
        tab.page.click(".at-top [data-theme-toggle] >> visible=true")
    assert answer.value.status == 204
    assert tab.page.get_attribute("html", "data-bs-theme") == "dark"
    tab.goto("/orders/")
    assert tab.page.get_attribute("html", "data-bs-theme") == "dark"
    tab.page.click("text=中文")
    tab.page.wait_for_selector("h1:text('订单')")
    assert tab.page.url.endswith("/orders/")
    assert tab.page.get_attribute("html", "lang") == "zh-Hans"
    stocked.ana.account.refresh_from_db()
    assert (stocked.ana.account.theme, stocked.ana.account.language) == ("dark", "zh-hans")


def test_why_opens_without_a_script_and_names_the_rule(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.ana)
    tab.goto("/customers/c-3/")  # another seller's customer: private fields are masked
    page = tab.page
    assert "0571 8888 1234" not in page.content()
    page.locator(".kv .whybtn").first.click()
    pop = page.locator("[popover]:popover-open")
    assert "Why can’t I see this?" in pop.inner_text()
    box = pop.bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 1440
    assert tab.findings() == []
    page.keyboard.press("Escape")
    assert page.locator("[popover]:popover-open").count() == 0


def test_forms_work_without_scripts(chromium: Any, live_portal: str, stocked: SimpleNamespace) -> None:
    from django.conf import settings

    from tests.browser.conftest import session_of

    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(stocked.ana), "url": live_portal}])
    page = context.new_page()
    page.goto(live_portal + "/customers/")
    page.fill("main input[name=q]", "meilin")
    page.click("main form button[type=submit]")
    assert page.locator("main tbody tr").count() == 1
    page.click(".at-top button[name=language]")
    assert page.locator("h1").inner_text() == "客户"
    context.close()


@pytest.mark.req("D9")
def test_lost_connection_is_said_and_recovers(open_page: Any, stocked: SimpleNamespace, tell: Any) -> None:
    tab = open_page(stocked.ana)
    tab.goto("/")
    live(tab)
    tab.page.context.set_offline(True)
    tab.page.wait_for_selector('[data-live-state="offline"], [data-live-state="reconnecting"]', timeout=12_000)
    tell(stocked.ana, "meanwhile")
    tab.page.context.set_offline(False)
    tab.page.wait_for_selector("#home-todos >> text=Decide meanwhile", timeout=15_000)
    live(tab)


def test_the_phone_has_a_bottom_bar_with_everything_behind_more(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.ana, width=360, height=740)
    tab.goto("/")
    tab.page.click(".at-tabbar button")
    links = tab.page.locator("#more-menu a").all_inner_texts()
    assert {"Deals", "Stock", "Shipments"} <= {text.strip() for text in links}
    assert tab.findings() == []
    tab.page.click("#more-menu a:has-text('Stock')")
    tab.page.wait_for_url("**/stock/")
