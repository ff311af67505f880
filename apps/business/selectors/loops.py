"""Which loop, whose decision, which template, do the systems agree, how do loops fare."""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop

from apps.business import policies
from apps.business.models import ContractTemplate, SalesLoop
from apps.core.clock import company_zone
from apps.directory import selectors as directory
from apps.records import selectors as records
from apps.workflows.registry import Agreement, AgreementRow, Candidates

REASONS = {
    "many": gettext_noop("the seller has several managers"),
    "none": gettext_noop("the seller has no manager"),
    "self": gettext_noop("the seller is the manager"),
    "inactive": gettext_noop("the seller's manager is not active"),
    "unknown_seller": gettext_noop("nobody in the directory is the deal's seller"),
}


def loop_of_business_key(business_key: str) -> SalesLoop | None:
    return SalesLoop.objects.select_related("seller", "approver").filter(business_key=business_key).first()


def latest_loop(deal_id: str) -> SalesLoop | None:
    """The newest round of a deal."""
    return SalesLoop.objects.select_related("seller", "approver").filter(deal_id=deal_id).order_by("-round").first()


def loop_of_order(order_id: str) -> SalesLoop | None:
    return SalesLoop.objects.select_related("seller", "approver").filter(order_id=order_id).first() if order_id else None


def cases_of_customers(customer_keys: Iterable[str]) -> dict[str, list[uuid.UUID]]:
    """Customer code -> cases of its loops. Whose may see a case, workflows says."""
    found: dict[str, list[uuid.UUID]] = {}
    for key, instance_id in SalesLoop.objects.filter(customer_key__in=[key for key in customer_keys if key]).values_list("customer_key", "instance_id"):
        found.setdefault(key, []).append(instance_id)
    return found


def templates() -> list[ContractTemplate]:
    """Active templates, by rank."""
    return list(ContractTemplate.objects.filter(active=True))


def template_for(deal: dict[str, Any]) -> ContractTemplate | None:
    """The template a deal (canonical JSON) gets by rule."""
    customer = records.raw("customer", external_id=deal.get("customer_id") or "")
    industry = str(customer.data.get("industry", "")) if customer else ""
    return policies.choose_template(
        templates(), amount=Decimal(str(deal.get("amount") or 0)), currency=str(deal.get("currency") or ""), industry=industry
    )


def approver_for(loop: SalesLoop) -> Candidates:
    """The seller's one active manager from the directory; in every other case the named admin, with the reason."""
    fallback = directory.find_person_by_login(settings.FALLBACK_ADMIN)
    if fallback is None:
        return Candidates((), fallback=True, reason=gettext_noop("the named admin is not in the directory"))
    managers = directory.managers_of(loop.seller) if loop.seller else []
    chosen = policies.choose_approver(seller=loop.seller, managers=managers, fallback=fallback)
    return Candidates((chosen.person_id,), fallback=bool(chosen.reason), reason=REASONS.get(chosen.reason, ""))


def agreement(loop: SalesLoop) -> Agreement:
    """What CRM, portal and ERP say about the same fields of one loop, from the read models."""
    deal, order = records.raw("deal", external_id=loop.deal_id), records.raw("order", external_id=loop.order_id) if loop.order_id else None
    crm, erp = (dict(deal.data) if deal else {}), (dict(order.data) if order else {})
    custom: dict[str, Any] = crm.get("custom") or {}
    owner = str(loop.seller_id or "")
    rows = [
        _row(
            gettext_noop("Amount"),
            {"crm": _money(crm.get("amount")), "oa": _money(loop.amount), "erp": _money(erp.get("amount"))},
            {"crm": ("crm.deal", "amount"), "oa": ("crm.deal", "amount"), "erp": ("erp.order", "amount")},
            owner,
        ),
        _row(gettext_noop("Currency"), {"crm": crm.get("currency", ""), "oa": loop.currency, "erp": erp.get("currency", "")}, {}, owner),
        _row(gettext_noop("Order"), {"crm": custom.get("erp_order_no", ""), "oa": loop.order_no, "erp": erp.get("key", "")}, {}, owner),
        _row(gettext_noop("Contract"), {"crm": custom.get("contract_no", ""), "oa": loop.contract_no if loop.approved_at else ""}, {}, owner),
        _row(
            gettext_noop("Shipped"), {"crm": _day(custom.get("shipped_at")), "oa": _day(loop.shipped_at), "erp": _day(_last_shipped(loop))}, {}, owner
        ),
    ]
    return Agreement(tuple(rows))


def _row(label: str, values: dict[str, Any], resources: dict[str, tuple[str, str]], owner: str) -> AgreementRow:
    texts = {system: str(value or "") for system, value in values.items()}
    said = {text for text in texts.values() if text}
    return AgreementRow(label=label, values=texts, agree=len(said) <= 1, resources=resources, owner_id=owner)


def _money(value: Any) -> str:
    return f"{policies.cents(Decimal(str(value))):,}" if value not in (None, "") else ""


def _day(value: Any) -> str:
    if not value:
        return ""
    try:
        moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value))
    except ValueError:
        return str(value)[:10]
    return moment.astimezone(company_zone()).date().isoformat() if moment.tzinfo else moment.date().isoformat()


def _last_shipped(loop: SalesLoop) -> str:
    return max((shipment["shipped_at"] for shipment in loop.shipments.values() if shipment.get("shipped_at")), default="") if loop.shipped_at else ""


def figures(*, now: dt.datetime, days: int = 90) -> dict[str, Any]:
    """The loop's own indicator, over loops won in the last `days`: how many, how many closed, median hours from won to order.

    Formula: median over loops with an order of (ordered_at - won_at). `sample` is that count; median None when it is 0.
    """
    loops = list(SalesLoop.objects.filter(won_at__gte=now - dt.timedelta(days=days)))
    hours = [(loop.ordered_at - loop.won_at).total_seconds() / 3600 for loop in loops if loop.ordered_at]
    return {
        "count": len(loops),
        "closed": sum(1 for loop in loops if loop.outcome == "CLOSED"),
        "waiting": sum(1 for loop in loops if not loop.outcome),
        "median_hours": statistics.median(hours) if hours else None,
        "sample": len(hours),
    }


def watched_records(loop: SalesLoop) -> list[str]:
    """Records whose change may matter to who decides: the deal, its stock, what the customer owes, the order when there is one."""
    deal = records.raw("deal", external_id=loop.deal_id)
    skus = {str(line["sku"]) for line in (deal.data.get("lines") or () if deal else ()) if line.get("sku")}
    stock = [records.raw("stock", key=sku) for sku in sorted(skus)]
    found = [f"crm:deal:{loop.deal_id}", f"erp:receivable:{loop.customer_key}"]
    found += [f"erp:stock:{row.data['id']}" for row in stock if row]
    return [*found, f"erp:order:{loop.order_id}"] if loop.order_id else found
