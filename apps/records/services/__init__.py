"""What others may ask of the read model: edits by people; taking in what was read (for this app's handlers)."""

from apps.records.services.aging import READ_AGED, read_aged
from apps.records.services.asking import UnableToRemind, payments_asked, remind_payment, request_purchase
from apps.records.services.editing import (
    UnableToSave,
    actor_for,
    add_follow_up,
    advance_shipment,
    edit_customer,
    move_deal,
    open_ticket,
)
from apps.records.services.messages import AT, tell_at
from apps.records.services.taking import (
    Change,
    take,
    take_gone,
    take_loaded,
    take_missing,
    take_read,
)
from apps.records.services.telling import person_for, tell_connection, tell_quarantined, tell_released

__all__ = [
    "AT", "READ_AGED", "Change", "UnableToRemind", "UnableToSave", "actor_for", "add_follow_up", "advance_shipment", "edit_customer", "move_deal",
    "open_ticket", "payments_asked", "person_for", "read_aged", "remind_payment", "request_purchase", "take", "take_gone", "take_loaded", "take_missing",
    "take_read", "tell_at", "tell_connection", "tell_quarantined", "tell_released",
]  # fmt: skip
