"""The palette under the search field: hits while typing, arrows, Enter, Escape, recent searches; axe while it is open."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import shop

pytestmark = [pytest.mark.browser]


@pytest.mark.req("E1", "I12")
def test_E1_the_palette_works_by_keyboard_alone(open_page: Any, live_portal: str, cast: SimpleNamespace) -> None:
    stocked = shop.fill(cast)
    tab = open_page(stocked.ana)
    tab.goto("/stock/")
    page = tab.page
    page.keyboard.press("Control+k")
    page.keyboard.type("detla watr")
    page.wait_for_selector("#palette [role=option] >> text=Delta Water Group")
    assert tab.findings() == []
    page.keyboard.press("ArrowDown")
    chosen = page.get_attribute(".at-search input", "aria-activedescendant")
    assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
    tab.shot("palette.ana.en.light.1440")
    page.keyboard.press("Escape")
    page.wait_for_selector("#palette", state="hidden")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#palette:not([hidden]) >> text=Delta Water Group")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/c-0/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette >> text=detla watr")  # what was looked for last
    assert tab.findings() == []
