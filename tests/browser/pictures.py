"""Pictures of every page for docs/guide, in both languages: `make pictures`. Not collected by itself: it asserts nothing.

The pages are those of test_every_page.py, so that a page which is checked is also shown.
"""

from __future__ import annotations

import pathlib
import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.browser.test_every_page import PAGES, look_like, stocked  # noqa: F401 - a fixture

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs/guide/pictures"
WIDTH, HEIGHT, TALLEST, QUALITY = 1200, 780, 1300, 62
LANGUAGES = {"en": "en", "zh": "zh-hans"}
IDENTIFIER = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def name_of(login: str, path: str) -> str:
    """Of the file: the person only where it is not ana."""
    bare = IDENTIFIER.sub("one", path.partition("?")[0]).strip("/").replace("/", "-") or "home"
    query = re.sub(r"[^a-z0-9]+", "-", path.partition("?")[2].lower()).strip("-")
    return "_".join(part for part in ("" if login == "ana" else login, bare, query) if part)


@pytest.mark.parametrize("folder", LANGUAGES)
def test_pictures(folder: str, open_page: Any, stocked: SimpleNamespace) -> None:  # noqa: F811
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
    _index(folder, titles)


def _picture(page: Any, file: pathlib.Path) -> None:
    height = min(TALLEST, max(HEIGHT, page.evaluate("document.documentElement.scrollHeight")))
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.screenshot(path=str(file), type="jpeg", quality=QUALITY, animations="disabled")
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def _index(folder: str, titles: dict[str, str]) -> None:
    head = {"en": "# Every page\n\nTaken by `make pictures`, with the data of the tests.\n", "zh": "# 全部页面\n\n由 `make pictures` 生成，使用测试数据。\n"}
    lines = [f"## {title}\n![{title}]({name}.jpg)\n" for name, title in titles.items()]
    (FOLDER / folder / "README.md").write_text("\n".join([head[folder], *lines]))
