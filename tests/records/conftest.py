"""Records in the read model, and the API as each member of the cast meets it."""

from __future__ import annotations

from collections.abc import Callable
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
def as_(sign_in: Callable[[Client, Any], Client]) -> Callable[[Any], Client]:
    """as_(person) -> a client signed in as that person, in English."""
    return lambda person: sign_in(Client(headers={"accept-language": "en"}), person)


@pytest.fixture
def loaded(systems: SimpleNamespace, cast: SimpleNamespace, run_jobs: Callable[..., int]) -> SimpleNamespace:
    """Both systems of the test process, connected and read whole: what is written goes there and comes back."""
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.calls.clear()
    systems.erp.calls.clear()
    return systems
