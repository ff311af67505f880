"""Finds every translatable text of the source and every text without a Chinese translation."""

from __future__ import annotations

import io
import pathlib
import re
from collections.abc import Iterator

from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.utils.translation import templatize

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}


def texts_of_python(path: pathlib.Path) -> Iterator[tuple[str, str]]:
    """(context, msgid) pairs of a module; of a plural pair the singular."""
    yield from _extract(path.read_bytes())


def texts_of_template(path: pathlib.Path) -> Iterator[tuple[str, str]]:
    # Django has no own extractor for "as" constants inside cotton attributes; templatize reads tags anywhere in the file.
    yield from _extract(templatize(path.read_text(), origin=str(path)).encode())


def plurals(area: str) -> dict[str, str]:
    """Singular -> plural of every counted text."""
    found: dict[str, str] = {}
    for path in sources(area):
        source = templatize(path.read_text(), origin=str(path)).encode() if path.suffix == ".html" else path.read_bytes()
        for _line, message, _comments, _context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
            if isinstance(message, tuple) and len(message) == 2 and all(isinstance(text, str) for text in message):
                found[message[0]] = message[1]
    return found


def _extract(source: bytes) -> Iterator[tuple[str, str]]:
    for _line, message, _comments, context in extract("python", io.BytesIO(source), keywords=KEYWORDS):
        text = message[0] if isinstance(message, tuple) else message
        if isinstance(text, str) and re.search(r"[A-Za-z]", text):
            yield context or "", text


def sources(area: str) -> list[pathlib.Path]:
    """Files of one app with its templates; area "shared": components, base pages and the templates no app owns."""
    if area == "shared":
        apps = {path.name for path in (ROOT / "apps").iterdir()}
        found = [path for path in (ROOT / "templates").rglob("*.html") if path.relative_to(ROOT / "templates").parts[0] not in apps]
        return sorted([*found, *(ROOT / "portal").glob("*.py"), *(ROOT / "apps/core").rglob("*.py")])
    code = [path for path in (ROOT / "apps" / area).rglob("*.py") if "migrations" not in path.parts]
    return sorted([*code, *(ROOT / "templates" / area).rglob("*.html")])


def areas() -> list[str]:
    found = [path.name for path in sorted((ROOT / "apps").iterdir()) if (path / "__init__.py").exists() and path.name != "core"]
    return ["shared", *found]


def wanted(area: str) -> set[tuple[str, str]]:
    texts: set[tuple[str, str]] = set()
    for path in sources(area):
        read = texts_of_template if path.suffix == ".html" else texts_of_python
        texts.update(read(path))
    return texts


def translated() -> dict[tuple[str, str], str]:
    """Every non-fuzzy Chinese text of all catalogs, by (context, msgid)."""
    known: dict[tuple[str, str], str] = {}
    for path in [*(ROOT / "templates/locale").rglob("*.po"), *(ROOT / "apps").rglob("locale/**/*.po")]:
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_Hans"):
                ident = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
                text = message.string[0] if isinstance(message.string, (list, tuple)) else message.string
                if ident and text and not message.fuzzy:
                    known[(message.context or "", ident)] = text
    return known


def missing(area: str) -> list[str]:
    known = translated()
    return sorted(text for context, text in wanted(area) if (context, text) not in known)


if __name__ == "__main__":  # python -m tests.support.words workspace
    import sys

    for name in sys.argv[1:] or areas():
        for text in missing(name):
            print(f"{name}\t{text!r}")
