"""Pure rules of the home page's grid: 12 columns, rows as needed, nothing overlaps, nothing floats."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

COLUMNS, HIGHEST, LOWEST, MOST = 12, 8, 200, 60
VERBS = ("left", "right", "up", "down", "wider", "narrower", "taller", "shorter")
# The company's order where no administrator arranged anything; what a person may not see is left out and the others close up.
ORDER = (
    "workspace.todos", "workspace.messages", "business.loop", "workflows.approvals", "crm.follow_up", "crm.closing", "business.announcements",
    "business.calendar", "workspace.quick_launch", "erp.stock_alerts", "erp.my_orders", "crm.my_pipeline", "erp.to_ship", "erp.overdue",
    "workflows.stuck", "integrations.connections", "integrations.quarantine", "workflows.requests", "business.visits", "workspace.favourites",
    "workspace.recent",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One widget's place, in cells of the grid."""

    key: str
    x: int
    y: int
    w: int
    h: int
    locked: bool = False

    def covers(self, other: Cell) -> bool:
        return self.x < other.x + other.w and other.x < self.x + self.w and self.y < other.y + other.h and other.y < self.y + self.h


def cells_of(items: Iterable[Mapping[str, Any]]) -> list[Cell]:
    """Out of stored JSON."""
    return [Cell(str(i["key"]), int(i["x"]), int(i["y"]), int(i["w"]), int(i["h"]), bool(i.get("locked"))) for i in items]


def as_items(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """For JSON."""
    return [{"key": c.key, "x": c.x, "y": c.y, "w": c.w, "h": c.h, **({"locked": True} if c.locked else {})} for c in cells]


def problems(items: Any) -> list[str]:
    """Why this is no layout: codes list | item | number | outside | twice | many. Empty: it is one."""
    if not isinstance(items, list):
        return ["list"]
    if len(items) > MOST:
        return ["many"]
    found, keys = set(), set()
    for item in items:
        if not isinstance(item, Mapping) or not isinstance(item.get("key"), str):
            found.add("item")
            continue
        found |= _numbers(item)
        if item["key"] in keys:
            found.add("twice")
        keys.add(item["key"])
    return sorted(found)


def _numbers(item: Mapping[str, Any]) -> set[str]:
    x, y, w, h = (item.get(name) for name in ("x", "y", "w", "h"))
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in (x, y, w, h)):
        return {"number"}
    inside = 0 <= x < COLUMNS and 1 <= w <= COLUMNS - x and 0 <= y <= LOWEST and 1 <= h <= HIGHEST  # type: ignore[operator]
    return set() if inside else {"outside"}


def settle(cells: Iterable[Cell]) -> list[Cell]:
    """Nothing floats and nothing overlaps: in reading order each falls up until it meets another. A locked one is not pushed aside."""
    waiting = list(cells)
    fixed = [cell for cell in waiting if cell.locked]
    ordered = sorted((cell if cell.locked else _beside(cell, fixed) for cell in waiting), key=lambda c: (c.y, not c.locked, c.x))
    heights = [0] * COLUMNS
    settled = []
    for cell in ordered:
        y = max(heights[cell.x : cell.x + cell.w])
        heights[cell.x : cell.x + cell.w] = [y + cell.h] * cell.w
        settled.append(replace(cell, y=y))
    return sorted(settled, key=lambda c: (c.y, c.x))


def _beside(cell: Cell, fixed: list[Cell]) -> Cell:
    for other in sorted(fixed, key=lambda c: c.y):
        if cell.covers(other):
            cell = replace(cell, y=other.y + other.h)
    return cell


def close_up(cells: Iterable[Cell]) -> list[Cell]:
    """The same order without holes: each stands at the first free place in reading order. For a page on which something is missing."""
    taken: set[tuple[int, int]] = set()
    placed = []
    for cell in sorted(cells, key=lambda c: (c.y, c.x)):
        y, x = next((y, x) for y in range(LOWEST * HIGHEST) for x in range(COLUMNS - cell.w + 1)
                    if not any((column, row) in taken for column in range(x, x + cell.w) for row in range(y, y + cell.h)))  # fmt: skip
        taken |= {(column, row) for column in range(x, x + cell.w) for row in range(y, y + cell.h)}
        placed.append(replace(cell, x=x, y=y))
    return sorted(placed, key=lambda c: (c.y, c.x))


def standard(sizes: Mapping[str, tuple[int, int]]) -> list[Cell]:
    """The company's own layout for who may see these widgets (key -> size)."""
    return list(_standard(tuple((key, sizes[key]) for key in ORDER if key in sizes)))


@functools.lru_cache(maxsize=128)
def _standard(named: tuple[tuple[str, tuple[int, int]], ...]) -> tuple[Cell, ...]:
    return tuple(close_up(Cell(key, 0, index, *size) for index, (key, size) in enumerate(named)))


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


def moved(cells: list[Cell], key: str, verb: str, least: tuple[int, int] = (1, 1)) -> list[Cell]:
    """One step by a button: left, right, up, down (past its neighbour), wider, narrower, taller, shorter. A locked cell stays."""
    cell = next((c for c in cells if c.key == key), None)
    if cell is None or cell.locked or verb not in VERBS:
        return settle(cells)
    others = [c for c in cells if c.key != key]
    if verb in ("up", "down"):
        return settle(_past(cell, others, verb))
    return settle([*others, _stepped(cell, verb, least)])


def _stepped(cell: Cell, verb: str, least: tuple[int, int]) -> Cell:
    x, w, h = cell.x, cell.w, cell.h
    x = min(COLUMNS - w, max(0, x + {"left": -1, "right": 1}.get(verb, 0)))
    w = min(COLUMNS - x, max(least[0], w + {"wider": 1, "narrower": -1}.get(verb, 0)))
    h = min(HIGHEST, max(least[1], h + {"taller": 1, "shorter": -1}.get(verb, 0)))
    return replace(cell, x=x, w=w, h=h)


def _past(cell: Cell, others: list[Cell], verb: str) -> list[Cell]:
    same = [c for c in others if c.x < cell.x + cell.w and cell.x < c.x + c.w]
    if verb == "up":
        above = max((c for c in same if c.y < cell.y), key=lambda c: c.y, default=None)
        if above is None or above.locked:
            return [cell, *others]
        lower = [replace(c, y=c.y + cell.h) if c.y >= above.y and not c.locked else c for c in others]
        return [replace(cell, y=above.y), *lower]
    below = min((c for c in same if c.y >= cell.y + cell.h), key=lambda c: c.y, default=None)
    if below is None or below.locked:
        return [cell, *others]
    after = below.y + below.h
    lower = [replace(c, y=c.y + cell.h) if c.y >= after and not c.locked else c for c in others]
    return [replace(cell, y=after), *lower]


def added(cells: list[Cell], key: str, size: tuple[int, int]) -> list[Cell]:
    """A widget more, at the first free place."""
    if any(cell.key == key for cell in cells):
        return settle(cells)
    bottom = max((cell.y + cell.h for cell in cells), default=0)
    return settle([*cells, Cell(key, 0, bottom, *size)])
