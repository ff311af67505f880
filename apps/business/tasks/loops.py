"""The steps of the sales loop. Each talks to one system with the step's stable key, then writes what it learned; it may run twice.

The order is written from the card that was frozen with the decision, never from what a system says now.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from apps.business import policies, selectors, services
from apps.business.models import SalesLoop
from apps.core.clock import company_today
from apps.core.failpoints import declare, failpoint
from apps.core.http import PermanentError
from apps.directory import selectors as directory
from apps.integrations import services as integrations
from apps.records import selectors as records
from apps.workflows import selectors as workflow_selectors
from apps.workflows.registry import BpmnError, Card, Decision, Ref, StepContext, StepResult, service_task

declare(
    "business.before_order",
    "business.after_order",
    "business.after_purchase",
    "business.after_invoice",
    "business.after_contract",
    "business.after_progress",
)


def _loop(ctx: StepContext) -> SalesLoop:
    loop = selectors.loop_of_business_key(ctx.business_key)
    if loop is None:
        raise LookupError(f"no loop {ctx.business_key}")
    return loop


def _decision(ctx: StepContext) -> Decision:
    if ctx.decision is None:
        raise LookupError(f"no decision in {ctx.business_key}")
    return ctx.decision


def _deal_ref(loop: SalesLoop) -> Ref:
    return Ref("crm", gettext_noop("Deal"), loop.deal_name, f"/deals/{loop.deal_id}/", resource="crm.deal", field="name", owner_id=str(loop.seller_id or ""))


def _decider(decision: Decision) -> Any:
    return directory.find_person_by_login(decision.decided_by)


@service_task("erp.sale.create")
def create_order(ctx: StepContext) -> StepResult:
    """One order from the frozen card. BpmnError DEAL_WITHDRAWN when the deal left "won" before anything was written."""
    loop, decision = _loop(ctx), _decision(ctx)
    decider = _decider(decision)
    left = "" if loop.order_id else services.loops.deal_state(loop.deal_id)
    if left and not _reached_the_erp(ctx, loop):
        raise BpmnError("DEAL_WITHDRAWN", left, variables={"withdrawn_by": left})
    services.record_approved(loop=loop, terms=_approved_terms(decision.card), now=ctx.now)
    services.record_decision(
        loop=loop,
        outcome=decision.outcome,
        reason=decision.comment,
        decider_id=decider.pk if decider else None,
        decided_at=decision.decided_at,
        now=ctx.now,
    )
    lines = [{"sku": line.sku, "name": line.name, "quantity": line.quantity, "unit_price": line.unit_price} for line in decision.card.lines]
    failpoint("business.before_order")
    result = integrations.invoke_action(
        system="erp",
        action="sale.create",
        key=ctx.key,
        now=ctx.now,
        data={
            "customer_key": loop.customer_key,
            "currency": loop.currency,
            "reference": loop.deal_id,
            "payment_term_days": int(decision.form["payment_term_days"]),
            "lines": lines,
            "comment": _comment(loop, decision),
        },
    )
    failpoint("business.after_order")
    _must_equal(result, loop)
    loop = services.record_order(loop_id=loop.pk, result=result, ordered_quantity=_stocked_quantity(lines), now=ctx.now)
    services.order_moved(order_id=loop.order_id, event_id=f"step:{ctx.key}", now=ctx.now)
    short = _shortages_at_decision(decision)
    return StepResult(
        variables={
            "order_id": loop.order_id,
            "order_no": loop.order_no,
            "is_short": bool(short),
            "short": {sku: str(lack) for sku, lack in short.items()},
        },
        refs=(Ref("erp", gettext_noop("Sales order"), loop.order_no, f"/orders/{loop.order_id}/"),),
        text=gettext_noop("Order %(order)s written from the frozen card, 0 fields typed twice"),
        params={"order": loop.order_no},
    )


def _approved_terms(card: Card) -> dict[str, Any]:
    """Raises PermanentError when the approved card has no amount: then there is nothing to order."""
    amount, customer = card.fact("amount"), card.fact("customer")
    if amount is None or customer is None or not amount.value["amount"]:
        raise PermanentError("the approved card has no amount", system="crm")
    return {**amount.value, "customer_key": str(card.variables["customer_key"]), "customer_name": customer.value["name"]}


def _reached_the_erp(ctx: StepContext, loop: SalesLoop) -> bool:
    """Whether an earlier try wrote the order and only its answer was lost: what has begun outside comes to its end. Network."""
    if ctx.attempt == 1:
        return False
    if not integrations.offers(integrations.get_connection("erp"), "sale.find"):
        return records.raw_order_of(reference=loop.deal_id) is not None
    found = integrations.invoke_action(system="erp", action="sale.find", key=ctx.key, now=ctx.now, data={"key": ctx.key})
    return bool(found["order_id"])


def _comment(loop: SalesLoop, decision: Decision) -> str:
    """Who decided, for the reader in the ERP: the order itself is written by the service account."""
    parts = [f"{loop.contract_no}, approved by {decision.decided_by}", f"valid until {decision.form.get('valid_until', '')}"]
    if decision.form.get("clauses"):
        parts.append(str(decision.form["clauses"]))
    return "\n".join(parts)


def _must_equal(result: dict[str, Any], loop: SalesLoop) -> None:
    """The ERP's own total must be the approved amount: anything else is an incident, not a silent difference."""
    if "amount" in result and policies.cents(Decimal(str(result["amount"]))) != policies.cents(loop_amount(loop)):
        raise PermanentError(f"order {result['order_no']} has the amount {result['amount']}, approved was {loop_amount(loop)}", system="erp")


