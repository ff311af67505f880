"""Whose facts a person's figures are made of."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.core.access import RESOURCES, decide, plan
from apps.core.kpis import KPIS, Kpi
from apps.directory import selectors as directory
from apps.insight.payloads import Description


@dataclass(frozen=True)
class Reach:
    """`everything`: facts of everybody, and those that belong to nobody. Else only the facts of `owners`. `known` False: the source of this indicator is
    not connected yet, so nobody has rights on it. `allowed` False: `why` is the chain that refused, `ask` whom to ask."""

    allowed: bool
    everything: bool = False
    owners: frozenset[uuid.UUID] = frozenset()
    known: bool = True
    why: tuple[str, ...] = ()
    ask: str = ""

    @property
    def words(self) -> str:
        """all | some | own: how far it goes."""
        return "all" if self.everything else "own" if len(self.owners) == 1 else "some"


def reach(person: Any, kpi: Kpi) -> Reach:
    """By the plan of the indicator's resource; a figure made of a field counts only rows whose field the person reads in clear."""
    return reaches(person, [kpi])[kpi.key]


def reaches(person: Any, kpis: Iterable[Kpi]) -> dict[str, Reach]:
    """The same for several: who is near is asked once, and indicators with the same rights are looked at together."""
    near = functools.cache(lambda: _near(person))
    by_right = functools.cache(lambda resource, action, field: _reach(person, resource, action, field, near))
    return {
        kpi.key: functools.reduce(both, (by_right(resource, "view", field) for resource, field in kpi.needs), by_right(kpi.resource, kpi.action, kpi.reads))
        for kpi in kpis
    }  # fmt: skip


def both(one: Reach, other: Reach) -> Reach:
    """As far as both of them go."""
    for found in (one, other):
        if not found.allowed or not found.known:
            return found
    if one.everything or other.everything:
        return other if one.everything else one
    owners = one.owners & other.owners
    return Reach(bool(owners), owners=owners)


def _reach(person: Any, resource: str, action: str, field: str, near: Callable[[], list[uuid.UUID]]) -> Reach:
    if resource not in RESOURCES:
        return Reach(True, known=False)
    rights = plan(person, action, resource)
    if rights.allowed and rights.matches(None) and (not field or rights.may_read(field, None)):
        return Reach(True, everything=True)
    if rights.allowed:
        owners = frozenset(one for one in near() if rights.matches(one) and (not field or rights.may_read(field, one)))
        if owners:
            return Reach(True, owners=owners)
    refused = decide(person, action, resource)
    why = refused.chain if not rights.allowed else (*rights.decision.chain, _("rule: the field this figure is made of is masked for you"))
    return Reach(False, why=why, ask=refused.owner or access.owners_words())


def _near(person: Any) -> list[uuid.UUID]:
    """Whose rows a scope short of everything can reach: the own ones, and those of the own department and below."""
    unit = getattr(person, "org_unit", None)
    return [person.pk, *(directory.ids_in_unit(unit.path) if unit else ())]


def catalogue(person: Any) -> list[Description]:
    """Every indicator there is, with what it means and whether this person may see it; by group, in the order they were declared."""
    found = reaches(person, KPIS.values())
    return sorted((_description(kpi, found[kpi.key]) for kpi in KPIS.values()), key=lambda one: one.group)


def _description(kpi: Kpi, found: Reach) -> Description:
    return Description(
        key=kpi.key, version=kpi.version, title=str(kpi.title), formula=str(kpi.formula), group=kpi.group, system=kpi.system, unit=kpi.unit,
        direction=kpi.direction, owner=str(kpi.owner), resource=kpi.resource, sources=kpi.sources, promise=kpi.promise, knows=kpi.knows,
        breakdown=kpi.breakdown, allowed=found.allowed, why=found.why, ask=found.ask, level=kpi.level,
    )  # fmt: skip
