"""Human tasks: who may decide, hand over."""

import datetime as dt
import uuid
from typing import Any

from apps.core.errors import DomainError
from apps.workflows.models import Task


class UnableToReassign(DomainError):
    """The task is decided, or the new person is the requester, inactive or has it already."""

    code = "unable_to_reassign"


def reassign(*, task_id: uuid.UUID, person: Any, to: Any, reason: str, now: dt.datetime) -> Task:
    """Hand a task over for good (right workflows.instance reassign). Never to the requester."""
    raise NotImplementedError
