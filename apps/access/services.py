"""Changing rights: roles, what they grant, who holds them. Every change is checked, audited and acts with the next
request."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.access import selectors
from apps.access.events import RIGHTS_CHANGED
from apps.access.models import Assignment, FieldRule, Grant, PolicyEpoch, Role
from apps.access.policies import ALWAYS, FULL, MASKED, NONE, SCOPES
from apps.audit import services as audit
from apps.core.access import RESOURCES
from apps.core.errors import InvalidInput, NotFound
from apps.directory import selectors as directory
from apps.jobs import services as jobs

LEVELS = {"none": (NONE, False), "masked": (MASKED, False), "read": (FULL, False), "edit": (FULL, True)}


class UnableToChangeRights(InvalidInput):
    """The change would lock everybody out, or makes no sense as it stands."""

    code = "unable_to_change_rights"


def _renew_epoch() -> None:
    PolicyEpoch.objects.update_or_create(pk=1, defaults={"value": uuid.uuid4().hex})
    selectors.forget()


def _announce(now: dt.datetime, until: dt.datetime | None = None) -> None:
    """In the caller's transaction: acts with the next request, and tells who keeps lists by rights; again at `until`, when it runs out by itself. One
    after the other: two that follow at once would both tell of what neither sees yet."""
    _renew_epoch()
    for moment in [None, until] if until else [None]:
        jobs.publish(event=RIGHTS_CHANGED, data={}, now=now, order_key=RIGHTS_CHANGED, run_at=moment)


def _check(actor: Any) -> None:
    selectors.decide(actor, "manage", "access.role").require(_("You may not change rights. Ask an administrator of the portal."))


def _role(code: str) -> Role:
    role = Role.objects.filter(code=code).first()
    if role is None:
        raise NotFound(_("There is no such role."))
    return role


def assign_role(
    *,
    actor: Any,
    role: str,
    now: dt.datetime,
    person_id: uuid.UUID | None = None,
    org_unit_id: uuid.UUID | None = None,
    valid_to: dt.datetime | None = None,
) -> Assignment:
    """Give a role to a person, or to a department with everything below it. Giving it twice changes nothing.

    Raises NotPermitted, NotFound, UnableToChangeRights.
    """
    _check(actor)
    if (person_id is None) == (org_unit_id is None):
        raise UnableToChangeRights(_("Choose either a person or a department."))
    if valid_to is not None and valid_to <= now:
        raise UnableToChangeRights(_("The end lies in the past. Choose a later day."))
    found = _role(role)
    whom = _name_of(person_id, org_unit_id)
    with transaction.atomic():
        same = Assignment.objects.filter(role=found, person_id=person_id, org_unit_id=org_unit_id)  # type: ignore[misc]
        running = [a for a in same.select_for_update() if a.valid_to is None or a.valid_to > now]
        if running and running[0].valid_to == valid_to:
            return running[0]
        same.filter(pk__in=[a.pk for a in running]).delete()
        made = Assignment.objects.create(role=found, person_id=person_id, org_unit_id=org_unit_id, valid_from=now, valid_to=valid_to)
        audit.record(
            actor=actor,
            action="access.role.assigned",
            object=f"access.role:{role}",
            data={"to": whom, "until": valid_to.isoformat() if valid_to else ""},
            now=now,
        )
        _announce(now, until=valid_to)
    return made


def _name_of(person_id: uuid.UUID | None, org_unit_id: uuid.UUID | None) -> str:
    if person_id is not None:
        return f"person:{directory.get_person(person_id).login}"
    unit = directory.units_by_id([org_unit_id] if org_unit_id else []).get(org_unit_id)  # type: ignore[arg-type]
    if unit is None:
        raise NotFound(_("There is no such department."))
    return f"unit:{unit.code}"


def revoke_role(*, actor: Any, assignment_id: uuid.UUID, now: dt.datetime) -> None:
    """Take a role away. Raises NotPermitted, NotFound, and UnableToChangeRights when nobody could manage roles
    afterwards."""
    _check(actor)
    with transaction.atomic():
        found = Assignment.objects.select_for_update().select_related("role").filter(pk=assignment_id).first()
        if found is None:
            raise NotFound(_("This assignment is gone already."))
        whom = _name_of(found.person_id, found.org_unit_id)
        found.delete()
        audit.record(
            actor=actor,
            action="access.role.revoked",
            object=f"access.role:{found.role.code}",
            data={"from": whom},
            now=now,
        )
        _announce(now)
        _somebody_manages()


def _somebody_manages() -> None:
    if not selectors.who_may("manage", "access.role"):
        raise UnableToChangeRights(_("Nobody could change rights any more. Give this right to somebody else first."))


def set_level(*, actor: Any, role: str, resource: str, scope: str, field: str, level: str, now: dt.datetime) -> None:
    """One cell of the matrix: what the grant of `scope` shows of a field: none, masked, read or edit.

    `field`: a registered field, "*", or "class:<class>". A grant is made when needed, with no action yet, and shows
    nothing until it has one."""
    _check(actor)
    _check_cell(resource, scope, field=field)
    if level not in LEVELS:
        raise UnableToChangeRights(_("Choose none, masked, read or edit."))
    read, write = LEVELS[level]
    with transaction.atomic():
        grant = _grant(_role(role), resource, scope)
        rule = grant.field_rules.filter(field=field).first() or FieldRule(grant=grant, field=field)
        before = level_of(rule.read, rule.write) if rule.pk else "unset"
        rule.read, rule.write = read, write
        rule.save()
        audit.record(
            actor=actor,
            action="access.level.set",
            object=f"access.role:{role}",
            data={"resource": resource, "scope": scope, "field": field, "from": before, "to": level},
            now=now,
        )
        _announce(now)


def level_of(read: str, write: bool) -> str:
    """The matrix's word for a rule."""
    return "edit" if write else {NONE: "none", MASKED: "masked", FULL: "read"}[read]


