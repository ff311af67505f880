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

__all__ = [
    "agreement",
    "approver_for",
    "brief",
    "build_card",
    "figures",
    "latest_loop",
    "loop_of_business_key",
    "loop_of_order",
    "template_for",
    "templates",
]
