"""Who may see and decide what, and how a fact reads for one viewer (masks applied)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.access import Masked, decide, plan
from apps.core.errors import NotPermitted
from apps.core.templatetags.atrium import DASH, day, moment, money, quantity
from apps.workflows.engine.cards import Fact
from apps.workflows.models import ProcessInstance, Task


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


def may_decide(task: Task, person: Any) -> bool:
    """It is this person's to decide now."""
    allowed = plan(person, "act", "workflows.task").allowed
    return allowed and task.is_open and is_candidate(task, person) and task.instance.starter_id != person.pk


def require_decider(task: Task, person: Any) -> None:
    """Raises NotPermitted for anybody the task is not offered to, and for the requester, even when it was handed over to that person."""
    if not plan(person, "act", "workflows.task").allowed:
        raise NotPermitted(_("You may not decide on tasks. Ask your administrator."), details={"chain": [_("rule: workflows.task act")]})
    if task.instance.starter_id == person.pk:
        raise NotPermitted(_("The requester never decides on the own request."), details={"chain": [_("rule: requester is not approver")]})
    if task.decided_by_id != person.pk and not is_candidate(task, person):
        raise NotPermitted(_("This task is not yours to decide."), details={"chain": [_("rule: candidates of the task")]})


def may_see_instance(instance: ProcessInstance, person: Any) -> bool:
    """Who asked, who was asked, and whom a role lets see this owner's cases."""
    if person is None or not plan(person, "view", "workflows.instance").allowed:
        return False
    if instance.starter_id == person.pk or decide(person, "view", "workflows.instance", instance.starter_id).allowed:
        return True
    return instance.tasks.filter(candidates=person.pk).exists() or instance.tasks.filter(decided_by=person.pk).exists()


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
    return shown(person, fact.resource, fact.field, words_of(fact), fact.owner_id)


def words_of(fact: Fact) -> str:
    """A fact's value in words, in the reader's language."""
    value = fact.value
    if value in (None, "", [], {}):
        return DASH
    if fact.kind == "lines" and isinstance(value, list):
        return ", ".join(f"{line['sku']} {quantity(line['quantity'])} × {money(line['unit_price'], line.get('currency', ''))}" for line in value)
    if isinstance(value, Mapping):
        return _mapping_words(value)
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    if fact.kind == "date":
        return day(value)
    if fact.kind == "moment":
        return moment(value)
    if fact.kind in ("quantity", "number"):
        return quantity(value)
    if fact.kind == "days":
        return _("%(count)s days") % {"count": value}
    return str(value)


def _mapping_words(value: Mapping[str, Any]) -> str:
    if "amount" in value:
        return money(value["amount"], str(value.get("currency", "")))
    if "name" in value:
        return str(value["name"])
    if "payment_term_days" in value:
        return _("%(count)s days") % {"count": value["payment_term_days"]}
    return ", ".join(f"{key} {_part_words(part)}" for key, part in value.items())


def _part_words(part: Any) -> str:
    if isinstance(part, Mapping):
        return " / ".join(quantity(item) if _is_number(item) else str(item) for item in part.values())
    return quantity(part) if _is_number(part) else str(part)


def _is_number(value: Any) -> bool:
    return str(value).replace(".", "", 1).lstrip("-").isdigit()


def difference(person: Any, old: Fact | None, new: Fact | None) -> dict[str, Any]:
    """One line of "changed since you looked", for this viewer."""
    fact = new or old
    if fact is None:
        raise LookupError("nothing differs")
    before, after = (str(fact_value(person, one)) if one else DASH for one in (old, new))
    if before == after and old and new and fact_value(person, new) == after:
        before, after = f"{before} ({_(old.pill or old.state)})", f"{after} ({_(new.pill or new.state)})"
    return {"fact": fact.key, "label": filled(fact.label, fact.params), "old": before, "new": after, "system": fact.system, "as_of": fact.as_of}
