"""Cases and tasks as facts are made of them: moments and outcomes, no content."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from apps.workflows import policies
from apps.workflows.models import InstanceEvent, ProcessInstance, Task
from apps.workflows.registry import AGREEMENTS

# Lines of the timeline that are acts of a person here; "task.completed" is the effect of "task.decided", not another act.
ACTS = ("instance.started", "instance.withdrawn", "incident.closed", "step.skipped", "task.decided", "task.reassigned", "task.undone", "task.urged")
OURS = ("incident.", "instance.", "message.", "step.", "task.", "timer.")  # what the engine writes itself
VOUCHER = "business.voucher"


@dataclass(frozen=True)
class MeasuredTask:
    """`person_id`: who decided, else who has it, else (offered to one) that one. `outcome` "" while nobody decided for good."""

    id: uuid.UUID
    instance_id: uuid.UUID
    person_id: uuid.UUID | None
    asked_at: dt.datetime
    due_at: dt.datetime | None
    decided_at: dt.datetime | None
    outcome: str
    cancelled: bool


@dataclass(frozen=True)
class MeasuredCase:
    """`rounds`: how often its most repeated step was asked. `acts`: the system of each act of a person on its timeline, in order; an act in another
    system is one that this system told of. `approved_at`: the last approval; `vouchered_at`: its voucher was posted (a line "business.voucher")."""

    id: uuid.UUID
    process_key: str
    starter_id: uuid.UUID | None
    started_at: dt.datetime
    ended_at: dt.datetime | None
    state: str
    rounds: int
    acts: tuple[str, ...] = ()
    approved_at: dt.datetime | None = None
    vouchered_at: dt.datetime | None = None


@dataclass(frozen=True)
class MeasuredField:
    """One field that the systems of a case were compared by. `compared`: at least two of them say something."""

    label: str
    compared: bool
    agree: bool


def measured_case(instance_id: uuid.UUID) -> MeasuredCase | None:
    """None for an unknown one."""
    row = ProcessInstance.objects.filter(pk=instance_id).first()
    if row is None:
        return None
    rounds = Task.objects.filter(instance=row).aggregate(most=Max("iteration"))["most"] or 1
    events = list(InstanceEvent.objects.filter(instance=row).order_by("id").values_list("kind", "system", "actor", "at"))
    approvals = Task.objects.filter(instance=row, state=Task.State.COMPLETED, outcome=Task.Outcome.APPROVED)
    return MeasuredCase(
        row.pk, row.process_key, row.starter_id, row.created_at, row.ended_at, row.state, rounds, _acts(events),
        approvals.aggregate(last=Max("decided_at"))["last"], next((at for kind, _system, _actor, at in events if kind == VOUCHER), None),
    )  # fmt: skip


def _acts(events: Iterable[tuple[str, str, Any, dt.datetime]]) -> tuple[str, ...]:
    """What the engine did by itself is none; what another system told of was done there, but for what a person did to a step of it here."""
    found = []
    for kind, system, actor, _at in events:
        outside = system not in ("", "oa")
        if outside and (kind == "instance.started" or not kind.startswith(OURS)):
            found.append(system)
        elif kind in ACTS and actor:
            found.append("oa")
    return tuple(found)


def measured_agreement(instance_id: uuid.UUID, now: dt.datetime) -> list[MeasuredField]:
    """What the systems say about the same fields of a case; [] where its process compares nothing."""
    row = ProcessInstance.objects.filter(pk=instance_id).first()
    provider = AGREEMENTS.get(row.process_key) if row else None
    rows = provider(row, now).rows if provider and row else ()
    return [MeasuredField(one.label, sum(1 for value in one.values.values() if value) > 1, one.agree) for one in rows]


def ended_since(moment: dt.datetime) -> list[uuid.UUID]:
    """Cases that came to their end at this moment or later."""
    return list(ProcessInstance.objects.filter(ended_at__gte=moment).order_by("ended_at").values_list("pk", flat=True))


def measured_tasks(instance_id: uuid.UUID) -> list[MeasuredTask]:
    """All tasks of a case."""
    return [_task(row) for row in Task.objects.filter(instance=instance_id).prefetch_related("candidates").order_by("created_at", "pk")]


def _task(row: Task) -> MeasuredTask:
    offered = [person.pk for person in row.candidates.all()]
    done = row.state == Task.State.COMPLETED
    person = row.decided_by_id if done else row.assignee_id or (offered[0] if len(offered) == 1 else None)
    return MeasuredTask(row.pk, row.instance_id, person, row.created_at, row.due_at, row.decided_at if done else None, row.outcome if done else "",
                        row.state == Task.State.CANCELLED)  # fmt: skip


def case_ids() -> Iterable[uuid.UUID]:
    """Every case there is, to read all once."""
    return ProcessInstance.objects.order_by("created_at").values_list("pk", flat=True).iterator(chunk_size=500)


def visible_cases(person: Any, instance_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[Any, str, str]]:
    """(title as this person may read it, number, business key) of those of these cases that this person may see."""
    rows = ProcessInstance.objects.filter(pk__in=set(instance_ids)).select_related("definition")
    return {row.pk: (policies.title_of(row, person), row.label, row.business_key) for row in rows if policies.may_see_instance(row, person)}
