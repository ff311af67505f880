"""Decisions: the card seen, the card checked again, frozen, undone, in effect."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from apps.core.errors import DomainError
from apps.workflows.engine.cards import Card
from apps.workflows.models import DecisionSnapshot, SeenCard, Task


class UnableToComplete(DomainError):
    """Somebody else decided, it was withdrawn, or the person may not decide."""

    code = "unable_to_complete"


class StaleCard(DomainError):
    """A watched fact moved since the person saw it. `details["diff"]`: [{"fact", "label", "old", "new", "system", "as_of"}]; `details["version"]`: the new one."""

    code = "stale_card"


class UnableToUndo(DomainError):
    """The window is over, or the decision is another person's."""

    code = "unable_to_undo"


def look_at(*, task_id: uuid.UUID, person: Any, now: dt.datetime) -> tuple[Card, SeenCard]:
    """Read the card live (network) and remember that this person saw this version."""
    raise NotImplementedError


def complete_task(*, task_id: uuid.UUID, person: Any, outcome: str, comment: str, seen_version: str, acknowledged: Iterable[str],
                  form: Mapping[str, Any], now: dt.datetime) -> Task:
    """Decide. The card is read again (network) before the transaction; a watched fact that moved raises StaleCard and changes nothing.

    The task is DECIDED until `effective_at` (undo window), then the decision takes effect by a job. The same decision again returns the task.
    """
    raise NotImplementedError


def undo_completion(*, task_id: uuid.UUID, person: Any, now: dt.datetime) -> Task:
    """Take the decision back inside the window: the task is open again, no trace outside."""
    raise NotImplementedError


def apply_decision(*, decision_id: uuid.UUID, now: dt.datetime) -> DecisionSnapshot:
    """The window is over: the task is COMPLETED and the token moves on. Called by a job; a second call changes nothing."""
    raise NotImplementedError
