"""Every page, in both languages, both themes, on the phone and on the desk: axe, console, policy, sideways scrolling.

A page is drawn once for each pair of language and width, judged, and turned to the other theme, in which axe judges every colour again: all eight looks.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.checks import COLOURS, Tab
from tests.support import board

pytestmark = [pytest.mark.browser, pytest.mark.req("I12")]

VISIT = "00000000-0000-0000-0000-0000000000a1"  # tests/support/shop.py
NEWS = "00000000-0000-0000-0000-0000000000b1"
# {held} and the like: what board.everything_else made.
PAGES: dict[str, tuple[tuple[str, int], ...]] = {
    "ana": (
        ("/", 200), ("/home/edit/", 200), ("/inbox/", 200), ("/inbox/?tab=notices&by=system", 200), ("/inbox/?tab=closed", 200),
        ("/done/?who=others", 200), ("/approvals/", 200), ("/requests/", 200), ("/customers/", 200), ("/customers/?q=nobody", 200),
        ("/customers/c-0/", 200), ("/customers/c-0/edit/", 200), ("/deals/", 200), ("/deals/?view=list", 200), ("/deals/d-1/", 200),
        ("/deals/d-10/", 200), ("/orders/", 200), ("/orders/o-1/", 200), ("/shipments/", 200), ("/shipments/s-3/", 200), ("/stock/", 200),
        ("/search/", 200), ("/search/?q=delta", 200), ("/search/?q=zzz", 200), ("/profile/", 200), ("/connections/", 403),
        ("/no/such/page/", 404), ("/tour/", 200), ("/tour/d-0/?pause=1", 200),
        ("/visits/", 200), ("/visits/?view=report", 200), ("/visits/new/?customer=c-0", 200), (f"/visits/{VISIT}/", 200),
        ("/announcements/", 200), (f"/announcements/{NEWS}/", 200), ("/announcements/copies/", 200), ("/start/", 200),
        ("/calendar/", 200), ("/calendar/?view=week", 200), ("/calendar/?view=agenda", 200), ("/calendar/link/", 200),
        (f"/visits/{VISIT}/change/", 200), (f"/visits/{VISIT}/report/", 200),
        ("/profile/notifications/", 200), ("/profile/sessions/", 200), ("/channels/", 403), ("/offline/", 200), ("/access/mine/", 200),
        ("/service-requests/case-1/", 200), ("/quarantine/{held}/", 200), ("/board/", 403),
    ),
    "eve": (("/shipments/s-1/", 200), ("/visits/new/", 403), ("/purchase-orders/po-1/", 200)),
    "fin": (
        ("/customers/c-0/", 200), ("/orders/o-1/", 200), ("/payments/", 200), ("/payments/p-1/", 200), ("/purchase-orders/", 200),
        ("/purchase-orders/po-1/", 200), ("/production/", 200), ("/production/m-1/", 200),
    ),
    "admin": (
        ("/connections/", 200), ("/quarantine/", 200), ("/access/", 200), ("/home/layouts/", 200), ("/home/layouts/sales/", 200),
        ("/announcements/written/", 200), (f"/announcements/{NEWS}/", 200), ("/announcements/new/", 200), ("/channels/", 200),
        (f"/announcements/{NEWS}/correct/", 200), ("/access/people/", 200),
    ),
    "boss": (
        ("/board/", 200), ("/board/b/company/?period=quarter", 200), ("/board/b/company/wall/", 200), ("/board/figures/", 200),
        ("/board/figures/erp.orders_taken/", 200), ("/board/figures/erp.invoiced/", 200), ("/board/new/?kpi=erp.orders_taken", 200),
        ("/board/b/operations/?shown=2026-03-03", 200), ("/board/meter/", 200), ("/board/prints/", 200), ("/service-requests/", 200),
        ("/board/new/?kpi=erp.orders_taken&by=month&split=region&look=stacked", 200),
        ("/board/meter/order_hours/", 200), ("/board/meter/departments/", 200), ("/board/customers/", 200), ("/board/customers/consents/", 200),
        ("/profile/keys/", 200), ("/board/prints/{print}/", 200), ("/board/unusual/{unusual}/", 200), ("/board/b/{board}/edit/", 200),
        ("/board/b/{board}/add/", 200),
    ),
    "guest": (("/", 403), ("/board/", 403)),
}  # fmt: skip
OUTSIDE = ("/sign-in/", "/oidc/signed-out/")  # for nobody
# Each is turned to its other theme too; ATRIUM_ALL_LOOKS=1 draws all eight from the server.
LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 1440), ("zh-hans", "light", 360), ("en", "dark", 360)]
if os.environ.get("ATRIUM_ALL_LOOKS"):
    LOOKS += [("en", "dark", 1440), ("zh-hans", "light", 1440), ("en", "light", 360), ("zh-hans", "dark", 360)]
BETWEEN = [("en", "light", 768), ("en", "light", 1024), ("zh-hans", "light", 1920)]


@pytest.fixture
def stocked(live_portal: str, cast: SimpleNamespace, settings: Any) -> SimpleNamespace:
    settings.ATRIUM_MODE = "demo"  # the tour's pages too
    settings.EMAIL_HOST, settings.WEB_PUSH_HOSTS = "localhost", ["push.example"]  # pages of channels show all there is
    settings.CHAT = {"wecom": {"url": "http://localhost:9", "id": "x", "secret": "x", "agent": "1", "token": "x", "aes_key": "x"}}
    return board.fill(cast)


@pytest.fixture
def shown(stocked: SimpleNamespace) -> SimpleNamespace:
    """The company with one of everything. `made`: ids by the names in PAGES."""
    return SimpleNamespace(**vars(stocked), made=board.everything_else(stocked))


def look_like(person: Any, language: str, theme: str) -> None:
    """The account's own settings win over cookies."""
    person.account.language, person.account.theme, person.account.time_zone = language, theme, "Asia/Shanghai"
    person.account.save(update_fields=["language", "theme", "time_zone"])


