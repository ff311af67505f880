"""The life of one loop: started by a won deal, withdrawn by a deal that left, moved by the order in the ERP.

Every function may run twice with the same facts and leaves the same rows: handlers and steps are repeated after a crash.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop

from apps.audit import services as audit
from apps.business.models import SalesLoop
from apps.core.clock import company_today
from apps.core.locks import hold
from apps.directory import selectors as directory
from apps.notifications import services as notifications
from apps.records import selectors as records
from apps.workflows import services as workflows
from apps.workflows.registry import Ref

PROCESS = "sales_order"
GONE_STATES = {"shipped", "done"}
LEFT_TEXTS = {
    "reopened": gettext_noop("The deal was reopened in the CRM"),
    "lost": gettext_noop("The deal was set to lost in the CRM"),
    "deleted": gettext_noop("The deal was deleted in the CRM"),
}


def start_loop(*, deal: Mapping[str, Any], won_at: dt.datetime, now: dt.datetime) -> SalesLoop | None:
    """Begin the loop of a won deal (canonical JSON). One loop a deal: a repeat returns None.

    A deal whose last round ended without an order and that was won again later begins the next round. Later than the last winning, by the
    CRM's clock: when the portal closed that round says nothing of what happened in the CRM meanwhile.
    """
    deal_id = str(deal["external_id"])
    with transaction.atomic():
        last = SalesLoop.objects.select_for_update().filter(deal_id=deal_id).order_by("-round").first()
        if last is not None and (not last.outcome or last.order_id or won_at <= last.won_at):
            return None
        number = last.round + 1 if last else 1
        key = f"deal:{deal_id}" if number == 1 else f"deal:{deal_id}:{number}"
        seller = directory.find_person_by_email(str(deal.get("owner_email") or ""))
        loop = SalesLoop(
            business_key=key,
            deal_id=deal_id,
            round=number,
            deal_name=str(deal["name"])[:255],
            instance_id=uuid.uuid4(),
            customer_key=str(deal.get("customer_key") or ""),
            customer_name=str(deal.get("customer_name") or "")[:255],
            seller=seller,
            contract_no=_next_contract_no(now),
            amount=Decimal(str(deal["amount"])),
            currency=str(deal["currency"]),
            won_at=won_at,
            created_at=now,
            updated_at=now,
        )
        loop.save(force_insert=True)
        instance = workflows.start(
            process_key=PROCESS,
            business_key=key,
            title=loop.deal_name,
            message="crm.deal.won",
            starter_id=seller.pk if seller else None,
            now=now,
            variables=_variables(loop, deal),
            subject={"resource": "crm.deal", "field": "name", "owner_id": str(loop.seller_id or "")},
        )
        loop.instance_id = instance.pk
        loop.save(update_fields=["instance_id"])
        audit.record(
            actor=seller,
            action="business.loop.started",
            object=key,
            now=now,
            data={"contract_no": loop.contract_no, "amount": str(loop.amount), "currency": loop.currency},
        )
        return loop


def _variables(loop: SalesLoop, deal: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "deal_id": loop.deal_id,
        "customer_id": deal.get("customer_id") or "",
        "customer_key": loop.customer_key,
        "contract_no": loop.contract_no,
        "amount": str(loop.amount),
        "currency": loop.currency,
        "is_short": False,
        "order_progress": "",
    }


def _next_contract_no(now: dt.datetime) -> str:
    """HT-YYMM-nnn, counted in the company's month. One at a time draws until its transaction ends: many deals may be won at once."""
    prefix = f"HT-{company_today(now):%y%m}-"
    hold(f"business:contract_no:{prefix}")
    numbers = SalesLoop.objects.filter(contract_no__startswith=prefix).values_list("contract_no", flat=True)
    return f"{prefix}{max((int(number.rsplit('-', 1)[1]) for number in numbers), default=0) + 1:03d}"


