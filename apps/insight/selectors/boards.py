"""Boards as one person sees them: which there are, and their tiles with figures under this person's own rights."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.core.access import plan
from apps.core.errors import NotFound
from apps.core.kpis import KPIS
from apps.insight.models import Board, RoleBoard, Subscription, Threshold
from apps.insight.payloads import Filters, Period, Reading
from apps.insight.policies import boards as policies
from apps.insight.policies import figures
from apps.insight.policies.boards import Tile
from apps.insight.policies.meter import ON_BOARDS, measure_of
from apps.insight.selectors import dimensions
from apps.insight.selectors.cuts import pivot
from apps.insight.selectors.meter import on_boards
from apps.insight.selectors.readings import board_readings


@dataclass(frozen=True)
class BoardView:
    """A board. `ident`: its id, or the code of one that comes with the portal; `own`: this person may change it; `owner`: whose it is, None of a
    standard one; `roles`: who sees it beside the owner."""

    ident: str
    name: str
    tiles: list[Tile]
    own: bool = False
    owner: Any = None
    roles: tuple[str, ...] = ()
    rev: int = 0

    @property
    def kpis(self) -> list[str]:
        """Each figure once, in order."""
        return list(dict.fromkeys(key for tile in self.tiles for key in tile.kpis))


@dataclass(frozen=True)
class TileView:
    """A tile with its figures. `state`: that of the first figure; `chart`: what the browser draws, {} of a plain figure; `rows`: the same as a table."""

    tile: Tile
    readings: list[Reading]
    title: str
    finding: str = ""
    chart: dict[str, Any] = field(default_factory=dict)
    spark: dict[str, str] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        return self.readings[0]

    @property
    def state(self) -> str:
        return self.reading.state

    @property
    def slug(self) -> str:
        return f"tile-{self.tile.key}"

    @property
    def json(self) -> str:
        """For the browser."""
        return json.dumps(self.chart, ensure_ascii=False)

    @property
    def heads(self) -> list[str]:
        """Column heads of the table."""
        return [line["name"] for line in self.chart.get("series", ())]

    @property
    def rows(self) -> list[tuple[str, str, list[str]]]:
        """(key, label, texts) of the table; the key names the part for who looks further into it."""
        series = self.chart.get("series", ())
        places = zip(self.chart.get("keys", ()), self.chart.get("labels", ()), strict=True)
        return [(key, label, [line["texts"][index] for line in series]) for index, (key, label) in enumerate(places)]


def standard_name(code: str) -> str:
    return {"company": pgettext("board", "Company overview"), "sales": pgettext("board", "Sales"), "finance": pgettext("board", "Finance"),
            "operations": pgettext("board", "Production and shipping")}[code]  # fmt: skip


def _standard(code: str) -> BoardView:
    found = policies.standard(code)
    if found is None:
        raise NotFound(_("There is no such board, or it is not shared with you."))
    return BoardView(code, standard_name(code), found.tiles(KPIS))


def _saved(board: Board, person: Any) -> BoardView:
    tiles = [tile for tile in policies.tiles_of(board.tiles) if all(policies.exists(key, KPIS) for key in tile.kpis)]
    return BoardView(str(board.pk), board.name, tiles, board.owner_id == person.pk, board.owner, tuple(board.roles), board.rev)


def _roles(person: Any) -> list[Any]:
    return access.roles_of(person)


def board(person: Any, ident: str) -> BoardView:
    """One of them. Raises NotFound, alike for what does not exist and for what is not shared with this person."""
    if policies.standard(ident):
        return _standard(ident)
    try:
        found = Board.objects.select_related("owner").filter(pk=uuid.UUID(ident)).first()
    except ValueError:
        found = None
    if found is None or not _is_for(found, person, {role.code for role in _roles(person)}):
        raise NotFound(_("There is no such board, or it is not shared with you."))
    return _saved(found, person)


def _is_for(found: Board, person: Any, roles: set[str]) -> bool:
    return found.owner_id == person.pk or bool(roles & set(found.roles))


def boards_of(person: Any) -> list[BoardView]:
    """The standard ones, the own ones, and those shared with a role of this person."""
    roles = {role.code for role in _roles(person)}
    saved: QuerySet[Board] = Board.objects.select_related("owner").order_by("name")
    mine = [_saved(one, person) for one in saved if _is_for(one, person, roles)]
    return [*(_standard(one.code) for one in policies.STANDARD), *mine]


def start_of(person: Any) -> BoardView:
    """The board this person sees first: what a manager chose for one of the roles, else the standard one of the roles."""
    roles = _roles(person)
    chosen = RoleBoard.objects.filter(role__in=[role.pk for role in roles]).select_related("board__owner").order_by("role__position", "role__code").first()
    if chosen and _is_for(chosen.board, person, {role.code for role in roles}):
        return _saved(chosen.board, person)
    return _standard(policies.first_of(role.code for role in roles).code)


def readings(person: Any, keys: Sequence[str], *, period: Period, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> list[Reading]:
    """Everything that may stand on a board, in the order of the keys: indicators of the period, and measures of the value meter. LookupError for an unknown
    key."""
    measures = [key for key in keys if measure_of(key)]
    plain = [key for key in keys if key not in measures]
    found = board_readings(person, plain, period=period, filters=filters, now=now, as_shown=as_shown) if plain else []
    if measures:
        found += on_boards(person, measures, filters=filters, now=now, as_shown=as_shown)
    by_key = {one.key: one for one in found}
    return [by_key[key] for key in keys]


def title_of_figure(key: str) -> str:
    """In the reader's language now; the key itself of what does not exist any more."""
    found = KPIS.get(key) or measure_of(key)
    return str(found.title) if found else key


