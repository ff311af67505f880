"""What is never decided together with others: the rules that hold a task out of a batch, and their words.

Each rule is a function of what was read for the task; the first that speaks is the reason. A rule may look at nothing but that, so that
what the person is shown beforehand and what is done afterwards are the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.errors import DomainError
from apps.core.http import OutsideError
from apps.core.templatetags.atrium import money
from apps.workflows import policies, registry, selectors
from apps.workflows.engine.cards import Fact
from apps.workflows.models import Task
from apps.workflows.services import decisions, stepping
from apps.workflows.services.decisions import Looked


@dataclass(frozen=True)
class Case:
    """One task of a batch as it was just read. `told`: the facts that the message about it named; `outcome`: what is to be decided."""

    task: Task
    looked: Looked
    person: Any
    outcome: str
    told: tuple[Fact, ...]

    @property
    def approves(self) -> bool:
        return self.outcome == Task.Outcome.APPROVED


def held_back(*, task: Task, person: Any, outcome: str, told: tuple[Fact, ...], now: dt.datetime) -> tuple[str, str, str]:
    """(version seen, code of the rule, its words); no code: nothing speaks against deciding it with others. Reads the card live (network)."""
    if not policies.may_decide(task, person):
        return "", "not_open", _("It is not yours to decide any more.")
    try:
        looked = decisions.look_at(task_id=task.pk, person=person, now=now, glance=True)
    except (OutsideError, DomainError) as error:
        return "", "unavailable", _("The facts cannot be read now: %(reason)s") % {"reason": error}
    case = Case(task, looked, person, outcome, told)
    for code, rule in RULES.items():
        words = rule(case)
        if words:
            return looked.seen.version, code, words
    return looked.seen.version, "", ""


def _changed(case: Case) -> str:
    """A watched fact is not what this person saw: on the card, or in the message."""
    looked = case.looked
    found = [] if looked.basis.version == looked.seen.version else decisions.changes_since(case.task, looked.basis, looked.card, case.person)
    for old in case.told if looked.basis.accepted_at is None else ():  # who opened the card has seen more than the message
        new = looked.card.fact(old.key)
        if new is not None and new.ok and new.watch and type(old.value) is type(new.value) and old.value != new.value:
            found.append(policies.difference(case.person, old, new))
    if not found:
        return ""
    first = found[0]
    return _("Changed since you looked: %(label)s, %(old)s → %(new)s.") % {"label": first["label"], "old": first["old"], "new": first["new"]}


def _unavailable(case: Case) -> str:
    silent = [_label(fact) for fact in case.looked.card.facts if not fact.ok]
    return _("A system does not answer now: %(facts)s.") % {"facts": ", ".join(silent)} if silent else ""


def _no_undo(case: Case) -> str:
    node = stepping.process_of(case.task.instance.definition).nodes[case.task.node]
    return "" if node.undo else _("This decision takes effect at once and cannot be undone.")


def _incomplete(case: Case) -> str:
    """A term without a proposal needs a person's own words."""
    open_terms = [policies.filled(item.label, item.params) for item in case.looked.card.form if item.required and item.value in ("", None, [])]
    return _("A term is to be filled in: %(terms)s.") % {"terms": ", ".join(open_terms)} if open_terms and case.approves else ""


def _attention(case: Case) -> str:
    """A rule marked a fact: short, over the limit."""
    if not case.approves:
        return ""
    for fact in case.looked.card.facts:
        if fact.ok and fact.tone in ("warn", "danger"):
            hidden = policies.shown(case.person, fact.resource, fact.field, "", fact.owner_id)
            words = policies.filled(fact.pill, fact.params) if hidden == "" and fact.pill else _("needs a look")
            return f"{_label(fact)}: {words}."
    return ""


def _limit(case: Case) -> str:
    amount = _amount(case)
    if amount is None or not case.approves:
        return ""
    number, currency = amount
    if currency and currency != settings.COMPANY_CURRENCY:
        return _("It is in %(currency)s, the limit for several at once is in %(ours)s.") % {
            "currency": currency, "ours": settings.COMPANY_CURRENCY}
    if number <= settings.BATCH_LIMIT:
        return ""
    return _("Above %(limit)s: decided one by one.") % {"limit": money(settings.BATCH_LIMIT, settings.COMPANY_CURRENCY)}


def _obstacle(case: Case) -> str:
    """It cannot be carried out as it stands, something in it waits for a repair, or the one who should decide was not found."""
    if not case.approves:
        return ""
    if case.looked.card.obstacles:
        return policies.obstacle(case.person, case.looked.card.obstacles[0])["text"]
    if case.task.fallback_reason:
        return _(case.task.fallback_reason)
    incident = selectors.open_incidents(case.task.instance_id).first()
    return _("The case waits for a repair first.") if incident else ""


RULES: Mapping[str, Callable[[Case], str]] = {
    "changed": _changed, "unavailable": _unavailable, "no_undo": _no_undo, "limit": _limit, "attention": _attention, "incomplete": _incomplete,
    "obstacle": _obstacle,
}  # fmt: skip


def held_words(code: str) -> str:
    """Why a task was left out of a batch, for those who read it later: without any value, which they may not be allowed to see any more."""
    changed, silent, obstacle = _("Something changed since you looked."), _("A system did not answer."), _("It cannot be carried out as it stands.")
    gone = _("It is not yours to decide any more.")
    return {
        "changed": changed, "stale_card": changed, "unavailable": silent, "unacknowledged": silent, "obstacle": obstacle, "obstructed": obstacle,
        "no_undo": _("This decision takes effect at once and cannot be undone."), "limit": _("Above the limit for several at once."),
        "attention": _("One of its facts needs a look."), "incomplete": _("A term is to be filled in."), "not_open": gone, "not_found": gone,
        "not_permitted": gone, "unable_to_complete": gone, "unable_to_undo": _("It was too late to take it back."),
    }.get(code, "")  # fmt: skip


def _label(fact: Fact) -> str:
    return policies.filled(fact.label, fact.params) or fact.key


def _amount(case: Case) -> tuple[Decimal, str] | None:
    """What the case is about in money: the card's fact, else what is said of the case in messages, else the sum of its lines."""
    provider = registry.BRIEFS.get(case.task.instance.process_key)
    named = [case.looked.card.fact("amount"), *(fact for fact in (provider(case.task.instance) if provider else ()) if fact.key == "amount")]
    for fact in named:
        if fact is not None and fact.kind == "money" and isinstance(fact.value, Mapping):
            number = _number(fact.value.get("amount"))
            if number is not None:
                return number, str(fact.value.get("currency") or "")
    numbers = [_number(line.amount) for line in case.looked.card.lines]
    if not numbers or None in numbers:
        return None
    return sum((number for number in numbers if number is not None), Decimal(0)), case.looked.card.lines[0].currency


def _number(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
