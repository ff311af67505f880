"""The small pages of both systems: plain HTML, no script, forms that post."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from apps.devtools.sandbox.base.web import Answer

STYLE = """
:root{
  color-scheme:light dark;
  --ink:#1c2733;
  --soft:#5b6876;
  --line:#d5dce3;
  --back:#f4f6f8;
  --card:#fff;
  --main:#0b5c8a;
  --bad:#a02622;
  --good:#1e6b3a
}
@media (prefers-color-scheme:dark){
  :root{
  --ink:#e4e9ee;
  --soft:#a3afba;
  --line:#36424d;
  --back:#141a20;
  --card:#1d252d;
  --main:#7cc0ea;
  --bad:#f19a96;
  --good:#86d3a2
}
}
body{
  margin:0;
  font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;
  color:var(--ink);
  background:var(--back)
}
header{
  background:var(--card);
  border-bottom:1px solid var(--line);
  padding:.8rem 1rem
}
header h1{
  font-size:1.1rem;
  margin:0
}
header p{
  margin:.1rem 0 0;
  color:var(--soft)
}
main{
  padding:1rem;
  max-width:75rem;
  margin:auto
}
section{
  background:var(--card);
  border:1px solid var(--line);
  border-radius:6px;
  margin-bottom:1rem;
  overflow-x:auto
}
h2{
  font-size:1rem;
  margin:0;
  padding:.6rem .8rem;
  border-bottom:1px solid var(--line)
}
table{
  border-collapse:collapse;
  width:100%
}
th,td{
  text-align:left;
  padding:.4rem .8rem;
  border-bottom:1px solid var(--line);
  vertical-align:top
}
th{
  color:var(--soft);
  font-weight:500
}
td.n,th.n{
  text-align:right;
  font-variant-numeric:tabular-nums;
  white-space:nowrap
}
tr:target td{
  background:color-mix(in srgb,var(--main) 14%,transparent)
}
form{
  display:inline
}
button{
  font:inherit;
  padding:.25rem .6rem;
  border:1px solid var(--main);
  border-radius:4px;
  background:transparent;
  color:var(--main);
  cursor:pointer;
  min-height:2rem;
  margin:.1rem 0
}
button.main{
  background:var(--main);
  color:var(--card)
}
button:focus-visible,a:focus-visible{
  outline:2px solid var(--main);
  outline-offset:2px
}
.note{
  padding:.6rem .8rem;
  border-radius:6px;
  border:1px solid;
  margin-bottom:1rem
}
.bad{
  color:var(--bad)
}
.good{
  color:var(--good)
}
.soft{
  color:var(--soft)
}
"""
NOTES_KEPT = 300


def style() -> Answer:
    return Answer(200, STYLE.encode(), "text/css; charset=utf-8")


def button(action: str, label: str, *, main: bool = False, **values: str) -> str:
    """A form of one button."""
    hidden = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in values.items())
    return f'<form method="post" action="{escape(action)}">{hidden}<button{" class=main" if main else ""}>{escape(label)}</button></form>'


def table(title: str, head: Mapping[str, str], rows: list[tuple[str, list[str]]], empty: str) -> str:
    """`head`: column title -> class. `rows`: (id of the row, cells as HTML)."""
    if not rows:
        return f"<section><h2>{escape(title)}</h2><p class=soft>&nbsp;&nbsp;{escape(empty)}</p></section>"
    titles = "".join(f'<th scope=col class="{kind}">{escape(name)}</th>' for name, kind in head.items())
    kinds = list(head.values())
    lines = "".join(
        f'<tr id="{escape(ident)}">' + "".join(f'<td class="{kinds[n]}">{cell}</td>' for n, cell in enumerate(cells)) + "</tr>"
        for ident, cells in rows
    )
    return f"<section><h2>{escape(title)}</h2><table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></section>"


def document(title: str, subtitle: str, content: str, *, note: str = "", bad: bool = False, status: int = 200) -> Answer:
    said = f'<p role=status class="note {"bad" if bad else "good"}">{escape(note[:NOTES_KEPT])}</p>' if note else ""
    return Answer(
        status,
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{escape(title)}</title>"
            f'<link rel="stylesheet" href="/style.css"></head><body><header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></header>'
            f"<main>{said}{content}</main></body></html>"
        ).encode(),
        "text/html; charset=utf-8",
    )
