"""Writes a catalog from pairs: `python -m tests.support.po <area> < pairs.tsv` (English, tab, Chinese). Existing entries are kept, new ones added,
entries no source asks for are dropped. `\\n` in the pairs stands for a line break."""

from __future__ import annotations

import pathlib
import re
import sys

import polib

from tests.support import words

HAN = "[\u4e00-\u9fff”」）]"
FULL = str.maketrans(",;:?!()", "，；：？！（）")


def full_width(text: str) -> str:
    """Chinese punctuation next to Chinese characters."""
    text = re.sub(rf"({HAN})([,;:?!])", lambda m: m[1] + m[2].translate(FULL), text)
    text = re.sub(rf"([,;:?!])({HAN[:-1]}])", lambda m: m[1].translate(FULL) + m[2], text)
    text = re.sub(r"(%\([a-z_]+\)[sd])([,:;])(?! )", lambda m: m[1] + m[2].translate(FULL), text)
    return re.sub(rf"\(([^()%]*{HAN}[^()%]*)\)", r"（\1）", text)


def catalog_path(area: str) -> pathlib.Path:
    folder = words.ROOT / ("templates" if area == "shared" else f"apps/{area}")
    return folder / "locale/zh_Hans/LC_MESSAGES/django.po"


def update(area: str, pairs: dict[str, str]) -> list[str]:
    """Merge and write; returns what is still missing."""
    path = catalog_path(area)
    path.parent.mkdir(parents=True, exist_ok=True)
    catalog = polib.pofile(str(path)) if path.exists() else polib.POFile(wrapwidth=140)
    catalog.metadata = {
        "Language": "zh_Hans",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    plural = words.plurals(area)
    known = {entry.msgid: entry for entry in catalog}
    asked = {text for _context, text in words.wanted(area)}
    for english, chinese in pairs.items():
        chinese = full_width(chinese)
        if english not in asked or english in known:
            if english in known:
                known[english].msgstr_plural = {0: chinese} if english in plural else {}
                known[english].msgstr = "" if english in plural else chinese
            continue
        entry = polib.POEntry(msgid=english)
        if english in plural:
            entry.msgid_plural, entry.msgstr_plural = plural[english], {0: chinese}
        else:
            entry.msgstr = chinese
        if "%(" in english:
            entry.flags = ["python-format"]
        catalog.append(entry)
    for entry in list(catalog):
        if entry.msgid not in asked:
            catalog.remove(entry)
    catalog.sort(key=lambda entry: entry.msgid)
    catalog.save(str(path))
    return words.missing(area)


if __name__ == "__main__":
    lines = [line.rstrip("\n").split("\t") for line in sys.stdin if "\t" in line]
    for text in update(sys.argv[1], {en.replace("\\n", "\n"): zh.replace("\\n", "\n") for en, zh in lines}):
        print(repr(text))