def loop_amount(loop: SalesLoop) -> Decimal:
    return Decimal(str(loop.amount))


def _stocked_quantity(lines: list[dict[str, Any]]) -> Decimal:
    """What must leave the house: services are not shipped."""
    total = Decimal(0)
    for line in lines:
        product = records.raw("product", key=str(line["sku"]))
        if product is None or product.data.get("stocked", True):
            total += Decimal(str(line["quantity"]))
    return total


def _shortages_at_decision(decision: Decision) -> dict[str, Decimal]:
    """From the frozen card: the purchase follows what the approver saw."""
    stock = decision.card.fact("stock")
    lines = [{"sku": line.sku, "quantity": line.quantity} for line in decision.card.lines]
    return policies.shortages(lines, dict(stock.value) if stock else {})


@service_task("erp.purchase_request.create")
def request_purchase(ctx: StepContext) -> StepResult:
    """One purchase request for what is short, naming the order; its own key."""
    loop = _loop(ctx)
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in sorted(ctx.variables["short"].items())]
    result = integrations.invoke_action(
        system="erp", action="purchase_request.create", key=ctx.key, now=ctx.now, data={"order_no": loop.order_no, "lines": lines}
    )
    failpoint("business.after_purchase")
    services.record_purchase_requests(loop=loop, request_ids=result["request_ids"], now=ctx.now)
    return StepResult(
        refs=tuple(Ref("erp", gettext_noop("Purchase request"), str(one)) for one in result["request_ids"]),
        text=gettext_noop("Purchase requested for what is short: %(lines)s"),
        params={"lines": ", ".join(f"{line['sku']} × {line['quantity']}" for line in lines)},
    )


@service_task("erp.invoice.post")
def post_invoice(ctx: StepContext) -> StepResult:
    """The order's one invoice is posted: exactly one receivable."""
    loop = _loop(ctx)
    result = integrations.invoke_action(system="erp", action="invoice.post", key=ctx.key, now=ctx.now, data={"order_id": loop.order_id})
    failpoint("business.after_invoice")
    services.record_invoice(loop=loop, invoice_no=str(result["invoice_no"]), now=ctx.now)
    return StepResult(
        variables={"invoice_no": str(result["invoice_no"])},
        refs=(Ref("erp", gettext_noop("Invoice"), str(result["invoice_no"])),),
        text=gettext_noop("Receivable registered, invoice %(invoice)s"),
        params={"invoice": str(result["invoice_no"])},
    )


def _write_back(ctx: StepContext, loop: SalesLoop, fields: dict[str, str]) -> None:
    integrations.invoke_action(system="crm", action="deal.write_back", key=ctx.key, now=ctx.now, data={"deal_id": loop.deal_id, "fields": fields})


