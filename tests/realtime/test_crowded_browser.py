# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""Too many open pages of one person: the one opened first says so, looks for news by itself, and is live again when somebody turns to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.realtime import hub
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.req("E14"), *(pytest.mark.filterwarnings(line) for line in NOISE)]


def test_the_first_page_of_many_says_that_it_is_not_live(open_page: Any, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MOST", 1)
    first = open_page(cast.ana, language="zh-hans", width=360, height=740)
    first.goto("/inbox/")
    first.page.wait_for_selector("body[data-live=live]")
    second = open_page(cast.ana)
    second.goto("/inbox/")
    second.page.wait_for_selector("body[data-live=live]")
    first.page.wait_for_selector("body[data-live=crowded]")
    first.page.wait_for_selector("[data-crowded-banner]:not([hidden]) >> text=打开的门户页面很多。")
    assert not first.page.is_visible("[data-live-banner]")  # it is not offline
    assert first.findings() == []
    first.page.locator("[data-live-again]").focus()
    first.page.keyboard.press("Enter")
    first.page.wait_for_selector("body[data-live=live]")
    second.page.wait_for_selector("body[data-live=crowded]")
    assert first.page.locator("[data-crowded-banner]").is_hidden()
    assert (first.errors, second.errors) == ([], [])
