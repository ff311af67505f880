"""The catalogs as one: a text without a context says the same everywhere, whichever app's catalog is asked first."""

from __future__ import annotations

import collections

import polib
import pytest

from tests.support.words import ROOT


def chinese() -> dict[str, dict[str, list[str]]]:
    """English -> Chinese -> the catalogs that say so; texts without a context only."""
    said: dict[str, dict[str, list[str]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in [*(ROOT / "templates/locale").rglob("*.po"), *(ROOT / "apps").rglob("locale/**/*.po")]:
        for entry in polib.pofile(str(path)):
            if not entry.msgctxt and not entry.obsolete:
                said[entry.msgid][entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr].append(str(path.relative_to(ROOT)))
    return said


@pytest.mark.req("I12")
def test_one_text_has_one_translation() -> None:
    assert {text: dict(words) for text, words in chinese().items() if len(words) > 1} == {}


@pytest.mark.req("I12")
def test_one_thing_has_one_name() -> None:
    """Names that were given up do not come back: English word, Chinese word."""
    given_up = ("收件箱", "消息中心", "部件", "丢单")
    assert [(text, word) for text, words in chinese().items() for said in words for word in given_up if word in said] == []
