"""Cases and tasks as facts are made of them: moments and outcomes, no content."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from apps.workflows import policies
from apps.workflows.models import ProcessInstance, Task


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
    """`rounds`: how often its most repeated step was asked."""

    id: uuid.UUID
    process_key: str
    starter_id: uuid.UUID | None
    started_at: dt.datetime
    ended_at: dt.datetime | None
    state: str
    rounds: int


def measured_case(instance_id: uuid.UUID) -> MeasuredCase | None:
    """None for an unknown one."""
    row = ProcessInstance.objects.filter(pk=instance_id).first()
    if row is None:
        return None
    rounds = Task.objects.filter(instance=row).aggregate(most=Max("iteration"))["most"] or 1
    return MeasuredCase(row.pk, row.process_key, row.starter_id, row.created_at, row.ended_at, row.state, rounds)


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
