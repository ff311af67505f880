"""Reading one record again because something happened to it: the hint is not believed, the source is.

First `read` (network, nothing stored), then `settle` (one transaction): the record is taken, held in quarantine, or gone, and every hint that
waited for it is answered.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.failpoints import declare, failpoint
from apps.core.http import PermanentError
from apps.integrations import policies, registry
from apps.integrations.contract import Stream
from apps.integrations.events import RECORD_GONE, RECORD_READ, Problem, is_echo
from apps.integrations.models import Connection, InboundMessage, StreamState
from apps.integrations.services.asking import order_key
from apps.integrations.services.calls import call
from apps.integrations.services.connections import config_of, get_connection
from apps.integrations.services.quarantine import hold, release
from apps.jobs import services as jobs

declare("integrations.before_fetch", "integrations.after_fetch", "integrations.record_settled")
log = logging.getLogger(__name__)
WAITING = (InboundMessage.State.PENDING, InboundMessage.State.HELD)
# What a mapping raises for a record it cannot understand; its contract is ValueError, the others are the same thing said carelessly.
NOT_UNDERSTOOD = (ValueError, LookupError, TypeError, ArithmeticError, AttributeError)
Json = dict[str, Any]


@dataclass(frozen=True)
class Understood:
    """A vendor record after mapping and rules: `record` None when it could not be mapped."""

    record: Json | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Reading:
    """What `read` found. `hints`: ids of the messages that waited when the source was asked. `raw` None: gone."""

    connection: Connection
    stream: str
    kind: str
    external_id: str
    as_of: dt.datetime
    raw: Mapping[str, Any] | None
    understood: Understood
    hints: tuple[InboundMessage, ...]

    @property
    def lead(self) -> InboundMessage | None:
        lead: InboundMessage | None = policies.leading(self.hints)
        return lead


@dataclass(frozen=True)
class Fresh:
    """One record as its source has it at `as_of`; `record` None: gone."""

    connection: str
    system: str
    kind: str
    external_id: str
    record: Json | None
    as_of: dt.datetime


def understand(stream: Stream, raw: Mapping[str, Any], *, connection: Connection, transition: str, live: bool, now: dt.datetime) -> Understood:
    """Map a vendor record and ask every rule. A rule may ask other systems and may raise TransientError."""
    try:
        record: Json = stream.map(raw).model_dump(mode="json")
    except NOT_UNDERSTOOD as error:
        if not isinstance(error, ValueError):
            log.exception("%s: the mapping of %s broke", connection.key, stream.name)
            error = ValueError(type(error).__name__)
        return Understood(None, tuple(policies.unreadable(error)))
    context = {"connection": connection.key, "system": connection.key, "transition": transition, "live": live, "now": now}
    return Understood(record, tuple(registry.problems_of(stream.kind, record, context)))


def read(*, connection_key: str, stream: str, external_id: str, forced: bool, now: dt.datetime) -> Reading | None:
    """Ask the source. None: nothing waits for this record any more (an earlier reading answered the hint). Network."""
    connection = get_connection(connection_key)
    waiting = InboundMessage.objects.filter(connection=connection, stream=stream, external_id=external_id, state__in=WAITING)
    hints = tuple(waiting.order_by("pk"))
    if not forced and not any(hint.state == InboundMessage.State.PENDING for hint in hints):
        return None
    source = registry.connector(connection.connector_id).stream(stream)
    config = config_of(connection)
    failpoint("integrations.before_fetch")
    raw = call(connection, lambda: source.fetch(config, external_id), now=now)
    failpoint("integrations.after_fetch")
    understood = Understood(None)
    if raw is not None:
        lead = policies.leading(hints)
        understood = understand(source, raw, connection=connection, now=now, transition=lead.transition if lead else "",
                                live=bool(lead and lead.live))
    return Reading(connection, stream, source.kind, external_id, now, raw, understood, hints)


def settle(*, reading: Reading, now: dt.datetime) -> str:
    """Store what was found; in the caller's transaction. Returns taken | held | gone."""
    outcome = _settled(reading, now)
    state = InboundMessage.State.HELD if outcome == "held" else InboundMessage.State.DONE
    InboundMessage.objects.filter(pk__in=[hint.pk for hint in reading.hints]).update(state=state)
    StreamState.objects.filter(connection=reading.connection, stream=reading.stream).update(read_at=reading.as_of)
    failpoint("integrations.record_settled")
    return outcome


def _settled(reading: Reading, now: dt.datetime) -> str:
    record, problems = reading.understood.record, reading.understood.problems
    lead = reading.lead
    if reading.raw is not None and problems:
        hold(connection=reading.connection, stream=reading.stream, kind=reading.kind, external_id=reading.external_id, raw=reading.raw,
             record=record, problems=problems, live=bool(lead and lead.live), now=now)
        return "held"
    gone = reading.raw is None
    release(connection=reading.connection, stream=reading.stream, external_id=reading.external_id,
            outcome="gone" if gone else "cured", now=now)
    data = {
        "connection": reading.connection.key, "system": reading.connection.key, "stream": reading.stream, "kind": reading.kind,
        "external_id": reading.external_id, "as_of": reading.as_of.isoformat(), "event_id": lead.event_id if lead else "",
        "occurred_at": lead.occurred_at.isoformat() if lead and lead.occurred_at else None, "live": bool(lead and lead.live),
    }
    if not gone:
        origin = lead.origin if lead else ""
        data |= {"record": record, "transition": lead.transition if lead else "", "origin": origin, "echo": is_echo(origin)}  # type: ignore[dict-item]
    jobs.publish(event=RECORD_GONE if gone else RECORD_READ, data=data, now=now,
                 order_key=order_key(reading.connection.key, reading.stream, reading.external_id))
    return "gone" if gone else "taken"


def stream_of(*, system: str, kind: str) -> str:
    """The stream of a system that reads this canonical kind. Raises LookupError."""
    connector = registry.connector(get_connection(system).connector_id)
    for stream in connector.streams:
        if stream.kind == kind:
            return stream.name
    raise LookupError(f"{connector.id} reads no {kind}")


def read_now(*, system: str, kind: str, external_id: str, now: dt.datetime) -> Fresh:
    """One record at once, for who has just changed it; stores nothing, asks no rule. Network. Raises OutsideError kinds."""
    connection = get_connection(system)
    source = registry.connector(connection.connector_id).stream(stream_of(system=system, kind=kind))
    config = config_of(connection)
    raw = call(connection, lambda: source.fetch(config, external_id), now=now)
    try:
        record = source.map(raw).model_dump(mode="json") if raw is not None else None
    except NOT_UNDERSTOOD as error:
        raise PermanentError(_("the record cannot be read"), system=system, code="unreadable") from error
    return Fresh(connection.key, connection.key, source.kind, external_id, record, now)


def give_up(*, connection_key: str, stream: str, external_id: str, error: Exception, now: dt.datetime) -> None:
    """A reading that failed for good becomes an item that somebody hears of; its hints wait there. In the caller's transaction."""
    connection = Connection.objects.filter(key=connection_key).first()
    if connection is None:
        return
    with transaction.atomic():
        kind = next((s.kind for s in registry.connector(connection.connector_id).streams if s.name == stream), stream)
        problem = Problem("not_read", "", {"why": policies.short_error(error)})
        hold(connection=connection, stream=stream, kind=kind, external_id=external_id, raw={}, record=None, problems=(problem,), live=False, now=now)
        InboundMessage.objects.filter(connection=connection, stream=stream, external_id=external_id, state=InboundMessage.State.PENDING).update(
            state=InboundMessage.State.HELD)
