"""Pages of lists, in the shape of Django's paginator that templates know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Count:
    count: int
    num_pages: int


@dataclass(frozen=True)
class ListPage:
    """One page of rows that were cut where they were read."""

    object_list: list[Any]
    number: int
    paginator: Count
    note: str = ""  # why the rows do not stand in the order of the page

    @property
    def has_next(self) -> bool:
        return self.number < self.paginator.num_pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1


def page_number(text: str | None) -> int:
    """The page asked for; nonsense is page 1."""
    return max(1, int(text)) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1