def page_of_figure(key: str) -> str:
    return f"/board/meter/{key.removeprefix(ON_BOARDS)}/" if measure_of(key) else f"/board/figures/{key}/"


def shown(person: Any, tiles: Sequence[Tile], *, period: Period, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> list[TileView]:
    """The tiles with their figures; each figure is read once, all of them together."""
    keys = list(dict.fromkeys(key for tile in tiles for key in tile.kpis))
    found = {one.key: one for one in readings(person, keys, period=period, filters=filters, now=now, as_shown=as_shown)}
    common: dict[str, Any] = {"period": period, "filters": filters, "now": now, "as_shown": as_shown}
    return [
        divided(person, tile, found[tile.kpis[0]], **common) if tile.cut else tile_view(tile, [found[key] for key in tile.kpis]) for tile in tiles
    ]  # fmt: skip


def divided(person: Any, tile: Tile, reading: Reading, **common: Any) -> TileView:
    """A tile whose figure is divided by what its maker chose."""
    title = tile.title or title_of(tile)
    parts = pivot(person, tile.kpis[0], tile.cut, **common) if tile.cut and reading.state == "ok" else None
    if parts is None:
        return TileView(tile, [reading], title)
    return TileView(tile, [reading], title, figures.finding_of_pivot(title, parts), figures.chart_of_pivot(parts, tile.look))


def tile_view(tile: Tile, readings: list[Reading]) -> TileView:
    """How a tile shows its figures; figures that this person may not see are left out of a chart of several."""
    lead = next((one for one in readings if one.state != "forbidden"), readings[0])
    ordered = [lead, *(one for one in readings if one is not lead and one.state != "forbidden")]
    title = tile.title or _joined(one.title for one in ordered)
    if lead.state in ("forbidden", "suppressed") or tile.is_figure or lead.gauge:
        return TileView(tile, ordered, title, spark=figures.spark(lead.series, lead.target))
    if tile.look == "parts":
        by = lead.breakdown_by or KPIS[lead.key].breakdown  # a reading of nothing names no parts
        title = tile.title or _("%(title)s by %(dimension)s") % {"title": lead.title, "dimension": figures.dimension_words(by)}
        return TileView(tile, ordered, title, figures.finding_of_parts(lead), figures.chart_of_parts(lead) if lead.breakdown else {})
    chart = figures.chart_of_months(ordered, tile.look) if any(point.value is not None for point in lead.series) else {}
    return TileView(tile, ordered, title if tile.title else _("%(title)s by month") % {"title": title}, figures.finding_of_months(lead), chart)


def title_of(tile: Tile) -> str:
    """Without its figures: the own title, else what it shows and in which form, so that two tiles of one figure are told apart."""
    if tile.title or tile.is_figure or tile.look == "meter":
        return tile.title or title_of_figure(tile.kpis[0])
    kpi = KPIS[tile.kpis[0]]
    if tile.cut:
        by = [figures.dimension_words(name) for name in (tile.cut.by, tile.cut.split) if name]
        words = _("%(first)s and %(second)s") % {"first": by[0], "second": by[1]} if len(by) > 1 else by[0]
        return _("%(title)s by %(dimension)s") % {"title": kpi.title, "dimension": words}
    if tile.look == "parts":
        return _("%(title)s by %(dimension)s") % {"title": kpi.title, "dimension": figures.dimension_words(kpi.breakdown)}
    return _("%(title)s by month") % {"title": _joined(str(KPIS[key].title) for key in tile.kpis)}


def _joined(titles: Iterable[str]) -> str:
    return ("、" if (get_language() or "").startswith("zh") else ", ").join(titles)


@dataclass(frozen=True)
class Ignored:
    """A filter and the tiles that do not know it."""

    name: str
    known: int
    of: int
    titles: tuple[str, ...]


def ignored(views: Sequence[TileView], filters: Filters) -> list[Ignored]:
    """For each filter that is set: how many tiles it acts on, and on which it does not."""
    found = []
    for name in filters.given:
        deaf = tuple(dict.fromkeys(view.title for view in views if name in view.reading.ignores))
        found.append(Ignored(name, sum(1 for view in views if name not in view.reading.ignores), len(views), deaf))
    return found


def filter_words(filters: Filters, views: Sequence[TileView]) -> tuple[str, ...]:
    """Region: Hangzhou (9 of 16 tiles)."""
    found = []
    for one in ignored(views, filters):
        value = dimensions.unit_name(filters.department) if one.name == "department" and filters.department else str(getattr(filters, one.name))
        words = {"name": figures.dimension_words(one.name), "value": value, "known": one.known, "of": one.of}
        found.append((_("%(name)s: %(value)s") if one.known == one.of else _("%(name)s: %(value)s (%(known)d of %(of)d tiles)")) % words)
    return tuple(found)


@dataclass(frozen=True)
class Rights:
    """What this person may do with boards beside reading them."""

    arrange: bool
    share: bool
    data: bool
    image: bool
    print: bool
    keys: bool = False
    customers: bool = False


def rights_of(person: Any) -> Rights:
    def may(resource: str, action: str) -> bool:
        return plan(person, action, resource).allowed

    return Rights(may("insight.board", "arrange"), may("insight.board", "share"), may("insight.export", "data"), may("insight.export", "image"),
                  may("insight.export", "print"), may("insight.token", "view"), may("insight.customer_data", "view"))  # fmt: skip


@dataclass(frozen=True)
class Away:
    """A system whose data is older than promised: since when, and how many tiles stand on it."""

    system: str
    as_of: dt.datetime
    tiles: int


def away(views: Sequence[TileView]) -> list[Away]:
    """Systems that are behind, the oldest data first."""
    found: dict[str, list[dt.datetime]] = {}
    for view in views:
        for system, moment in view.reading.as_of.items():
            if view.reading.stale and moment == min(view.reading.as_of.values()):
                found.setdefault(system, []).append(moment)
    return sorted((Away(system, min(moments), len(moments)) for system, moments in found.items()), key=lambda one: one.as_of)


def first_for(board: BoardView) -> set[str]:
    """Codes of the roles whose first board it is."""
    return set(RoleBoard.objects.filter(board_id=uuid.UUID(board.ident)).values_list("role__code", flat=True))


def mailed(person: Any, ident: str) -> str:
    """In which rhythm this board comes to this person; "": it does not."""
    return Subscription.objects.filter(person=person.pk, board=ident).values_list("rhythm", flat=True).first() or ""


def thresholds(person: Any, kpi: str) -> list[Threshold]:
    """Lines this person watches for one figure."""
    return list(Threshold.objects.filter(person=person.pk, kpi=kpi).order_by("above", "created_at", "pk"))
