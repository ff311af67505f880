"""Pictures of every page for docs/guide, in both languages: `make pictures`. Not collected by itself: it asserts nothing.

The pages are those of test_every_page.py, so that a page which is checked is also shown; and those that people live in, as they look on a busy
morning of `make demo`.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.test_every_page import PAGES, look_like, stocked  # noqa: F401 - a fixture
from tests.journeys.people import Somebody, somebody
from tests.support import morning
from tests.support.stack import Running

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/guide/pictures"
WIDTH, HEIGHT, TALLEST, QUALITY = 1200, 780, 1300, 62
LANGUAGES = {"en": "en", "zh": "zh-hans"}
PHONE = (390, 844)
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def name_of(login: str, path: str) -> str:
    """Of the file: the person only where it is not ana."""
    bare = IDENTIFIER.sub("one", path.partition("?")[0]).strip("/").replace("/", "-") or "home"
    query = re.sub(r"[^a-z0-9]+", "-", path.partition("?")[2].lower()).strip("-")
    return "_".join(part for part in ("" if login == "ana" else login, bare, query) if part)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_pictures(folder: str, open_page: Any, stocked: SimpleNamespace, chromium: Any, busy: Running) -> None:  # noqa: F811
    target = FOLDER / folder
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.jpg"):
        old.unlink()
    titles: dict[str, str] = {}
    for login, pages in PAGES.items():
        person = getattr(stocked, login)
        look_like(person, LANGUAGES[folder], "light")
        tab = open_page(person, language=LANGUAGES[folder], width=WIDTH, height=HEIGHT)
        for path, status in pages:
            tab.goto(path, status=status)
            titles[name_of(login, path)] = tab.page.title().partition(" · ")[0]
            _picture(tab.page, target / f"{name_of(login, path)}.jpg")
        tab.page.context.close()
    titles |= _morning(chromium, busy, LANGUAGES[folder], target)
    _index(folder, titles)


@pytest.fixture(scope="session")
def busy(demo: Running) -> Iterator[Running]:
    morning.begin(demo)
    yield demo


def _morning(chromium: Any, busy: Running, language: str, target: pathlib.Path) -> dict[str, str]:
    """What waits for the sales director: home, inbox, a decision, the case that went round; on the desk and on the phone. Returns titles by name."""
    morning.DemoPerson(busy, "boss").ask("POST", "/profile/quick/", data={"language": language})
    titles: dict[str, str] = {}
    for suffix, size in (("", (WIDTH, HEIGHT)), ("_phone", PHONE)):
        with somebody(chromium, busy.portal_url, "boss", width=size[0]) as boss:
            boss.page.set_viewport_size({"width": size[0], "height": size[1]})
            boss.sign_in_at_demo()
            for name, place in MORNING.items():
                place(boss)
                _settled(boss.page)
                titles[f"morning-{name}{suffix}"] = boss.page.title().partition(" · ")[0]
                if suffix:
                    boss.page.screenshot(path=str(target / f"morning-{name}{suffix}.jpg"), type="jpeg", quality=QUALITY, animations="disabled")
                else:
                    _picture(boss.page, target / f"morning-{name}.jpg")
    return titles


def _first(path: str) -> Any:
    """Opens the first message or task of a list."""

    def place(who: Somebody) -> None:
        who.go(path)
        who.page.locator(".mrow .open, main a.ttl[href*='/approvals/']").first.click()
        who.page.wait_for_load_state("load")

    return place


MORNING = {
    "home": lambda who: who.go("/"),
    "inbox": lambda who: who.go("/inbox/"),
    "messages": lambda who: who.go("/inbox/?tab=notices&by=system"),
    "decision": _first("/inbox/"),
    "approvals": lambda who: who.go("/approvals/"),
    "case": lambda who: who.go(f"/loop/deal:{morning.SHIPPED}/"),
    "calendar": lambda who: who.go("/calendar/?view=week"),
}


def _settled(page: Any) -> None:
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.wait_for_function("() => !document.querySelector('.htmx-request, .skel') && document.body.dataset.live === 'live'", timeout=15_000)


def _picture(page: Any, file: pathlib.Path) -> None:
    height = min(TALLEST, max(HEIGHT, page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.screenshot(path=str(file), type="jpeg", quality=QUALITY, animations="disabled")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _index(folder: str, titles: dict[str, str]) -> None:
    head = {"en": "# Every page\n\nTaken by `make pictures`, with the data of the tests.\n", "zh": "# 全部页面\n\n由 `make pictures` 生成，使用测试数据。\n"}
    lines = [f"## {title}\n![{title}]({name}.jpg)\n" for name, title in titles.items()]
    (FOLDER / folder / "README.md").write_text("\n".join([head[folder], *lines]))
