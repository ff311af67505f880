"""Pictures of every page for docs/guide, in both languages: `make pictures`. Not collected by itself: it asserts nothing.

The pages are those of test_every_page.py, so that a page which is checked is also shown; those that people live in as they look on a busy morning of
`make demo`.
"""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.checks import Tab
from tests.browser.test_every_page import OUTSIDE, PAGES, look_like, shown, stocked  # noqa: F401 - fixtures
from tests.journeys.people import Somebody, somebody
from tests.support import morning
from tests.support.stack import Running

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/guide/pictures"
WIDTH, HEIGHT, TALLEST, QUALITY = 1200, 780, 1300, 62
LANGUAGES = {"en": "en", "zh": "zh-hans"}
PHONE = (390, 844)
BRACES = str.maketrans("", "", "{}")
TYPED = "keys: "
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def name_of(login: str, path: str) -> str:
    """Of the file: the person only where it is not ana."""
    bare = IDENTIFIER.sub("one", path.partition("?")[0].translate(BRACES)).strip("/").replace("/", "-") or "home"
    query = re.sub(r"[^a-z0-9]+", "-", path.partition("?")[2].lower()).strip("-")
    return "_".join(part for part in ("" if login == "ana" else login, bare, query) if part)


@dataclasses.dataclass(frozen=True)
class Scene:
    """A page on a busy morning. `click`: what is followed from `path`, the first that there is. `phone`: also as it looks there. `theme`: light | dark.
    `acts`: what is pressed there, one after the other, the first that there is of each; "keys: …" is typed."""

    login: str
    path: str
    click: str = ""
    named: str = ""
    phone: bool = False
    theme: str = "light"
    acts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.named or name_of(self.login, self.path) + ("-one" if self.click else "")

    def open(self, who: Somebody) -> None:
        who.go(self.path)
        if self.click:
            who.page.locator(self.click).first.click()
            who.page.wait_for_load_state("load")
        for act in self.acts:
            _settled(who.page)
            if act.startswith(TYPED):
                who.page.locator("form.at-search input[type=search]").press_sequentially(act.removeprefix(TYPED))
                who.page.locator("#palette [role=option]").first.wait_for()
            else:
                who.page.locator(act).first.click()


ROW = "main tbody a[href^='{}']"
CUT = "/board/new/?kpi=erp.orders_taken&by=month&split=region&look=stacked"
CHOSEN = (".mrow input[type=checkbox] >> nth=0", ".mrow input[type=checkbox] >> nth=1")
SCENES = (
    Scene("boss", "/", named="morning-home", phone=True),
    Scene("boss", "/inbox/", named="morning-inbox", phone=True),
    Scene("boss", "/inbox/?tab=notices&by=system", named="morning-messages", phone=True),
    Scene("boss", "/inbox/", ".mrow .open", "morning-decision", phone=True),
    Scene("boss", "/inbox/", ".mrow .open", "morning-snooze", acts=('[popovertarget="snooze-menu"]',)),
    Scene("boss", "/inbox/", named="morning-batch", acts=CHOSEN),
    Scene("boss", "/inbox/", named="morning-batch-check", acts=(*CHOSEN, "#batch button[value=approved]")),
    Scene("boss", "/", named="morning-search", acts=(f"{TYPED}pump",)),
    Scene("boss", "/home/edit/", named="morning-gallery", acts=('[popovertarget="add-widget"]',)),
    Scene("boss", "/", named="morning-home-dark", theme="dark"),
    Scene("boss", "/inbox/", named="morning-inbox-dark", theme="dark"),
    Scene("boss", "/board/", named="boss_board-dark", theme="dark"),
    Scene("boss", "/approvals/", named="morning-approvals", phone=True),
    Scene("boss", "/approvals/", "main a.ttl[href*='/approvals/']", "morning-approval", phone=True),
    Scene("boss", f"/loop/deal:{morning.SHIPPED}/", named="morning-case", phone=True),
    Scene("boss", "/calendar/?view=week", named="morning-calendar", phone=True),
    Scene("boss", "/board/", phone=True),
    Scene("boss", "/board/b/company/?period=quarter"),
    Scene("boss", "/board/b/company/wall/"),
    Scene("boss", "/board/figures/"),
    Scene("boss", "/board/figures/erp.orders_taken/"),
    Scene("boss", "/board/figures/erp.invoiced/"),
    Scene("boss", "/board/new/?kpi=erp.orders_taken"),
    Scene("boss", CUT),
    Scene("boss", "/board/meter/", phone=True),
    Scene("boss", "/board/meter/order_hours/"),
    Scene("boss", "/board/meter/departments/"),
    Scene("boss", "/board/prints/"),
    Scene("boss", "/board/prints/", ROW.format("/board/prints/")),
    Scene("boss", "/board/customers/", phone=True),
    Scene("boss", "/board/customers/consents/"),
    Scene("boss", "/profile/keys/", phone=True),
    Scene("boss", "/service-requests/"),
    Scene("boss", "/service-requests/", ROW.format("/service-requests/")),
    Scene("fin", "/payments/"),
    Scene("fin", "/payments/", ROW.format("/payments/")),
    Scene("fin", "/purchase-orders/"),
    Scene("fin", "/purchase-orders/", ROW.format("/purchase-orders/")),
    Scene("fin", "/production/"),
    Scene("fin", "/production/", ROW.format("/production/")),
    Scene("ana", "/"),
    Scene("ana", "/customers/"),
    Scene("ana", "/deals/"),
    Scene("ana", "/deals/?view=list"),
    Scene("ana", "/orders/"),
    Scene("ana", "/stock/"),
    Scene("ana", "/requests/"),
    Scene("ana", "/calendar/"),
    Scene("ana", "/calendar/?view=agenda"),
    Scene("ana", "/search/?q=pump"),
    Scene("ana", "/visits/"),
    Scene("ana", "/start/"),
    Scene("eve", "/shipments/"),
    Scene("admin", "/connections/"),
    Scene("admin", "/access/"),
    Scene("admin", "/board/meter/"),
)
# What the demo shows better is not shown with the data of the tests, too; nor its like with an id of the tests.
BETTER = {scene.name for scene in SCENES} | {
    "boss_service-requests-case-1", "service-requests", "service-requests-case-1", "fin_payments-p-1", "fin_purchase-orders-po-1", "fin_production-m-1",
    "boss_board-prints-print", "search_q-delta", "inbox", "inbox_tab-notices-by-system", "approvals", "calendar_view-week",
}  # fmt: skip


