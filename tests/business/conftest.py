"""Deals as the loop takes them, and the processes published."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from apps.business import services
from tests.support.shop import put


@pytest.fixture
def won_deal(cast: SimpleNamespace, clock: dt.datetime) -> Callable[..., dict[str, Any]]:
    """won_deal(owner="ana", ident="d-1"): a won deal in the read model, as canonical JSON."""
    services.publish_processes(now=clock)

    def make(owner: str = "ana", ident: str = "d-1", **fields: Any) -> dict[str, Any]:
        line = {"external_id": "l-1", "sku": "P-1", "name": "Pump", "quantity": "2", "unit_price": "600", "amount": "1200"}
        values = {
            "name": "Pumps for Delta", "customer_id": "c-1", "customer_key": "C-001", "customer_name": "Delta Water Group", "stage": "Won",
            "stage_kind": "won", "amount": "1200.00", "currency": "CNY", "lines": [line], "owner_email": f"{owner}@yunhe.example", **fields,
        }  # fmt: skip
        return dict(put("deal", ident, now=clock, **values).data)

    return make
