"""What the message center asks of the engine: who can act on what."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence

from apps.notifications.registry import answers_for
from apps.workflows import selectors, services
from apps.workflows.kinds import IncidentOpened, TaskAssigned


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
