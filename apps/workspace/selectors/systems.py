"""How an outside system is doing, as pages say it."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from apps.integrations import selectors as integrations
from apps.integrations.services import offers

NAMES = {"erp": "ERP", "crm": "CRM"}
STALE_AFTER = {"erp": 15 * 60, "crm": 15 * 60}  # seconds
_seen: ContextVar[dict[str, SystemState] | None] = ContextVar("systems_seen", default=None)


@dataclass(frozen=True)
class SystemState:
    """`answers`: the last try worked. `checked_at`: when its change feed was last read: unchanged records are as fresh as that."""

    key: str
    name: str
    answers: bool = True
    last_ok_at: dt.datetime | None = None
    checked_at: dt.datetime | None = None
    stale_after: int = 15 * 60
    has_screens: bool = False  # its own screens can be opened from here


@contextlib.contextmanager
def one_look() -> Iterator[None]:
    """Within it a system is looked at once: what stands on one page says the same of it."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def state_of(system: str) -> SystemState:
    """The state of "erp" or "crm"; a system that is not connected answers nothing and knows nothing."""
    seen = _seen.get()
    if seen is None:
        return _state_of(system)
    if system not in seen:
        seen[system] = _state_of(system)
    return seen[system]


def _state_of(system: str) -> SystemState:
    connection = integrations.connection(system)
    if connection is None:
        return SystemState(system, NAMES.get(system, system), answers=False)
    return SystemState(
        key=system,
        name=NAMES.get(system, system),
        answers=connection.state != "down",
        last_ok_at=connection.last_ok_at,
        checked_at=connection.feed_read_at,
        stale_after=STALE_AFTER.get(system, 15 * 60),
        has_screens=_has_screens(connection),
    )


def _has_screens(connection: Any) -> bool:
    try:
        return offers(connection, "ticket.open")
    except LookupError:  # a connector that is not installed any more
        return False


def freshness(system: SystemState, rows: list[Any]) -> dict[str, Any]:
    """How old a widget's figures are: as fresh as the last reading of the change feed, else as the oldest row."""
    oldest = min((row["as_of"] for row in rows if row.get("as_of")), default=None)
    return {"as_of": system.checked_at or oldest, "stale_after": system.stale_after}
