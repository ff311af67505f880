"""The rights as a matrix: roles in columns, actions and fields in rows."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from apps.access.models import Assignment, Role
from apps.access.policies import ALWAYS, FULL, MASKED, NONE, HeldGrant, Rule
from apps.access.selectors.rights import held, policy
from apps.core import clock
from apps.core.access import RESOURCES


@dataclass(frozen=True)
class Cell:
    """One right of one role: `level` none | masked | read | edit (fields) or none | act (actions); `own` False: it
    follows from a wider rule; `next`: what one press sets; `elsewhere`: the most that the role's grants of other
    scopes give."""

    role: Role
    level: str
    next: str
    own: bool = True
    elsewhere: str = ""


@dataclass(frozen=True)
class Row:
    kind: str  # action | field
    name: str
    cells: list[Cell]


@dataclass(frozen=True)
class Section:
    """One resource of the matrix."""

    resource: str
    rows: list[Row]


FIELD_LEVELS = ("none", "masked", "read", "edit")
ACTION_LEVELS = ("none", "act")


def level_words(rule: Rule) -> str:
    """The matrix's word for what a rule says."""
    return "edit" if rule.write else {NONE: "none", MASKED: "masked", FULL: "read"}[rule.read]


def resources(system: str) -> list[str]:
    """Names of registered resources of "crm", "erp" or "oa" (all others), sorted."""
    return sorted(name for name in RESOURCES if system_of(name) == system)


def system_of(resource: str) -> str:
    """Which badge a resource wears."""
    prefix = resource.split(".", 1)[0]
    return prefix if prefix in {"crm", "erp"} else "oa"


def matrix(*, scope: str, names: list[str]) -> list[Section]:
    """Roles in columns, actions and fields of these resources in rows, for the grants of one scope."""
    in_force = policy()
    found: dict[tuple[uuid.UUID, str], dict[str, HeldGrant]] = defaultdict(dict)
    for role_id, grants in in_force.grants.items():
        for grant in grants:
            found[role_id, grant.resource][grant.scope] = held(grant, in_force.roles[role_id])
    return [_section(name, scope, list(in_force.roles.values()), found) for name in names]


def _section(resource: str, scope: str, roles: list[Role], found: dict[Any, dict[str, HeldGrant]]) -> Section:
    actions, fields = RESOURCES[resource]
    rows = [
        Row("action", name, [_action_cell(role, found.get((role.pk, resource), {}), scope, name) for role in roles])
        for name in sorted(actions, key=lambda name: (name != "view", name))
    ]
    shown = [name for name in fields if name not in ALWAYS]
    rows += [Row("field", name, [_field_cell(role, found.get((role.pk, resource), {}), scope, name) for role in roles]) for name in shown]
    return Section(resource, rows)


def _action_cell(role: Role, by_scope: dict[str, HeldGrant], scope: str, action: str) -> Cell:
    levels = {at: "act" if action in grant.actions else "none" for at, grant in by_scope.items()}
    level = levels.get(scope, "none")
    return Cell(role, level, "none" if level == "act" else "act", True, _elsewhere(levels, scope, ACTION_LEVELS))


def _field_cell(role: Role, by_scope: dict[str, HeldGrant], scope: str, name: str) -> Cell:
    levels = {at: level_words(grant.rule(name)[0]) if grant.actions else "none" for at, grant in by_scope.items()}
    level = levels.get(scope, "none")
    following = FIELD_LEVELS[(FIELD_LEVELS.index(level) + 1) % len(FIELD_LEVELS)]
    grant = by_scope.get(scope)
    return Cell(role, level, following, grant is None or name in grant.rules, _elsewhere(levels, scope, FIELD_LEVELS))


def _elsewhere(levels: dict[str, str], scope: str, order: tuple[str, ...]) -> str:
    """The most that other scopes give, when it is more than this one."""
    most = max((level for at, level in levels.items() if at != scope), key=order.index, default="none")
    return most if order.index(most) > order.index(levels.get(scope, "none")) else ""


def assignments() -> list[Assignment]:
    """Who holds what, running or still to come, by role."""
    now = clock.now()
    rows = Assignment.objects.select_related("role", "person", "org_unit").order_by("role__position", "person__login", "org_unit__path")
    return [row for row in rows if row.valid_to is None or row.valid_to > now]
