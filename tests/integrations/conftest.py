"""What the tests of the framework listen to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from apps.integrations import events
from apps.jobs import registry as jobs
from apps.records.events import RECORD_CHANGED, RECORD_GONE


def _heard(event: str) -> Iterator[list[dict[str, Any]]]:
    """The data of every publishing of an event, in order."""
    heard: list[dict[str, Any]] = []
    name = jobs.unique_name("tests.hear")
    jobs.on(event, name=name)(lambda ctx: heard.append(ctx.payload))
    yield heard
    jobs.forget(name)


@pytest.fixture
def changes() -> Iterator[list[dict[str, Any]]]:
    yield from _heard(RECORD_CHANGED)


@pytest.fixture
def gone() -> Iterator[list[dict[str, Any]]]:
    yield from _heard(RECORD_GONE)


@pytest.fixture
def quarantined() -> Iterator[list[dict[str, Any]]]:
    yield from _heard(events.RECORD_QUARANTINED)


@pytest.fixture
def turned() -> Iterator[list[dict[str, Any]]]:
    yield from _heard(events.CONNECTION_CHANGED)
