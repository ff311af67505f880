"""The decision card of a sales contract: what CRM, ERP and the contract template say at this moment, each with its age."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from apps.business import policies
from apps.business.models import ContractTemplate, SalesLoop
from apps.business.selectors.loops import loop_of_business_key, template_for
from apps.business.selectors.problems import obstacles_of
from apps.core.clock import company_today
from apps.core.templatetags.atrium import money
from apps.integrations import services as integrations
from apps.records import selectors as records
from apps.workflows.registry import HAPPENED, Card, Fact, FormField, Line, Link, Option, stamp

Json = dict[str, Any]
TERMS = (0, 15, 30, 45, 60, 90, 120)


def build_card(business_key: str, now: dt.datetime) -> Card:
    """Reads deal, stock and receivable live; a system that is down gives its last known fact with ok=False. Raises LookupError without a loop."""
    loop = loop_of_business_key(business_key)
    if loop is None:
        raise LookupError(business_key)
    known = records.raw("deal", external_id=loop.deal_id)
    live = integrations.read_record(system="crm", stream="deals", external_id=loop.deal_id, now=now)
    deal: Json = dict(live.data) if live.ok and live.data else dict(known.data) if known else {}
    as_of = live.as_of if live.ok else records.as_of("deal", external_id=loop.deal_id)
    crm = _Source("crm", live.ok, as_of, live.error)
    template = template_for(deal)
    stock, owed = integrations.read_all_live(
        now=now,
        reads=[
            integrations.LiveRead(system="erp", action="stock.read", data={"skus": _skus(deal)}),
            integrations.LiveRead(system="erp", action="receivable.read", data={"customer_key": deal.get("customer_key", "")}),
        ],
    )
    owner = str(loop.seller_id or "")
    facts = (
        _customer(deal, crm, owner),
        _amount(deal, crm, owner),
        _currency(deal, crm, owner),
        _stock(deal, stock, now),
        _receivable(deal, owed, template, owner),
        _follow_up(deal, now, owner),
        _terms(template, now),
        *_stock_by_product(deal, stock, now),
    )
    return Card(
        facts=facts,
        lines=_lines(deal),
        form=_form(template, now),
        links=_links(loop),
        headline=loop.deal_name,
        lines_system="crm",
        lines_as_of=stamp(crm.as_of),
        lines_resource="crm.deal",
        lines_field="lines",
        lines_owner_id=owner,
        obstacles=obstacles_of(deal, owner, now, erp_answers=stock.ok) if deal else (),
        variables={"is_short": facts[3].state == "short", "customer_key": deal.get("customer_key", "")},
    )


class _Source:
    """Where a fact was read, whether that went well, and how old it is."""

    def __init__(self, system: str, ok: bool, as_of: dt.datetime | None, error: str) -> None:
        self.system, self.ok, self.as_of, self.error = system, ok, as_of, error

    def fact(self, **parts: Any) -> Fact:
        return Fact(system=self.system, ok=self.ok, as_of=stamp(self.as_of), error=self.error, **parts)


def _skus(deal: Mapping[str, Any]) -> list[str]:
    return sorted({str(line["sku"]) for line in deal.get("lines") or () if line.get("sku")})


def brief(loop: SalesLoop) -> tuple[Fact, ...]:
    """What a notice about the loop says beside its title: the customer and the amount at the moment of the win."""
    owner = str(loop.seller_id or "")
    amount = {"amount": _text(loop.amount), "currency": loop.currency}
    return (
        Fact("customer", gettext_noop("Customer"), "crm", loop.customer_name, resource="crm.customer", field="name", owner_id=owner),
        Fact("amount", gettext_noop("Contract amount"), "crm", amount, kind="money", resource="crm.deal", field="amount", owner_id=owner),
    )


CHANNELS = {
    "call": gettext_noop("call"),
    "email": gettext_noop("e-mail"),
    "mail": gettext_noop("e-mail"),
    "meeting": gettext_noop("meeting"),
    "visit": gettext_noop("visit"),
    "note": gettext_noop("note"),
}
STAGE_NOTES = {
    "won": gettext_noop("%(key)s, won in the CRM"),
    "lost": gettext_noop("%(key)s, lost in the CRM"),
    "open": gettext_noop("%(key)s, open in the CRM"),
}


def _customer(deal: Json, crm: _Source, owner: str) -> Fact:
    return crm.fact(
        key="customer",
        label=gettext_noop("Customer"),
        value={"name": deal.get("customer_name", ""), "key": deal.get("customer_key", "")},
        note=STAGE_NOTES.get(str(deal.get("stage_kind")), "%(key)s"),
        params={"key": deal.get("customer_key", "")},
        resource="crm.customer",
        field="name",
        owner_id=owner,
        url=f"/customers/{deal.get('customer_id') or ''}/",
    )


def _amount(deal: Json, crm: _Source, owner: str) -> Fact:
    return crm.fact(
        key="amount",
        label=gettext_noop("Contract amount"),
        kind="money",
        value={"amount": _text(deal.get("amount")), "currency": deal.get("currency", "")},
        resource="crm.deal",
        field="amount",
        owner_id=owner,
    )


def _currency(deal: Json, crm: _Source, owner: str) -> Fact:
    return crm.fact(
        key="currency",
        label=gettext_noop("Currency"),
        value=deal.get("currency", ""),
        resource="crm.deal",
        field="currency",
        owner_id=owner,
        tile=False,
    )


def _stock(deal: Json, answer: Any, now: dt.datetime) -> Fact:
    lines = [line for line in deal.get("lines") or () if line.get("sku")]
    stock: Json = (answer.data or {}).get("stock", {}) if answer.ok else _known_stock(lines)
    missing = policies.shortages(lines, stock)
    value = {sku: {"available": _text(row["available"])} for sku, row in sorted(stock.items())}
    params: Json = {"missing": ", ".join(f"{sku} −{_text(lack)}" for sku, lack in sorted(missing.items()))}
    return Fact(
        key="stock",
        label=gettext_noop("Available stock"),
        system="erp",
        kind="quantity",
        value=value,
        ok=answer.ok,
        as_of=stamp(answer.as_of if answer.ok else _oldest_stock(stock)),
        error="" if answer.ok else str(answer.error),
        state="short" if missing else "ok",
        pill=gettext_noop("short") if missing else gettext_noop("enough"),
        tone="warn" if missing else "ok",
        note=gettext_noop("missing: %(missing)s") if missing else gettext_noop("everything can be shipped"),
        params=params,
        resource="erp.stock",
        field="available",
    )


def _stock_by_product(deal: Json, answer: Any, now: dt.datetime) -> tuple[Fact, ...]:
    """Watched one by one, so that a second product turning short is noticed too; the tile shows them together."""
    if not answer.ok:
        return ()
    stock: Json = (answer.data or {}).get("stock", {})
    missing = policies.shortages([line for line in deal.get("lines") or () if line.get("sku")], stock)
    return tuple(
        Fact(
            key=f"stock.{sku}",
            label=gettext_noop("Available stock"),
            system="erp",
            kind="number",
            value=_text(row["available"]),
            as_of=stamp(answer.as_of),
            state="short" if sku in missing else "ok",
            resource="erp.stock",
            field="available",
            tile=False,
        )
        for sku, row in sorted(stock.items())
    )


def _known_stock(lines: list[Json]) -> Json:
    found = {}
    for sku in {line["sku"] for line in lines}:
        record = records.raw("stock", key=sku)
        if record:
            found[sku] = dict(record.data)
    return found


def _oldest_stock(stock: Json) -> dt.datetime | None:
    moments = [moment for sku in stock if (moment := records.as_of("stock", key=sku))]
    return min(moments, default=None)


def _receivable(deal: Json, answer: Any, template: ContractTemplate | None, owner: str) -> Fact:
    key = deal.get("customer_key", "")
    record = None if answer.ok else records.raw("receivable", key=key)
    data: Json = dict(answer.data or {}) if answer.ok else dict(record.data) if record else {}
    balance = Decimal(str(data.get("balance") or 0))
    limit = Decimal(str(data["limit"])) if data.get("limit") is not None else template.credit_limit if template else None
    over = policies.crosses_limit(balance, limit, Decimal(str(deal.get("amount") or 0)))
    currency = str(data.get("currency") or deal.get("currency") or "")
    overdue = Decimal(str(data.get("overdue") or 0))
    return Fact(
        key="receivable",
        label=gettext_noop("Receivable and limit"),
        system="erp",
        kind="money",
        ok=answer.ok,
        value={"amount": _text(policies.cents(balance)), "currency": currency},
        state="over" if over else "within",
        as_of=stamp(answer.as_of if answer.ok else records.as_of("receivable", key=key)),
        error="" if answer.ok else str(answer.error),
        pill=gettext_noop("over the limit") if over else gettext_noop("within the limit"),
        tone="warn" if over else "ok",
        note=gettext_noop("overdue %(overdue)s, limit %(limit)s") if overdue else gettext_noop("nothing overdue, limit %(limit)s"),
        params={"limit": money(limit, currency) if limit is not None else "–", "overdue": money(overdue, currency)},
        resource="erp.receivable",
        field="balance",
        owner_id=owner,
    )


def _follow_up(deal: Json, now: dt.datetime, owner: str) -> Fact:
    last = records.latest_follow_up(customer_id=str(deal.get("customer_id") or ""), deal_id=str(deal.get("external_id") or ""))
    if last is None:
        return Fact(
            key="follow_up",
            label=gettext_noop("Last follow-up"),
            system="crm",
            value="",
            note=gettext_noop("none is known"),
            as_of="",
            resource="crm.follow_up",
            field="subject",
            owner_id=owner,
        )
    return Fact(
        key="follow_up",
        label=gettext_noop("Last follow-up"),
        system="crm",
        value=str(last.data.get("subject") or last.data.get("channel") or ""),
        note=CHANNELS.get(str(last.data.get("channel") or ""), ""),
        as_of=str(last.data.get("occurred_at") or ""),
        state=HAPPENED,
        resource="crm.follow_up",
        field="subject",
        owner_id=owner,
    )


def _terms(template: ContractTemplate | None, now: dt.datetime) -> Fact:
    value: Json = {}
    if template:
        value = {"template": template.code, "payment_term_days": template.payment_term_days, "clauses": template.clauses}
    return Fact(
        key="terms",
        label=gettext_noop("Contract terms"),
        system="oa",
        value=value,
        as_of=stamp(now),
        note=gettext_noop("template %(name)s") if template else gettext_noop("no template fits: choose the terms below"),
        params={"name": template.name, "name_zh": template.name_zh or template.name} if template else {},
        tone="" if template else "warn",
        tile=True,
    )


def _form(template: ContractTemplate | None, now: dt.datetime) -> tuple[FormField, ...]:
    days = template.payment_term_days if template else 30
    until = policies.valid_until(template, company_today(now)).isoformat() if template else ""
    options = tuple(Option(str(term), gettext_noop("Net %(value)s days") if term else gettext_noop("Due at once")) for term in sorted({*TERMS, days}))
    return (
        FormField("payment_term_days", gettext_noop("Payment term"), "choice", str(days), options=options),
        FormField("valid_until", gettext_noop("Valid until"), "date", until, minimum=company_today(now).isoformat()),
        FormField("clauses", gettext_noop("Clauses"), "text", template.clauses if template else "", required=False),
    )


def _lines(deal: Json) -> tuple[Line, ...]:
    return tuple(
        Line(
            sku=str(line.get("sku") or ""),
            name=str(line.get("name") or ""),
            quantity=_text(line["quantity"]),
            unit_price=_text(line["unit_price"]),
            amount=_text(line["amount"]),
            currency=str(deal.get("currency") or ""),
            stock_fact="stock",
        )
        for line in deal.get("lines") or ()
    )


def _links(loop: SalesLoop) -> tuple[Link, ...]:
    owner = str(loop.seller_id or "")
    return (
        Link("crm", loop.deal_name, url=f"/deals/{loop.deal_id}/", resource="crm.deal", field="name", owner_id=owner),
        Link("oa", loop.contract_no, url=f"/loop/{loop.business_key}/"),
    )


def _text(value: Any) -> str:
    """A number as plain text without needless zeros: 12.0000 -> "12", 0.50 -> "0.5"."""
    if value in (None, ""):
        return ""
    number = Decimal(str(value))
    text = format(number.normalize(), "f")
    return "0" if text in ("-0", "") else text
