"""One at a time, over all processes."""

from __future__ import annotations

from django.db import connection


def hold(name: str) -> None:
    """Until the transaction ends nobody else holds this name; who wants to waits. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
