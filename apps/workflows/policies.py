"""Who may see and decide what, and how a fact reads for one viewer (masks applied)."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.access import Masked, decide, plan
from apps.core.errors import NotPermitted
from apps.core.templatetags.atrium import DASH
from apps.workflows import registry
from apps.workflows.engine import wording
from apps.workflows.engine.cards import Fact, Obstacle
from apps.workflows.models import Incident, ProcessInstance, Task


def is_candidate(task: Task, person: Any) -> bool:
    """The task is offered or given to this person."""
    return task.assignee_id == person.pk or task.candidates.filter(pk=person.pk).exists()


def may_see_task(task: Task, person: Any) -> bool:
    """Its people, the one who decided, and those who may hand it over. For all others it does not exist."""
    if person is None or not plan(person, "view", "workflows.task").allowed:
        return False
    if is_candidate(task, person) or task.decided_by_id == person.pk:
        return True
    return decide(person, "reassign", "workflows.instance", task.instance.starter_id).allowed


def may_act(person: Any) -> bool:
    """This person decides on tasks at all."""
    return plan(person, "act", "workflows.task").allowed


def may_decide(task: Task, person: Any) -> bool:
    """It is this person's to decide now."""
    return may_act(person) and task.is_open and is_candidate(task, person) and task.instance.starter_id != person.pk


def require_decider(task: Task, person: Any) -> None:
    """Raises NotPermitted for anybody the task is not offered to, and for the requester, even when it was handed over to that person."""
    if not may_act(person):
        raise NotPermitted(_("You may not decide on tasks. Ask your administrator."), details={"chain": [_("rule: workflows.task act")]})
    if task.instance.starter_id == person.pk:
        raise NotPermitted(_("The requester never decides on the own request."), details={"chain": [_("rule: requester is not approver")]})
    if task.decided_by_id != person.pk and not is_candidate(task, person):
        raise NotPermitted(_("This task is not yours to decide."), details={"chain": [_("rule: candidates of the task")]})


def may_see_instance(instance: ProcessInstance, person: Any) -> bool:
    """Who asked, who was asked, whom a role lets see this owner's cases, and whom a rule of `registry.observers` names."""
    if person is None or not plan(person, "view", "workflows.instance").allowed:
        return False
    if instance.starter_id == person.pk or decide(person, "view", "workflows.instance", instance.starter_id).allowed:
        return True
    if instance.tasks.filter(candidates=person.pk).exists() or instance.tasks.filter(decided_by=person.pk).exists():
        return True
    return any(rule(instance, person) for rule in registry.OBSERVERS.values())


def as_id(text: Any) -> uuid.UUID | None:
    """An id out of JSON, or None."""
    try:
        return uuid.UUID(str(text)) if text else None
    except ValueError:
        return None


def shown(person: Any, resource: str, field: str, value: Any, owner_id: Any = None) -> Any:
    """The value, or what the viewer gets in its place. No resource: everybody who sees the task sees it."""
    if not resource:
        return value
    rights = plan(person, "view", resource)
    if rights.allowed and rights.may_read(field, as_id(owner_id)):
        return value
    return Masked(field, rights.decision.chain)


def can_retry(incident: Incident) -> bool:
    """Whether the broken step can be tried again from there; else it only wants to be looked at."""
    return incident.is_open and incident.holds_token and incident.kind != "workflows.no_approver"


def title_of(instance: ProcessInstance, person: Any) -> Any:
    """The case's title, or a Masked."""
    subject: Mapping[str, str] = instance.subject or {}
    return shown(person, subject.get("resource", ""), subject.get("field", ""), instance.title, subject.get("owner_id"))


def filled(text: str, params: Mapping[str, Any]) -> str:
    """A msgid in the reader's language, with its parameters."""
    if not text:
        return ""
    words = _(text)
    return words % params if params else words


def fact_value(person: Any, fact: Fact) -> Any:
    """How the fact reads for this viewer: words, or a Masked."""
    return shown(person, fact.resource, fact.field, wording.words_of(fact), fact.owner_id)


def obstacle(person: Any, found: Obstacle) -> dict[str, str]:
    """{"key", "text", "cure", "url"} for this viewer; who may not read what it is about learns that there is something."""
    text = shown(person, found.resource, found.field, filled(found.text, found.params), found.owner_id)
    if isinstance(text, Masked):
        return {"key": found.key, "text": _("Something in it cannot be carried out; your role does not see the value."), "cure": "", "url": ""}
    return {"key": found.key, "text": str(text), "cure": filled(found.cure, found.params), "url": found.url}


def _only_what_differs(old: Fact | None, new: Fact | None) -> tuple[Fact | None, Fact | None]:
    """Of two lists of order lines those that are not in both: nobody compares ten lines to find the one."""
    if old is None or new is None or new.kind != "lines" or not isinstance(old.value, list) or not isinstance(new.value, list):
        return old, new
    left, came = ([line for line in one if line not in other] for one, other in ((old.value, new.value), (new.value, old.value)))
    return dataclasses.replace(old, value=left), dataclasses.replace(new, value=came)


def difference(person: Any, old: Fact | None, new: Fact | None) -> dict[str, Any]:
    """One line of "changed since you looked", for this viewer."""
    fact = new or old
    if fact is None:
        raise LookupError("nothing differs")
    old, new = _only_what_differs(old, new)
    before, after = (str(fact_value(person, one)) if one else DASH for one in (old, new))
    if before == after and old and new and fact_value(person, new) == after:
        before, after = f"{before} ({_(old.pill or old.state)})", f"{after} ({_(new.pill or new.state)})"
    return {"fact": fact.key, "label": filled(fact.label, fact.params), "old": before, "new": after, "system": fact.system, "as_of": fact.as_of}