def deal_left_won(*, deal_id: str, transition: str, event_id: str, now: dt.datetime) -> None:
    """The deal was reopened, lost or deleted. Before the order exists the case is withdrawn; afterwards people are told and nothing is undone."""
    with transaction.atomic():
        loop = SalesLoop.objects.select_for_update().filter(deal_id=deal_id, outcome="").order_by("-round").first()
        if loop is None:
            loop = SalesLoop.objects.select_for_update().filter(deal_id=deal_id, outcome="CLOSED").order_by("-round").first()
        if loop is None:
            return
        if loop.order_id:
            open_incident(loop, transition=transition, now=now)
            return
        taken = workflows.correlate(
            message="crm.deal.withdrawn", business_key=loop.business_key, variables={"withdrawn_by": transition}, message_id=event_id, now=now
        )
        if taken:  # over at once: the deal may be won again before the approver has been told
            close_loop(loop=loop, outcome="WITHDRAWN", now=now)


def open_incident(loop: SalesLoop, *, transition: str, now: dt.datetime) -> None:
    """Told to seller and approver; stands on the timeline until somebody deals with it. Nothing is undone by itself."""
    people = [person for person in (loop.seller_id, loop.approver_id) if person]
    workflows.raise_incident(
        instance_id=loop.instance_id,
        kind=f"business.deal_{transition}",
        message=LEFT_TEXTS[transition],
        person_ids=people,
        now=now,
        system="crm",
        params={"order": loop.order_no},
    )


def record_decision(*, loop: SalesLoop, outcome: str, reason: str, decider_id: Any, decided_at: dt.datetime, now: dt.datetime) -> None:
    """Keep who decided and tell the seller."""
    with transaction.atomic():
        loop.approver_id = decider_id
        loop.approved_at = decided_at if outcome == "APPROVED" else None
        loop.updated_at = now
        loop.save(update_fields=["approver", "approved_at", "updated_at"])
        if loop.seller_id:
            notifications.notify(
                kind="business.contract_decided",
                person_ids=[loop.seller_id],
                ref=f"loop:{loop.business_key}",
                now=now,
                params={**_params(loop), "outcome": outcome, "reason": reason},
                dedupe=f"decided:{loop.business_key}",
            )


def record_approved(*, loop: SalesLoop, terms: Mapping[str, Any], now: dt.datetime) -> None:
    """What was approved counts from here on: the deal may have changed between its winning and the decision.

    `terms`: amount, currency, customer_key, customer_name of the frozen card.
    """
    loop.amount, loop.currency = Decimal(str(terms["amount"])), str(terms["currency"])
    loop.customer_key, loop.customer_name, loop.updated_at = str(terms["customer_key"]), str(terms["customer_name"])[:255], now
    loop.save(update_fields=["amount", "currency", "customer_key", "customer_name", "updated_at"])


def record_order(*, loop_id: Any, result: Mapping[str, Any], ordered_quantity: Decimal, now: dt.datetime) -> SalesLoop:
    """The ERP has the order. If the deal left "won" meanwhile, seller and approver get an incident: the order is not silently undone."""
    with transaction.atomic():
        loop = SalesLoop.objects.select_for_update().get(pk=loop_id)
        if not loop.order_id:
            loop.order_id, loop.order_no = str(result["order_id"]), str(result["order_no"])
            loop.order_state, loop.ordered_at = str(result.get("state") or ""), now
            loop.ordered_quantity, loop.updated_at = ordered_quantity, now
            loop.save()
            audit.record(
                actor=loop.approver,
                action="business.order.created",
                object=loop.business_key,
                now=now,
                data={"order_no": loop.order_no, "amount": str(result.get("amount", "")), "currency": str(result.get("currency", ""))},
            )
        left = deal_state(loop.deal_id)
        if left:
            open_incident(loop, transition=left, now=now)
        return loop


