"""Reads: my tasks, my requests, what I did, a timeline, what is stuck."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import QuerySet

from apps.workflows.models import ProcessInstance, Task


def tasks_for(person: Any) -> QuerySet[Task]:
    """Open tasks this person may act on now."""
    return Task.objects.filter(state__in=Task.OPEN, candidates=person.pk)


def instance_by_business_key(business_key: str, process_key: str = "") -> ProcessInstance | None:
    """The case of a business key, newest first when several processes share it."""
    rows = ProcessInstance.objects.filter(business_key=business_key).order_by("-created_at")
    return (rows.filter(process_key=process_key) if process_key else rows).first()


def get_instance(instance_id: uuid.UUID) -> ProcessInstance:
    return ProcessInstance.objects.select_related("definition", "starter").get(pk=instance_id)
