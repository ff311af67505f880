"""Reading rights. Fills the port apps.core.access.

Rights are remembered in the process under the policy epoch, which is read once a request (one indexed row) and
renamed by every change, so a change acts with the next request in every process. Whoever asks outside a request reads
the epoch each time."""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import hashlib
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Q, Subquery
from django.utils.translation import get_language

from apps.access.models import Assignment, Grant, PolicyEpoch, Role
from apps.access.policies import OWN_ACCOUNT, HeldGrant, HeldPlan, Rule, check_known, listed
from apps.core import clock
from apps.core.access import Decision, Plan
from apps.directory import selectors as directory

OWNERS_FOR = 60  # seconds the names of those to ask are remembered: a name may change, rights rename the epoch


@dataclass(frozen=True)
class _Given:
    """An assignment, ready to be compared with a person."""

    role_id: uuid.UUID
    person_id: uuid.UUID | None
    unit_id: uuid.UUID | None
    unit_name: tuple[str, str]
    valid_from: dt.datetime
    valid_to: dt.datetime | None

    def holds(self, now: dt.datetime) -> bool:
        return self.valid_from <= now and (self.valid_to is None or now < self.valid_to)


@dataclass(frozen=True)
class Policy:
    """All rights as of one epoch."""

    epoch: str
    roles: dict[uuid.UUID, Role]
    grants: dict[uuid.UUID, list[Grant]]
    given: list[_Given]
    held: dict[tuple[uuid.UUID, tuple[str, str]], list[HeldGrant]] = field(default_factory=dict)

    def of_role(self, role_id: uuid.UUID, through: tuple[str, str]) -> list[HeldGrant]:
        """What one role gives, for "why?" by way of a department or not. Worked out once: an epoch's grants do not change."""
        name = (role_id, through)
        if name not in self.held:
            self.held[name] = [held(grant, self.roles[role_id], through) for grant in self.grants.get(role_id, [])]
        return self.held[name]


