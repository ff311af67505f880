"""Making, arranging and sharing boards. What a board shows is read under each reader's own rights, so sharing one gives nothing away."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.audit import services as audit
from apps.core import grid
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.kpis import KPIS
from apps.insight.models import Board, RoleBoard
from apps.insight.policies import boards as policies
from apps.insight.policies.boards import Tile
from apps.insight.policies.cuts import Cut
from apps.insight.selectors import boards as selectors

LONGEST_NAME, MOST_BOARDS = 80, 40


class UnableToArrange(DomainError):
    """Somebody changed the board meanwhile, or there are too many."""

    code = "unable_to_arrange"


def _may_arrange(person: Any) -> None:
    decide(person, "arrange", "insight.board").require(_("You may look at boards, not make them. Ask a manager for the right."))


def _may_share(person: Any) -> None:
    decide(person, "share", "insight.board").require(_("You may not share boards. Ask a manager for the right."))


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > LONGEST_NAME:
        message = _("Give the board a name of at most %(count)d characters.") % {"count": LONGEST_NAME}
        raise InvalidInput(message, details={"fields": {"name": [message]}})
    return name


def checked(items: Any) -> list[Tile]:
    """Raises InvalidInput for what is no board."""
    found = policies.problems(items, KPIS)
    if found:
        words = _("This is no board: a tile has a place, one to four figures that exist, a form, and is divided by what its one figure knows.")
        raise InvalidInput(words, details={"fields": {"tiles": found}})
    return policies.rearranged(tiles := policies.tiles_of(items), [tile.cell for tile in tiles])


def make_board(*, person: Any, name: str, items: Sequence[Mapping[str, Any]] = (), now: dt.datetime) -> Board:
    """An own board. Raises NotPermitted, InvalidInput, UnableToArrange (too many)."""
    _may_arrange(person)
    tiles = checked(list(items))
    with transaction.atomic():
        if Board.objects.filter(owner=person.pk).count() >= MOST_BOARDS:
            raise UnableToArrange(_("You have %(count)d boards. Delete one you do not need.") % {"count": MOST_BOARDS})
        board = Board.objects.create(name=_name(name), owner_id=person.pk, tiles=policies.as_items(tiles), created_at=now, updated_at=now)
        _audit(person, "made", board, {"name": board.name}, now)
    return board


def copy_board(*, person: Any, ident: str, now: dt.datetime) -> Board:
    """An own copy of any board this person sees."""
    _may_arrange(person)
    source = selectors.board(person, ident)
    name = (_("%(name)s, my copy") % {"name": source.name})[:LONGEST_NAME]
    return make_board(person=person, name=name, items=policies.as_items(source.tiles), now=now)


def _locked(person: Any, board_id: uuid.UUID | str, seen_rev: int | None) -> Board:
    """The own board, locked. Raises NotFound for another's: who may not change it needs not know that it exists."""
    _may_arrange(person)
    try:
        board = Board.objects.select_for_update().filter(pk=board_id, owner=person.pk).first()
    except (ValueError, ValidationError):
        board = None
    if board is None:
        raise NotFound(_("There is no such board, or it is not yours."))
    if seen_rev is not None and seen_rev != board.rev:
        raise UnableToArrange(_("The board was changed meanwhile. Look at it, then arrange it again."))
    return board


def _store(person: Any, board: Board, tiles: Iterable[Tile], now: dt.datetime) -> Board:
    before = board.tiles
    board.tiles, board.rev, board.updated_at = policies.as_items(tiles), board.rev + 1, now
    board.save(update_fields=["tiles", "rev", "updated_at"])
    if board.roles:
        _audit(person, "arranged", board, {"before": before, "after": board.tiles}, now)
    return board


def arrange(*, person: Any, board_id: uuid.UUID | str, cells: Any, now: dt.datetime, seen_rev: int | None = None) -> Board:
    """New places of the tiles; one that has none is taken off. Raises NotPermitted, NotFound, InvalidInput, UnableToArrange."""
    found = grid.problems(cells)
    if found:
        raise InvalidInput(_("This is no layout of a board."), details={"fields": {"cells": found}})
    with transaction.atomic():
        board = _locked(person, board_id, seen_rev)
        return _store(person, board, policies.rearranged(policies.tiles_of(board.tiles), grid.cells_of(cells)), now)


