"""A company with records, and its facts added up."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.insight import services
from tests.support import shop


def add_up() -> None:
    while services.rebuild():
        pass


@pytest.fixture
def as_(sign_in: Callable[[Client, Any], Client]) -> Callable[[Any], Client]:
    """as_(person) -> a client signed in as that person, in English."""
    return lambda person: sign_in(Client(headers={"accept-language": "en"}), person)


@pytest.fixture
def shopped(cast: SimpleNamespace, clock: Any, travel: Any) -> SimpleNamespace:
    """The cast with the small company's records, every one of them in facts."""
    travel(clock)
    shop.fill(cast)
    services.take_all(now=clock)
    add_up()
    return cast
