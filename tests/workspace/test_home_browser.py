# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The home page in a real browser: arranged by keys, by mouse and by buttons; acting in place; a phone."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock
from apps.workspace import services
from apps.workspace.models import PersonLayout
from apps.workspace.selectors import layouts
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.workspace.test_acting import outside  # noqa: F401 - fixture
from tests.workspace.test_layouts import drawn

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]
THREE = [
    {"key": "workspace.todos", "x": 0, "y": 0, "w": 6, "h": 3, "locked": True}, {"key": "crm.my_pipeline", "x": 6, "y": 0, "w": 3, "h": 3},
    {"key": "erp.my_orders", "x": 9, "y": 0, "w": 3, "h": 3}, {"key": "crm.follow_up", "x": 0, "y": 3, "w": 6, "h": 4},
]  # fmt: skip


def said(tab: Any) -> str:
    return str(tab.page.locator("[data-say]").inner_text())


def places(tab: Any) -> dict[str, list[int]]:
    items = tab.page.locator(".grid-stack-item[gs-id]").all()
    return {item.get_attribute("gs-id"): [int(item.get_attribute(f"gs-{name}") or (1 if name in "wh" else 0)) for name in "xywh"] for item in items}


@pytest.mark.req("U3", "I12")
def test_the_page_is_arranged_by_keys_mouse_and_buttons(open_page: Any, stocked: SimpleNamespace) -> None:
    services.save_role(person=stocked.admin, role="sales", items=THREE, now=clock.now())
    tab = open_page(stocked.ana)
    tab.goto("/")
    assert tab.page.locator("script[src*=gridstack]").count() == 0  # only where it is arranged
    tab.page.get_by_role("link", name="Edit layout").click()
    tab.page.wait_for_selector("#home-grid[data-ready]")
    tab.errors.clear()
    # keys: move, resize, the edge, the locked one has no handle
    handle = tab.page.get_by_role("button", name="Move My pipeline", exact=True)
    handle.focus()
    handle.press("ArrowDown")
    assert said(tab) == "My pipeline cannot go further." and tab.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Move My pipeline"
    handle.press("Shift+ArrowRight")
    assert said(tab) == "My pipeline: 4 columns wide, 3 rows high." and places(tab)["crm.my_pipeline"][2] == 4
    handle.press("ArrowRight")
    handle.press("ArrowRight")
    handle.press("ArrowRight")
    assert said(tab) == "My pipeline cannot go further." and places(tab)["crm.my_pipeline"][0] == 8
    assert tab.page.get_by_role("button", name="Move My to-dos", exact=True).count() == 0
    # buttons: the menu does the same without dragging
    tab.page.get_by_role("button", name="Move or resize My orders by buttons").click()
    tab.page.locator("#menu-erp-my-orders").get_by_role("button", name="Taller").click()
    assert said(tab) == "My orders: 3 columns wide, 4 rows high."
    tab.page.keyboard.press("Escape")
    # away and back
    tab.page.get_by_role("button", name="Move Call back", exact=True).press("Delete")
    assert said(tab) == "Call back is removed. Add widget brings it back." and "crm.follow_up" not in places(tab)
    tab.page.get_by_role("button", name="Add widget").click()
    tab.page.locator('#add-widget [data-add="erp.stock_alerts"]').click()
    assert said(tab) == "Stock alerts is added at the end." and "erp.stock_alerts" in places(tab)
    # by mouse
    box = tab.page.locator('[gs-id="erp.my_orders"] [data-grab]').bounding_box()
    tab.page.mouse.move(box["x"] + 8, box["y"] + 8)
    tab.page.mouse.down()
    tab.page.mouse.move(box["x"] - 300, box["y"] + 420, steps=8)
    tab.page.mouse.up()
    assert tab.findings(exclude=[".ui-resizable-handle"]) == []
    expected = places(tab)
    tab.page.get_by_role("button", name="Save layout").click()
    tab.page.wait_for_url(tab.base + "/")
    tab.settle()
    cells = {cell.key: [cell.x, cell.y, cell.w, cell.h] for cell in layouts.arrangement(stocked.ana).cells}
    assert cells == expected and cells["workspace.todos"] == [0, 0, 6, 3]
    assert sorted(PersonLayout.objects.get().hidden) == ["crm.follow_up"]
    # view mode: without gridstack the same places
    for key, (x, _y, w, _h) in cells.items():
        at = tab.page.locator(f'#home-grid > [gs-id="{key}"]').bounding_box()
        grid = tab.page.locator("#home-grid").bounding_box()
        column = (grid["width"] + 16) / 12
        assert abs(at["x"] - grid["x"] - x * column) < 2 and abs(at["width"] + 16 - w * column) < 2, key


