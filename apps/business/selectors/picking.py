"""What a person picks from in forms: customers and colleagues by a few letters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from apps.core.access import Projected, plan
from apps.directory import selectors as directory
from apps.records import selectors as records

HITS = 8


def customers_to_pick(person: Any, q: str, chosen_id: str) -> tuple[list[Projected], Projected | None]:
    """(customers that match and that this person may see, the one chosen already)."""
    if not plan(person, "view", "crm.customer").allowed:
        return [], None
    chosen = records.customer(person, chosen_id) if chosen_id else None
    found = records.customers(person, q=q, size=HITS).rows if q or chosen is None else []
    return [row for row in found if chosen is None or row["id"] != chosen["id"]], chosen


def people_to_pick(q: str, chosen: Iterable[str], *, without: Any = None) -> tuple[list[Any], list[Any]]:
    """(colleagues by name, login or department, those chosen already)."""
    kept = sorted(directory.people_by_id(chosen).values(), key=lambda one: one.login)
    taken = {one.pk for one in kept} | ({without.pk} if without else set())
    found = [one for one in directory.people_like(q, size=HITS + len(taken)) if one.pk not in taken] if q else []
    return found[:HITS], kept
