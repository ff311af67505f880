"""Pure rules of boards: what a tile is, and the boards every company has without arranging anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from apps.core import grid
from apps.core.grid import Cell
from apps.core.kpis import Kpi
from apps.insight.policies import cuts
from apps.insight.policies.cuts import Cut, as_item, cut_of
from apps.insight.policies.meter import measure_of

LOOKS = ("figure", "bars", "stacked", "line", "parts", "table", "meter")
SIZES = {"figure": (3, 1), "bars": (8, 3), "stacked": (8, 3), "line": (8, 3), "parts": (4, 3), "table": (6, 3), "meter": (6, 2)}
LEAST = {"figure": (2, 1), "bars": (4, 2), "stacked": (4, 2), "line": (4, 2), "parts": (3, 2), "table": (4, 2), "meter": (3, 2)}
MOST_MEASURES, LONGEST_TITLE = 4, 80


@dataclass(frozen=True)
class Tile:
    """One tile. `key` names it on its board; `kpis`: what it shows, the first one leads; a measure of the value meter ("meter.<key>") stands alone, and in
    the look "meter"; `look`: one of LOOKS; `title` "": that of the first figure;
    `cut`: how its one figure is divided, None: as the figure itself is."""

    key: str
    kpis: tuple[str, ...]
    look: str
    title: str
    cell: Cell
    cut: Cut | None = None

    @property
    def is_figure(self) -> bool:
        return self.look == "figure"

    @property
    def least(self) -> tuple[int, int]:
        return LEAST[self.look]


def tiles_of(items: Iterable[Mapping[str, Any]]) -> list[Tile]:
    """Out of stored JSON."""
    return [_tile(item) for item in items]


def _tile(item: Mapping[str, Any]) -> Tile:
    cell = Cell(str(item["key"]), int(item["x"]), int(item["y"]), int(item["w"]), int(item["h"]))
    return Tile(cell.key, tuple(item["kpis"]), str(item["look"]), str(item.get("title", "")), cell, cut_of(item.get("cut")))


def as_items(tiles: Iterable[Tile]) -> list[dict[str, Any]]:
    """For JSON."""
    return [
        {**grid.as_items([tile.cell])[0], "kpis": list(tile.kpis), "look": tile.look, "title": tile.title, **({"cut": as_item(tile.cut)} if tile.cut else {})}
        for tile in tiles
    ]  # fmt: skip


def problems(items: Any, known: Mapping[str, Kpi]) -> list[str]:
    """Why this is no board: the codes of grid.problems, and kpi | measure | look | title | cut | cut.<part>. Empty: it is one."""
    found = grid.problems(items)
    if found:
        return found
    return sorted({code for item in items for code in _problems_of(item, known)})


def _problems_of_measure(kpis: Sequence[str], look: Any) -> set[str]:
    """A measure stands alone and in its own look, and nothing else in that look."""
    if any(measure_of(key) for key in kpis):
        return {"measure"} if len(kpis) > 1 or look != "meter" else set()
    return {"look"} if look == "meter" else set()


def exists(key: str, known: Iterable[str]) -> bool:
    """Is it an indicator, or a measure of the value meter?"""
    return key in known or measure_of(key) is not None


def _problems_of(item: Mapping[str, Any], known: Mapping[str, Kpi]) -> set[str]:
    kpis, look, title = item.get("kpis"), item.get("look"), item.get("title", "")
    found = set()
    if not isinstance(kpis, list | tuple) or not 1 <= len(kpis) <= MOST_MEASURES or not all(isinstance(k, str) and exists(k, known) for k in kpis):
        found.add("kpi")
    else:
        found |= _problems_of_measure(kpis, look)
    if look not in LOOKS:
        found.add("look")
    if not isinstance(title, str) or len(title) > LONGEST_TITLE:
        found.add("title")
    return found or _problems_of_cut(item, known)


def _problems_of_cut(item: Mapping[str, Any], known: Mapping[str, Kpi]) -> set[str]:
    try:
        cut = cut_of(item.get("cut"))
    except ValueError:
        return {"cut"}
    if cut is None:
        return set()
    return {"cut"} if len(item["kpis"]) > 1 or item["look"] == "meter" else {f"cut.{code}" for code in cuts.problems(known[item["kpis"][0]], cut, item["look"])}


def rearranged(tiles: Iterable[Tile], cells: Iterable[Cell]) -> list[Tile]:
    """The tiles at their new places; a tile without a place is gone."""
    by_key = {cell.key: cell for cell in grid.settle(cells)}
    placed = [replace(tile, cell=by_key[tile.key]) for tile in tiles if tile.key in by_key]
    return sorted(placed, key=lambda tile: (tile.cell.y, tile.cell.x))


def with_tile(tiles: list[Tile], *, kpis: Iterable[str], look: str, title: str = "", cut: Cut | None = None) -> list[Tile]:
    """One tile more, below the others, under a name that is free."""
    taken = {tile.key for tile in tiles}
    key = next(f"t{number}" for number in range(1, len(taken) + 2) if f"t{number}" not in taken)
    bottom = max((tile.cell.y + tile.cell.h for tile in tiles), default=0)
    return [*tiles, Tile(key, tuple(kpis), look, title, Cell(key, 0, bottom, *SIZES[look]), cut)]


@dataclass(frozen=True)
class Standard:
    """A board that comes with the portal. `roles`: whose first board it is; () is everybody else's."""

    code: str
    roles: tuple[str, ...]
    figures: tuple[str, ...]
    charts: tuple[tuple[str, tuple[str, ...]], ...]

    def tiles(self, known: Iterable[str]) -> list[Tile]:
        """Figures first, then charts; an indicator that does not exist here is left out."""
        there = set(known)
        wanted: list[tuple[str, tuple[str, ...]]] = [("figure", (key,)) for key in self.figures]
        wanted += [(look, tuple(key for key in keys if key in there)) for look, keys in self.charts]
        chosen = [(look, keys) for look, keys in wanted if keys and all(key in there for key in keys)]
        cells = grid.close_up(Cell(f"t{n}", 0, n, *SIZES[look]) for n, (look, _keys) in enumerate(chosen, start=1))
        at = {cell.key: cell for cell in cells}
        return [Tile(f"t{n}", keys, look, "", at[f"t{n}"]) for n, (look, keys) in enumerate(chosen, start=1)]


