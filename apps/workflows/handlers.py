"""What the message center asks of the engine: decisions on several tasks at once, and who can act on what."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.core.errors import InvalidInput
from apps.notifications.registry import Looked, answers_for, decides
from apps.workflows import selectors, services
from apps.workflows.kinds import IncidentOpened, TaskAssigned
from apps.workflows.registry import Fact


@decides(TaskAssigned.key)
class Decisions:
    """Approve, reject and return from a batch. Each task is decided as by itself, with the version that was seen."""

    outcomes = ("approved", "rejected", "returned")

    def look(self, *, person: Any, params: Mapping[str, Any], outcome: str, now: dt.datetime) -> Looked:
        """The card, read live and remembered as seen; and what holds the task out of the batch."""
        task = selectors.task_for(person, _id(params))
        told = tuple(Fact(**fact) for fact in params.get("facts") or ())
        return Looked(*services.held_back(task=task, person=person, outcome=outcome.upper(), told=told, now=now))

    def decide(self, *, person: Any, params: Mapping[str, Any], outcome: str, comment: str, version: str, until: dt.datetime,
               now: dt.datetime) -> None:
        """Raises what complete_task raises: a card that moved since it was looked at decides nothing."""
        services.complete_task(task_id=_id(params), person=person, outcome=outcome.upper(), comment=comment, seen_version=version,
                               acknowledged=(), form={}, now=now, effective_at=until)

    def begin(self, *, person: Any, params: Sequence[Mapping[str, Any]], until: dt.datetime, now: dt.datetime) -> None:
        """All take effect at one moment."""
        services.begin_window(task_ids=[_id(one) for one in params], person=person, effective_at=until, now=now)

    def undo(self, *, person: Any, params: Mapping[str, Any], now: dt.datetime) -> None:
        """Raises UnableToUndo when it is too late."""
        services.undo_completion(task_id=_id(params), person=person, now=now)


def _id(params: Mapping[str, Any]) -> uuid.UUID:
    try:
        return uuid.UUID(str(params["task_id"]))
    except (KeyError, ValueError) as error:
        raise InvalidInput("task_id") from error


@answers_for(TaskAssigned.key)
class Tasks:
    """Tasks change in the transaction that tells their people: nothing is ever on its way."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        return [(person, services.task_ref(task)) for person, task in selectors.offered()]

    def moving(self, now: dt.datetime) -> Iterable[str]:
        return ()

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        services.tell_again(task_id=_of(ref), person_ids=person_ids, now=now)


@answers_for(IncidentOpened.key)
class Incidents:
    """Incidents, too."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        return [(person, services.incident_ref(incident)) for person, incident in selectors.told_incidents()]

    def moving(self, now: dt.datetime) -> Iterable[str]:
        return ()

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        services.tell_incident_again(incident_id=_of(ref), person_ids=person_ids, now=now)


def _of(ref: str) -> uuid.UUID:
    return uuid.UUID(ref.rpartition(":")[2])