def deal_state(deal_id: str) -> str:
    """ "" while the deal is won as far as we know; else reopened, lost or deleted."""
    deal = records.raw("deal", external_id=deal_id)
    if deal is None:
        return "deleted"
    return {"won": "", "lost": "lost"}.get(str(deal.data.get("stage_kind")), "reopened")


def record_invoice(*, loop: SalesLoop, invoice_no: str, now: dt.datetime) -> None:
    loop.invoice_no, loop.updated_at = invoice_no, now
    loop.save(update_fields=["invoice_no", "updated_at"])


def record_purchase_requests(*, loop: SalesLoop, request_ids: Iterable[str], now: dt.datetime) -> None:
    loop.purchase_request_ids, loop.updated_at = [str(one) for one in request_ids], now
    loop.save(update_fields=["purchase_request_ids", "updated_at"])


def order_moved(*, order_id: str, event_id: str, now: dt.datetime) -> None:
    """Order or shipments changed in the ERP: take them in, put news on the timeline, wake the process when something left the house."""
    with transaction.atomic():
        loop = SalesLoop.objects.select_for_update().filter(order_id=order_id).first()
        if loop is None:
            return
        before = (loop.order_state, progress(loop), tuple(sorted(_gone(loop))))
        _take_in(loop, now)
        after = (loop.order_state, progress(loop), tuple(sorted(_gone(loop))))
        loop.updated_at = now
        loop.save()
        if after == before:
            return
        _announce_shipments(loop, set(after[2]) - set(before[2]), now)
        if loop.order_state == "cancelled" and before[0] != "cancelled":
            _announce_cancellation(loop, now)
        if progress(loop):
            workflows.correlate(
                message="erp.order.moved",
                business_key=loop.business_key,
                variables={},
                message_id=f"{progress(loop)}:{len(after[2])}:{event_id}",
                now=now,
            )


def _take_in(loop: SalesLoop, now: dt.datetime) -> None:
    order = records.raw("order", external_id=loop.order_id)
    if order is not None:
        loop.order_state = str(order.data["state"])
    for shipment in records.raw_shipments_of(order_id=loop.order_id, order_no=loop.order_no):
        data = shipment.data
        loop.shipments[str(data["external_id"])] = {
            "number": str(data.get("key") or data["external_id"]),
            "state": str(data["state"]),
            "shipped_at": str(data.get("shipped_at") or (now.isoformat() if data["state"] in GONE_STATES else "")),
            "lines": {str(line["sku"]): str(line["quantity"]) for line in data.get("lines") or ()},
        }
    loop.shipped_quantity = sum(
        (Decimal(quantity) for one in loop.shipments.values() if one["state"] in GONE_STATES for quantity in one["lines"].values()), Decimal(0)
    )
    if progress(loop) == "SHIPPED" and loop.shipped_at is None:
        moments = [dt.datetime.fromisoformat(one["shipped_at"]) for one in loop.shipments.values() if one["state"] in GONE_STATES]
        loop.shipped_at = max(moments, default=now)


def _gone(loop: SalesLoop) -> set[str]:
    return {key for key, one in loop.shipments.items() if one["state"] in GONE_STATES}


def progress(loop: SalesLoop) -> str:
    """ "" nothing left yet, PARTIAL, SHIPPED (all of it), CANCELLED. An order of services alone is shipped once the ERP has taken it."""
    if loop.order_state == "cancelled":
        return "CANCELLED"
    if not loop.order_id:
        return ""
    if loop.shipped_quantity >= loop.ordered_quantity:
        return "SHIPPED"
    return "PARTIAL" if loop.shipped_quantity > 0 else ""


