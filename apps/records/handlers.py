"""What the read model hears from the connector framework."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Iterable, Sequence

from apps.integrations import events
from apps.integrations import selectors as integrations
from apps.integrations import services as connectors
from apps.integrations.registry import register_page
from apps.jobs import selectors as jobs
from apps.jobs.registry import JobContext, on
from apps.notifications.registry import answers_for
from apps.records import selectors, services
from apps.records.kinds import PaymentDue, RecordQuarantined


@on(events.RECORD_READ, name="records.take_read")
def take_read(ctx: JobContext) -> None:
    """A record as its source has it now."""
    with ctx.commit():
        services.take_read(data=ctx.payload, now=ctx.now)


@on(events.RECORDS_LOADED, name="records.take_loaded")
def take_loaded(ctx: JobContext) -> None:
    """A page of a whole load."""
    with ctx.commit():
        services.take_loaded(data=ctx.payload, now=ctx.now)


@on(events.STREAM_LOADED, name="records.take_missing")
def take_missing(ctx: JobContext) -> None:
    """What a whole load did not show is gone."""
    held = integrations.held_ids(ctx.payload["connection"], ctx.payload["kind"])
    with ctx.commit():
        services.take_missing(data=ctx.payload, except_for=held, now=ctx.now)


@on(events.RECORD_GONE, name="records.take_gone")
def take_gone(ctx: JobContext) -> None:
    """The source no longer has a record."""
    with ctx.commit():
        services.take_gone(data=ctx.payload, now=ctx.now)


@on(events.RECORD_QUARANTINED, name="records.tell_quarantined")
def tell_quarantined(ctx: JobContext) -> None:
    """The named person hears of a record that was not taken."""
    with ctx.commit():
        services.tell_quarantined(data=ctx.payload, now=ctx.now)


@on(events.RECORD_RELEASED, name="records.tell_released")
def tell_released(ctx: JobContext) -> None:
    """It was cured or put away."""
    with ctx.commit():
        services.tell_released(data=ctx.payload, now=ctx.now)


@on(events.CONNECTION_CHANGED, name="records.tell_connection")
def tell_connection(ctx: JobContext) -> None:
    """A system went away or came back."""
    with ctx.commit():
        services.tell_connection(data=ctx.payload, now=ctx.now)


@answers_for(RecordQuarantined.key)
class Quarantine:
    """Each open item stands with the one named person who answers for it. The news of an item travels by job."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        named = functools.cache(lambda email, system: services.person_for(owner_email=email, system=system))
        found = [(named(email, system), item) for item, email, system in integrations.quarantined()]
        return [(person.pk, f"quarantine:{item}") for person, item in found if person is not None]

    def moving(self, now: dt.datetime) -> Iterable[str]:
        waiting = jobs.pending().filter(order_key__startswith="quarantine:")
        return [order_key.partition("|")[0] for order_key in waiting.values_list("order_key", flat=True)]

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        services.tell_quarantined(data=connectors.announced(item_id=uuid.UUID(ref.partition(":")[2])), now=now)


@answers_for(PaymentDue.key)
class Payments:
    """A reminder is nothing but its message: it stands as long as something is overdue on the account."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        return services.payments_asked(now=now)

    def moving(self, now: dt.datetime) -> Iterable[str]:
        return ()

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        """Nothing to tell again: without its message nobody asked."""


for _kind in selectors.PAGES:
    register_page(_kind, lambda external_id, kind=_kind: selectors.page_of(kind, external_id))  # type: ignore[misc]
