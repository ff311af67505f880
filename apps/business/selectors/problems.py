"""What keeps a deal from becoming an order, asked of the ERP's records: before the loop starts, and again whenever its card is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_noop

from apps.business import policies
from apps.business.policies import DealProblem
from apps.integrations import services as integrations
from apps.records import selectors as records
from apps.workflows.registry import Obstacle

CURRENCIES_KEPT = 600  # seconds
CURE_LINES = gettext_noop("Open the deal in the CRM and correct its lines; the loop then goes on by itself.")
CURE_DEAL = gettext_noop("Open the deal in the CRM and correct it; the loop then goes on by itself.")
# code -> what is wrong, what to do: msgids with the problem's params
WORDS = {
    "deal_without_customer": (
        gettext_noop("The deal is won but has no customer."),
        gettext_noop("Choose the customer in the CRM; the loop then goes on by itself."),
    ),
    "customer_not_in_erp": (
        gettext_noop("The ERP does not know the customer %(customer)s (%(key)s)."),
        gettext_noop("Give the customer the code it has in the ERP, or have it created there; then read the deal again."),
    ),
    "deal_without_lines": (gettext_noop("The deal is won but has no lines."), CURE_LINES),
    "line_without_product": (gettext_noop("Line %(line)s (%(name)s) names no product."), CURE_LINES),
    "product_unknown": (gettext_noop("Line %(line)s: the ERP has no product %(sku)s."), CURE_LINES),
    "quantity_not_positive": (gettext_noop("Line %(line)s: the quantity is %(quantity)s."), CURE_LINES),
    "line_negative": (gettext_noop("Line %(line)s: the price is negative."), CURE_LINES),
    "amount_negative": (gettext_noop("The amount is negative."), CURE_DEAL),
    "amount_missing": (gettext_noop("The deal is won but has no amount."), CURE_DEAL),
    "lines_do_not_sum": (gettext_noop("The lines do not sum up to the amount of the deal."), CURE_DEAL),
    "currency_unknown": (gettext_noop("The ERP does not keep the currency %(currency)s."), CURE_DEAL),
}


def problems_of(deal: Mapping[str, Any], now: dt.datetime, *, erp_answers: bool = True) -> list[DealProblem]:
    """`deal`: a canonical deal as JSON. Asks the ERP for its currencies when they are not at hand (network), unless it is known to be silent."""
    skus = {str(line["sku"]) for line in deal.get("lines") or () if line.get("sku")}
    known = {sku for sku in skus if records.raw("product", key=sku)}
    key = str(deal.get("customer_key") or "")
    return policies.deal_problems(
        deal, known_skus=known, known_customer=bool(key and records.raw("receivable", key=key)), currencies=_currencies(now, ask=erp_answers)
    )


def obstacles_of(deal: Mapping[str, Any], owner_id: str, now: dt.datetime, *, erp_answers: bool) -> tuple[Obstacle, ...]:
    """The same for the decision card: a deal may turn bad after it was won."""
    url = f"/deals/{deal.get('external_id') or ''}/"
    return tuple(_obstacle(problem, url, owner_id) for problem in problems_of(deal, now, erp_answers=erp_answers))


def _obstacle(problem: DealProblem, url: str, owner_id: str) -> Obstacle:
    text, cure = WORDS[problem.code]
    resource, field = ("crm.customer", "name") if problem.field == "customer" else ("crm.deal", problem.field)
    return Obstacle(f"{problem.code}:{problem.params.get('line', '')}".rstrip(":"), text, cure, problem.params, url, resource, field, owner_id)


def _currencies(now: dt.datetime, *, ask: bool) -> set[str]:
    """The ERP's currencies, kept for ten minutes; empty when it does not answer (the order itself checks again)."""
    kept: set[str] | None = cache.get("business:erp-currencies")
    if kept is None and ask:
        answer = integrations.read_live(system="erp", action="currencies.read", data={}, now=now)
        kept = set(answer.data["currencies"]) if answer.ok and answer.data else set()
        if kept:
            cache.set("business:erp-currencies", kept, CURRENCIES_KEPT)
    return kept or set()
