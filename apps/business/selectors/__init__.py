"""Reading the sales loop."""

from apps.business.selectors.announcements import (
    Reading,
    ReadingReport,
    announcement,
    announcement_of,
    announcements,
    audience,
    copies_of,
    copies_to,
    deadlines,
    has_copy,
    is_addressed,
    missing_readers,
    reading_report,
    unread_count,
    written,
)
from apps.business.selectors.calendar import (
    Day,
    Entry,
    calendar_link,
    days,
    entries,
    person_of_link,
    span,
)
from apps.business.selectors.card import brief, build_card
from apps.business.selectors.loops import (
    agreement,
    approver_for,
    figures,
    latest_loop,
    loop_of_business_key,
    loop_of_order,
    template_for,
    templates,
    watched_records,
)
from apps.business.selectors.paging import Listed
from apps.business.selectors.picking import customers_to_pick, people_to_pick
from apps.business.selectors.problems import WORDS, obstacles_of, problems_of
from apps.business.selectors.visits import (
    approver_of_person,
    visit,
    visit_brief,
    visit_by_id,
    visit_card,
    visits,
    visits_between,
    visits_of_customer,
)

__all__ = [
    "WORDS", "Day", "Entry", "Listed", "Reading", "ReadingReport", "agreement", "announcement", "announcement_of", "announcements",
    "approver_for", "approver_of_person", "audience", "brief", "build_card", "calendar_link", "copies_of", "copies_to", "customers_to_pick",
    "days", "deadlines", "entries", "figures", "has_copy", "is_addressed", "latest_loop", "loop_of_business_key", "loop_of_order",
    "missing_readers", "obstacles_of", "people_to_pick", "person_of_link", "problems_of", "reading_report", "span", "template_for",
    "templates", "unread_count", "visit", "visit_brief", "visit_by_id", "visit_card", "visits", "visits_between", "visits_of_customer",
    "watched_records", "written",
]  # fmt: skip
