"""Kinds of work that live as long as one test."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from apps.jobs import registry, services
from apps.jobs.models import Job
from tests.conftest import NOW
from tests.jobs.nursery import Nursery
from tests.support.processes import database_url

collect_ignore = [] if django_settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else ["test_postgresql.py"]
if "ATRIUM_TEST_SERVERS" in os.environ:
    collect_ignore.append("test_both_databases.py")


class Work:
    """Registers kinds and enqueues; forgets its kinds at the end."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def kind(self, run: Callable[[registry.JobContext], Any] = lambda ctx: None, **options: Any) -> str:
        name = registry.unique_name("test")
        registry.task(name, **options)(run)
        self.kinds.append(name)
        return name

    def subscriber(self, event: str, run: Callable[[registry.JobContext], Any], **options: Any) -> str:
        name = registry.unique_name("test.on")
        registry.on(event, name=name, **options)(run)
        self.kinds.append(name)
        return name

    def put(self, kind: str, *, at: dt.datetime = NOW, payload: dict[str, Any] | None = None, **given: Any) -> Job:
        return services.enqueue(kind=kind, payload=payload or {}, now=at, **given)


@pytest.fixture(scope="session")
def nursery(django_db_setup: None) -> Iterator[Nursery]:
    """Forks the worker processes of this run."""
    made = Nursery(database_url())
    yield made
    made.close()


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    registry.forget(*made.kinds)


@pytest.fixture
def later() -> Callable[[float], dt.datetime]:
    """later(seconds): that much after NOW."""
    return lambda seconds: NOW + dt.timedelta(seconds=seconds)
