"""Hints from outside: the change feed and webhooks. Both store the same message for the same event, once."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Iterable, Mapping

from django.db import transaction

from apps.core.failpoints import declare, failpoint
from apps.integrations import policies, registry
from apps.integrations.contract import Hint, HintPage, WebhookRefused
from apps.integrations.models import Connection, InboundMessage, SyncRun
from apps.integrations.services.asking import ask_for
from apps.integrations.services.calls import call
from apps.integrations.services.connections import config_of, get_connection

declare("integrations.hints_stored", "integrations.feed_read", "integrations.feed_stored")
log = logging.getLogger(__name__)
EVENT_ID = 160


def store_hints(*, connection: Connection, hints: Iterable[Hint], channel: str, now: dt.datetime) -> int:
    """Store what is new and have each record read. In the caller's transaction. Returns how many were new."""
    wanted = {_identity(hint): hint for hint in hints}
    if not wanted:
        return 0
    known = set(
        InboundMessage.objects.filter(connection=connection, event_id__in={key[0] for key in wanted}).values_list("event_id", "stream", "external_id")
    )
    streams = {stream.name for stream in registry.connector(connection.connector_id).streams}
    fresh = [_message(connection, key, hint, streams, channel, now) for key, hint in wanted.items() if key not in known]
    # Feed and webhook may store the same event at this very moment: the second one is dropped by the unique index.
    InboundMessage.objects.bulk_create(fresh, ignore_conflicts=True)
    for stream, external_id in dict.fromkeys((m.stream, m.external_id) for m in fresh if m.state == InboundMessage.State.PENDING):
        ask_for(connection=connection.key, stream=stream, external_id=external_id, now=now)
    failpoint("integrations.hints_stored")
    return len(fresh)


def _identity(hint: Hint) -> tuple[str, str, str]:
    event_id = hint.event_id if len(hint.event_id) <= EVENT_ID else hashlib.sha256(hint.event_id.encode()).hexdigest()
    return event_id, hint.stream[:60], hint.external_id[:120]


def _message(connection: Connection, key: tuple[str, str, str], hint: Hint, streams: set[str], channel: str, now: dt.datetime) -> InboundMessage:
    reason = ""
    if connection.organisation and hint.organisation and hint.organisation != connection.organisation:
        reason = "organisation"
    elif hint.stream not in streams:
        reason = "unknown_kind"
    return InboundMessage(
        connection=connection, event_id=key[0], stream=key[1], external_id=key[2], transition=hint.transition[:60], occurred_at=hint.occurred_at,
        origin=hint.origin[:200], organisation=hint.organisation[:120], channel=channel, raw=dict(hint.raw), received_at=now, reason=reason,
        live=policies.is_live(hint.occurred_at, connection.live_from),
        state=InboundMessage.State.IGNORED if reason else InboundMessage.State.PENDING,
    )


def receive_webhook(*, connection_key: str, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> int:
    """Verify, store, done: the work is for jobs. Returns how many hints were new. Raises WebhookRefused (forged, stale, or this connector takes
    none) and then nothing is stored; NotFound for an unknown connection. A signed body that cannot be read is stored as ignored: the sender
    would repeat it for ever."""
    connection = get_connection(connection_key)
    parse = registry.connector(connection.connector_id).parse_webhook
    if parse is None:
        raise WebhookRefused("this connector takes no webhooks")
    try:
        hints = list(parse(config_of(connection), headers, body, now))
    except WebhookRefused:
        raise
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("connection %s: a signed webhook cannot be read: %s", connection_key, type(error).__name__)
        hints = [Hint(event_id=f"unreadable-{hashlib.sha256(body).hexdigest()}", stream="", external_id="")]
    with transaction.atomic():
        return store_hints(connection=connection, hints=hints, channel=InboundMessage.Channel.WEBHOOK, now=now)


def read_feed(*, connection_key: str, now: dt.datetime) -> tuple[Connection, HintPage] | None:
    """The next page of the change feed. None: switched off, or its first load has not begun. Network. Raises GoneError when the cursor is no longer
    good: then `resync`."""
    connection = get_connection(connection_key)
    if not connection.enabled or not connection.feed_cursor:
        return None
    feed, config = registry.connector(connection.connector_id).feed, config_of(connection)
    page = call(connection, lambda: feed(config, connection.feed_cursor), now=now)
    failpoint("integrations.feed_read")
    return connection, page


def store_feed(*, connection: Connection, page: HintPage, now: dt.datetime) -> int:
    """Hints and cursor in one transaction, the caller's; a page somebody else stored meanwhile changes nothing."""
    if page.cursor == connection.feed_cursor and not page.hints:
        if connection.feed_read_at is None or now - connection.feed_read_at >= dt.timedelta(seconds=10):
            Connection.objects.filter(pk=connection.pk, feed_cursor=page.cursor).update(feed_read_at=now)
        return 0
    moved = Connection.objects.filter(pk=connection.pk, feed_cursor=connection.feed_cursor).update(feed_cursor=page.cursor, feed_read_at=now)
    if not moved:
        return 0
    stored = store_hints(connection=connection, hints=page.hints, channel=InboundMessage.Channel.FEED, now=now)
    if stored:
        SyncRun.objects.create(connection=connection, kind=SyncRun.Kind.INCREMENTAL, started_at=now, finished_at=now, read=len(page.hints),
                               taken=stored)
    failpoint("integrations.feed_stored")
    return stored
