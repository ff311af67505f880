"""The one place where a delivery changes its state."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from apps.notifications import policies
from apps.notifications.models import Delivery, DeliveryState


def settle(delivery_id: uuid.UUID, state: str, now: dt.datetime, *, reason: str = "", **fields: Any) -> Delivery:
    """Move it, under its lock, and set `fields`. Raises policies.UnableToMove for a move that is none."""
    row = Delivery.objects.select_for_update().get(pk=delivery_id)
    policies.require_move(row.state, state)
    row.state, row.reason = state, reason or row.reason
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=["state", "reason", *fields])
    return row


def hold(delivery_id: uuid.UUID, reason: str, until: dt.datetime) -> None:
    """One that waits goes on waiting, until then."""
    Delivery.objects.filter(pk=delivery_id, state=DeliveryState.HELD).update(reason=reason, held_until=until)