def _announce_shipments(loop: SalesLoop, fresh: set[str], now: dt.datetime) -> None:
    numbers = sorted(loop.shipments[key]["number"] for key in fresh)
    if not numbers:
        return
    state = progress(loop)
    for key in sorted(fresh):
        one = loop.shipments[key]
        workflows.annotate(
            instance_id=loop.instance_id,
            kind="business.shipped",
            system="erp",
            now=now,
            dedupe=f"shipped:{key}",
            data=one,
            text=gettext_noop("Delivery %(number)s left the house")
            if state == "SHIPPED"
            else gettext_noop("Delivery %(number)s left the house, a part of the order"),
            params={"number": one["number"]},
            refs=[Ref("erp", gettext_noop("Delivery note"), one["number"], f"/shipments/{key}/")],
        )
    whole = {"case": f"order:{loop.order_no}", "fact": "shipped"}  # the CRM and the ERP's delivery report the same
    notifications.report(
        kind="business.order_shipped",
        person_ids=_people(loop),
        ref=f"loop:{loop.business_key}",
        now=now,
        params={**_params(loop), "progress": state, "shipments": numbers},
        **(whole if state == "SHIPPED" else {"case": f"loop:{loop.business_key}", "fact": f"shipped:{'+'.join(sorted(fresh))}"}),
    )


def _announce_cancellation(loop: SalesLoop, now: dt.datetime) -> None:
    workflows.annotate(
        instance_id=loop.instance_id,
        kind="business.order_cancelled",
        system="erp",
        now=now,
        dedupe="cancelled",
        data={},
        text=gettext_noop("Order %(order)s was cancelled in the ERP"),
        params={"order": loop.order_no},
        refs=[Ref("erp", gettext_noop("Sales order"), loop.order_no, f"/orders/{loop.order_id}/")],
    )
    notifications.report(
        kind="business.order_cancelled",
        person_ids=_people(loop),
        ref=f"loop:{loop.business_key}",
        now=now,
        params=_params(loop),
        case=f"order:{loop.order_no}",
        fact="cancelled",
    )


def wake(*, loop: SalesLoop, message_id: str, now: dt.datetime) -> None:
    """Tell the process that the order moved, where that happened before it began to wait."""
    workflows.correlate(message="erp.order.moved", business_key=loop.business_key, variables={}, message_id=message_id, now=now)


def close_loop(*, loop: SalesLoop, outcome: str, now: dt.datetime) -> None:
    """outcome: CLOSED | REJECTED | RETURNED | WITHDRAWN | CANCELLED."""
    if loop.outcome:
        return
    with transaction.atomic():
        loop.outcome, loop.closed_at, loop.updated_at = outcome, now, now
        loop.save(update_fields=["outcome", "closed_at", "updated_at"])
        audit.record(actor=None, action="business.loop.closed", object=loop.business_key, data={"outcome": outcome}, now=now)


def tell_withdrawn(*, loop: SalesLoop, transition: str, person_ids: Iterable[Any], now: dt.datetime) -> None:
    """To whoever had the decision."""
    notifications.notify(
        kind="business.deal_withdrawn",
        person_ids=list(person_ids),
        ref=f"loop:{loop.business_key}",
        now=now,
        params={**_params(loop), "transition": transition},
        dedupe=f"withdrawn:{loop.business_key}",
    )


def tell_waiting(*, loop: SalesLoop, person_ids: Iterable[Any], now: dt.datetime) -> None:
    notifications.notify(
        kind="business.approval_waits",
        person_ids=list(person_ids),
        ref=f"loop:{loop.business_key}",
        now=now,
        params=_params(loop),
        dedupe=f"waits:{loop.business_key}",
    )


def _people(loop: SalesLoop) -> list[Any]:
    return [person for person in dict.fromkeys((loop.seller_id, loop.approver_id)) if person]


def _params(loop: SalesLoop) -> dict[str, Any]:
    return {
        "deal_name": loop.deal_name,
        "customer_name": loop.customer_name,
        "owner_id": str(loop.seller_id or ""),
        "business_key": loop.business_key,
        "contract_no": loop.contract_no,
        "order_no": loop.order_no,
    }
