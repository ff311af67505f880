"""Text with a few marks to HTML that holds nothing else: paragraphs, headings (#, ##), lists (-, 1.), **bold**, *italic*, [words](link)."""

from __future__ import annotations

import re
from html import escape

LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\((https?://[^\s()<>\\]{1,500}|/[^\s()<>/\\][^\s()<>\\]{0,500}|/)\)")
BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
ITALIC = re.compile(r"\*([^*\n]+)\*")
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])  # they turn the direction of what follows: a text that reads as another
ITEM = re.compile(r"(?:[-*•]|\d{1,3}[.)])\s+(.*)")


def plain(text: str) -> str:
    """Without the letters that make a text read as another one."""
    return text.translate(TURNING)


def to_html(text: str) -> str:
    """Every character of the text is escaped first; what the marks make are the only tags."""
    blocks = re.split(r"\n\s*\n", plain(text).replace("\r\n", "\n").replace("\r", "\n").strip())
    return "".join(_block(block.split("\n")) for block in blocks if block.strip())


def _block(lines: list[str]) -> str:
    found: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        if line.startswith("#"):
            level = 3 if line.startswith("##") else 2
            words = line.lstrip("#").strip()
            found.append(f"<h{level}>{_inline(words)}</h{level}>" if words else "")
            at += 1
        elif ITEM.match(line):
            items, at = _taken(lines, at, is_item=True)
            tag = "ol" if line[0].isdigit() else "ul"
            found.append(f"<{tag}>" + "".join(f"<li>{_inline(ITEM.sub(lambda m: m[1], one))}</li>" for one in items) + f"</{tag}>")
        else:
            words_of, at = _taken(lines, at, is_item=False)
            found.append(f"<p>{'<br>'.join(_inline(one) for one in words_of)}</p>")
    return "".join(found)


def _taken(lines: list[str], first: int, *, is_item: bool) -> tuple[list[str], int]:
    """The lines from `first` on that belong together, and where the next begins."""
    at = first
    while at < len(lines) and bool(ITEM.match(lines[at].strip())) is is_item and (at == first or not lines[at].strip().startswith("#")):
        at += 1
    return [line.strip() for line in lines[first:at]], at


def _inline(text: str) -> str:
    """Marks inside one line. Links are cut out first, so that no other mark reaches into an address."""
    found, last = [], 0
    for link in LINK.finditer(text):
        found.append(_emphasis(text[last : link.start()]))
        outside = ' rel="noopener noreferrer" target="_blank"' if link[2].startswith("http") else ""
        found.append(f'<a href="{escape(link[2])}"{outside}>{_emphasis(link[1])}</a>')
        last = link.end()
    return "".join([*found, _emphasis(text[last:])])


def _emphasis(text: str) -> str:
    return ITALIC.sub(r"<em>\1</em>", BOLD.sub(r"<strong>\1</strong>", escape(text)))
