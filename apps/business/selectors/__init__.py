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
from apps.business.selectors.problems import WORDS, obstacles_of, problems_of

__all__ = [
    "WORDS",
    "agreement",
    "approver_for",
    "brief",
    "build_card",
    "figures",
    "latest_loop",
    "loop_of_business_key",
    "loop_of_order",
    "obstacles_of",
    "problems_of",
    "template_for",
    "templates",
]
