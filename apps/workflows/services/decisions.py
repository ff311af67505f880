"""Decisions: the card seen, the card checked again, frozen, undone, in effect."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.failpoints import declare, failpoint
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.workflows import events, policies, registry, selectors
from apps.workflows.engine import cards
from apps.workflows.engine.cards import Card
from apps.workflows.engine.process import Node
from apps.workflows.models import DecisionSnapshot, ProcessInstance, SeenCard, Task
from apps.workflows.services import assigning, freezing, stepping, terms
from apps.workflows.services.timeline import log

declare("workflows.card_checked", "workflows.decision_frozen", "workflows.decision_saved", "workflows.decision_undone",
        "workflows.decision_applying", "workflows.decision_applied")
NEEDS_COMMENT = (Task.Outcome.REJECTED, Task.Outcome.RETURNED)


class UnableToComplete(DomainError):
    """Somebody else decided, it was withdrawn, or the person may not decide. `details["state"]`, `details["by"]` (a login)."""

    code = "unable_to_complete"


class StaleCard(DomainError):
    """A watched fact moved since the person saw it; nothing was decided.

    `details["diff"]`: [{"fact", "label", "old", "new", "system", "as_of"}], masked for this person; `details["version"]`: the card as it is now.
    """

    code = "stale_card"


class Unacknowledged(DomainError):
    """A system does not answer now: its facts must be acknowledged. `details["facts"]`: their keys; `details["version"]`."""

    code = "unacknowledged"


class Obstructed(DomainError):
    """The case cannot be carried out as it stands, so it cannot be approved; nothing was decided.

    `details["obstacles"]`: [{"key", "text", "cure", "url"}], masked for this person; `details["version"]`: the card as it is now.
    """

    code = "obstructed"


class UnableToUndo(DomainError):
    """The window is over, or the decision is another person's."""

    code = "unable_to_undo"


@dataclass(frozen=True)
class _Checked:
    """What was read before the transaction: the card as seen, the card as it is now, the terms."""

    seen: SeenCard
    fresh: Card
    form: dict[str, Any]
    proposed: dict[str, Any]
    acknowledged: list[str]


def read_card(task: Task, now: dt.datetime) -> Card:
    """The card as the systems tell it now (network), with the watch rules of the process file."""
    node = stepping.process_of(task.instance.definition).nodes[task.node]
    if not node.card:
        return Card(facts=(), headline=task.instance.title)
    return cards.watched(registry.CARDS[node.card](task.instance, now), node.watches)


class Looked(NamedTuple):
    """The card as it is now; the row that remembers it; the version this person works on (another one: something watched moved)."""

    card: Card
    seen: SeenCard
    basis: SeenCard


