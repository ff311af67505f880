"""One customer as a page shows it, out of the records of CRM and ERP, each as this person may see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.business import selectors as business
from apps.core.access import Projected, decide, plan
from apps.core.errors import NotFound, NotPermitted
from apps.core.templatetags.atrium import money
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

# (field, label, input type); what the CRM keeps of a customer and a person may edit here
FIELDS = (
    ("name", "Name", "text"),
    ("industry", "Industry", "text"),
    ("city", "City", "text"),
    ("phone", "Phone", "tel"),
    ("email", "E-mail", "email"),
    ("website", "Website", "url"),
    ("note", "Note", "text"),
)
CHANNELS = ("call", "visit", "meeting", "email", "note")  # how one spoke with a customer


@dataclass(frozen=True)
class Field:
    """One field of the sheet or the form. `value` may be Masked."""

    name: str
    label: str
    value: Any
    type: str = "text"
    system: str = "crm"
    writable: bool = False
    errors: list[str] = field(default_factory=list)


def labels() -> dict[str, str]:
    """Field name -> label in the reader's language."""
    return {
        "name": _("Name"),
        "industry": _("Industry"),
        "city": _("City"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        "website": _("Website"),
        "note": _("Note"),
    }


def listed(person: Any, *, q: str, number: int) -> ListPage:
    """A page of customers."""
    return parts.list_page(records.customers(person, q=q, page=number))


def found(person: Any, customer_id: str) -> Projected:
    """The customer, or NotFound: unknown and not visible answer alike."""
    return parts.one(records.customer(person, customer_id))


def require_edit(person: Any, customer: Projected) -> None:
    """Raises NotPermitted for a customer that this person may see but not change."""
    decide(person, "edit", "crm.customer", customer.get("owner_id")).require(_("You may not change this record."))


def form_fields(person: Any, customer: Projected, errors: dict[str, list[str]]) -> list[Field]:
    """Fields of the edit form; those the person may not write are shown, not asked."""
    rights, words = plan(person, "edit", "crm.customer"), labels()
    owner = customer.get("owner_id")
    return [
        Field(
            name, words[name], customer.get(name, ""), kind, writable=rights.may_write(name, owner),
            errors=errors.get(name, []),
        )
        for name, _label, kind in FIELDS
        if name in customer
    ]  # fmt: skip


def sheet(person: Any, customer_id: str) -> dict[str, Any]:
    """Everything of the record page."""
    customer, words = found(person, customer_id), labels()
    deals = parts.related(person, "crm.deal", lambda: records.deals(person, customer_id=customer_id))
    orders = parts.related(person, "erp.order", lambda: records.orders(person, customer_key=customer.get("key", "")))
    follow_ups = parts.related(person, "crm.follow_up", lambda: records.follow_ups(person, customer_id=customer_id))
    asked_for = parts.related(person, "crm.case", lambda: records.cases(person, customer_id=customer_id))
    paid = parts.related(person, "erp.payment", lambda: records.payments(person, customer_key=customer.get("key", "")))
    open_deals = [deal for deal in deals or [] if deal.get("stage_kind") == "open"]
    owner = customer.get("owner_id")
    return {
        "customer": customer,
        "fields": [Field(n, words[n], customer[n]) for n, _label, _type in FIELDS if n in customer and n != "name"],
        "contacts_label": _("Contacts"),
        "held_back": parts.held_back(person, "crm", "customer", customer_id),
        "contacts_hidden": "contacts" not in customer,
        "deals": deals,
        "open_deals": len(open_deals),
        "open_amount": _sum(open_deals),
        "orders": orders,
        "cases": asked_for,
        "payments": paid,
        "orders_amount": _sum([order for order in orders or [] if order.get("state") != "cancelled"]),
        "currency": settings.COMPANY_CURRENCY,
        "follow_ups": follow_ups,
        "visits": business.visits_of_customer(person, customer_id),
        "visit_chain": plan(person, "view", "business.visit").decision.chain,
        "may_visit": plan(person, "create", "business.visit").allowed,
        "follow_up_chain": plan(person, "view", "crm.follow_up").decision.chain,
        "receivable": _receivable(person, customer.get("key", "")),
        "receivable_label": _("Receivable"),
        "may_edit": plan(person, "edit", "crm.customer").matches(owner),
        "may_follow_up": plan(person, "create", "crm.follow_up").allowed,
    }


@dataclass(frozen=True)
class ReceivableView:
    """state: shown | none | refused."""

    state: str
    record: Projected | None = None
    overdue_text: str = ""
    limit_text: str = ""
    chain: tuple[str, ...] = ()
    owner: str = ""


def _receivable(person: Any, customer_key: str) -> ReceivableView:
    rights = plan(person, "view", "erp.receivable")
    if not rights.allowed:
        return ReceivableView("refused", chain=rights.decision.chain, owner=rights.decision.owner)
    try:
        record = records.receivable(person, customer_key) if customer_key else None
    except NotPermitted as error:
        return ReceivableView("refused", chain=tuple(error.details.get("chain", ())))
    except NotFound:
        record = None
    if record is None:
        return ReceivableView("none")
    currency, limit = str(record.get("currency", "")), record.get("limit")
    return ReceivableView(
        "shown", record,
        overdue_text=money(record.get("overdue"), currency),
        limit_text=money(limit, currency) if limit not in (None, "") else "",
    )  # fmt: skip


def _sum(rows: list[Any]) -> Decimal:
    """Amounts in the company's currency; others and masked ones are left out."""
    total = Decimal(0)
    for row in rows:
        amount = row.get("amount")
        if amount not in (None, "") and row.get("currency") == settings.COMPANY_CURRENCY and not parts.masked(amount):
            total += Decimal(str(amount))
    return total
