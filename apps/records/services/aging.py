"""What is overdue grows overnight, and no system tells of it: such records are read again on each new day of the company."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from apps.core import clock
from apps.integrations import selectors as connections
from apps.integrations import services as integrations
from apps.records.models import Record

READ_AGED = "records.read_aged"
KINDS = ("receivable",)  # their values follow the calendar


def read_aged(*, now: dt.datetime) -> int:
    """Have the records that owe something and were last read on an earlier day read again, each once a day. A system that is off or away is asked once
    it is back. In the caller's transaction. Returns how many are asked for."""
    today = clock.company_today(now)
    midnight = dt.datetime.combine(today, dt.time(), clock.company_zone())
    asked = 0
    for connection in connections.connections().filter(enabled=True).exclude(state="down"):
        rows = Record.objects.filter(connection=connection.key, kind__in=KINDS, deleted_at=None, as_of__lt=midnight).order_by("kind", "external_id")
        streams = {kind: integrations.stream_of(system=connection.key, kind=kind) for kind in {row.kind for row in rows}}
        for row in rows:
            if Decimal(str(row.data.get("balance") or 0)):
                integrations.request_read(connection=row.connection, stream=streams[row.kind], external_id=row.external_id, now=now,
                                          key=f"{READ_AGED}:{row.connection}:{row.external_id}:{today}")
                asked += 1
    return asked