def look_at(*, task_id: uuid.UUID, person: Any, now: dt.datetime, accept: str = "", glance: bool = False) -> Looked:
    """Read the card live (network) and remember that this person saw this version. Raises NotFound for a stranger.

    `accept`: a version the person says to have seen ("I have seen it"). `glance`: one of many that are looked through; that does not
    make it the version the person works on.
    """
    task = _task(task_id)
    if not policies.may_see_task(task, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    card = read_card(task, now)
    seen = _remember(task, person, card, now)
    mine = SeenCard.objects.filter(task=task, person_id=person.pk)
    if accept and accept != seen.version:
        _accept(mine, mine.filter(version=accept).first(), now)
    basis = mine.filter(accepted_at__isnull=False).first()
    if glance:
        return Looked(card, seen, basis or seen)
    watches = stepping.process_of(task.instance.definition).nodes[task.node].watches
    if basis is None or accept == seen.version or not cards.moves(cards.from_json(basis.card), card, watches):
        basis = _accept(mine, seen, now)
    return Looked(card, seen, basis or seen)


def _accept(mine: QuerySet[SeenCard], seen: SeenCard | None, now: dt.datetime) -> SeenCard | None:
    """From now on the person works on this version, and on no other."""
    if seen is not None:
        with transaction.atomic():
            mine.exclude(pk=seen.pk).filter(accepted_at__isnull=False).update(accepted_at=None)
            mine.filter(pk=seen.pk).update(accepted_at=now)
        seen.accepted_at = now
    return seen


def show(*, task_id: uuid.UUID, person: Any, now: dt.datetime, since: str = "") -> tuple[Task, Card, list[dict[str, Any]]]:
    """The card for a mail or a chat (network): remembered as shown to this person, who has not looked yet. Raises NotFound for a stranger.

    Returns the task, the card, and what moved since the version `since` that this person was shown.
    """
    task = _task(task_id)
    if not policies.may_see_task(task, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    card = read_card(task, now)
    _remember(task, person, card, now)
    shown = SeenCard.objects.filter(task=task, person_id=person.pk, version=since).first() if since else None
    return task, card, changes_since(task, shown, card, person) if shown else []


def changes_since(task: Task, basis: SeenCard, card: Card, person: Any) -> list[dict[str, Any]]:
    """What moved between the version a person works on and the card of now, for that person."""
    watches = stepping.process_of(task.instance.definition).nodes[task.node].watches
    return selectors.changes(cards.from_json(basis.card), card, watches, person)


def _remember(task: Task, person: Any, card: Card, now: dt.datetime) -> SeenCard:
    seen, _made = SeenCard.objects.update_or_create(
        task=task, person_id=person.pk, version=card.version, defaults={"card": cards.to_json(card), "seen_at": now})
    return seen


def _task(task_id: uuid.UUID) -> Task:
    task = Task.objects.select_related("instance__definition", "instance__starter", "decided_by", "assignee").filter(pk=task_id).first()
    if task is None:
        raise NotFound(_("There is no such task, or you may not see it."))
    return task


def complete_task(*, task_id: uuid.UUID, person: Any, outcome: str, comment: str, seen_version: str, acknowledged: Iterable[str],
                  form: Mapping[str, Any], now: dt.datetime, effective_at: dt.datetime | None = None) -> Task:
    """Decide. The card is read again (network) before the transaction; a watched fact that moved raises StaleCard and changes nothing.

    The task is DECIDED until `effective_at` (undo window), then the decision takes effect by a job. The same decision again returns the task.
    `effective_at`: a later end of the window, for decisions that are taken together; `begin_window` then sets the one that counts.
    Raises NotFound, NotPermitted, UnableToComplete, InvalidInput, StaleCard, Obstructed, Unacknowledged.
    """
    task = _task(task_id)
    if not policies.may_see_task(task, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    policies.require_decider(task, person)
    comment = comment.strip()
    if _is_repeat(task, person, outcome):
        return task
    _require_open(task)
    _require_words(outcome, comment)
    checked = _check(task, person, outcome, seen_version, acknowledged, form, now)
    failpoint("workflows.card_checked")
    with stepping.step(task.instance_id, now) as step:
        task = _lock(step.instance, task_id)
        if _is_repeat(task, person, outcome):
            return task
        _require_open(task)
        policies.require_decider(task, person)
        node = step.process.nodes[task.node]
        decision = _freeze(task, person, outcome, comment, checked, node, now, effective_at)
        failpoint("workflows.decision_frozen")
        _mark_decided(task, person, decision, checked, now)
        _tell_decided(task, person, decision, now)
    failpoint("workflows.decision_saved")
    return task


def _is_repeat(task: Task, person: Any, outcome: str) -> bool:
    """A double submit: the same person, the same answer."""
    return task.state in (Task.State.DECIDED, Task.State.COMPLETED) and task.decided_by_id == person.pk and task.outcome == outcome


def _require_open(task: Task) -> None:
    if task.is_open and task.instance.is_active:
        return
    by = task.decided_by
    details = {"state": task.state, "by": by.login if by else "", "outcome": task.outcome}
    if by:
        raise UnableToComplete(_("Already decided by %(name)s.") % {"name": by.display(get_language() or "en")}, details=details)
    raise UnableToComplete(_("This task is no longer open: %(reason)s") % {"reason": _(task.cancel_reason) if task.cancel_reason else "–"},
                           details=details)


def _require_words(outcome: str, comment: str) -> None:
    if outcome not in Task.Outcome.values:
        raise InvalidInput(_("Choose approve, reject or return."), details={"fields": {"outcome": [_("Choose approve, reject or return.")]}})
    if outcome in NEEDS_COMMENT and not comment:
        raise InvalidInput(_("Say why: whoever asked reads it."), details={"fields": {"comment": [_("Say why: whoever asked reads it.")]}})
    if len(comment) > terms.LONGEST:
        raise InvalidInput(_("The comment is too long."), details={"fields": {"comment": [_("The comment is too long.")]}})


def _check(task: Task, person: Any, outcome: str, seen_version: str, acknowledged: Iterable[str], form: Mapping[str, Any],
           now: dt.datetime) -> _Checked:
    """Read again and compare with what this person saw."""
    node = stepping.process_of(task.instance.definition).nodes[task.node]
    fresh = read_card(task, now)
    seen = SeenCard.objects.filter(task=task, person_id=person.pk, version=seen_version).first()
    if seen is None:
        version = _remember(task, person, fresh, now).version
        raise StaleCard(_("Look at the card first: this is not a version that you saw."), details={"diff": [], "version": version})
    shown = cards.from_json(seen.card)
    moved = cards.moves(shown, fresh, node.watches)
    if moved:
        version = _remember(task, person, fresh, now).version
        diff = [policies.difference(person, old, new) for old, new in moved]
        raise StaleCard(_("Something changed since you looked. Nothing was decided; look at the difference."),
                        details={"diff": diff, "version": version})
    if fresh.obstacles and outcome == Task.Outcome.APPROVED:
        version = _remember(task, person, fresh, now).version
        raise Obstructed(_("It cannot be approved as it stands. Return it, or have it corrected first."),
                         details={"obstacles": [policies.obstacle(person, one) for one in fresh.obstacles], "version": version})
    accepted = set(acknowledged)
    missing = [fact.key for fact in fresh.facts if not fact.ok and fact.key not in accepted]
    if missing:
        version = _remember(task, person, fresh, now).version
        raise Unacknowledged(_("A system does not answer now. Say that you decide on what was known before."),
                             details={"facts": missing, "version": version})
    return _Checked(seen, fresh, terms.checked(shown, form), {item.key: item.value for item in shown.form}, sorted(accepted))


def _lock(instance: ProcessInstance, task_id: uuid.UUID) -> Task:
    """The task again, under the instance's lock."""
    task = Task.objects.select_related("decided_by", "assignee").get(pk=task_id)
    task.instance = instance
    return task


def _freeze(task: Task, person: Any, outcome: str, comment: str, checked: _Checked, node: Node, now: dt.datetime,
            effective_at: dt.datetime | None) -> DecisionSnapshot:
    text = freezing.document(
        task=task, person=person, seen=checked.seen, checked=checked.fresh, checked_at=now, outcome=outcome, comment=comment,
        form=checked.form, proposed=checked.proposed, acknowledged=checked.acknowledged, decided_at=now)
    effective = (effective_at or now + settings.UNDO_WINDOW) if node.undo else now
    return DecisionSnapshot.objects.create(
        task=task, person_id=person.pk, outcome=outcome, decided_at=now, effective_at=effective, document=text, sha256=selectors.digest(text))


def _mark_decided(task: Task, person: Any, decision: DecisionSnapshot, checked: _Checked, now: dt.datetime) -> None:
    task.state, task.outcome, task.comment = Task.State.DECIDED, decision.outcome, selectors.decision_of(decision).comment
    task.decided_by, task.decided_at, task.effective_at = person, now, decision.effective_at
    task.card_version, task.updated_at = checked.seen.version, now
    task.save(update_fields=[
        "state", "outcome", "comment", "decided_by", "decided_at", "effective_at", "card_version", "updated_at"])
    jobs.enqueue(kind="workflows.apply_decision", key=assigning.decision_key(task.instance_id, decision.pk), now=now,
                 run_at=decision.effective_at, payload={"decision_id": str(decision.pk), "instance_id": str(task.instance_id)},
                 actor={"person": person.login})


def _tell_decided(task: Task, person: Any, decision: DecisionSnapshot, now: dt.datetime) -> None:
    instance = task.instance
    waited = max(0, int((now - task.created_at).total_seconds() * 1000))
    log(instance, "task.decided", now, node=task.node, token=task.token, actor=person, ms=waited, data={
        "task_id": str(task.pk), "outcome": task.outcome, "decision": str(decision.pk), "comment": task.comment})
    audit.record(actor=person, action="workflows.task.decided", object=assigning.task_ref(task.pk), now=now, data={
        "business_key": instance.business_key, "outcome": task.outcome, "decision": str(decision.pk), "sha256": decision.sha256,
        "card_version": task.card_version})
    notifications.resolve(ref=assigning.task_ref(task.pk), now=now, outcome=task.outcome.lower(), by=person.pk)
    notifications.resolve(ref=f"{assigning.task_ref(task.pk)}:fallback", now=now, outcome="decided", by=person.pk)
    jobs.publish(event=events.TASK_DECIDED, now=now, order_key=str(instance.pk), key=f"{decision.pk}:decided", data={
        "task_id": str(task.pk), "instance_id": str(instance.pk), "business_key": instance.business_key, "node": task.node,
        "outcome": task.outcome, "decided_by": person.login, "effective_at": cards.stamp(decision.effective_at)})


def begin_window(*, task_ids: Iterable[uuid.UUID], person: Any, effective_at: dt.datetime, now: dt.datetime) -> int:
    """Decisions that were taken together take effect at one moment: the time to undo begins when the last of them is taken.

    Moves those of this person that are not in effect yet; returns how many.
    """
    moved = 0
    for task_id in task_ids:
        task = _task(task_id)
        with stepping.step(task.instance_id, now) as step:
            task = _lock(step.instance, task_id)
            if task.state != Task.State.DECIDED or task.decided_by_id != person.pk:
                continue
            decision = DecisionSnapshot.objects.get(task=task, state=DecisionSnapshot.State.PENDING)
            if not jobs.postpone(key=assigning.decision_key(task.instance_id, decision.pk), run_at=effective_at):
                continue
            decision.effective_at = task.effective_at = effective_at
            decision.save(update_fields=["effective_at"])
            task.save(update_fields=["effective_at"])
            moved += 1
    return moved


def undo_completion(*, task_id: uuid.UUID, person: Any, now: dt.datetime) -> Task:
    """Take the decision back inside the window: the task is open again, no trace outside. Raises NotFound, UnableToUndo."""
    task = _task(task_id)
    if not policies.may_see_task(task, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    with stepping.step(task.instance_id, now) as step:
        task = _lock(step.instance, task_id)
        if task.decided_by_id != person.pk:
            raise UnableToUndo(_("Only the one who decided may undo it."))
        if task.state != Task.State.DECIDED or task.effective_at is None or now >= task.effective_at:
            raise UnableToUndo(_("The time to undo is over; the decision is in effect."))
        decision = DecisionSnapshot.objects.get(task=task, state=DecisionSnapshot.State.PENDING)
        decision.state = DecisionSnapshot.State.UNDONE
        decision.save(update_fields=["state"])
        jobs.cancel(key=assigning.decision_key(task.instance_id, decision.pk))
        _reopen(task, now)
        log(step.instance, "task.undone", now, node=task.node, token=task.token, actor=person, data={"task_id": str(task.pk)})
        audit.record(actor=person, action="workflows.task.undone", object=assigning.task_ref(task.pk), now=now, data={
            "business_key": step.instance.business_key, "decision": str(decision.pk)})
    failpoint("workflows.decision_undone")
    return task


def _reopen(task: Task, now: dt.datetime) -> None:
    people = list(task.candidates.all())
    if task.decided_at is not None and task.decided_by_id is not None:
        notifications.mark_undone(ref=assigning.task_ref(task.pk), person_ids=[person.pk for person in people], closed_at=task.decided_at,
                                  by=task.decided_by_id, now=now)
    task.state = Task.State.RESERVED if task.assignee_id else Task.State.READY
    task.outcome, task.comment, task.card_version = "", "", ""
    task.decided_by, task.decided_at, task.effective_at, task.updated_at = None, None, None, now
    task.save(update_fields=[
        "state", "outcome", "comment", "card_version", "decided_by", "decided_at", "effective_at", "updated_at"])
    assigning.announce(task, people, now)


def apply_decision(*, decision_id: uuid.UUID, now: dt.datetime) -> DecisionSnapshot:
    """The window is over: the task is COMPLETED and the token moves on. Called by a job; a second call changes nothing."""
    found = DecisionSnapshot.objects.values_list("task__instance_id", flat=True).get(pk=decision_id)
    with stepping.step(found, now) as step:
        decision = DecisionSnapshot.objects.select_related("person").get(pk=decision_id)
        if decision.state != DecisionSnapshot.State.PENDING:
            return decision
        failpoint("workflows.decision_applying")
        task = _lock(step.instance, decision.task_id)
        frozen = selectors.decision_of(decision)
        decision.state = DecisionSnapshot.State.APPLIED
        decision.save(update_fields=["state"])
        task.state, task.completed_at, task.updated_at = Task.State.COMPLETED, now, now
        task.save(update_fields=["state", "completed_at", "updated_at"])
        step.set_variables({**frozen.card.variables, **frozen.form, "outcome": frozen.outcome, "comment": frozen.comment,
                            "decided_by": frozen.decided_by})
        log(step.instance, "task.completed", now, node=task.node, token=task.token, actor=decision.person,
            data={"task_id": str(task.pk), "outcome": task.outcome})
        audit.record(actor=None, decider=frozen.decided_by, action="workflows.task.completed", object=assigning.task_ref(task.pk), now=now,
                     data={"business_key": step.instance.business_key, "outcome": task.outcome, "decision": str(decision.pk)})
        jobs.publish(event=events.TASK_COMPLETED, now=now, order_key=str(step.instance.pk), key=f"{decision.pk}:completed", data={
            "task_id": str(task.pk), "instance_id": str(step.instance.pk), "business_key": step.instance.business_key, "node": task.node,
            "outcome": task.outcome, "decided_by": frozen.decided_by})
        step.move(lambda machine: machine.complete(task.token))
    failpoint("workflows.decision_applied")
    return decision
