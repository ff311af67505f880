"""Who may decide: a task is offered to the people its rule names, never to the requester, never to nobody in silence."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from apps.access import selectors as access
from apps.audit import services as audit
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.workflows import events, policies, registry
from apps.workflows.engine import timing
from apps.workflows.engine.machine import Token
from apps.workflows.engine.process import Node
from apps.workflows.models import DecisionSnapshot, ProcessInstance, Task
from apps.workflows.services import breaking
from apps.workflows.services.timeline import log

NOBODY_FOUND = gettext_noop("The rule found nobody who may decide.")
NOBODY_LEFT = gettext_noop("Nobody may decide this task, and the named administrator may not either. Reassign it.")


def task_ref(task_id: uuid.UUID) -> str:
    """The name under which notices of a task are closed."""
    return f"workflows.task:{task_id}"


def open_task(instance: ProcessInstance, token: Token, node: Node, now: dt.datetime) -> Task:
    """Make the task and tell its people. READY for several, RESERVED for one. Nobody at all: an incident, resolved by reassigning."""
    people, reason = find_candidates(instance, node)
    task = Task.objects.create(
        instance=instance, token=token.id, node=node.id, iteration=token.iteration, name=node.name or node.id, created_at=now, updated_at=now,
        state=Task.State.RESERVED if len(people) == 1 else Task.State.READY, assignee=people[0] if len(people) == 1 else None,
        fallback_reason=reason, due_at=now + timing.duration(node.due) if node.due else None)
    task.candidates.set(people)
    jobs.publish(event=events.TASK_CREATED, now=now, order_key=str(instance.pk), key=f"{task_ref(task.pk)}:created", data={
        "task_id": str(task.pk), "instance_id": str(instance.pk), "business_key": instance.business_key, "process_key": instance.process_key,
        "node": node.id, "candidate_ids": [str(person.pk) for person in people]})
    audit.record(actor=None, action="workflows.task.created", object=task_ref(task.pk), now=now, data={
        "business_key": instance.business_key, "node": node.id, "candidates": [person.login for person in people], "fallback": reason})
    if people:
        announce(task, people, now)
    else:
        breaking.open_incident(instance, now, kind="workflows.no_approver", message=NOBODY_LEFT, node=node.id, token=token.id)
    if reason:
        _alert(task, people, reason, now)
    return task


def find_candidates(instance: ProcessInstance, node: Node) -> tuple[list[Any], str]:
    """(people, why the fallback stepped in or ""). Who is inactive, who may not decide and the requester are taken out, whatever the rule says."""
    answer = registry.CANDIDATES[node.candidates](instance)
    found = _fit(instance, answer.person_ids)
    if found and not answer.fallback:
        return found, ""
    reason = answer.reason or NOBODY_FOUND
    if found and answer.fallback:
        return found, reason
    named = directory.find_person_by_login(settings.FALLBACK_ADMIN)
    fallback = _fit(instance, [named.pk] if named else [])
    return fallback or _fit(instance, [person.pk for person in access.who_may("reassign", "workflows.instance")]), reason


def _fit(instance: ProcessInstance, person_ids: Iterable[uuid.UUID]) -> list[Any]:
    people = directory.people_by_id(person_ids)
    return sorted((person for person in people.values() if may_be_candidate(instance, person)), key=lambda person: person.login)


def may_be_candidate(instance: ProcessInstance, person: Any) -> bool:
    """Active, with the right to decide, and not the one who asks."""
    return bool(person.active) and person.pk != instance.starter_id and policies.may_act(person)


def announce(task: Task, people: Iterable[Any], now: dt.datetime) -> None:
    """The to-do in the inbox of each candidate who may (still) decide. A new one each time the task opens again (undo, reassign)."""
    notifications.notify(
        kind="workflows.task_assigned", person_ids=[person.pk for person in people if policies.may_act(person)], ref=task_ref(task.pk), now=now,
        due_at=task.due_at, params={**params_of(task), **_brief(task.instance)})


def tell_again(*, task_id: uuid.UUID, person_ids: Iterable[uuid.UUID], now: dt.datetime) -> None:
    """The to-do for some of its people who do not have it, in the caller's transaction."""
    task = Task.objects.select_related("instance__starter").get(pk=task_id)
    announce(task, directory.people_by_id(person_ids).values(), now)


def _brief(instance: ProcessInstance) -> dict[str, Any]:
    """Who asks, and the few facts that tell one to-do from the next; each is masked where it is shown."""
    provider, starter = registry.BRIEFS.get(instance.process_key), instance.starter
    facts = [dataclasses.asdict(fact) for fact in provider(instance)] if provider else []
    asked_by = {language: starter.display(language) for language in ("en", "zh-hans")} if starter else {}
    depends = registry.DEPENDS.get(instance.process_key)
    return {"facts": facts, "asked_by": asked_by, "records": depends(instance) if depends else []}


def params_of(task: Task) -> dict[str, Any]:
    """What notices about a task store."""
    instance = task.instance
    return {"task_id": str(task.pk), "name": task.name, **case_params(instance)}


def case_params(instance: ProcessInstance) -> dict[str, Any]:
    """What notices about a case store; the title is shown through its access rule."""
    return {"instance_id": str(instance.pk), "business_key": instance.business_key, "label": instance.label, "title": instance.title,
            "subject": instance.subject}


def _alert(task: Task, people: list[Any], reason: str, now: dt.datetime) -> None:
    log(task.instance, "task.fallback", now, node=task.node, token=task.token, text=reason, data={"task_id": str(task.pk)})
    notifications.notify(
        kind="workflows.task_fallback", person_ids=[person.pk for person in people], ref=f"{task_ref(task.pk)}:fallback", now=now,
        params={**params_of(task), "reason": reason})


def close_task(instance: ProcessInstance, token: Token, reason: str, now: dt.datetime) -> None:
    """The token is taken away: the open (or decided, not yet effective) task is cancelled, its to-dos vanish."""
    task = Task.objects.filter(instance=instance, token=token.id, node=token.node, iteration=token.iteration).exclude(
        state__in=[Task.State.COMPLETED, Task.State.CANCELLED]).first()
    if task is None:
        return
    task.state, task.cancel_reason, task.updated_at = Task.State.CANCELLED, reason, now
    task.save(update_fields=["state", "cancel_reason", "updated_at"])
    pending = DecisionSnapshot.objects.filter(task=task, state=DecisionSnapshot.State.PENDING)
    for decision in pending:
        jobs.cancel(key=decision_key(instance.pk, decision.pk))
    pending.update(state=DecisionSnapshot.State.WITHDRAWN)
    notifications.resolve(ref=task_ref(task.pk), now=now, outcome="withdrawn")
    log(instance, "task.cancelled", now, node=task.node, token=task.token, text=reason, ms=_waited(task, now), data={"task_id": str(task.pk)})
    audit.record(actor=None, action="workflows.task.cancelled", object=task_ref(task.pk), now=now, data={
        "business_key": instance.business_key, "reason": reason})
    jobs.publish(event=events.TASK_CANCELLED, now=now, order_key=str(instance.pk), key=f"{task_ref(task.pk)}:cancelled", data={
        "task_id": str(task.pk), "instance_id": str(instance.pk), "business_key": instance.business_key, "node": task.node, "reason": reason})


def decision_key(instance_id: uuid.UUID, decision_id: uuid.UUID) -> str:
    """Key of the job that puts a decision into effect."""
    return f"{instance_id}:decision:{decision_id}"


def _waited(task: Task, now: dt.datetime) -> int:
    return max(0, int((now - task.created_at).total_seconds() * 1000))
