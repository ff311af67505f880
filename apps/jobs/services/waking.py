"""Telling workers that there is work: at once inside the process, by NOTIFY to other processes on PostgreSQL, else they poll."""

from __future__ import annotations

import logging
import threading
import weakref

from django.db import connection, transaction

logger = logging.getLogger(__name__)
CHANNEL = "atrium_jobs"
_sleepers: weakref.WeakSet[threading.Event] = weakref.WeakSet()


def register_sleeper(event: threading.Event) -> None:
    """`event` is set whenever this process enqueued something."""
    _sleepers.add(event)


def wake() -> None:
    """Wake now. A failure costs at most one poll interval, so it is only logged."""
    for event in list(_sleepers):
        event.set()
    if connection.vendor == "postgresql":
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"NOTIFY {CHANNEL}")
        except Exception:
            logger.warning("workers could not be woken; they poll", exc_info=True)


def wake_on_commit() -> None:
    """Once per transaction, after it committed."""
    if not any(entry[1] is wake for entry in connection.run_on_commit):
        transaction.on_commit(wake)
