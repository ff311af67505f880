"""Broken steps: opened, tried again, skipped, dealt with."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from apps.core.errors import DomainError
from apps.workflows.models import Incident


class UnableToRepair(DomainError):
    """The incident is over, or is not of the kind that can be tried again."""

    code = "unable_to_repair"


def raise_incident(*, instance_id: uuid.UUID, kind: str, message: str, person_ids: Iterable[uuid.UUID], now: dt.datetime,
                   params: Mapping[str, Any] | None = None, system: str = "", dedupe: str = "") -> Incident:
    """A business incident (e.g. "the deal was reopened after the order exists"): told to `person_ids` as a to-do, nothing is undone.

    `message`: a msgid with %(named)s from `params`. `dedupe`: once per instance and value.
    """
    raise NotImplementedError


def retry_incident(*, incident_id: uuid.UUID, person: Any, now: dt.datetime) -> Incident:
    """Try the broken step again from there, with the same idempotency key; nothing before it is repeated."""
    raise NotImplementedError


def skip_incident(*, incident_id: uuid.UUID, person: Any, reason: str, now: dt.datetime) -> Incident:
    """Go on as if the step had been done; the reason stands in the timeline and the audit."""
    raise NotImplementedError


def resolve_incident(*, incident_id: uuid.UUID, person: Any, note: str, now: dt.datetime) -> Incident:
    """A business incident was looked at; its to-do disappears everywhere."""
    raise NotImplementedError