def step(*, person: Any, board_id: uuid.UUID | str, key: str, verb: str, now: dt.datetime) -> Board:
    """One step without a mouse: a verb of grid.VERBS, or "hide"."""
    with transaction.atomic():
        board = _locked(person, board_id, None)
        tiles = policies.tiles_of(board.tiles)
        tile = next((one for one in tiles if one.key == key), None)
        if tile is None:
            raise NotFound(_("There is no such tile."))
        if verb not in (*grid.VERBS, "hide"):
            raise InvalidInput(_("A tile cannot be changed that way."), details={"fields": {"verb": [verb]}})
        cells = [one.cell for one in tiles]
        moved = [cell for cell in cells if cell.key != key] if verb == "hide" else grid.moved(cells, key, verb, tile.least)
        return _store(person, board, policies.rearranged(tiles, moved), now)


def add_tile(*, person: Any, board_id: uuid.UUID | str, kpis: Sequence[str], look: str, title: str = "", cut: Cut | None = None, now: dt.datetime) -> Board:
    """One tile more, below the others; `cut`: how its one figure is divided."""
    with transaction.atomic():
        board = _locked(person, board_id, None)
        tiles = policies.tiles_of(board.tiles)
        if look not in policies.LOOKS:
            raise InvalidInput(_("Choose a form for the tile."), details={"fields": {"look": [_("Choose a form for the tile.")]}})
        return _store(person, board, checked(policies.as_items(policies.with_tile(tiles, kpis=kpis, look=look, title=title.strip(), cut=cut))), now)


def change(*, person: Any, board_id: uuid.UUID | str, name: str | None = None, items: Any = None, now: dt.datetime, seen_rev: int | None = None) -> Board:
    """Another name, or all tiles anew; what is None stays. Raises NotPermitted, NotFound, InvalidInput, UnableToArrange."""
    tiles = None if items is None else checked(items)
    with transaction.atomic():
        board = _locked(person, board_id, seen_rev)
        if name is not None:
            board.name, board.updated_at = _name(name), now
            board.save(update_fields=["name", "updated_at"])
        return board if tiles is None else _store(person, board, tiles, now)


def share(*, person: Any, board_id: uuid.UUID | str, roles: Iterable[str], first: Iterable[str] = (), now: dt.datetime) -> Board:
    """Which roles see it, and for which of them it is the first board. Raises NotPermitted, NotFound, InvalidInput (no such role)."""
    _may_share(person)
    known = {role.code: role for role in access.roles()}
    wanted, firsts = sorted(set(roles) | set(first)), set(first)
    if unknown := [code for code in wanted if code not in known]:
        raise InvalidInput(_("There is no such role."), details={"fields": {"roles": unknown}})
    with transaction.atomic():
        board = _locked(person, board_id, None)
        before = {"roles": board.roles, "first": sorted(RoleBoard.objects.filter(board=board).values_list("role__code", flat=True))}
        board.roles, board.updated_at = wanted, now
        board.save(update_fields=["roles", "updated_at"])
        RoleBoard.objects.filter(board=board).exclude(role__code__in=firsts).delete()
        for code in sorted(firsts):
            RoleBoard.objects.update_or_create(role=known[code], defaults={"board": board})
        _audit(person, "shared", board, {"before": before, "roles": wanted, "first": sorted(firsts)}, now)
    return board


def delete_board(*, person: Any, board_id: uuid.UUID | str, now: dt.datetime) -> None:
    with transaction.atomic():
        board = _locked(person, board_id, None)
        _audit(person, "deleted", board, {"name": board.name, "tiles": board.tiles}, now)
        board.delete()


def _audit(person: Any, verb: str, board: Board, data: dict[str, Any], now: dt.datetime) -> None:
    audit.record(actor=person, action=f"insight.board.{verb}", object=f"insight.board:{board.pk}", data=data, now=now)