@service_task("crm.contract.write_back")
def write_contract(ctx: StepContext) -> StepResult:
    """Amount, term, clauses, status and the order's number; read back and compared by the connector."""
    loop, decision = _loop(ctx), _decision(ctx)
    _write_back(
        ctx,
        loop,
        {
            "contract_no": loop.contract_no,
            "contract_state": "approved",
            "contract_amount": str(policies.cents(loop_amount(loop))),
            "payment_term": str(decision.form["payment_term_days"]),
            "contract_until": str(decision.form.get("valid_until") or ""),
            "contract_clauses": str(decision.form.get("clauses") or ""),
            "reject_reason": "",  # of an earlier round
            "erp_order_no": loop.order_no,
            "erp_order_state": "ordered",
        },
    )
    failpoint("business.after_contract")
    state = services.loops.progress(loop)
    if state:
        services.loops.wake(loop=loop, message_id=f"contract:{state}", now=ctx.now)
    return StepResult(
        refs=(_deal_ref(loop),),
        text=gettext_noop("Amount, term, clauses and status written to the deal and read back"),
    )


@service_task("crm.progress.write_back")
def write_progress(ctx: StepContext) -> StepResult:
    """What the ERP's order has come to: partially shipped, shipped with time and reference, or cancelled."""
    loop = _loop(ctx)
    state = services.loops.progress(loop)
    numbers = ", ".join(sorted(one["number"] for one in loop.shipments.values() if one["state"] in services.loops.GONE_STATES))
    fields = {"erp_order_state": {"SHIPPED": "shipped", "PARTIAL": "partially_shipped", "CANCELLED": "cancelled"}.get(state, "ordered")}
    if numbers:
        fields["shipment_ref"] = numbers
    if loop.shipped_at:
        fields["shipped_at"] = loop.shipped_at.isoformat(timespec="seconds")
    _write_back(ctx, loop, fields)
    failpoint("business.after_progress")
    if state in ("SHIPPED", "CANCELLED"):
        services.close_loop(loop=loop, outcome="CLOSED" if state == "SHIPPED" else "CANCELLED", now=ctx.now)
    text = {
        "SHIPPED": gettext_noop("The deal reads: shipped, %(numbers)s"),
        "PARTIAL": gettext_noop("The deal reads: partially shipped, %(numbers)s"),
        "CANCELLED": gettext_noop("The deal reads: order cancelled"),
    }.get(state, gettext_noop("The deal was brought up to date"))
    return StepResult(
        variables={"order_progress": state},
        text=text,
        params={"numbers": numbers},
        refs=(_deal_ref(loop),),
    )


@service_task("crm.refusal.write_back")
def write_refusal(ctx: StepContext) -> StepResult:
    """The CRM learns the outcome with the reason; nothing reaches the ERP."""
    loop, decision = _loop(ctx), _decision(ctx)
    decider = _decider(decision)
    _write_back(ctx, loop, {"contract_no": loop.contract_no, "contract_state": decision.outcome.lower(), "reject_reason": decision.comment})
    services.record_decision(
        loop=loop,
        outcome=decision.outcome,
        reason=decision.comment,
        decider_id=decider.pk if decider else None,
        decided_at=decision.decided_at,
        now=ctx.now,
    )
    services.close_loop(loop=loop, outcome=decision.outcome, now=ctx.now)
    return StepResult(
        text=gettext_noop("The deal reads: %(outcome)s. Nothing was written to the ERP"),
        params={"outcome": decision.outcome.lower()},
        refs=(_deal_ref(loop),),
    )


@service_task("loop.withdrawn")
def tell_withdrawn(ctx: StepContext) -> StepResult:
    """The approver is told, the loop is over."""
    loop = _loop(ctx)
    transition = str(ctx.variables.get("withdrawn_by") or "reopened")
    services.loops.tell_withdrawn(loop=loop, transition=transition, person_ids=workflow_selectors.people_asked(ctx.instance_id), now=ctx.now)
    services.close_loop(loop=loop, outcome="WITHDRAWN", now=ctx.now)
    return StepResult(text=services.loops.LEFT_TEXTS[transition])


@service_task("loop.remind")
def remind(ctx: StepContext) -> StepResult:
    loop = _loop(ctx)
    services.loops.tell_waiting(loop=loop, person_ids=workflow_selectors.people_asked(ctx.instance_id), now=ctx.now)
    return StepResult(text=gettext_noop("The approver was reminded, %(day)s"), params={"day": company_today(ctx.now).isoformat()})
