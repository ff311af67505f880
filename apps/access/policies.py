"""The rules of access, without a database: what grants add up to for one row and one field.

Deny by default. The cell rule: what a person sees of a field is the most that any grant shows **whose own scope
matches that row**. A grant that reaches every row masked and one that reaches a person's own rows in full must not
unmask everybody's rows."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.access.models import Scope
from apps.access.registry import ACTION_WORDS, FIELD_WORDS, RESOURCE_WORDS, words_of
from apps.core.access import RESOURCES, Decision, Masked, Projected, Raw
from apps.core.errors import NotPermitted

NONE, MASKED, FULL = "none", "masked", "full"
ORDER = {NONE: 0, MASKED: 1, FULL: 2}
OWN, DEPARTMENT, ALL = "own", "department", "all"
SCOPES = (OWN, DEPARTMENT, ALL)
PRIVATE = "private"
# Parts of every record that say where it is from, not what is in it.
ALWAYS = frozenset(
    {
        "id",
        "kind",
        "system",
        "connection",
        "external_id",
        "key",
        "version",
        "origin",
        "url",
        "as_of",
        "updated_at",
        "occurred_at",
        "deleted_at",
        "owner_id",
    }
)
# What every signed-in account may do with itself, whoever it is.
OWN_ACCOUNT = frozenset({"identity.profile"})


@dataclass(frozen=True)
class Rule:
    """What a grant shows of a field and whether it may be changed."""

    read: str = NONE
    write: bool = False


@dataclass(frozen=True)
class HeldGrant:
    """A grant as one person holds it. `role`, `through`: names for "why?"; `through` is the department it came by, or
    empty."""

    resource: str
    actions: frozenset[str]
    scope: str
    rules: dict[str, Rule] = field(default_factory=dict)
    role_code: str = ""
    role: tuple[str, str] = ("", "")
    through: tuple[str, str] = ("", "")

    def rule(self, name: str) -> tuple[Rule, str]:
        """The rule for a field and the name it stands under: the field's own, else its class's, else "*" (which never
        reaches private fields)."""
        if name in self.rules:
            return self.rules[name], name
        kind = class_of(self.resource, name)
        if kind and f"class:{kind}" in self.rules:
            return self.rules[f"class:{kind}"], f"class:{kind}"
        if kind and kind != PRIVATE and "*" in self.rules:
            return self.rules["*"], "*"
        return Rule(), ""


def class_of(resource: str, name: str) -> str:
    """The class of a field; empty for one that nobody registered, which is never shown."""
    return RESOURCES.get(resource, (frozenset(), {}))[1].get(name, "")


def check_known(resource: str, action: str) -> None:
    """Raise LookupError for a resource or an action that nobody registered: a typing error must not read as a
    refusal."""
    if resource not in RESOURCES:
        raise LookupError(f"resource {resource!r} is not registered")
    if action not in RESOURCES[resource][0]:
        raise LookupError(f"{resource} has no action {action!r}")


def words(pair: tuple[str, str]) -> str:
    """The name in the viewer's language."""
    english, chinese = pair
    return chinese if chinese and (get_language() or "").startswith("zh") else english


def listed(parts: Iterable[Any]) -> str:
    """ "a, b"; in Chinese "a、b"."""
    return ("、" if (get_language() or "").startswith("zh") else ", ").join(str(part) for part in parts)


def resource_words(resource: str) -> str:
    """A resource for people, with the system it is in where it is an outside one: "CRM Customers"."""
    system, name = resource.split(".", 1)[0].upper(), words_of(RESOURCE_WORDS, resource)
    return f"{system} {name}" if system in {"ERP", "CRM"} else name


def grant_chain(grant: HeldGrant, last: str) -> tuple[str, ...]:
    """group -> role -> rule, in the viewer's language."""
    steps = [_("group: %(name)s") % {"name": words(grant.through)}] if any(grant.through) else []
    return (*steps, _("role: %(name)s") % {"name": words(grant.role)}, _("rule: %(rule)s") % {"rule": last})


