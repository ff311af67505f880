"""What changes in the sales loop, each with audit and events in one transaction."""

from apps.business.services import loops
from apps.business.services.loops import (
    close_loop,
    deal_left_won,
    order_moved,
    record_approved,
    record_decision,
    record_invoice,
    record_order,
    record_purchase_requests,
    start_loop,
)
from apps.business.services.processes import publish_processes
from apps.business.services.templates import upsert_template

__all__ = [
    "close_loop",
    "deal_left_won",
    "loops",
    "order_moved",
    "publish_processes",
    "record_approved",
    "record_decision",
    "record_invoice",
    "record_order",
    "record_purchase_requests",
    "start_loop",
    "upsert_template",
]
