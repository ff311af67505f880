"""Pure rules of a page of tiles: 12 columns, rows as needed, nothing overlaps, nothing floats. Home pages and boards are arranged by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

COLUMNS, HIGHEST, LOWEST, MOST = 12, 8, 200, 60
VERBS = ("left", "right", "up", "down", "wider", "narrower", "taller", "shorter")


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
