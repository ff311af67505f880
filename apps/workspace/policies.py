"""Pure rules of the home page: whose widgets stand where. The grid itself: apps.core.grid."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from apps.core.grid import COLUMNS, HIGHEST, LOWEST, MOST, VERBS, Cell, added, as_items, cells_of, close_up, moved, problems, settle

__all__ = [
    "COLUMNS", "HIGHEST", "LOWEST", "MOST", "ORDER", "VERBS", "Cell", "added", "as_items", "cells_of", "close_up", "moved", "problems", "resolved",
    "settle", "standard",
]  # fmt: skip
# The company's order where no administrator arranged anything; what a person may not see is left out and the others close up.
ORDER = (
    "workspace.todos", "workspace.messages", "business.loop", "insight.figures", "workflows.approvals",
    "crm.follow_up", "crm.closing", "business.announcements",
    "business.calendar", "workspace.quick_launch", "erp.stock_alerts", "erp.my_orders", "crm.my_pipeline", "erp.to_ship", "erp.overdue",
    "workflows.stuck", "integrations.connections", "integrations.quarantine", "workflows.requests", "business.visits", "workspace.favourites",
    "workspace.recent",
)  # fmt: skip


def standard(sizes: Mapping[str, tuple[int, int]]) -> list[Cell]:
    """The company's own layout for who may see these widgets (key -> size)."""
    return list(_standard(tuple((key, sizes[key]) for key in ORDER if key in sizes)))


@functools.lru_cache(maxsize=128)
def _standard(named: tuple[tuple[str, tuple[int, int]], ...]) -> tuple[Cell, ...]:
    return tuple(_widened(close_up(Cell(key, 0, index, *size) for index, (key, size) in enumerate(named))))


def _widened(cells: list[Cell]) -> list[Cell]:
    """What has nothing beside it reaches as far as there is room, so that no row ends in a hole."""
    wide: list[Cell] = []
    for cell in cells:
        beside = [other.x for other in cells if other.x > cell.x and other.y < cell.y + cell.h and cell.y < other.y + other.h]
        wide.append(replace(cell, w=min(beside, default=COLUMNS) - cell.x))
    return wide


def resolved(role: list[Cell], own: list[Cell] | None, hidden: Iterable[str], offered: Iterable[str]) -> list[Cell]:
    """What one person sees: the role's locked cells, the person's own, then what the role's layout gained since; only what is offered.

    With everything offered the places are exactly those that were saved; else the others close up.
    """
    may = set(offered)
    chosen = role if own is None else _over(role, own, set(hidden))
    shown = [cell for cell in chosen if cell.key in may]
    return settle(shown) if len(shown) == len(chosen) else close_up(settle(shown))


def _over(role: list[Cell], own: list[Cell], hidden: set[str]) -> list[Cell]:
    locked = [cell for cell in role if cell.locked]
    fixed = {cell.key for cell in locked}
    mine = [replace(cell, locked=False) for cell in own if cell.key not in fixed]
    known = fixed | hidden | {cell.key for cell in own}
    below = max((cell.y + cell.h for cell in [*locked, *mine]), default=0)
    gained = [replace(cell, y=below + cell.y) for cell in role if cell.key not in known]
    return [*locked, *mine, *gained]