def news_while_somebody_types(tab: Any) -> None:
    """A push for the widget, held back; then the page's one request for several widgets, which leaves this one as it is and brings the others."""
    tab.page.evaluate("""() => {
        window.held = new Promise((done) => document.body.addEventListener("htmx:before:request", (event) => setTimeout(() => done(event.defaultPrevented))));
        document.body.dispatchEvent(new CustomEvent("atrium:record-customer"));
    }""")
    assert tab.page.evaluate("() => window.held") is True
    tab.page.evaluate("""() => {
        document.querySelector("#widget-erp-my-orders").dataset.before = "";
        document.querySelector("#widget-crm-follow-up").dataset.before = "";
        const source = document.body.appendChild(document.createElement("div"));
        return htmx.ajax("GET", "/widgets/?key=crm.follow_up&key=erp.my_orders", { source, target: source, swap: "none" });
    }""")
    tab.page.wait_for_selector("#widget-erp-my-orders:not([data-before])")
    assert tab.page.locator("#widget-crm-follow-up[data-before]").count() == 1


@pytest.mark.req("U3", "E1", "I12")
def test_a_contact_is_logged_in_place_on_the_phone_in_chinese(open_page: Any, stocked: SimpleNamespace, outside: SimpleNamespace) -> None:
    services.save_role(person=stocked.admin, role="sales", items=THREE, now=clock.now())
    stocked.ana.account.language = "zh-hans"
    stocked.ana.account.save(update_fields=["language"])
    outside.answer = {"external_id": "f-9"}
    tab = open_page(stocked.ana, language="zh-hans", theme="dark", width=360, height=740)
    tab.goto("/")
    row = tab.page.locator("#widget-crm-follow-up li").first
    row.locator("summary").click()
    row.locator("input[name=subject]").fill("预算已定")
    news_while_somebody_types(tab)
    assert row.locator("input[name=subject]").input_value() == "预算已定"
    with tab.page.expect_request("**/widgets/crm.follow_up/"):
        row.locator("summary").click()  # now it may be fetched
    tab.settle()
    row.locator("summary").click()
    row.locator("input[name=subject]").fill("预算已定")
    assert tab.findings() == []
    row.get_by_role("button", name="写入CRM").click()
    tab.page.get_by_text("跟进").first.wait_for()
    tab.page.locator("#toasts .toast-x, .toast-x").first.wait_for()
    tab.settle()
    assert [(sent[1], sent[2]["subject"], sent[3]) for sent in outside.sent] == [("follow_up.create", "预算已定", "ana")]
    assert tab.findings() == []


@pytest.mark.req("U3", "I12")
def test_the_page_of_a_role_is_locked_by_its_administrator(open_page: Any, stocked: SimpleNamespace) -> None:
    services.save_role(person=stocked.admin, role="sales", items=THREE, now=clock.now())
    tab = open_page(stocked.admin)
    tab.goto("/home/layouts/")
    assert tab.findings() == []
    tab.page.get_by_role("link", name="Arrange Sales", exact=True).click()
    tab.page.wait_for_selector("#home-grid[data-ready]")
    tab.page.get_by_role("button", name="Move or resize My orders by buttons").click()
    tab.page.get_by_role("button", name="Lock for everybody").first.click()
    assert said(tab) == "My orders is locked: nobody with this role can move or remove it."
    tab.page.keyboard.press("Escape")
    assert tab.findings(exclude=[".ui-resizable-handle"]) == []
    tab.page.get_by_label("Rank").fill("3")
    tab.page.get_by_role("button", name="Save layout").click()
    tab.page.wait_for_url(tab.base + "/home/layouts/")
    cells = layouts.arrangement(stocked.ana).cells
    assert [cell.key for cell in cells if cell.locked] == ["workspace.todos", "erp.my_orders"], drawn(cells)
    assert json.dumps(layouts.role_home("sales").layout.rank) == "3"
