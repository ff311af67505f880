# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The board in a browser: drawn, read by keys, arranged, kept fresh; clean in both languages and themes, on the phone too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.browser.test_every_page import look_like
from tests.support import board as figures

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]

LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 1440), ("zh-hans", "light", 360), ("en", "dark", 360)]
PAGES = (
    "/board/",
    "/board/b/company/",
    "/board/b/company/wall/",
    "/board/figures/erp.orders_taken/",
    "/board/figures/",
    "/board/new/?kpi=erp.orders_taken&kpi=erp.invoiced&look=bars",
)


@pytest.fixture
def counted(live_portal: str, cast: SimpleNamespace) -> SimpleNamespace:
    return figures.fill(cast)


@pytest.mark.req("E5", "E9", "I12")
def test_every_page_of_boards_is_clean(open_page: Any, counted: SimpleNamespace) -> None:
    found: list[str] = []
    for language, theme, width in LOOKS:
        look_like(counted.boss, language, theme)
        tab = open_page(counted.boss, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        for path in PAGES:
            tab.errors.clear()
            tab.goto(path)
            if path[-8:] != "figures/":
                tab.page.wait_for_function(
                    "() => document.querySelectorAll('[data-chart]').length === document.querySelectorAll('[data-drawn], [data-look=table]').length"
                )
            tab.shot(f"insight{path.replace('/', '_').replace('?', '-')[:40]}.{language}.{theme}.{width}")
            found += [f"{path} {language} {theme} {width}: {finding}" for finding in tab.findings()]
        tab.page.context.close()
    assert found == [], "\n".join(found)
