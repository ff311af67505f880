"""What changes in OA's own documents, each with audit and events in one transaction."""

from apps.business.services import loops, visits
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
from apps.business.services.visits import UnableToChangeVisit, cancel_visit, change_visit, report_visit, request_visit

__all__ = [
    "UnableToChangeVisit",
    "cancel_visit",
    "change_visit",
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
    "report_visit",
    "request_visit",
    "start_loop",
    "upsert_template",
    "visits",
]
