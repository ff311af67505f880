"""Which widgets a person is offered and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from apps.access import selectors as access
from apps.core.access import plan
from apps.core.widgets import WIDGETS, Widget
from apps.workspace import policies
from apps.workspace.models import PersonLayout, RoleLayout
from apps.workspace.policies import Cell


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


def role_cells(layout: RoleLayout | None, may: dict[str, Widget]) -> list[Cell]:
    """What the administrators arranged, else the company's standard."""
    return policies.cells_of(layout.cells) if layout else policies.standard({key: widget.size for key, widget in may.items()})


def arrangement(person: Any) -> Arrangement:
    """The page of this person; cells only of what they are offered now."""
    may = offered(person)
    layout = role_layout_of(person)
    own = PersonLayout.objects.filter(person=person.pk).first()
    cells = policies.resolved(role_cells(layout, may), policies.cells_of(own.cells) if own else None, own.hidden if own else (), may)
    shown = {cell.key for cell in cells}
    more = sorted((widget for key, widget in may.items() if key not in shown), key=lambda w: (w.system, str(w.title)))
    return Arrangement(cells, own is not None, layout.role.code if layout else "", more)


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
    cells = policies.settle(cell for cell in role_cells(layout, WIDGETS) if cell.key in WIDGETS)
    shown = {cell.key for cell in cells}
    more = sorted((widget for key, widget in WIDGETS.items() if key not in shown), key=lambda w: (w.system, str(w.title)))
    return Arrangement(cells, layout is not None, layout.role.code if layout else "", more)