@dataclass
class _Remembered:
    """What one request has asked already."""

    epoch: str | None = None
    plans: dict[tuple[Any, str, str], HeldPlan] = field(default_factory=dict)
    role_names: dict[Any, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    held: dict[Any, list[HeldGrant]] = field(default_factory=dict)
    given: dict[Any, list[_Given]] = field(default_factory=dict)
    owners: str | None = None


_current: contextvars.ContextVar[_Remembered | None] = contextvars.ContextVar("access_of_this_request", default=None)
_lock = threading.Lock()
_policy: Policy | None = None


@contextlib.contextmanager
def one_request(epoch: str | None = None) -> Iterator[None]:
    """Within it the epoch is read once; not at all where it is `epoch`, just read."""
    token = _current.set(_Remembered(epoch))
    try:
        yield
    finally:
        _current.reset(token)


def forget() -> None:
    """Called after a change of rights in this process; the epoch makes all others notice."""
    memory = _current.get()
    if memory is not None:
        memory.epoch = None
        memory.plans.clear()
        memory.role_names.clear()
        memory.held.clear()
        memory.given.clear()
        memory.owners = None


def person_at_the_door(account: Any) -> tuple[Any, str | None]:
    """The person behind an account and the name of the rights in force, with one query; (None, None) for a stranger and for nobody signed in."""
    in_force = PolicyEpoch.objects.filter(pk=1).values("value")[:1]
    # Not `first()`, which asks for an order: every page asks this, and an order among one costs more than the answer.
    person = next(iter(directory.behind(account).annotate(policy_epoch=Subquery(in_force))), None)
    return person, (person.policy_epoch or "" if person is not None else None)


def epoch() -> str:
    """The name of the rights in force."""
    memory = _current.get()
    if memory is not None and memory.epoch is not None:
        return memory.epoch
    value = PolicyEpoch.objects.filter(pk=1).values_list("value", flat=True).first() or ""
    if memory is not None:
        memory.epoch = value
    return value


def standing(person: Any, now: dt.datetime | None = None) -> str:
    """Names what this person's rights rest on now. Another name after every change, also after those that nobody makes in the moment they act: an
    assignment that begins or runs out, another department."""
    unit = getattr(person, "org_unit", None)
    roles = sorted({given.role_id.hex for given in _given_to(person, now)})
    return hashlib.sha256("|".join([epoch(), unit.path if unit else "", *roles]).encode()).hexdigest()[:32]


def policy() -> Policy:
    """The rights in force, from memory when nothing changed."""
    global _policy
    wanted = epoch()
    known = _policy
    if known is None or known.epoch != wanted or not wanted:
        with _lock:
            known = _loaded(wanted)
            _policy = known
    return known


def _loaded(epoch_value: str) -> Policy:
    grants: dict[uuid.UUID, list[Grant]] = defaultdict(list)
    for grant in Grant.objects.prefetch_related("field_rules").order_by("resource", "scope"):
        grants[grant.role_id].append(grant)
    assigned = Assignment.objects.select_related("org_unit").order_by("pk")
    given = [
        _Given(
            a.role_id,
            a.person_id,
            a.org_unit_id,
            (a.org_unit.name, a.org_unit.name_zh) if a.org_unit else ("", ""),
            a.valid_from,
            a.valid_to,
        )
        for a in assigned
    ]
    return Policy(epoch_value, {role.pk: role for role in Role.objects.all()}, dict(grants), given)


def _units_above(person: Any) -> set[uuid.UUID]:
    """The person's unit and all above it, from its path: no query."""
    unit = getattr(person, "org_unit", None)
    return {uuid.UUID(hex=part) for part in unit.path.split("/") if part} if unit else set()


def _given_to(person: Any, now: dt.datetime | None) -> list[_Given]:
    """`now` None: at the moment the request first asked."""
    if person is None or not getattr(person, "active", True):
        return []
    memory = _current.get() if now is None else None
    if memory is not None and person.pk in memory.given:
        return memory.given[person.pk]
    units, moment = _units_above(person), now or clock.now()
    found = [g for g in policy().given if g.holds(moment) and (g.person_id == person.pk or (g.unit_id in units))]
    if memory is not None:
        memory.given[person.pk] = found
    return found


def roles_of(person: Any, now: dt.datetime | None = None) -> list[Role]:
    """Roles a person holds now, by hand and by department, each once, in column order."""
    known = policy().roles
    found = {given.role_id for given in _given_to(person, now)}
    return [role for role in known.values() if role.pk in found]


def _role_names(person: Any) -> tuple[tuple[str, str], ...]:
    memory = _current.get()
    if memory is not None and person.pk in memory.role_names:
        return memory.role_names[person.pk]
    names = tuple((role.name, role.name_zh) for role in roles_of(person))
    if memory is not None:
        memory.role_names[person.pk] = names
    return names


def held_grants(person: Any, now: dt.datetime | None = None) -> list[HeldGrant]:
    """All grants of a person, as held."""
    if person is None:
        return []
    memory = _current.get()
    if memory is not None and person.pk in memory.held:
        return memory.held[person.pk]
    in_force = policy()
    found = []
    seen = set()
    for given in _given_to(person, now):
        if given.role_id in seen:
            continue
        seen.add(given.role_id)
        found += in_force.of_role(given.role_id, given.unit_name)
    if memory is not None:
        memory.held[person.pk] = found
    return found


def held(grant: Grant, role: Role, through: tuple[str, str] = ("", "")) -> HeldGrant:
    """A stored grant in the form that the rules work on."""
    rules = {rule.field: Rule(rule.read, rule.write) for rule in grant.field_rules.all()}
    return HeldGrant(grant.resource, frozenset(grant.actions), grant.scope, rules, role.code, (role.name, role.name_zh), through)


def plan(person: Any, action: str, resource: str) -> HeldPlan:
    """Rows and fields of a resource for a person; for nobody, nothing. Raises LookupError for an unknown resource or
    action."""
    check_known(resource, action)
    memory = _current.get()
    key = (getattr(person, "pk", None), action, resource)
    if memory is not None and key in memory.plans:
        return memory.plans[key]
    made = _made_plan(person, action, resource)
    if memory is not None:
        memory.plans[key] = made
    return made


def _made_plan(person: Any, action: str, resource: str) -> HeldPlan:
    if person is None or not getattr(person, "active", True):
        return HeldPlan(resource=resource, action=action, person_id=None)
    grants = held_grants(person)
    if resource in OWN_ACCOUNT:
        grants = [*grants, HeldGrant(resource, frozenset({action}), "own", role=("everybody", "所有人"))]
    unit = getattr(person, "org_unit", None)
    path = unit.path if unit else ""
    return HeldPlan(
        resource=resource,
        action=action,
        person_id=person.pk,
        grants=grants,
        roles=_role_names(person),
        department_q=lambda column: Q(**{f"{column}__in": directory.ids_in_unit(path)}) if path else Q(pk__in=[]),
        department_ids=lambda: frozenset(directory.ids_in_unit(path)) if path else frozenset(),
    )


def decide(person: Any, action: str, resource: str, owner_id: uuid.UUID | None = None) -> Decision:
    """May this person do this to a thing of this owner? A refusal names whom to ask."""
    found = plan(person, action, resource).decide(owner_id)
    return found if found.allowed else Decision(False, found.chain, owners_words())


def owners_words() -> str:
    """Whom to ask for rights: those who manage roles, by name."""
    memory = _current.get()
    if memory is not None and memory.owners is not None:
        return memory.owners
    language = get_language() or "en"
    name = f"owners:{epoch()}:{language}"
    found = cache.get(name)
    if found is None:
        found = listed(person.display(language) for person in who_may("manage", "access.role"))
        cache.set(name, found, OWNERS_FOR)
    if memory is not None:
        memory.owners = found
    return found


def who_may(action: str, resource: str) -> list[Any]:
    """Active people with any grant for this, by login."""
    check_known(resource, action)
    in_force, now = policy(), clock.now()
    roles = {role_id for role_id, grants in in_force.grants.items() if any(g.resource == resource and action in g.actions for g in grants)}
    given = [g for g in in_force.given if g.role_id in roles and g.holds(now)]
    if not given:
        return []
    people = {g.person_id for g in given}
    units = {g.unit_id for g in given if g.unit_id}
    return [p for p in directory.active_people() if p.pk in people or units & _units_above(p)]


class Provider:
    """What apps.core.access asks."""

    def plan(self, person: Any, action: str, resource: str) -> Plan:
        return plan(person, action, resource)  # type: ignore[return-value]

    def decide(self, person: Any, action: str, resource: str, owner_id: uuid.UUID | None = None) -> Decision:
        return decide(person, action, resource, owner_id)

    def owners(self) -> str:
        return owners_words()


def roles() -> list[Role]:
    """All roles in column order."""
    return list(policy().roles.values())
