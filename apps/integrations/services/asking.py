"""Having a record read: one job for each wish; a job whose hint was answered by an earlier reading does nothing."""

from __future__ import annotations

import datetime as dt

from apps.jobs import services as jobs

READ_RECORD = "integrations.read_record"


def order_key(connection: str, stream: str, external_id: str) -> str:
    """Everything about one record happens in order; nothing about one record holds up another."""
    return f"{connection}:{stream}:{external_id}"


def ask_for(*, connection: str, stream: str, external_id: str, now: dt.datetime, forced: bool = False, key: str = "") -> None:
    """Enqueue the reading that a stored hint waits for. `key`: what is asked for once only. In the caller's transaction."""
    jobs.enqueue(kind=READ_RECORD, payload={"connection": connection, "stream": stream, "external_id": external_id, "forced": forced},
                 now=now, key=key, order_key=order_key(connection, stream, external_id))


def request_read(*, connection: str, stream: str, external_id: str, now: dt.datetime, key: str = "") -> None:
    """Have one record read again soon, without a hint. `key`: once only. In the caller's transaction."""
    ask_for(connection=connection, stream=stream, external_id=external_id, now=now, forced=True, key=key)
