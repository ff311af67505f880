"""Whose facts a person's figures are made of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

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
    if kpi.resource not in RESOURCES:
        return Reach(True, known=False)
    rights = plan(person, kpi.action, kpi.resource)
    if rights.allowed and rights.matches(None) and (not kpi.reads or rights.may_read(kpi.reads, None)):
        return Reach(True, everything=True)
    owners = frozenset(
        one for one in _near(person) if rights.allowed and rights.matches(one) and (not kpi.reads or rights.may_read(kpi.reads, one))
    )
    if owners:
        return Reach(True, owners=owners)
    refused = decide(person, kpi.action, kpi.resource)
    return Reach(False, why=refused.chain, ask=refused.owner)


def _near(person: Any) -> list[uuid.UUID]:
    """Whose rows a scope short of everything can reach: the own ones, and those of the own department and below."""
    unit = getattr(person, "org_unit", None)
    return [person.pk, *(directory.ids_in_unit(unit.path) if unit else ())]


def catalogue(person: Any) -> list[Description]:
    """Every indicator there is, with what it means and whether this person may see it; by group, in the order they were declared."""
    return sorted((_description(kpi, reach(person, kpi)) for kpi in KPIS.values()), key=lambda one: one.group)


def _description(kpi: Kpi, found: Reach) -> Description:
    return Description(
        key=kpi.key, version=kpi.version, title=str(kpi.title), formula=str(kpi.formula), group=kpi.group, system=kpi.system, unit=kpi.unit,
        direction=kpi.direction, owner=str(kpi.owner), resource=kpi.resource, sources=kpi.sources, promise=kpi.promise, knows=kpi.knows,
        breakdown=kpi.breakdown, allowed=found.allowed, why=found.why, ask=found.ask, level=kpi.level,
    )  # fmt: skip
