"""How close a text is to what was typed, in Latin and in Chinese."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core import matching

NAME = "Delta Water Group 云禾泵业 K100 SO-20871"
CASES: dict[str, tuple[str, str, float]] = {
    "word": ("delta", NAME, 1.0),
    "beginning": ("del", NAME, 0.9),
    "part": ("elt", NAME, 0.75),
    "swapped": ("detla", NAME, 0.6),
    "dropped": ("delt", NAME, 0.9),
    "wrong letter": ("wster", NAME, 0.6),
    "unfinished with a slip": ("harbuor", "Harbours", 0.5),
    "two words": ("delta grop", NAME, 0.8),
    "one word too many": ("delta pumps", NAME, 0.0),
    "number": ("20871", NAME, 1.0),
    "number with its prefix": ("so-2087", NAME, 0.95),
    "another number": ("20872", NAME, 0.0),
    "chinese part": ("禾泵", NAME, 0.75),
    "chinese whole": ("云禾泵业", NAME, 1.0),
    "chinese with a wrong character": ("云禾泵叶", NAME, 0.55),
    "another chinese": ("金沙化工", NAME, 0.0),
    "one character": ("泵", NAME, 0.75),
    "full width": ("ＤＥＬＴＡ", NAME, 1.0),
    "accent": ("cafe", "Café de Paris", 1.0),
    "short is strict": ("dxl", NAME, 0.0),
    "nothing": ("", NAME, 0.0),
    "marks only": ("--", NAME, 0.0),
}


@pytest.mark.parametrize("case", CASES)
def test_each_is_as_close_as_the_table_says(case: str) -> None:
    query, text, expected = CASES[case]
    assert matching.score(query, text) == pytest.approx(expected)


def plain_distance(a: str, b: str) -> int:
    """The textbook: restricted edit distance with neighbours swapped."""
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            steps = [table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])]
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                steps.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(steps)
    return table[len(a), len(b)]


WORDS = st.text(alphabet="abc", max_size=7)


@given(WORDS, WORDS, st.integers(1, 3))
def test_the_distance_is_the_textbooks_up_to_its_limit(a: str, b: str, limit: int) -> None:
    assert matching.distance(a, b, limit) == min(plain_distance(a, b), limit + 1)


@given(st.text(alphabet="abcdef 云禾泵业0123-", max_size=30), st.text(alphabet="abcdef 云禾泵业0123-", min_size=1, max_size=8))
def test_what_matches_exactly_or_by_its_beginning_shares_a_gram(text: str, query: str) -> None:
    """So the index finds it. A part of a word needs three letters."""
    if matching.score(query, text) >= 0.75:
        assert matching.query_grams(query) & matching.grams(text)


@given(st.text(max_size=60))
def test_any_text_is_taken(text: str) -> None:
    assert len(matching.grams(text)) <= matching.MOST_GRAMS
    assert 0 <= matching.score(text, text) <= 1
