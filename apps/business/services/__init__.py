"""What changes in OA's own documents, each with audit and events in one transaction."""

from apps.business.services import announcements, circulation, loops, visits
from apps.business.services.announcements import (
    UnableToChangeAnnouncement,
    confirm_announcement,
    correct_announcement,
    pin_announcement,
    publish_announcement,
    read_announcement,
    remind_announcement,
    save_announcement,
    withdraw_announcement,
)
from apps.business.services.calendar import make_calendar_link, revoke_calendar_link, touch_calendar_link
from apps.business.services.circulation import circulate, read_copy
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
    "UnableToChangeAnnouncement",
    "UnableToChangeVisit",
    "announcements",
    "cancel_visit",
    "change_visit",
    "circulate",
    "circulation",
    "close_loop",
    "confirm_announcement",
    "correct_announcement",
    "deal_left_won",
    "loops",
    "make_calendar_link",
    "order_moved",
    "pin_announcement",
    "publish_announcement",
    "publish_processes",
    "read_announcement",
    "read_copy",
    "record_approved",
    "record_decision",
    "record_invoice",
    "record_order",
    "record_purchase_requests",
    "remind_announcement",
    "report_visit",
    "request_visit",
    "revoke_calendar_link",
    "save_announcement",
    "start_loop",
    "touch_calendar_link",
    "upsert_template",
    "visits",
    "withdraw_announcement",
]
