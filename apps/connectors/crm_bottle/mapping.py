"""From BottleCRM's records to ours. Pure; ValueError for what cannot be understood.

Inputs are what streams.py puts together: {"account": ...}, {"deal": ..., "account": row}, {"interaction": ..., "author": email},
{"case": row with account and owner_email}.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.integrations.canonical import Case, Contact, Customer, Deal, FollowUp, Line
from apps.integrations.sdk import plain

Raw = Mapping[str, Any]
CONTRACT_FIELDS = (
    "contract_no",
    "contract_state",
    "contract_amount",
    "payment_term",
    "contract_until",
    "contract_clauses",
    "erp_order_no",
    "erp_order_state",
    "shipped_at",
    "shipment_ref",
    "reject_reason",
)


def customer(raw: Raw) -> Customer:
    account = _object(raw, "account")
    return Customer(
        external_id=_id(account),
        key=_text(_custom(account).get("erp_customer")),
        version=_text(account.get("updated_at") or raw.get("version")),
        updated_at=account.get("updated_at"),
        name=_text(account.get("name")),
        industry=_text(account.get("industry")),
        city=_text(account.get("city")),
        phone=_text(account.get("phone")),
        email=_text(account.get("email")),
        website=_text(account.get("website")),
        note=_text(account.get("description")),
        owner_email=_owner(account),
        region=_text(_custom(account).get("region")),
        created_at=account.get("created_at"),
        contacts=tuple(_contact(one) for one in raw.get("contacts") or ()),
    )


def _contact(raw: Raw) -> Contact:
    name = " ".join(part for part in (_text(raw.get("first_name")), _text(raw.get("last_name"))) if part)
    return Contact(name=name or _text(raw.get("email")), email=_text(raw.get("email")), phone=_text(raw.get("phone")), title=_text(raw.get("title")))


def deal(raw: Raw) -> Deal:
    found, account = _object(raw, "deal"), raw.get("account") or {}
    custom, lines = _custom(found), tuple(_line(one) for one in found.get("line_items") or ())
    return Deal(
        external_id=_id(found),
        version=_text(found.get("updated_at")),
        updated_at=found.get("updated_at"),
        name=_text(found.get("name")),
        customer_id=_text(account.get("id")) or None,
        customer_key=_text(_custom(account).get("erp_customer")),
        customer_name=_text(account.get("name")),
        stage=_text(found.get("stage_label") or found.get("stage")),
        stage_kind=_text(found.get("stage_kind")),  # type: ignore[arg-type]
        stage_changed_at=found.get("stage_changed_at"),
        amount=found.get("amount"),
        currency=_text(found.get("currency")),
        lines=lines,
        owner_email=_owner(found),
        closed_on=found.get("closed_on"),
        probability=found.get("probability"),
        organisation=_text(raw.get("organisation")),
        region=_text(_custom(account).get("region")),
        product_line=_main_line(lines),
        created_at=found.get("created_at"),
        custom={name: _text(custom.get(name)) for name in CONTRACT_FIELDS if custom.get(name) not in (None, "")},
    )


def _line(raw: Raw) -> Line:
    """Discounts are taken into the unit price: what counts is what the line costs."""
    product, quantity, total = raw.get("product") or {}, _number(raw.get("quantity")), _number(raw.get("total"))
    return Line(
        external_id=_text(raw.get("id")),
        sku=_text(product.get("sku")) or None,
        name=_text(raw.get("name")),
        quantity=quantity,
        unit_price=plain((total / quantity).quantize(Decimal("0.0001")).normalize()) if quantity else _number(raw.get("unit_price")),
        amount=total,
        product_line=_text(product.get("category")),
    )


def _main_line(lines: tuple[Line, ...]) -> str:
    """The product line that most of the money of a deal is in; the first one of equals."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        if line.product_line:
            sums[line.product_line] = sums.get(line.product_line, Decimal(0)) + line.amount
    return max(sums, key=lambda name: sums[name], default="")


# BottleCRM knows calls, meetings and mails: a visit is a meeting there
INTERACTIONS = {"visit": "meeting"}


def interaction_kind(channel: str) -> str:
    """What BottleCRM calls a channel."""
    return INTERACTIONS.get(channel, channel)


def follow_up(raw: Raw) -> FollowUp:
    found = _object(raw, "interaction")
    return FollowUp(
        external_id=_id(found),
        version=_text(found.get("updated_at") or found.get("created_at")),
        updated_at=found.get("updated_at"),
        customer_id=_text(found.get("account_id") or found.get("account")) or _text(raw.get("account_id")) or None,
        deal_id=_text(found.get("opportunity_id") or found.get("opportunity")) or None,
        channel=_text(found.get("kind")),
        subject=_text(found.get("subject")),
        body=_text(found.get("body")),
        occurred_at=found.get("occurred_at"),  # type: ignore[arg-type]
        author_email=_text(raw.get("author")),
    )


CASE_STATES = {"New": "new", "Assigned": "assigned", "Pending": "pending", "Closed": "closed", "Rejected": "rejected", "Duplicate": "duplicate"}


def case(raw: Raw) -> Case:
    found = _object(raw, "case")
    account = found.get("account") or {}
    state = CASE_STATES.get(_text(found.get("status")))
    if state is None:
        raise ValueError(f"the state {found.get('status')!r} is not known")
    return Case(
        external_id=_id(found),
        version=_text(found.get("updated_at")),
        updated_at=found.get("updated_at"),
        name=_text(found.get("name")),
        customer_id=_text(account.get("id")) or None,
        customer_key=_text(_custom(account).get("erp_customer")),
        customer_name=_text(account.get("name")),
        region=_text(_custom(account).get("region")),
        state=state,
        priority=_text(found.get("priority")).lower(),
        case_type=_text(found.get("case_type")).lower(),
        owner_email=_text(found.get("owner_email")),
        created_at=found.get("created_at"),  # type: ignore[arg-type]
        responded_at=found.get("first_response_at"),
        closed_on=found.get("closed_on"),
    )


def _object(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    if not isinstance(found, Mapping):
        raise ValueError(f"no {name} in the answer")
    return found


def _id(raw: Raw) -> str:
    if not raw.get("id"):
        raise ValueError("the record has no id")
    return str(raw["id"])


def _custom(raw: Raw) -> Raw:
    found = raw.get("custom_fields")
    return found if isinstance(found, Mapping) else {}


def _owner(raw: Raw) -> str:
    """The first active assignee: the one the deal or customer belongs to."""
    for one in raw.get("assigned_to") or ():
        details = one.get("user_details") or {}
        if details.get("email") and one.get("is_active", True):
            return str(details["email"])
    return ""


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a number") from None
