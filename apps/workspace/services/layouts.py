"""Arranging home pages: one's own, and those of the roles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.widgets import WIDGETS
from apps.workspace import policies
from apps.workspace.models import PersonLayout, RoleLayout
from apps.workspace.policies import Cell
from apps.workspace.selectors import layouts as selectors

RANKS = range(1, 1000)


class UnableToArrange(DomainError):
    """Somebody else changed the layout meanwhile, or the widget is locked or not offered."""

    code = "unable_to_arrange"


def _checked(items: Any) -> list[Cell]:
    """Raises InvalidInput for what is no layout."""
    found = policies.problems(items)
    if found:
        raise InvalidInput(_("This is no layout of a home page."), details={"fields": {"cells": found}})
    return policies.cells_of(items)


def save_own(*, person: Any, items: Iterable[Mapping[str, Any]], now: dt.datetime) -> PersonLayout:
    """The person's own arrangement: what the role locked stays where it is, and a widget they have no right to now keeps its place for later.

    Raises NotPermitted, InvalidInput.
    """
    decide(person, "view", "workspace.home").require(_("You have no home page."))
    given = _checked(items)
    may = selectors.offered(person)
    return _store(person, [cell for cell in given if cell.key in may], may, now)


def _store(person: Any, given: list[Cell], may: Mapping[str, Any], now: dt.datetime) -> PersonLayout:
    layout = selectors.role_layout_of(person)
    role = selectors.role_cells(layout.cells if layout else None, dict(may))
    locked = {cell.key for cell in role if cell.locked}
    with transaction.atomic():
        before = PersonLayout.objects.select_for_update().filter(person=person.pk).first()
        held = policies.cells_of(before.cells) if before else [cell for cell in role if not cell.locked]
        # what is only away for now stands first: where two want one place when it is back, it has it
        cells = [cell for cell in held if cell.key not in may] + [cell for cell in given if cell.key not in locked]
        kept = {cell.key for cell in cells} | locked
        hidden = ({cell.key for cell in [*role, *held]} | set(before.hidden if before else ())) - kept
        values = {"cells": policies.as_items(_unlocked(cells)), "hidden": sorted(hidden), "updated_at": now}
        saved, _made = PersonLayout.objects.update_or_create(person_id=person.pk, defaults=values, create_defaults={**values, "created_at": now})
        selectors.changed(person.pk)
    return saved


def _unlocked(cells: Iterable[Cell]) -> list[Cell]:
    return [Cell(cell.key, cell.x, cell.y, cell.w, cell.h) for cell in cells]


def change_own(*, person: Any, key: str, verb: str, now: dt.datetime) -> PersonLayout:
    """One step without a mouse: a verb of policies.VERBS, "hide" or "add". Raises NotPermitted, NotFound, InvalidInput, UnableToArrange."""
    decide(person, "view", "workspace.home").require(_("You have no home page."))
    may = selectors.offered(person)
    if key not in may:
        raise NotFound(_("There is no such widget, or you may not see it."))
    cells = selectors.arrangement(person).cells
    if any(cell.key == key and cell.locked for cell in cells):
        raise UnableToArrange(_("This widget is set by your company. It stays where it is."))
    return _store(person, _stepped(cells, key, verb), may, now)


def _stepped(cells: list[Cell], key: str, verb: str) -> list[Cell]:
    widget = WIDGETS[key]
    if verb == "hide":
        return policies.settle(cell for cell in cells if cell.key != key)
    if verb == "add":
        return policies.added(cells, key, widget.size)
    if verb not in policies.VERBS:
        raise InvalidInput(_("A widget cannot be changed that way."), details={"fields": {"verb": [verb]}})
    return policies.moved(cells, key, verb, widget.least)


def reset_own(*, person: Any, now: dt.datetime) -> bool:
    """Back to the layout of the role. Whether there was anything to take back."""
    decide(person, "view", "workspace.home").require(_("You have no home page."))
    with transaction.atomic():
        deleted, _kinds = PersonLayout.objects.filter(person=person.pk).delete()
        selectors.changed(person.pk)
    return bool(deleted)


# --- what an administrator does ---------------------------------------------------------------------------------------------------------


def save_role(*, person: Any, role: str, items: Iterable[Mapping[str, Any]], now: dt.datetime, rank: int | None = None,
              seen_rev: int | None = None) -> RoleLayout:
    """The home page of a role, with its locked parts. `seen_rev`: the revision the administrator worked on (0: none was there).

    Raises NotPermitted, NotFound, InvalidInput, UnableToArrange (changed meanwhile).
    """
    found = _role(person, role)
    cells = policies.settle(_known(_checked(items)))
    if rank is not None and rank not in RANKS:
        raise InvalidInput(_("The rank is a number from 1 to 999."), details={"fields": {"rank": [_("The rank is a number from 1 to 999.")]}})
    with transaction.atomic():
        layout = RoleLayout.objects.select_for_update().filter(role=found).first()
        _require_seen(layout, seen_rev)
        before = layout.cells if layout else []
        layout = layout or RoleLayout(role=found, created_at=now, rev=0)
        layout.cells, layout.rank, layout.updated_at, layout.rev = policies.as_items(cells), rank or layout.rank, now, layout.rev + 1
        layout.save()
        selectors.changed()
        audit.record(actor=person, action="workspace.layout.changed", object=f"access.role:{role}", now=now, data={
            "rev": layout.rev, "rank": layout.rank, "before": before, "after": layout.cells})
    return layout


def change_role(*, person: Any, role: str, key: str, verb: str, now: dt.datetime, seen_rev: int | None = None) -> RoleLayout:
    """One step: as `change_own`, and "lock" or "unlock"."""
    found = _role(person, role)
    if key not in WIDGETS:
        raise NotFound(_("There is no such widget, or you may not see it."))
    cells = selectors.role_arrangement(RoleLayout.objects.filter(role=found).select_related("role").first()).cells
    if verb in ("lock", "unlock"):
        cells = [Cell(c.key, c.x, c.y, c.w, c.h, verb == "lock" if c.key == key else c.locked) for c in cells]
    else:
        cells = _relocked(_stepped(_unlocked(cells), key, verb), cells)
    return save_role(person=person, role=role, items=policies.as_items(cells), now=now, seen_rev=seen_rev)


def _relocked(cells: list[Cell], before: list[Cell]) -> list[Cell]:
    locked = {cell.key for cell in before if cell.locked}
    return [Cell(c.key, c.x, c.y, c.w, c.h, c.key in locked) for c in cells]


def reset_role(*, person: Any, role: str, now: dt.datetime) -> bool:
    """Back to the company's standard. Whether there was anything to take back."""
    found = _role(person, role)
    with transaction.atomic():
        layout = RoleLayout.objects.select_for_update().filter(role=found).first()
        if layout is None:
            return False
        audit.record(actor=person, action="workspace.layout.reset", object=f"access.role:{role}", now=now, data={"before": layout.cells})
        layout.delete()
        selectors.changed()
    return True


def _role(person: Any, code: str) -> Any:
    decide(person, "manage", "workspace.layout").require(_("You may not arrange home pages of roles. Ask an administrator of the portal."))
    found = next((role for role in access.roles() if role.code == code), None)
    if found is None:
        raise NotFound(_("There is no such role."))
    return found


def _known(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.key in WIDGETS]


def _require_seen(layout: RoleLayout | None, seen_rev: int | None) -> None:
    if seen_rev is not None and seen_rev != (layout.rev if layout else 0):
        raise UnableToArrange(_("Somebody else changed this layout meanwhile. Look at it, then arrange it again."))
