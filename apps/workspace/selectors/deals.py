"""Deals: board by stage, list, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.business import selectors as business
from apps.core.access import Projected, plan
from apps.core.templatetags.atrium import day, moment, money, payment_term
from apps.records import selectors as records
from apps.workspace.selectors import parts
from apps.workspace.selectors.paging import ListPage

CARDS = 20  # of one column of the board
BOARD = 500  # open deals the board looks at; more are in the list
ENDED = 10  # of won and of lost deals


@dataclass
class Column:
    """One stage of the board."""

    stage: str
    deals: list[Projected] = field(default_factory=list)
    count: int = 0
    amount: Decimal = Decimal(0)
    summed: bool = True

    @property
    def more(self) -> int:
        return self.count - len(self.deals)

    def add(self, deal: Projected) -> None:
        """Count it; show it while there is room; sum the company's currency only."""
        self.count += 1
        if len(self.deals) < CARDS:
            self.deals.append(deal)
        amount = deal.get("amount")
        if amount not in (None, "") and not parts.masked(amount) and deal.get("currency") == settings.COMPANY_CURRENCY:
            self.amount += Decimal(str(amount))


@dataclass(frozen=True)
class Row:
    """One line of a list of facts."""

    label: str
    value: str
    url: str = ""


def listed(person: Any, *, q: str, number: int) -> ListPage:
    """A page of deals, newest change first."""
    return parts.list_page(records.deals(person, q=q, page=number))


STAGES = ("PROSPECTING", "QUALIFICATION", "QUALIFIED", "PROPOSAL", "NEGOTIATION")  # the usual order; others by name


def board(person: Any, *, q: str) -> list[Column]:
    """Open deals by stage in the order of selling, then the newest won and lost. Empty when there is no deal at all."""
    columns: dict[str, Column] = {}
    for deal in records.deals(person, q=q, state="open", size=BOARD).rows:
        stage = str(deal.get("stage") or "open")
        columns.setdefault(stage, Column(stage)).add(deal)
    ended = [_ended(person, q, state) for state in ("won", "lost")]
    if not columns and not any(column.count for column in ended):
        return []
    return [*sorted(columns.values(), key=lambda column: rank(column.stage)), *ended]


def _ended(person: Any, q: str, state: str) -> Column:
    """Won or lost: the newest few and the number of all; no sum, since not all are read."""
    listing = records.deals(person, q=q, state=state, size=ENDED)
    return Column(state.upper(), deals=list(listing.rows), count=listing.total, summed=False)


def rank(stage: str) -> tuple[int, str]:
    """For sorting stages in the order of selling."""
    known = stage.upper().replace(" ", "_")
    return (STAGES.index(known) if known in STAGES else len(STAGES)), known


def found(person: Any, deal_id: str) -> Projected:
    """The deal, or NotFound."""
    return parts.one(records.deal(person, deal_id))


def sheet(person: Any, deal_id: str) -> dict[str, Any]:
    """Everything of the record page."""
    deal = found(person, deal_id)
    loop = business.latest_loop(deal_id)
    owner = deal.get("owner_id")
    may_see_customer = plan(person, "view", "crm.customer").allowed and deal.get("customer_id")
    return {
        "deal": deal,
        "loop": loop,
        "loop_url": f"/loop/{parts.quoted(loop.business_key)}/" if loop and _may_see_case(person) else "",
        "customer_url": f"/customers/{parts.quoted(deal['customer_id'])}/" if may_see_customer else "",
        "lines_label": _("Lines"),
        "held_back": parts.held_back(person, "crm", "deal", deal_id),
        "no_product": _("no product"),
        "problems": problems(deal) if deal.get("stage_kind") != "lost" else [],
        "win_warnings": problems(deal),
        "written_back": _written_back(person, deal),
        "may_win": deal.get("stage_kind") == "open" and plan(person, "win", "crm.deal").matches(owner),
    }


def _may_see_case(person: Any) -> bool:
    return plan(person, "view", "workflows.instance").allowed


def problems(deal: Projected) -> list[str]:
    """What keeps this deal from becoming an order, as far as the record itself tells."""
    lines = deal.get("lines") or ()
    if parts.masked(lines):
        return []
    found_ones = []
    if not deal.get("customer_id"):
        found_ones.append(_("It has no customer."))
    if not lines:
        found_ones.append(_("It has no line."))
    if any(not line.get("sku") for line in lines):
        found_ones.append(_("A line has no product."))
    amount, total = deal.get("amount"), sum((Decimal(str(line.get("amount") or 0)) for line in lines), Decimal(0))
    if lines and not parts.masked(amount) and amount not in (None, "") and Decimal(str(amount)) != total:
        currency = str(deal.get("currency", ""))
        words = _("The lines sum up to %(lines)s, the deal says %(deal)s.")
        found_ones.append(words % {"lines": money(total, currency), "deal": money(amount, currency)})
    return found_ones


def _state_words(value: Any) -> str:
    words = {
        "approved": _("approved"),
        "rejected": _("rejected"),
        "returned": _("returned"),
        "withdrawn": _("withdrawn"),
        "ordered": _("ordered"),
        "partially_shipped": _("partly shipped"),
        "shipped": _("shipped"),
        "cancelled": _("cancelled"),
    }
    return words.get(str(value), str(value))


def _written_back(person: Any, deal: Projected) -> list[Row]:
    """What the portal wrote to the CRM's contract fields, read back from there."""
    custom, currency = deal.get("custom") or {}, str(deal.get("currency", ""))
    if parts.masked(custom):
        return []
    shown: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("contract_no", _("Contract"), str),
        ("contract_state", _("Decision"), _state_words),
        ("reject_reason", _("Reason"), str),
        ("contract_amount", _("Contract amount"), lambda value: money(value, currency)),
        ("payment_term", _("Payment term"), payment_term),
        ("contract_until", _("Valid until"), day),
        ("contract_clauses", _("Clauses"), str),
        ("erp_order_no", _("Order"), str),
        ("erp_order_state", _("Order status"), _state_words),
        ("shipment_ref", _("Shipment"), str),
        ("shipped_at", _("Shipped"), moment),
    )
    return [
        Row(label, words(custom[name]), _order_url(person, str(custom[name])) if name == "erp_order_no" else "")
        for name, label, words in shown
        if custom.get(name) not in (None, "")
    ]


def _order_url(person: Any, number: str) -> str:
    order = records.raw("order", key=number)
    may = order is not None and plan(person, "view", "erp.order").matches(order.owner_id)
    return f"/orders/{parts.quoted(order.data['external_id'])}/" if order is not None and may else ""
