"""What a person starts without changing a record: a purchase for the stock, a reminder of a payment."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.clock import company_today
from apps.core.errors import DomainError, InvalidInput
from apps.integrations import services as integrations
from apps.notifications import selectors as told
from apps.notifications import services as notifications
from apps.records import policies
from apps.records.models import Record
from apps.records.services.editing import actor_for, person_key, visible_row
from apps.records.services.telling import PAYMENT_DUE, payment_ref

MOST = Decimal(10) ** 7


class UnableToRemind(DomainError):
    """Nothing is overdue, nobody answers for the customer, or it was done today already."""

    code = "unable_to_remind"


def request_purchase(*, person: Any, sku: str, quantity: Decimal, now: dt.datetime) -> list[str]:
    """Ask the ERP, as this person, to buy more of a product for the stock. Returns the ids of the requests.

    Raises NotFound, NotPermitted, InvalidInput, UnableToActAsPerson, or the ERP's refusal (OutsideError).
    """
    stock = visible_row(person, "stock", sku)
    decide(person, "create", "erp.purchase_request").require(_("You may not request a purchase."))
    if not quantity.is_finite() or not 0 < quantity <= MOST:
        raise InvalidInput(_("Say how many, more than none."), details={"fields": {"quantity": [_("Say how many, more than none.")]}})
    actor = actor_for(person=person, system=stock.system, now=now)
    data = {"order_no": "", "lines": [{"sku": stock.key or stock.external_id, "quantity": str(quantity)}]}
    result = integrations.invoke_action(system=stock.system, action="purchase_request.create", data=data, key=person_key(), actor=actor, now=now)
    made = [str(ident) for ident in result.get("request_ids") or ()]
    stream = integrations.stream_of(system=stock.system, kind="purchase_request")
    with transaction.atomic():
        audit.record(actor=person, action="records.purchase_request.created", object=f"erp.stock:{stock.external_id}", now=now,
                     data={"requests": made, "quantity": str(quantity)})
        for ident in made:
            integrations.request_read(connection=stock.system, stream=stream, external_id=ident, now=now)
    return made


def remind_payment(*, person: Any, customer_key: str, now: dt.datetime) -> Any:
    """Ask the customer's seller to collect what is overdue: a to-do, once a day. It ends when the seller notes a follow-up, or when nothing is overdue.
    Returns the seller. Raises NotFound, NotPermitted, UnableToRemind."""
    account = visible_row(person, "receivable", customer_key)
    decide(person, "remind", "erp.receivable", account.owner_id).require(_("You may not send reminders of payments."))
    if not policies.is_overdue(account.data):
        raise UnableToRemind(_("Nothing is overdue on this account."))
    if account.owner is None or not account.owner.active:
        raise UnableToRemind(_("Nobody answers for this customer. Name a seller in the CRM first."))
    customer = Record.objects.filter(kind="customer", key=account.key, deleted_at=None).order_by("pk").first()
    params = {
        "customer": account.name, "customer_key": account.key, "customer_id": customer.external_id if customer else "", "overdue": str(account.data["overdue"]),
        "currency": account.currency, "owner_id": str(account.owner_id), "asked_by": {"en": person.display("en"), "zh-hans": person.display("zh-hans")},
    }  # fmt: skip
    with transaction.atomic():
        notifications.resolve(ref=payment_ref(account.key), now=now, outcome="replaced", by=person.pk)
        new = notifications.notify(kind=PAYMENT_DUE, person_ids=[account.owner.pk], params=params, ref=payment_ref(account.key), now=now,
                                   dedupe=f"{account.key}:{company_today(now).isoformat()}")
        if not new:
            raise UnableToRemind(_("The seller was reminded today already."))
        audit.record(actor=person, action="records.receivable.reminded", object=f"erp.receivable:{account.external_id}", now=now,
                     data={"to": account.owner.login})
    return account.owner


def payments_asked(*, now: dt.datetime) -> list[tuple[uuid.UUID, str]]:
    """(seller, ref) of the open reminders on whose account something is still overdue."""
    asked = told.open_ones(kind=PAYMENT_DUE)
    keys = {ref.partition(":")[2] for _person, ref in asked}
    accounts = Record.objects.filter(kind="receivable", key__in=keys, deleted_at=None)
    overdue = {payment_ref(account.key) for account in accounts if policies.is_overdue(account.data)}
    return [(person, ref) for person, ref in asked if ref in overdue]