STANDARD = (
    Standard(
        "company", (),
        ("erp.orders_taken", "erp.production_progress", "erp.stock_short", "erp.overdue", "crm.new_customers", "crm.won", "crm.follow_up_conversion",
         "oa.completion", "erp.shipped_on_time", "erp.invoiced", "oa.approval_time", "oa.rework"),
        (("bars", ("erp.orders_taken",)), ("parts", ("crm.pipeline",)), ("line", ("erp.shipped_on_time", "oa.decided_on_time")),
         ("parts", ("erp.orders_taken",))),
    ),
    Standard(
        "sales", ("sales_manager", "sales"),
        ("erp.orders_taken", "crm.won", "crm.win_rate", "crm.pipeline", "crm.new_customers", "crm.follow_up_conversion", "crm.follow_ups",
         "erp.overdue", "erp.order_value", "erp.shipped_on_time", "crm.first_response", "oa.approval_time"),
        (("bars", ("erp.orders_taken",)), ("parts", ("crm.pipeline",)), ("bars", ("crm.won",)), ("parts", ("crm.new_customers",))),
    ),
    Standard(
        "finance", ("finance",),
        ("erp.invoiced", "erp.payments", "erp.receivables", "erp.overdue", "erp.overdue_share", "erp.collection", "erp.orders_taken", "erp.stock_worth"),
        (("bars", ("erp.invoiced", "erp.payments")), ("parts", ("erp.overdue",)), ("line", ("erp.overdue_share", "erp.collection"))),
    ),
    Standard(
        "operations", ("warehouse",),
        ("erp.shipped", "erp.shipped_on_time", "erp.shipping_time", "erp.shipping_late", "erp.stock_short", "erp.stock_out", "erp.production_progress",
         "erp.production_late", "erp.supply_on_time", "erp.supply_late"),
        (("line", ("erp.shipped_on_time",)), ("parts", ("erp.stock_short",)), ("bars", ("erp.production_output",))),
    ),
)  # fmt: skip


def standard(code: str) -> Standard | None:
    return next((one for one in STANDARD if one.code == code), None)


def first_of(roles: Iterable[str]) -> Standard:
    """Whose first board is which; the company's for everybody else."""
    held = set(roles)
    return next((one for one in STANDARD if held & set(one.roles)), STANDARD[0])