class HeldPlan:
    """The rows and fields of one resource for one action and one person. Implements apps.core.access.Plan.

    `department_q(column)` filters rows owned by the person's department and below; `department_ids()` are those
    owners, asked at most once, when a row is looked at. `roles`: names of all roles the person holds, for the chain
    of a refusal."""

    def __init__(
        self,
        *,
        resource: str,
        action: str,
        person_id: uuid.UUID | None,
        grants: Iterable[HeldGrant] = (),
        roles: tuple[tuple[str, str], ...] = (),
        department_q: Callable[[str], Q] | None = None,
        department_ids: Callable[[], frozenset[uuid.UUID]] = frozenset,
    ) -> None:
        self.resource, self.action, self.person_id = resource, action, person_id
        self.grants = tuple(g for g in grants if g.resource == resource and action in g.actions) if person_id else ()
        self.roles = roles
        self._department_q = department_q or (lambda _column: Q(pk__in=[]))
        self._ask_department = department_ids
        self._department: frozenset[uuid.UUID] | None = None

    @property
    def allowed(self) -> bool:
        """Some rows may be reached; which ones is for q() and matches()."""
        return bool(self.grants)

    @property
    def decision(self) -> Decision:
        if self.grants:
            return Decision(True, grant_chain(self.grants[0], self._granted(self.grants[0])))
        return Decision(False, self._refusal())

    def _granted(self, grant: HeldGrant) -> str:
        return f"{resource_words(self.resource)}, {words_of(ACTION_WORDS, self.action)}: {Scope(grant.scope).label}"

    def _refusal(self) -> tuple[str, ...]:
        held = listed(words(role) for role in self.roles)
        first = _("your roles: %(roles)s") % {"roles": held} if held else _("you hold no role")
        return first, _("rule: no role of yours grants “%(action)s” on %(resource)s") % {
            "action": words_of(ACTION_WORDS, self.action),
            "resource": resource_words(self.resource),
        }

    def q(self, owner_field: str = "owner_id") -> Q:
        """Row filter; no query of its own."""
        scopes = {grant.scope for grant in self.grants}
        if ALL in scopes:
            return Q()
        found = Q(pk__in=[])
        if OWN in scopes:
            found |= Q(**{owner_field: self.person_id})
        if DEPARTMENT in scopes:
            found |= Q(**{owner_field: self.person_id}) | self._department_q(owner_field)
        return found

    def matches(self, owner_id: uuid.UUID | None) -> bool:
        return any(self._reaches(grant, owner_id) for grant in self.grants)

    def decide(self, owner_id: uuid.UUID | None) -> Decision:
        """For one thing of one owner; without an owner only scope "all" allows."""
        for grant in self.grants:
            if self._reaches(grant, owner_id):
                return Decision(True, grant_chain(grant, self._granted(grant)))
        if not self.grants:
            return Decision(False, self._refusal())
        reach = listed(Scope(scope).label for scope in SCOPES if any(grant.scope == scope for grant in self.grants))
        rule = _("%(action)s on %(resource)s reaches only: %(scopes)s") % {
            "action": words_of(ACTION_WORDS, self.action),
            "resource": resource_words(self.resource),
            "scopes": reach,
        }
        return Decision(False, grant_chain(self.grants[0], rule))

    def _reaches(self, grant: HeldGrant, owner_id: uuid.UUID | None) -> bool:
        if grant.scope == ALL:
            return True
        if owner_id is None or self.person_id is None:
            return False
        if owner_id == self.person_id:
            return True
        if grant.scope != DEPARTMENT:
            return False
        if self._department is None:
            self._department = self._ask_department()
        return owner_id in self._department

    def cell(self, name: str, owner_id: uuid.UUID | None) -> tuple[str, HeldGrant | None, str]:
        """(level, the grant that decided, the rule's name) for a field of a row of this owner: the cell rule."""
        level, decider, rule_name = NONE, None, ""
        for grant in self.grants:
            if not self._reaches(grant, owner_id):
                continue
            rule, stands_under = grant.rule(name)
            if decider is None or ORDER[rule.read] > ORDER[level]:
                level, decider, rule_name = rule.read, grant, stands_under
        return level, decider, rule_name

    def may_read(self, name: str, owner_id: uuid.UUID | None = None) -> bool:
        return name in ALWAYS or self.cell(name, owner_id)[0] == FULL

    def reads_always(self, names: Iterable[str]) -> bool:
        """Whichever grant reaches a row: none holds one of these fields back."""
        return all(name in ALWAYS or all(grant.rule(name)[0].read == FULL for grant in self.grants) for name in names)

    def may_write(self, name: str, owner_id: uuid.UUID | None = None) -> bool:
        return any(self._reaches(grant, owner_id) and grant.rule(name)[0].write for grant in self.grants)

    def project(self, raw: Raw) -> Projected:
        """The record as this person may see it. Raises NotPermitted outside the plan, LookupError for another
        resource."""
        if raw.resource != self.resource:
            raise LookupError(f"a plan for {self.resource} cannot show {raw.resource}")
        if not self.matches(raw.owner_id):
            self.decide(raw.owner_id).require(_("You may not see this."))
            raise NotPermitted(_("You may not see this."))
        shown: dict[str, Any] = {}
        masked = set()
        for name, value in raw.data.items():
            if name in ALWAYS:
                shown[name] = value
                continue
            _warn_unregistered(self.resource, name)
            level, grant, rule_name = self.cell(name, raw.owner_id)
            if level == FULL:
                shown[name] = value
            elif level == MASKED and grant is not None:
                shown[name] = Masked(name, grant_chain(grant, rule_words(self.resource, rule_name, MASKED)))
                masked.add(name)
        return Projected(self.resource, shown, frozenset(masked))


def _warn_unregistered(resource: str, name: str) -> None:
    if not class_of(resource, name):
        warnings.warn(f"{resource} has no registered field {name!r}: it is never shown", stacklevel=3)


def rule_words(resource: str, rule_name: str, level: str) -> str:
    """A rule for people: "crm.customer, private fields: masked"."""
    levels = {NONE: _("not shown"), MASKED: _("masked"), FULL: _("shown")}
    if rule_name.startswith("class:"):
        kinds = {
            "private": _("private fields"),
            "confidential": _("confidential fields"),
            "internal": _("internal fields"),
            "public": _("public fields"),
        }
        subject = kinds.get(rule_name[6:], rule_name[6:])
    else:
        subject = _("all other fields") if rule_name in {"*", ""} else words_of(FIELD_WORDS, rule_name)
    return _("%(resource)s, %(fields)s: %(level)s") % {"resource": resource_words(resource), "fields": subject, "level": levels[level]}
