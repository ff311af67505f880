"""Pure rules of OA's own documents."""

from apps.business.policies import ical, richtext
from apps.business.policies.announcements import ANNOUNCEMENT_MOVES, REMIND_EVERY, announcement_state, problems_of_announcement
from apps.business.policies.loops import (
    Approver,
    DealProblem,
    cents,
    choose_approver,
    choose_template,
    crosses_limit,
    deal_problems,
    shortages,
    valid_until,
)
from apps.business.policies.visits import VISIT_MOVES, next_state, problems_of_visit, same_day

__all__ = [
    "ANNOUNCEMENT_MOVES",
    "REMIND_EVERY",
    "VISIT_MOVES",
    "Approver",
    "DealProblem",
    "announcement_state",
    "cents",
    "choose_approver",
    "choose_template",
    "crosses_limit",
    "deal_problems",
    "ical",
    "next_state",
    "problems_of_announcement",
    "problems_of_visit",
    "richtext",
    "same_day",
    "shortages",
    "valid_until",
]
