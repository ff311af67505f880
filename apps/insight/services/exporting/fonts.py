"""The font of printed boards: Noto Sans SC, embedded as far as a page needs it. A character it does not have is taken from a font that readers of PDF bring
for Chinese."""

from __future__ import annotations

import functools
import io
import lzma
from collections.abc import Iterator
from itertools import groupby

from django.conf import settings
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

FONT, RARE = "AtriumSans", "STSong-Light"
FILE = "static/vendor/noto-sans-sc.ttf.xz"


@functools.cache
def known() -> frozenset[int]:
    """Makes both fonts ready; the characters that the embedded one has."""
    font = TTFont(FONT, io.BytesIO(lzma.decompress((settings.BASE_DIR / FILE).read_bytes())))
    pdfmetrics.registerFont(font)
    pdfmetrics.registerFont(UnicodeCIDFont(RARE))
    return frozenset(font.face.charToGlyph)


def runs(text: str) -> Iterator[tuple[str, str]]:
    """(font, part) of a text, in order."""
    there = known()
    for rare, some in groupby(text, key=lambda letter: ord(letter) not in there):
        yield RARE if rare else FONT, "".join(some)


def width(text: str, size: float) -> float:
    return sum(float(pdfmetrics.stringWidth(part, font, size)) for font, part in runs(text))


def fitted(text: str, size: float, room: float) -> str:
    """As much of a text as the room holds, with an ellipsis where it is cut."""
    if width(text, size) <= room:
        return text
    while text and width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def marked_up(text: str) -> str:
    """For a paragraph: escaped, rare characters in the font that has them."""
    escaped = ((font, part.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")) for font, part in runs(text))
    return "".join(part if font == FONT else f'<font name="{RARE}">{part}</font>' for font, part in escaped)
