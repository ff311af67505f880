# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The board in a browser: drawn, read by keys, arranged, kept fresh; clean in both languages and themes, on the phone too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pypdfium2
import pytest

from apps.audit import selectors as audit
from apps.core import clock
from apps.insight import services as insight
from apps.insight.services import boards as services
from apps.jobs import services as jobs
from apps.realtime import services as realtime
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.browser.test_every_page import look_like
from tests.support import board as figures
from tests.support import shop

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]

LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 1440), ("zh-hans", "light", 360), ("en", "dark", 360)]
PAGES = (
    "/board/",
    "/board/b/company/",
    "/board/b/company/wall/",
    "/board/figures/erp.orders_taken/",
    "/board/figures/",
    "/board/meter/",
    "/board/new/?kpi=erp.orders_taken&kpi=erp.invoiced&look=bars",
    "/board/new/?kpi=erp.orders_taken&by=month&split=region&look=stacked",
    "/board/b/company/?shown=",
    "/board/prints/",
)


@pytest.fixture
def counted(live_portal: str, cast: SimpleNamespace) -> SimpleNamespace:
    return figures.fill(cast)


@pytest.mark.req("E5", "E9", "I12")
def test_every_page_of_boards_is_clean(open_page: Any, counted: SimpleNamespace) -> None:
    found: list[str] = []
    filled_at = clock.now().astimezone(clock.company_zone()).replace(tzinfo=None).isoformat()  # the former board has what this one has
    for language, theme, width in LOOKS:
        look_like(counted.boss, language, theme)
        tab = open_page(counted.boss, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        for path in PAGES:
            tab.errors.clear()
            tab.goto(path + filled_at if path.endswith("shown=") else path)
            if path[-8:] != "figures/":
                tab.page.wait_for_function(
                    "() => document.querySelectorAll('[data-chart]').length === document.querySelectorAll('[data-drawn], [data-look=table]').length"
                )
            if "company" in path:
                assert tab.page.locator("[data-drawn]").count() >= 2, path
            tab.shot(f"insight{path.replace('/', '_').replace('?', '-')[:40]}.{language}.{theme}.{width}")
            found += [f"{path} {language} {theme} {width}: {finding}" for finding in tab.findings()]
            if path == "/board/" and width == 1440:
                found += _with_what_opens(tab)
        tab.page.context.close()
    assert found == [], "\n".join(found)


def _with_what_opens(tab: Any) -> list[str]:
    """The same with each of its layers open."""
    found, names = [], ("shown-on", "export", "more", "own-days")
    for opener in (*(f'[popovertarget="{name}"]' for name in names), '[data-dialog="mail-board"]'):
        if "mail-board" in opener:
            tab.page.locator('[popovertarget="more"]').click()
        tab.page.locator(opener).first.click()
        found += [f"/board/ {opener}: {finding}" for finding in tab.findings()]
        tab.page.keyboard.press("Escape")
    return found


@pytest.mark.req("E9")
def test_a_wall_turns_its_pages_and_an_event_changes_its_tile_within_two_seconds(open_page: Any, counted: SimpleNamespace) -> None:
    tab = open_page(counted.boss)
    page = tab.page
    tab.goto("/board/b/company/wall/?each=600")
    page.wait_for_selector("body.wall-pages")
    page.wait_for_selector(".wall-live[data-live-state=live]")
    shown = "() => [...document.querySelectorAll('#board .figures > :not(.off-wall)')].map((tile) => tile.id)"
    assert len(page.evaluate(shown)) == 12
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")  # nothing to scroll
    page.keyboard.press("ArrowRight")
    assert len(page.evaluate(shown)) == 2
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Hold").get_attribute("aria-pressed") == "true"
    page.keyboard.press("ArrowLeft")
    # an order arrives: its record is taken, the sums are made again by the job, the tile follows without loading the page
    page.evaluate("() => { window.same = true; }")
    figure = page.locator("a.fig", has_text="Orders taken")
    assert figure.inner_text().endswith("¥344 k")
    shop.put("order", "late", key="SO-20999", customer_key="K100", customer_name="Delta Water Group", state="confirmed", amount="500000", currency="CNY",
             ordered_on=clock.company_today(clock.now()).isoformat())  # fmt: skip
    insight.take_records(connection="erp", kind="order", external_ids=["late"], now=clock.now())
    jobs.run_due()
    page.wait_for_function("() => [...document.querySelectorAll('a.fig')].some((a) => /Orders taken:\\s*¥844\\sk$/.test(a.innerText.trim()))", timeout=2000)
    assert page.evaluate("() => window.same") is True
    assert len(page.evaluate(shown)) == 12  # the page of the wall stayed
    # on paper: A4 across, who printed it at the foot, nothing to press
    tab.goto("/board/b/company/")
    page.wait_for_selector("[data-drawn=bars]")
    paper = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    text = [sheet.get_textpage().get_text_range() for sheet in paper]
    assert [tuple(round(side) for side in sheet.get_size()) for sheet in paper] == [(842, 595)] * 2
    assert "Orders taken" in text[0] and "taken by Lin Wei (boss)" in text[0] and "As shown on" not in text[0]
    assert tab.errors == []


@pytest.mark.req("E9", "I12")
def test_a_chart_is_read_by_keys_and_a_board_is_arranged_and_kept_fresh(open_page: Any, counted: SimpleNamespace) -> None:
    board = services.copy_board(person=counted.boss, ident="company", now=clock.now())
    tab = open_page(counted.boss)
    tab.goto(f"/board/b/{board.pk}/")
    page = tab.page
    page.wait_for_selector("[data-drawn=bars]")
    chart = page.locator("[data-drawn=bars]").first
    said = chart.locator("xpath=following-sibling::*[@data-said]")
    chart.focus()
    page.keyboard.press("End")
    assert said.inner_text().endswith("(13 of 13), not over yet") or said.inner_text().endswith("(13 of 13)")
    page.keyboard.press("ArrowLeft")
    assert "¥220 k (12 of 13)" in said.inner_text()
    # the same as a table, and back; the choice outlives a push
    card = page.locator("section.at-card", has=chart).first
    card.get_by_role("button", name="Table").click()
    assert card.locator("table").is_visible() and not chart.is_visible()
    # a push reads the board again: a figure that changed is there without a reload
    before = page.locator("a.fig", has_text="Orders taken").inner_text()
    figures.one_order_more()
    realtime.broadcast(hint={"t": "kpi"}, now=clock.now())
    page.wait_for_function(
        "before => [...document.querySelectorAll('a.fig')].some(a => a.innerText.includes('Orders taken') && a.innerText !== before)", arg=before
    )
    page.wait_for_selector(".chart-table:not([hidden])")
    # pictures: each chart comes down with a name of its own
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Charts as pictures").click()
    assert waiting.value.suggested_filename.endswith(".png")
    assert [entry.data["form"] for entry in audit.entries(action="insight.board.exported")] == ["image"]
    # arranged by keys: the first tile goes one to the right of its place, then it is saved
    tab.goto(f"/board/b/{board.pk}/edit/")
    page.wait_for_selector("#home-grid[data-ready]")
    assert tab.findings() == []
    grab = page.get_by_role("button", name="Move Orders taken", exact=True)
    grab.focus()
    page.keyboard.press("Shift+ArrowRight")
    assert page.locator("[data-say]").inner_text() == "Orders taken: 4 columns wide, 1 rows high."
    page.get_by_role("button", name="Remove Production progress").click()
    page.get_by_role("button", name="Save layout").click()
    page.wait_for_url(f"**/board/b/{board.pk}/")
    board.refresh_from_db()
    assert next((tile["kpis"][0], tile["w"]) for tile in board.tiles) == ("erp.orders_taken", 4)
    assert not [tile for tile in board.tiles if tile["kpis"] == ["erp.production_progress"]]
    assert tab.errors == []


SHOWN = "() => echarts.getInstanceByDom(document.querySelector('[data-look=parts]')).getOption().yAxis[0].data.map(String)"


@pytest.mark.req("E5")
def test_lying_bars_that_do_not_fit_say_how_many_more_there_are(open_page: Any, counted: SimpleNamespace) -> None:
    now = clock.now()
    for number in range(30):
        shop.put("customer", f"r-{number}", key=f"R{number}", name=f"Works {number}", region=f"Region {number:02}", owner_email=counted.boss.email,
                 created_at=now.isoformat())  # fmt: skip
    insight.take_all(now=now)
    insight.rebuild()
    tab = open_page(counted.boss)
    tab.goto("/board/figures/crm.new_customers/")
    tab.page.wait_for_selector("[data-look=parts][data-drawn]")
    rows = tab.page.locator("section:has([data-look=parts]) .chart-table tbody tr").count()
    drawn = tab.page.evaluate(SHOWN)
    assert rows >= 30 and len(drawn) < rows
    assert drawn[0] == f"and {rows - len(drawn) + 1} more" and len(set(drawn)) == len(drawn)  # from below: the last line first
    tab.page.locator("[data-look=parts]").press("End")  # what is not drawn is still read
    assert f"({rows} of {rows})" in tab.page.locator("section:has([data-look=parts]) [data-said]").inner_text()
