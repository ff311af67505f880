"""What a test has committed goes by DELETE, in milliseconds.

Django's flush would TRUNCATE: on PostgreSQL that makes a few hundred files anew and, worse, waits for every transaction that has only read a
table, so one connection that a test forgot would stop all tests after it. It would also make the permissions again, which no test changes.
"""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}
# no foreign keys and no triggers of users while it lasts; the tests' role may
FREE = {"postgresql": "SET LOCAL session_replication_role = replica", "sqlite": "PRAGMA defer_foreign_keys = ON"}


def empty() -> None:
    """Every table of a model."""
    tables = sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FREE[connection.vendor])
        for table in tables:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")


def take_over() -> None:
    """From now on for every test that is not rolled back."""

    def _fixture_teardown(self: Any) -> None:
        empty()

    TransactionTestCase._fixture_teardown = _fixture_teardown