def set_actions(*, actor: Any, role: str, resource: str, scope: str, actions: Iterable[str], now: dt.datetime) -> None:
    """Replace what holders of the role may do with the rows of `scope`. Raises UnableToChangeRights when nobody could
    manage roles."""
    _check(actor)
    wanted = sorted(set(actions))
    _check_cell(resource, scope, actions=wanted)
    with transaction.atomic():
        grant = _grant(_role(role), resource, scope)
        before, grant.actions = grant.actions, wanted
        grant.save(update_fields=["actions"])
        audit.record(
            actor=actor,
            action="access.actions.set",
            object=f"access.role:{role}",
            data={"resource": resource, "scope": scope, "from": sorted(before), "to": wanted},
            now=now,
        )
        _announce(now)
        _somebody_manages()


def set_action(*, actor: Any, role: str, resource: str, scope: str, action: str, allowed: bool, now: dt.datetime) -> None:
    """Add or take one action of a role's grant; nothing happens when it is so already."""
    _check(actor)
    grant = Grant.objects.filter(role=_role(role), resource=resource, scope=scope).first()
    held = set(grant.actions) if grant else set()
    wanted = held | {action} if allowed else held - {action}
    if wanted != held:
        set_actions(actor=actor, role=role, resource=resource, scope=scope, actions=wanted, now=now)


def _check_cell(resource: str, scope: str, *, field: str = "*", actions: Iterable[str] = ()) -> None:
    if resource not in RESOURCES:
        raise NotFound(_("There is no such kind of data."))
    if scope not in SCOPES:
        raise UnableToChangeRights(_("Choose own, department or all."))
    known_actions, fields = RESOURCES[resource]
    classes = {f"class:{kind}" for kind in fields.values()}
    if field not in fields and field not in classes and (field != "*" or field in ALWAYS):
        raise UnableToChangeRights(_("There is no such field."))
    if set(actions) - known_actions:
        raise UnableToChangeRights(_("There is no such action."))


def _grant(role: Role, resource: str, scope: str) -> Grant:
    return Grant.objects.select_for_update().get_or_create(role=role, resource=resource, scope=scope, defaults={"actions": []})[0]


def seed_roles(*, roles: Iterable[Mapping[str, Any]], now: dt.datetime) -> None:
    """First set-up: write roles with their grants from plain data, replacing what these roles granted before.

    A role: code, name, name_zh, grants: [{resource, scope, actions, fields: {name | "class:x" | "*": level}}].
    """
    with transaction.atomic():
        for position, data in enumerate(roles):
            role, _made = Role.objects.update_or_create(
                code=data["code"],
                defaults={"name": data["name"], "name_zh": data["name_zh"], "position": position},
            )
            role.grants.all().delete()
            for given in data["grants"]:
                grant = Grant.objects.create(role=role, resource=given["resource"], scope=given["scope"], actions=sorted(given["actions"]))
                FieldRule.objects.bulk_create(
                    FieldRule(grant=grant, field=name, read=LEVELS[level][0], write=LEVELS[level][1])
                    for name, level in given.get("fields", {}).items()
                )
        audit.record(
            actor=None,
            action="access.roles.seeded",
            object="access.role:*",
            data={"roles": [r["code"] for r in roles]},
            now=now,
        )
        _renew_epoch()


def seed_assignment(*, role: str, now: dt.datetime, person: Any = None, org_unit: Any = None) -> None:
    """First set-up: give a role without an actor. Once: later changes by hand stay as they are."""
    with transaction.atomic():
        found = _role(role)
        if not Assignment.objects.filter(role=found, person=person, org_unit=org_unit).exists():
            Assignment.objects.create(role=found, person=person, org_unit=org_unit, source=Assignment.Source.SEED, valid_from=now)
            audit.record(
                actor=None,
                action="access.role.assigned",
                object=f"access.role:{role}",
                data={"to": _name_of(person and person.pk, org_unit and org_unit.pk)},
                now=now,
            )
        _renew_epoch()
