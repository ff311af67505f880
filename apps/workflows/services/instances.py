"""Starting, waking, withdrawing process instances, and the lines of their timeline."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from apps.core.errors import DomainError
from apps.workflows.models import InstanceEvent, ProcessInstance
from apps.workflows.registry import Ref


class UnableToStart(DomainError):
    """There is no published definition of that key, or it has no start for that message."""

    code = "unable_to_start"


class UnableToWithdraw(DomainError):
    """It is over already, or the person may not."""

    code = "unable_to_withdraw"


def start(*, process_key: str, business_key: str, title: str, variables: Mapping[str, Any], starter_id: uuid.UUID | None, now: dt.datetime,
          message: str = "", subject: Mapping[str, str] | None = None) -> ProcessInstance:
    """Begin a case. One per (process key, business key): a repeat returns the existing one and changes nothing.

    `starter_id`: the requester, who never may decide. `message`: name of the start message; "" = the plain start.
    `subject`: {"resource", "field", "owner_id"}, the rule that may mask the title.
    """
    raise NotImplementedError


def correlate(*, message: str, business_key: str, variables: Mapping[str, Any], now: dt.datetime, message_id: str = "") -> int:
    """Give a message to the case of that business key. Returns how many waiting tokens took it (0 or 1).

    0: nothing waits for it now; it is kept and taken by the first catch of that name that opens. The same `message_id` counts once.
    """
    raise NotImplementedError


def withdraw(*, instance_id: uuid.UUID, reason: str, now: dt.datetime, person: Any = None) -> ProcessInstance:
    """Take the case back: open tasks are cancelled and their people told, a decision inside its undo window is dropped, timers and waits end.

    `person`: who does it (the starter, or one with workflows.instance repair); None: the outside system's event did. `reason`: a msgid.
    Raises UnableToWithdraw when the case is over or a step is already acting outside.
    """
    raise NotImplementedError


def annotate(*, instance_id: uuid.UUID, kind: str, text: str, now: dt.datetime, params: Mapping[str, Any] | None = None,
             data: Mapping[str, Any] | None = None, system: str = "", refs: Iterable[Ref] = (), dedupe: str = "") -> InstanceEvent:
    """A business event on the timeline, e.g. "Shipped, SO-12". `text`: a msgid with %(named)s from `params`; `dedupe`: once per instance."""
    raise NotImplementedError