@pytest.mark.parametrize("folder", LANGUAGES)
def test_pictures(folder: str, open_page: Any, shown: SimpleNamespace, chromium: Any, busy: Running) -> None:  # noqa: F811
    target = FOLDER / folder
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.jpg"):
        old.unlink()
    titles = _morning(chromium, busy, LANGUAGES[folder], target)
    for login, pages in PAGES.items():
        person = getattr(shown, login)
        look_like(person, LANGUAGES[folder], "light")
        titles |= _pages(open_page(person, language=LANGUAGES[folder], width=WIDTH, height=HEIGHT), shown, login, pages, target)
    nobody = tuple((path, 200) for path in OUTSIDE)
    titles |= _pages(open_page(None, language=LANGUAGES[folder], width=WIDTH, height=HEIGHT), shown, "nobody", nobody, target)
    _index(folder, titles)


def _pages(tab: Tab, shown: SimpleNamespace, login: str, pages: tuple[tuple[str, int], ...], target: pathlib.Path) -> dict[str, str]:  # noqa: F811
    titles: dict[str, str] = {}
    for path, status in pages:
        name = name_of(login, path)
        if name in BETTER:
            continue
        tab.goto(path.format(**shown.made), status=status)
        titles[name] = _title(tab.page)
        _picture(tab.page, target / f"{name}.jpg")
    tab.page.context.close()
    return titles


@pytest.fixture(scope="session")
def busy(demo: Running) -> Iterator[Running]:
    morning.begin(demo)
    morning.directors_desk(demo)
    yield demo


def _morning(chromium: Any, busy: Running, language: str, target: pathlib.Path) -> dict[str, str]:
    """Each scene on the desk, and on the phone where it says so. Returns titles by name."""
    titles: dict[str, str] = {}
    for login in dict.fromkeys(scene.login for scene in SCENES):
        morning.DemoPerson(busy, login).ask("POST", "/profile/quick/", data={"language": language})
        for size in ((WIDTH, HEIGHT), PHONE):
            scenes = [scene for scene in SCENES if scene.login == login and (scene.phone or size != PHONE)]
            if scenes:
                titles |= _scenes(chromium, busy, scenes, size, target)
    return {name: titles[name] for scene in SCENES for name in (scene.name, f"{scene.name}_phone") if name in titles}


def _scenes(chromium: Any, busy: Running, scenes: list[Scene], size: tuple[int, int], target: pathlib.Path) -> dict[str, str]:
    titles: dict[str, str] = {}
    with somebody(chromium, busy.portal_url, scenes[0].login, width=size[0]) as who:
        who.page.set_viewport_size({"width": size[0], "height": size[1]})
        who.sign_in_at_demo()
        for scene in scenes:
            look = morning.DemoPerson(busy, scene.login)
            look.ask("POST", "/profile/quick/", data={"theme": scene.theme})
            scene.open(who)
            _settled(who.page)
            name = scene.name + ("_phone" if size == PHONE else "")
            titles[name] = _title(who.page)
            if size == PHONE:
                who.page.screenshot(path=str(target / f"{name}.jpg"), type="jpeg", quality=QUALITY, animations="disabled")
            else:
                _picture(who.page, target / f"{name}.jpg")
    return titles


def _title(page: Any) -> str:
    return str(page.title()).partition(" · ")[0]


def _settled(page: Any) -> None:
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.wait_for_function("() => !document.querySelector('.htmx-request, .skel') && (document.body.dataset.live ?? 'live') === 'live'", timeout=15_000)


def _picture(page: Any, file: pathlib.Path) -> None:
    height = min(TALLEST, max(HEIGHT, page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.screenshot(path=str(file), type="jpeg", quality=QUALITY, animations="disabled")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _index(folder: str, titles: dict[str, str]) -> None:
    head = {
        "en": "# Every page\n\nTaken by `make pictures`: on a busy morning of `make demo`, the rest with the data of the tests.\n",
        "zh": "# 全部页面\n\n由 `make pictures` 生成：先是 `make demo` 的一个忙碌早晨，其余使用测试数据。\n",
    }
    phone = {"en": " (phone)", "zh": "（手机）"}[folder]
    lines = [f"## {title}{phone if name.endswith('_phone') else ''}\n![{title}]({name}.jpg)\n" for name, title in titles.items()]
    (FOLDER / folder / "README.md").write_text("\n".join([head[folder], *lines]))
