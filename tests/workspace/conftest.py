"""A company with records in the read model."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from tests.support import shop


@pytest.fixture
def stocked(cast: SimpleNamespace) -> SimpleNamespace:
    """The cast, with customers, deals, orders, shipments, invoices, receivables, follow-ups and stock."""
    return shop.fill(cast)


@pytest.fixture
def as_(sign_in: Any) -> Any:
    """as_(person) -> a client signed in as that person, in English."""

    def make(person: Any) -> Client:
        return sign_in(Client(headers={"accept-language": "en"}), person)

    return make
