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
    for row in Record.objects.filter(kind__in=KINDS, deleted_at=None, as_of__lt=midnight).order_by("connection", "kind", "external_id"):
        if Decimal(str(row.data.get("balance") or 0)) and _answers(row.system):
            integrations.request_read(connection=row.connection, stream=integrations.stream_of(system=row.system, kind=row.kind),
                                      external_id=row.external_id, now=now, key=f"{READ_AGED}:{row.connection}:{row.external_id}:{today}")
            asked += 1
    return asked


def _answers(system: str) -> bool:
    connection = connections.connection(system)
    return connection is not None and connection.enabled and connection.state != "down"
