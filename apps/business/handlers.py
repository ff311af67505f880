"""What the sales loop hears: records that changed in CRM and ERP. And what it plugs into the engine and the validation of records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from apps.business import policies, selectors, services
from apps.core import clock
from apps.integrations import services as integrations
from apps.integrations.events import Problem
from apps.integrations.registry import register_problem, register_validator
from apps.jobs.registry import JobContext, on
from apps.records import selectors as records
from apps.records.events import RECORD_CHANGED, RECORD_GONE
from apps.workflows.registry import Agreement, Candidates, Card, Fact, agreement, brief, candidates, card, label

CURRENCIES_KEPT = 600  # seconds


@on(RECORD_CHANGED, name="business.sales_loop")
def hear_change(ctx: JobContext) -> None:
    """A deal won starts, a deal that left withdraws, an order or delivery that moved is taken in."""
    data = ctx.payload
    with ctx.commit():
        if data["kind"] == "deal" and data["live"]:
            _hear_deal(data, ctx.now)
        elif data["kind"] == "order":
            services.order_moved(order_id=data["external_id"], event_id=str(data["event_id"]), now=ctx.now)
        elif data["kind"] == "shipment":
            shipment = records.raw("shipment", external_id=data["external_id"])
            for order_id in (shipment.data.get("order_ids") or ()) if shipment else ():
                services.order_moved(order_id=str(order_id), event_id=str(data["event_id"]), now=ctx.now)


def _hear_deal(data: Mapping[str, Any], now: dt.datetime) -> None:
    deal = records.raw("deal", external_id=data["external_id"])
    if deal is None:
        return
    if data["transition"] == "won" and not data.get("echo"):
        if deal.data["stage_kind"] == "won":  # it may have left again since: then nothing starts
            services.start_loop(deal=deal.data, won_at=_moment(data["occurred_at"], now), now=now)
    elif data["transition"] in ("reopened", "lost") and deal.data["stage_kind"] != "won":
        services.deal_left_won(deal_id=data["external_id"], transition=data["transition"], event_id=str(data["event_id"]), now=now)


@on(RECORD_GONE, name="business.deal_deleted")
def hear_gone(ctx: JobContext) -> None:
    data = ctx.payload
    with ctx.commit():
        if data["kind"] == "deal" and data["live"]:
            services.deal_left_won(deal_id=data["external_id"], transition="deleted", event_id=str(data["event_id"]), now=ctx.now)


def _moment(text: str | None, now: dt.datetime) -> dt.datetime:
    return dt.datetime.fromisoformat(text) if text else now


@register_validator("deal")
def check_won_deal(record: Mapping[str, Any], context: Mapping[str, Any]) -> list[Problem]:
    """A deal that is about to start a loop must prove out against the ERP first. Open deals may still be incomplete."""
    if not (context.get("live") and context.get("transition") == "won" and record["stage_kind"] == "won"):
        return []
    lines = record.get("lines") or ()
    skus = {str(line["sku"]) for line in lines if line.get("sku")}
    known = {sku for sku in skus if records.raw("product", key=sku)}
    key = str(record.get("customer_key") or "")
    found = policies.deal_problems(
        record, known_skus=known, known_customer=bool(key and records.raw("receivable", key=key)), currencies=_currencies()
    )
    return [Problem(problem.code, problem.field, problem.params) for problem in found]


CURE_LINES = _("Open the deal in the CRM and correct its lines; the loop then goes on by itself.")
CURE_DEAL = _("Open the deal in the CRM and correct it; the loop then goes on by itself.")
WORDS = {
    "deal_without_customer": (_("The deal is won but has no customer."), _("Choose the customer in the CRM; the loop then goes on by itself.")),
    "customer_not_in_erp": (
        _("The ERP does not know the customer %(customer)s (%(key)s)."),
        _("Give the customer the code it has in the ERP, or have it created there; then read the deal again."),
    ),
    "deal_without_lines": (_("The deal is won but has no lines."), CURE_LINES),
    "line_without_product": (_("Line %(line)s (%(name)s) names no product."), CURE_LINES),
    "product_unknown": (_("Line %(line)s: the ERP has no product %(sku)s."), CURE_LINES),
    "quantity_not_positive": (_("Line %(line)s: the quantity is %(quantity)s."), CURE_LINES),
    "line_negative": (_("Line %(line)s: the price is negative."), CURE_LINES),
    "amount_negative": (_("The amount is negative."), CURE_DEAL),
    "amount_missing": (_("The deal is won but has no amount."), CURE_DEAL),
    "lines_do_not_sum": (_("The lines do not sum up to the amount of the deal."), CURE_DEAL),
    "currency_unknown": (_("The ERP does not keep the currency %(currency)s."), CURE_DEAL),
}
for _code, (_text, _cure) in WORDS.items():
    register_problem(_code, _text, _cure)


def _currencies() -> set[str]:
    """The ERP's currencies, kept for ten minutes; empty when it does not answer (the order itself checks again)."""
    kept: set[str] | None = cache.get("business:erp-currencies")
    if kept is None:
        answer = integrations.read_live(system="erp", action="currencies.read", data={}, now=clock.now())
        kept = set(answer.data["currencies"]) if answer.ok and answer.data else set()
        if kept:
            cache.set("business:erp-currencies", kept, CURRENCIES_KEPT)
    return kept


@candidates("seller_manager")
def seller_manager(instance: Any) -> Candidates:
    loop = selectors.loop_of_business_key(instance.business_key)
    return selectors.approver_for(loop) if loop else Candidates(fallback=True)


@card("sales_contract")
def sales_contract(instance: Any, now: dt.datetime) -> Card:
    return selectors.build_card(instance.business_key, now)


@agreement(services.loops.PROCESS)
def systems_agree(instance: Any, now: dt.datetime) -> Agreement:
    loop = selectors.loop_of_business_key(instance.business_key)
    return selectors.agreement(loop) if loop else Agreement(())


@label(services.loops.PROCESS)
def contract_number(variables: Mapping[str, Any]) -> str:
    """People say the number of the contract."""
    return str(variables.get("contract_no") or "")


@brief(services.loops.PROCESS)
def told_in_notices(instance: Any) -> tuple[Fact, ...]:
    loop = selectors.loop_of_business_key(instance.business_key)
    return selectors.brief(loop) if loop else ()
