"""Text with a few marks: whatever is written, the page gets these tags and no others."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.business.policies.richtext import to_html

ALLOWED = re.compile(r"</?(?:p|h2|h3|ul|ol|li|strong|em)>|<br>|</a>|<a href=\"(?:https?://|/)[^\"<>\s]*\"(?: rel=\"noopener noreferrer\" target=\"_blank\")?>")

CASES = {
    "paragraphs": ("One\ntwo\n\nthree", "<p>One<br>two</p><p>three</p>"),
    "headings": ("# Big\n## Small\nText", "<h2>Big</h2><h3>Small</h3><p>Text</p>"),
    "lists": ("- a\n- b\n1. c", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
    "numbers": ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
    "emphasis": ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
    "inside": ("See [page](/visits/?a=1&b=2)", '<p>See <a href="/visits/?a=1&amp;b=2">page</a></p>'),
    "outside": ("[x](https://a.example/)", '<p><a href="https://a.example/" rel="noopener noreferrer" target="_blank">x</a></p>'),
    "script": ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
    "bad link": ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    "foreign host": ("[x](//evil.example)", "<p>[x](//evil.example)</p>"),
    "quotes": ('[x](https://a"onclick=1)', '<p><a href="https://a&quot;onclick=1" rel="noopener noreferrer" target="_blank">x</a></p>'),
    "a host behind a backslash": ("[x](/\\evil.example) [y](/a\\b)", "<p>[x](/\\evil.example) [y](/a\\b)</p>"),
    "turned": ("pay \u202egro.knab\u202c \u2066x\u2069", "<p>pay gro.knab x</p>"),
    "nothing": ("  \n \n", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_each_mark_becomes_its_tag(case: str) -> None:
    text, html = CASES[case]
    assert to_html(text) == html


@given(st.text(alphabet=st.sampled_from(list("ab<>&\"'*#-1.[]()/: \nhtps说")), max_size=80))
def test_no_other_tag_ever_appears(text: str) -> None:
    html = to_html(text)
    rest = ALLOWED.sub("", html)
    assert "<" not in rest and ">" not in rest
    letters = re.sub(r"[^ab说]", "", text)
    shown = re.sub(r"[^ab说]", "", unescape(re.sub(r"<[^>]*>", "", html)))
    assert len(shown) <= len(letters)
