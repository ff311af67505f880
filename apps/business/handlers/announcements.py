"""Who got a copy of a case may read it; who has to confirm an announcement."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from apps.business import selectors, services
from apps.jobs import selectors as jobs
from apps.notifications.registry import answers_for
from apps.workflows.registry import observers


@observers("business.circulation")
def has_copy(instance: Any, person: Any) -> bool:
    return selectors.has_copy(instance.pk, person)


@answers_for(services.announcements.CONFIRM)
class Confirmations:
    """A reader owes a confirmation from being told until it is given, withdrawn or shown no more."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        return selectors.to_confirm(now)

    def moving(self, now: dt.datetime) -> Iterable[str]:
        """The end of an announcement travels by job."""
        ending = [job.payload["announcement_id"] for job in jobs.pending(kind=services.announcements.END).filter(run_at__lte=now)]
        return selectors.confirmation_refs(ending)

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        services.announcements.tell_again(ref=ref, person_ids=person_ids, now=now)
