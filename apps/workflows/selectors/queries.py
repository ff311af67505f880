"""Reads: my tasks, my requests, what I did, decisions, incidents, what is stuck."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from apps.access import selectors as access
from apps.core.access import decide, plan
from apps.core.errors import NotFound
from apps.jobs import selectors as jobs
from apps.workflows import policies, registry
from apps.workflows.engine import machine
from apps.workflows.engine.process import Process, from_json
from apps.workflows.models import DecisionSnapshot, Incident, InstanceEvent, ProcessInstance, Subscription, Task

ACTIVE = ProcessInstance.State.ACTIVE
URGE_AGAIN = dt.timedelta(hours=4)
MOST_DELEGATED = 500


def tasks_for(person: Any) -> QuerySet[Task]:
    """Open tasks this person may act on now: by due date, those without one behind, the longest waiting first."""
    return _with_case(Task.objects.filter(
        Q(candidates=person.pk) | Q(assignee=person.pk), state__in=Task.OPEN, instance__state=ACTIVE,
    ).exclude(instance__starter=person.pk).distinct().order_by(F("due_at").asc(nulls_last=True), "created_at"))


def offered() -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(person, task) of everything somebody can decide now, over all people."""
    through = Task.candidates.through.objects.filter(task__state__in=Task.OPEN, task__instance__state=ACTIVE)
    rows = through.values_list("person_id", "task_id", "task__instance__starter_id")
    deciders = {person.pk for person in access.who_may("act", "workflows.task")}
    return [(person, task) for person, task, starter in rows if person != starter and person in deciders]


