"""Reading the sales loop."""

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
    "WORDS", "Listed", "agreement", "approver_for", "approver_of_person", "brief", "build_card", "customers_to_pick", "figures",
    "latest_loop", "loop_of_business_key", "loop_of_order", "obstacles_of", "people_to_pick", "problems_of", "template_for", "templates",
    "visit", "visit_brief", "visit_by_id", "visit_card", "visits", "visits_between", "visits_of_customer",
]  # fmt: skip
