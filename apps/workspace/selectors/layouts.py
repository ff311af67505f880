"""Which widgets a person is offered and where they stand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import transaction

from apps.access import selectors as access
from apps.core.access import plan
from apps.core.widgets import WIDGETS, Widget
from apps.workspace import policies
from apps.workspace.models import PersonLayout, RoleLayout
from apps.workspace.policies import Cell

KEPT_FOR = 300  # seconds that what was read is remembered; a change is seen at once
ROLES = "home:changed:roles"


class Laid(NamedTuple):
    """What was arranged for a person, and by them: cells as stored; None where nobody arranged anything. `role`: code of the role whose layout it is."""

    role: str
    role_cells: list[dict[str, Any]] | None
    own_cells: list[dict[str, Any]] | None
    hidden: tuple[str, ...]


@dataclass(frozen=True)
class Arrangement:
    """A home page as laid out for one person. `own`: they arranged it themselves; `role`: code of the role whose layout it is, "" = the company's.
    `more`: widgets they are offered that are not on the page."""

    cells: list[Cell]
    own: bool
    role: str
    more: list[Widget]


def offered(person: Any) -> dict[str, Widget]:
    """Widgets this person has the right to, by key. A right missing: not offered."""
    return {key: widget for key, widget in WIDGETS.items() if plan(person, widget.action, widget.resource).allowed}


def role_layout_of(person: Any) -> RoleLayout | None:
    """The layout of the person's roles that comes first."""
    held = [role.pk for role in access.roles_of(person)]
    return RoleLayout.objects.filter(role__in=held).select_related("role").order_by("rank", "role__position", "role__code").first()


def role_cells(stored: list[dict[str, Any]] | None, may: dict[str, Widget]) -> list[Cell]:
    """What the administrators arranged, else the company's standard."""
    return policies.cells_of(stored) if stored is not None else policies.standard({key: widget.size for key, widget in may.items()})


def arrangement(person: Any) -> Arrangement:
    """The page of this person; cells only of what they are offered now."""
    may, laid = offered(person), _laid(person)
    own = policies.cells_of(laid.own_cells) if laid.own_cells is not None else None
    cells = policies.resolved(role_cells(laid.role_cells, may), own, laid.hidden, may)
    shown = {cell.key for cell in cells}
    more = sorted((widget for key, widget in may.items() if key not in shown), key=lambda w: (w.system, str(w.title)))
    return Arrangement(cells, own is not None, laid.role, more)


def _laid(person: Any) -> Laid:
    """Remembered under the rights of now and the marks of the last changes: what was read before a change is kept under a mark that is gone."""
    marks, name = (ROLES, _own(person.pk)), f"home:laid:{person.pk}:{access.standing(person)}"
    known = cache.get_many([*marks, name])
    written = tuple(known.get(mark, "") for mark in marks)
    kept, laid = known.get(name, (None, None))
    if laid is None or kept != written:
        laid = _read(person)
        cache.set(name, (written, laid), KEPT_FOR)
    return laid


def _read(person: Any) -> Laid:
    layout = role_layout_of(person)
    own = PersonLayout.objects.filter(person=person.pk).first()
    return Laid(layout.role.code if layout else "", layout.cells if layout else None, own.cells if own else None, tuple(own.hidden) if own else ())


def _own(person_id: Any) -> str:
    return f"home:changed:{person_id}"


def changed(person_id: Any = None) -> None:
    """Called when an arrangement is stored, a person's own or (None) one of a role: what is remembered counts no more. Said now, for who goes on in
    this transaction, and again when it stands, for who read meanwhile."""
    mark = _own(person_id) if person_id else ROLES
    cache.set(mark, uuid.uuid4().hex, None)
    transaction.on_commit(lambda: cache.set(mark, uuid.uuid4().hex, None))


@dataclass(frozen=True)
class RoleHome:
    """A role and the home page it gets. `layout` None: the company’s standard."""

    role: Any
    layout: RoleLayout | None

    @property
    def locked(self) -> int:
        return sum(1 for cell in self.layout.cells if cell.get("locked")) if self.layout else 0


def role_homes() -> list[RoleHome]:
    """Every role, in column order."""
    layouts = {layout.role_id: layout for layout in RoleLayout.objects.select_related("role")}
    return [RoleHome(role, layouts.get(role.pk)) for role in access.roles()]


def role_home(code: str) -> RoleHome | None:
    """One of them; None for an unknown role."""
    return next((home for home in role_homes() if home.role.code == code), None)


def role_arrangement(layout: RoleLayout | None) -> Arrangement:
    """A role's page with every widget there is: what its reader may not see is left out when it is shown."""
    cells = policies.settle(cell for cell in role_cells(layout.cells if layout else None, WIDGETS) if cell.key in WIDGETS)
    shown = {cell.key for cell in cells}
    more = sorted((widget for key, widget in WIDGETS.items() if key not in shown), key=lambda w: (w.system, str(w.title)))
    return Arrangement(cells, layout is not None, layout.role.code if layout else "", more)
