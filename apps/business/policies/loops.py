"""Pure rules of the sales loop: which template, what is wrong with a deal, is it short, does it cross the limit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from apps.business.models import ContractTemplate

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    """Money of two decimals, half up, as both systems round."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def choose_template(templates: Iterable[ContractTemplate], *, amount: Decimal, currency: str, industry: str) -> ContractTemplate | None:
    """The first by rank whose conditions all hold."""
    for template in templates:
        if template.currency and template.currency != currency:
            continue
        if template.min_amount is not None and amount < template.min_amount:
            continue
        if template.max_amount is not None and amount >= template.max_amount:
            continue
        if template.industry and template.industry.casefold() != industry.casefold():
            continue
        return template
    return None


def valid_until(template: ContractTemplate, today: dt.date) -> dt.date:
    """Last day on which the contract may be fulfilled."""
    return today + dt.timedelta(days=template.valid_days)


@dataclass(frozen=True)
class DealProblem:
    """`code` names the rule, `field` where to cure it, `params` for the message."""

    code: str
    field: str
    params: dict[str, Any]


def deal_problems(deal: Mapping[str, Any], *, known_skus: set[str], known_customer: bool, currencies: set[str]) -> list[DealProblem]:
    """Everything that keeps a won deal from becoming an order. `deal` is a canonical deal as JSON; empty list: nothing.

    `currencies` empty means that the ERP could not be asked: the rule is left to the ERP's own check at the order.
    """
    problems: list[DealProblem] = []
    lines: Sequence[Mapping[str, Any]] = deal.get("lines") or []
    if not deal.get("customer_id"):
        problems.append(DealProblem("deal_without_customer", "customer", {}))
    elif not known_customer:
        problems.append(
            DealProblem("customer_not_in_erp", "customer", {"customer": deal.get("customer_name") or "", "key": deal.get("customer_key") or ""})
        )
    if not lines:
        problems.append(DealProblem("deal_without_lines", "lines", {}))
    for number, line in enumerate(lines, start=1):
        problems.extend(_line_problems(number, line, known_skus))
    problems.extend(_amount_problems(deal, lines))
    currency = str(deal.get("currency") or "")
    if not currency or (currencies and currency not in currencies):
        problems.append(DealProblem("currency_unknown", "currency", {"currency": currency or "–"}))
    return problems


def _line_problems(number: int, line: Mapping[str, Any], known_skus: set[str]) -> list[DealProblem]:
    problems = []
    sku, name = line.get("sku"), str(line.get("name") or "")
    if not sku:
        problems.append(DealProblem("line_without_product", "lines", {"line": number, "name": name}))
    elif sku not in known_skus:
        problems.append(DealProblem("product_unknown", "lines", {"line": number, "sku": sku}))
    if Decimal(str(line["quantity"])) <= 0:
        problems.append(DealProblem("quantity_not_positive", "lines", {"line": number, "quantity": str(line["quantity"])}))
    if Decimal(str(line["unit_price"])) < 0 or Decimal(str(line["amount"])) < 0:
        problems.append(DealProblem("line_negative", "lines", {"line": number}))
    return problems


def _amount_problems(deal: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> list[DealProblem]:
    amount = deal.get("amount")
    if amount is None:
        return [DealProblem("amount_missing", "amount", {})]
    if Decimal(str(amount)) < 0:
        return [DealProblem("amount_negative", "amount", {"amount": str(amount)})]
    total = sum((Decimal(str(line["amount"])) for line in lines), Decimal(0))
    if lines and cents(total) != cents(Decimal(str(amount))):
        return [DealProblem("lines_do_not_sum", "amount", {"amount": str(cents(Decimal(str(amount)))), "total": str(cents(total))})]
    return []


def shortages(lines: Sequence[Mapping[str, Any]], stock: Mapping[str, Mapping[str, Any]]) -> dict[str, Decimal]:
    """sku -> how many are missing, for stocked products only. `stock`: sku -> {"available": text}; a sku without stock entry is a service."""
    needed: dict[str, Decimal] = {}
    for line in lines:
        needed[str(line["sku"])] = needed.get(str(line["sku"]), Decimal(0)) + Decimal(str(line["quantity"]))
    missing = {}
    for sku, quantity in needed.items():
        if sku in stock:
            lack = quantity - max(Decimal(str(stock[sku]["available"])), Decimal(0))
            if lack > 0:
                missing[sku] = lack
    return missing


def crosses_limit(balance: Decimal, limit: Decimal | None, amount: Decimal) -> bool:
    """Would the customer owe more than the limit with this order? No limit is never crossed."""
    return limit is not None and balance + amount > limit


@dataclass(frozen=True)
class Approver:
    """`person_id` decides. `reason`: "" for the plain case, else why the fallback stands in (many, none, self, inactive, unknown_seller)."""

    person_id: Any
    reason: str = ""


def choose_approver(*, seller: Any | None, managers: Sequence[Any], fallback: Any, second_fallback: Any | None = None) -> Approver:
    """The seller's one active manager; in every other case the named admin. Never the seller himself."""
    reason = ""
    if seller is None:
        reason = "unknown_seller"
    elif len(managers) > 1:
        reason = "many"
    elif not managers:
        reason = "none"
    elif managers[0].pk == seller.pk:
        reason = "self"
    elif not managers[0].active:
        reason = "inactive"
    if not reason:
        return Approver(managers[0].pk)
    stand_in = fallback
    if seller is not None and fallback.pk == seller.pk and second_fallback is not None:
        stand_in = second_fallback
    return Approver(stand_in.pk, reason)
