"""What the sales loop hears: records that changed in CRM and ERP. And what it plugs into the engine and the validation of records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from apps.business import selectors, services
from apps.integrations.events import Problem
from apps.integrations.registry import register_problem, register_validator
from apps.jobs.registry import JobContext, on
from apps.records import selectors as records
from apps.records.events import RECORD_CHANGED, RECORD_GONE
from apps.workflows.registry import Agreement, Candidates, Card, Fact, agreement, brief, candidates, card, depends_on, label


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
    return [Problem(problem.code, problem.field, problem.params) for problem in selectors.problems_of(record, context["now"])]


for _code, (_text, _cure) in selectors.WORDS.items():
    register_problem(_code, gettext_lazy(_text), gettext_lazy(_cure))


@candidates("seller_manager")
def seller_manager(instance: Any) -> Candidates:
    loop = selectors.loop_of_business_key(instance.business_key)
    return selectors.approver_for(loop) if loop else Candidates(fallback=True)


@card("sales_contract")
def sales_contract(instance: Any, now: dt.datetime) -> Card:
    return selectors.build_card(instance.business_key, now)


@depends_on(services.loops.PROCESS)
def records_of_case(instance: Any) -> list[str]:
    loop = selectors.loop_of_business_key(instance.business_key)
    return selectors.watched_records(loop) if loop else []


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
