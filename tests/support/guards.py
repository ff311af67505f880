"""The audit chain refuses deletes, so the flush between tests could not empty it: its guards are off, except where they are tested."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator

from django.db import connection

_guards = importlib.import_module("apps.audit.migrations.0002_guards")


def _run(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def take_off() -> None:
    """Only what refuses; the sealing at commit stays."""
    _run(_guards.POSTGRES_DROP if connection.vendor == "postgresql" else _guards.SQLITE_DROP)


@contextlib.contextmanager
def on() -> Iterator[None]:
    """As in production."""
    _run(_guards.POSTGRES_GUARDS if connection.vendor == "postgresql" else _guards.SQLITE_GUARDS)
    try:
        yield
    finally:
        take_off()
