"""A page of a list, cut where it is read, in the shape that the pager of the templates knows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

SIZE = 25


@dataclass(frozen=True)
class Listed:
    """`rows` of page `number`; `count` of all."""

    rows: list[Any]
    count: int
    number: int
    num_pages: int

    @property
    def paginator(self) -> Listed:
        return self

    @property
    def has_next(self) -> bool:
        return self.number < self.num_pages

    @property
    def has_previous(self) -> bool:
        return self.number > 1

    @property
    def next_page_number(self) -> int:
        return self.number + 1

    @property
    def previous_page_number(self) -> int:
        return self.number - 1


def listed(found: QuerySet[Any], number: int, size: int, show: Callable[[QuerySet[Any]], list[Any]]) -> Listed:
    """Cut, count, show; a page beyond the last one is the last one. A first page that is not full tells the count itself."""
    cut = found[:size]
    if number <= 1 and len(cut) < size:
        return Listed(show(cut), len(cut), 1, 1)
    count = found.count()
    num_pages = max(1, -(-count // size))
    number = max(1, min(number, num_pages))
    return Listed(show(cut if number == 1 else found[(number - 1) * size : number * size]), count, number, num_pages)