def told_incidents() -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(person, incident) of every open incident and those it was given to."""
    rows = Incident.objects.filter(state=Incident.State.OPEN).values_list("pk", "person_ids")
    return [(uuid.UUID(str(person)), incident) for incident, people in rows for person in people]


def _with_case(rows: QuerySet[Task]) -> QuerySet[Task]:
    return rows.select_related("instance__definition", "instance__starter", "assignee", "decided_by")


def done_by(person: Any) -> QuerySet[Task]:
    """Tasks this person decided, the latest first (those inside the undo window too)."""
    return _with_case(Task.objects.filter(
        decided_by=person.pk, state__in=[Task.State.DECIDED, Task.State.COMPLETED]).order_by("-decided_at"))


def started_by(person: Any) -> QuerySet[ProcessInstance]:
    """Cases this person asked for, the latest first."""
    return ProcessInstance.objects.filter(starter=person.pk).select_related("definition", "starter").order_by("-created_at")


def handed_over_by(person: Any) -> QuerySet[Task]:
    """Open tasks of others that this person may hand over."""
    if not decide(person, "reassign", "workflows.instance").allowed:
        return Task.objects.none()
    return _with_case(Task.objects.filter(state__in=Task.OPEN, instance__state=ACTIVE).exclude(candidates=person.pk).order_by("created_at"))


def delegated_by(person: Any) -> QuerySet[Task]:
    """Tasks this person handed over to somebody else, the latest change first: open ones, and how the others ended."""
    handed = InstanceEvent.objects.filter(kind="task.reassigned", actor=person.pk).values_list("data__task_id", flat=True)
    ids = {uuid.UUID(str(task)) for task in handed.order_by("-at")[:MOST_DELEGATED] if task}
    return _with_case(Task.objects.filter(pk__in=ids).exclude(assignee=person.pk).order_by("-updated_at"))


def task_for(person: Any, task_id: uuid.UUID) -> Task:
    """The task, if this person may see it. Raises NotFound: another person's task does not exist."""
    task = _with_case(Task.objects.filter(pk=task_id)).first()
    if task is None or not policies.may_see_task(task, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    return task


def instance_by_business_key(business_key: str, process_key: str = "") -> ProcessInstance | None:
    """The case of a business key, the newest when several processes share it."""
    rows = ProcessInstance.objects.filter(business_key=business_key).select_related("definition", "starter").order_by("-created_at")
    return (rows.filter(process_key=process_key) if process_key else rows).first()


def instance_for(person: Any, *, business_key: str = "", instance_id: uuid.UUID | None = None) -> ProcessInstance:
    """The case, if this person may see it. Raises NotFound."""
    rows = ProcessInstance.objects.select_related("definition", "starter")
    instance = rows.filter(pk=instance_id).first() if instance_id else instance_by_business_key(business_key)
    if instance is None or not policies.may_see_instance(instance, person):
        raise NotFound(_("There is no such case, or you may not see it."))
    return instance


def get_instance(instance_id: uuid.UUID) -> ProcessInstance:
    """Raises NotFound."""
    instance = ProcessInstance.objects.select_related("definition", "starter").filter(pk=instance_id).first()
    if instance is None:
        raise NotFound(_("There is no such case, or you may not see it."))
    return instance


def instances(person: Any, *, business_key: str = "") -> list[ProcessInstance]:
    """Cases by business key, as far as this person may see them."""
    rows = ProcessInstance.objects.select_related("definition", "starter").order_by("-created_at")
    rows = rows.filter(business_key=business_key) if business_key else rows.filter(starter=person.pk)
    return [row for row in rows[:200] if policies.may_see_instance(row, person)]


def cases_of(person: Any, *, size: int) -> list[tuple[str, Any, str]]:
    """(business key, title as this person may read it, number) of the latest cases that this person asked for or was asked about."""
    mine = Q(starter=person.pk) | Q(pk__in=Task.objects.filter(candidates=person.pk).values("instance_id"))
    decided = Q(pk__in=Task.objects.filter(decided_by=person.pk).values("instance_id"))
    rows = ProcessInstance.objects.filter(mine | decided).select_related("definition").order_by("-created_at")[:size]
    return [(row.business_key, policies.title_of(row, person), row.label) for row in rows]


def startables(person: Any) -> list[registry.Startable]:
    """What this person may begin, in the order it was offered."""
    return [one for one in registry.STARTABLES.values() if plan(person, one.action, one.resource).allowed]


def titles(person: Any, instance_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[Any, str]]:
    """(title as this person may read it, number) of these cases in one query; unknown ids are left out. Who may see them is the caller's."""
    rows = ProcessInstance.objects.filter(pk__in=instance_ids).select_related("definition")
    return {row.pk: (policies.title_of(row, person), row.label) for row in rows}


def latest_decision(instance_id: uuid.UUID) -> DecisionSnapshot | None:
    """The latest decision of a case that took effect."""
    return DecisionSnapshot.objects.filter(task__instance=instance_id, state=DecisionSnapshot.State.APPLIED).order_by(
        "-decided_at").first()


def decision_in_force(task: Task) -> DecisionSnapshot | None:
    """The frozen card of a decided task."""
    return DecisionSnapshot.objects.filter(
        task=task, state__in=[DecisionSnapshot.State.PENDING, DecisionSnapshot.State.APPLIED]).select_related("person").first()


def people_asked(instance_id: uuid.UUID) -> list[uuid.UUID]:
    """Everybody a task of this case was offered to."""
    rows = Task.objects.filter(instance=instance_id).values_list("candidates", flat=True).distinct()
    return sorted(person for person in rows if person)


def open_incidents(instance_id: uuid.UUID) -> QuerySet[Incident]:
    return Incident.objects.filter(instance=instance_id, state=Incident.State.OPEN).order_by("opened_at")


def undoable_by(person: Any, now: dt.datetime) -> QuerySet[Task]:
    """What this person decided and may still undo."""
    return _with_case(Task.objects.filter(decided_by=person.pk, state=Task.State.DECIDED, effective_at__gt=now).order_by("-decided_at"))


def urge_possible(task: Task) -> dt.datetime | None:
    """When those who have this task may be urged again; None: they were not yet."""
    last = InstanceEvent.objects.filter(instance=task.instance_id, kind="task.urged", data__task_id=str(task.pk)).order_by("-id").first()
    return last.at + URGE_AGAIN if last else None


def to_repair(person: Any) -> QuerySet[Incident]:
    """Open incidents of cases that this person may repair, the oldest first."""
    rights = plan(person, "repair", "workflows.instance")
    rows = Incident.objects.filter(state=Incident.State.OPEN).select_related("instance__definition", "instance__starter").order_by("opened_at")
    return rows.filter(rights.q("instance__starter_id")) if rights.allowed else rows.none()


def stuck() -> list[tuple[ProcessInstance, str]]:
    """Running cases with a token that nothing will ever move: (case, which token and why). Empty: no case is stuck.

    A token must have an open task (a decided one: its job), a job that is not finished, a subscription, or an open incident.
    """
    pending = set(jobs.pending(kind="workflows.").values_list("key", flat=True))
    found: list[tuple[ProcessInstance, str]] = []
    for instance in ProcessInstance.objects.filter(state=ACTIVE).select_related("definition").iterator(chunk_size=200):
        why = _why_stuck(instance, pending)
        if why:
            found.append((instance, why))
    return found


def _why_stuck(instance: ProcessInstance, pending: set[str]) -> str:
    process = from_json(instance.definition.compiled)
    state = machine.from_json(instance.tokens)
    if not state.tokens:
        return "no token is left"
    held = set(Incident.objects.filter(instance=instance, state=Incident.State.OPEN).values_list("token", flat=True))
    waits = set(Subscription.objects.filter(instance=instance).values_list("token", "node"))
    tasks = {(task.token, task.node, task.iteration): task for task in Task.objects.filter(instance=instance)}
    for token in state.tokens:
        if token.id in held or _moves(instance, process, token, pending, waits, tasks):
            continue
        return f"{token.id} at {token.node}"
    return ""


def _moves(instance: ProcessInstance, process: Process, token: machine.Token, pending: set[str], waits: set[tuple[str, str]],
           tasks: dict[tuple[str, str, int], Task]) -> bool:
    kind = process.nodes[token.node].kind
    key = f"{instance.pk}:{token.id}:{token.node}:{token.iteration}"
    if kind == "user_task":
        task = tasks.get((token.id, token.node, token.iteration))
        if task is not None and task.state == Task.State.DECIDED:
            decided = DecisionSnapshot.objects.filter(task=task, state=DecisionSnapshot.State.PENDING).first()
            return decided is not None and f"{instance.pk}:decision:{decided.pk}" in pending
        return task is not None and task.is_open and task.candidates.exists()
    if kind == "service_task":
        return key in pending
    if kind == "timer_catch":
        return any(name.startswith(f"{key}:timer:") for name in pending)
    if kind == "message_catch":
        return (token.id, token.node) in waits
    return kind == "parallel" and not token.held  # waits for a sister, which is looked at by itself