def check(tab: Tab, path: str, status: int, name: str, axe: bool) -> list[str]:
    tab.errors.clear()
    try:
        tab.goto(path, status=status)
    except AssertionError as error:
        return [f"{path} {name}: {error}"]
    tab.shot(f"{path.strip('/').replace('/', '_').replace('?', '-') or 'home'}.{name}")
    found = tab.findings(axe=axe)
    if axe:
        tab.turn()
        found += [f"other theme: {line}" for line in tab.violations(rules=COLOURS)]
    return [f"{path} {name}: {finding}" for finding in found]


@pytest.mark.parametrize(("language", "theme", "width"), [*LOOKS, *BETWEEN], ids=lambda value: str(value))
def test_every_page_is_clean(open_page: Any, shown: SimpleNamespace, language: str, theme: str, width: int) -> None:
    found: list[str] = []
    axe = width in (360, 1440)  # the widths between are for layout
    for login, pages in PAGES.items():
        person = getattr(shown, login)
        look_like(person, language, theme)
        tab = open_page(person, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        for path, status in pages:
            found += check(tab, path.format(**shown.made), status, f"{login}.{language}.{theme}.{width}", axe)
        tab.page.context.close()
    nobody = open_page(None, language=language, theme=theme, width=width)
    for path in OUTSIDE:
        found += check(nobody, path, 200, f"nobody.{language}.{theme}.{width}", axe)
    assert found == [], "\n".join(found)


def test_the_api_page_runs_under_the_strict_policy(open_page: Any, stocked: SimpleNamespace) -> None:
    tab = open_page(stocked.ana)
    tab.goto("/api/v1/docs/")
    tab.page.wait_for_selector(".swagger-ui .opblock", timeout=20_000)
    tab.shot("api_docs.ana.en.light.1440")
    assert tab.findings(exclude=["#swagger-ui"]) == []
