"""Reading whole streams: the first load, and again when a cursor is no longer good. Neither starts a process.

The feed's position is taken before the first page, so that nothing falls between; each page and its cursor are stored in one transaction, so a
load that was killed goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.failpoints import declare, failpoint
from apps.integrations import registry
from apps.integrations.contract import Page
from apps.integrations.events import RECORDS_LOADED, STREAM_LOADED
from apps.integrations.models import Connection, StreamState, SyncRun
from apps.integrations.services.calls import call
from apps.integrations.services.connections import config_of, get_connection
from apps.integrations.services.quarantine import hold, release_all
from apps.integrations.services.reading import Understood, understand
from apps.jobs import services as jobs

declare("integrations.page_read", "integrations.page_stored")
BEGIN_LOAD, LOAD_STREAM = "integrations.begin_load", "integrations.load_stream"
Json = dict[str, Any]


def first_load(*, connection_key: str, now: dt.datetime) -> SyncRun | None:
    """Begin the first load unless one was begun. Returns the new run, or None."""
    with transaction.atomic():
        connection = Connection.objects.select_for_update().filter(key=connection_key).first()
        if connection is None or connection.runs.filter(kind__in=(SyncRun.Kind.FULL, SyncRun.Kind.RESYNC)).exists():
            return None
        return _begin(connection, SyncRun.Kind.FULL, now)


def resync(*, connection_key: str, now: dt.datetime, person: Any = None, reason: str = "") -> SyncRun:
    """Read everything again and follow the feed from now: the cursor is no longer good, or an administrator wants it. What was made up to now starts
    no process, so the connection goes live anew. One that is running already is returned as it is. In the caller's transaction, if there is one."""
    if person is not None:
        decide(person, "manage", "integrations.connection").require(_("You may not manage connections."))
    get_connection(connection_key)
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(key=connection_key)
        running = connection.runs.filter(kind__in=(SyncRun.Kind.FULL, SyncRun.Kind.RESYNC), finished_at=None).order_by("-started_at").first()
        if running is not None and not (reason and connection.feed_cursor):
            return running
        connection.feed_cursor, connection.live_from, connection.updated_at = "", now, now
        connection.save(update_fields=["feed_cursor", "live_from", "updated_at"])
        run = _begin(connection, SyncRun.Kind.RESYNC, now)
        audit.record(actor=person, action="integrations.connection.resynced", object=f"integrations.connection:{connection.key}", now=now,
                     data={"reason": reason or "asked for"})
    return run


def _begin(connection: Connection, kind: str, now: dt.datetime) -> SyncRun:
    run = SyncRun.objects.create(connection=connection, kind=kind, started_at=now)
    jobs.enqueue(kind=BEGIN_LOAD, payload={"connection": connection.key, "run": str(run.pk)}, now=now, key=f"load:{run.pk}")
    return run


def take_position(*, connection_key: str, now: dt.datetime) -> str:
    """Where the feed stands now; "" when we have a position already. Network."""
    connection = get_connection(connection_key)
    if connection.feed_cursor:
        return ""
    feed, config = registry.connector(connection.connector_id).feed, config_of(connection)
    return call(connection, lambda: feed(config, ""), now=now).cursor


def start_streams(*, connection_key: str, run_id: str, cursor: str, now: dt.datetime) -> None:
    """Store the position and have every stream read; in the caller's transaction."""
    connection = Connection.objects.select_for_update().get(key=connection_key)
    if cursor and not connection.feed_cursor:
        connection.feed_cursor, connection.feed_read_at = cursor, now
        connection.save(update_fields=["feed_cursor", "feed_read_at"])
    for stream in registry.connector(connection.connector_id).streams:
        StreamState.objects.update_or_create(
            connection=connection, stream=stream.name,
            defaults={"kind": stream.kind, "cursor": "", "run": run_id, "started_at": now, "loaded_at": None, "count": 0},
        )
        jobs.enqueue(kind=LOAD_STREAM, payload={"connection": connection_key, "run": run_id, "stream": stream.name}, now=now,
                     key=f"load:{run_id}:{stream.name}")


def load_page(*, connection_key: str, stream: str, run_id: str, now: dt.datetime) -> tuple[StreamState, Page, list[Understood]] | None:
    """Read and understand one page. None: this run is over for this stream, or another run took its place. Network."""
    connection = get_connection(connection_key)
    state = StreamState.objects.filter(connection=connection, stream=stream, run=run_id, loaded_at=None).first()
    if state is None:
        return None
    state.connection = connection
    source, config = registry.connector(connection.connector_id).stream(stream), config_of(connection)
    page = call(connection, lambda: source.load(config, state.cursor), now=now)
    failpoint("integrations.page_read")
    found = [understand(source, raw, connection=connection, transition="", live=False, now=now) for _id, raw in page.vendor]
    return state, page, found


def store_page(*, state: StreamState, page: Page, found: list[Understood], now: dt.datetime) -> bool:
    """Records, quarantine and cursor in one transaction, the caller's. False: somebody else stored this page."""
    connection = state.connection
    done = {} if page.more else {"loaded_at": now}
    moved = StreamState.objects.filter(pk=state.pk, run=state.run, cursor=state.cursor, loaded_at=None).update(
        cursor=page.cursor, read_at=now, count=F("count") + len(page.vendor), **done)
    if not moved:
        return False
    good, bad = [], 0
    for (external_id, raw), one in zip(page.vendor, found, strict=True):
        if one.problems or one.record is None:
            bad += 1
            hold(connection=connection, stream=state.stream, kind=state.kind, external_id=external_id, raw=raw, record=one.record,
                 problems=one.problems, live=False, now=now)
        else:
            good.append(one.record)
    _announce(state, good, page, now)
    SyncRun.objects.filter(pk=state.run).update(read=F("read") + len(page.vendor), taken=F("taken") + len(good), quarantined=F("quarantined") + bad)
    if not page.more:
        _finish_run(state, now)
    failpoint("integrations.page_stored")
    return True


def _announce(state: StreamState, good: list[Json], page: Page, now: dt.datetime) -> None:
    connection = state.connection
    where = {"connection": connection.key, "system": connection.key, "stream": state.stream, "kind": state.kind}
    order = f"load:{connection.key}:{state.stream}"
    release_all(connection=connection, stream=state.stream, external_ids=[str(record["external_id"]) for record in good], outcome="cured", now=now)
    if good:
        jobs.publish(event=RECORDS_LOADED, data={**where, "records": good, "as_of": now.isoformat()}, now=now, order_key=order)
    if not page.more:
        started = state.started_at or now
        jobs.publish(event=STREAM_LOADED, data={**where, "started_at": started.isoformat()}, now=now, order_key=order)


def _finish_run(state: StreamState, now: dt.datetime) -> None:
    if not StreamState.objects.filter(connection=state.connection, run=state.run, loaded_at=None).exists():
        SyncRun.objects.filter(pk=state.run).update(finished_at=now)
