"""Which grams of a query are looked up: few postings, and still every word of it."""

from __future__ import annotations

import pytest

from apps.records.selectors import finding

MANY = finding.COMMON + 1
CASES: dict[str, tuple[str, dict[str, int], list[str]]] = {
    "the two rarest": ("delta", {"  d": 900, " de": 500, "del": 40, "elt": 30}, ["del", "elt"]),
    "of each word": ("delta pumps", {"del": 40, "elt": 30, "lta": 35, "pum": 700, "ump": 800, "mps": 900}, ["elt", "lta", "pum", "ump"]),
    "a slip leaves the others": ("detla", {"  d": 900, " de": 500}, ["  d", " de"]),
    "too many: one of each": ("de", {"  d": 14_000, " de": 14_500}, ["  d", " de"]),
    "still too many": ("delta pumps", {"del": 14_000, "elt": 14_000, "pum": 13_000, "ump": 13_500}, ["del", "pum"]),
    "all common": ("de", {"  d": MANY, " de": MANY}, []),
    "chinese": ("云禾", {"云禾": 7}, ["云禾"]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_chosen_grams(case: str) -> None:
    q, counts, expected = CASES[case]
    assert finding.chosen_grams(q, counts) == expected
