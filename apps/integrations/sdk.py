"""What a connector imports: the contract, the canonical records, the capability inputs and the http client."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from apps.core.http import (  # noqa: F401 - re-exported
    AuthError,
    Client,
    GoneError,
    OutsideError,
    PermanentError,
    TransientError,
    json_of,
    retry_after,
    retry_reading,
)
from apps.integrations import canonical  # noqa: F401
from apps.integrations.contract import (  # noqa: F401
    SERVICE,
    Action,
    Actor,
    CheckResult,
    Connector,
    Hint,
    HintPage,
    Page,
    Stream,
    WebhookRefused,
)

REPLAY_WINDOW = dt.timedelta(minutes=5)


class Config(BaseModel):
    """Base of a connection's typed settings. Secret fields are SecretStr."""

    model_config = ConfigDict(extra="forbid")


def plain(value: Decimal) -> Decimal:
    """The same number, never written as 6.8E+3: not every system reads that."""
    return Decimal(format(value, "f"))


Number = Annotated[Decimal, AfterValidator(plain)]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# --- inputs of the capabilities every ERP connector offers ------------------------------------------------------------------------------

class SaleLine(Input):
    sku: str
    name: str = ""
    quantity: Number
    unit_price: Number = Field(description="net of discounts")


class SaleCreate(Input):
    """sale.create -> {"order_id", "order_no", "state", "amount", "currency", "invoice_ids": [], "shipment_ids": []}.
    The currency is checked by the ERP."""

    customer_key: str
    currency: str
    reference: str = Field(description="the deal's id: found again by it")
    payment_term_days: int
    lines: tuple[SaleLine, ...]
    comment: str = ""
    shipping_date: dt.date | None = None


class SaleFind(Input):
    """sale.find -> {"order_id": "" when there is none}: did the `sale.create` with this key have its effect? Asked after a try whose answer was
    lost. Raises TransientError while it still runs. An ERP that cannot tell does not offer it."""

    key: str


class InvoicePost(Input):
    """invoice.post -> {"invoice_id", "invoice_no", "state", "amount", "currency"}: the order's one invoice is posted, so one receivable exists."""

    order_id: str


class PurchaseRequestLine(Input):
    sku: str
    quantity: Number


class PurchaseRequestCreate(Input):
    """purchase_request.create -> {"request_ids": [..], "reference"}: one request per short product, naming the order; without an order ("") to fill
    up the stock."""

    order_no: str = ""
    lines: tuple[PurchaseRequestLine, ...]
    needed_on: dt.date | None = None


class ShipmentAdvance(Input):
    """shipment.advance -> {"shipment_id", "state", "number"}. `to`: assigned | picked | packed | shipped | done.
    `quantities`: sku -> shipped now (partial); empty = all."""

    shipment_id: str
    to: str = "done"
    quantities: dict[str, Number] = Field(default_factory=dict)


class OrderRead(Input):
    """order.read -> {"order": canonical Order JSON, "shipments": [...], "invoices": [...]} of this moment."""

    order_id: str


class StockRead(Input):
    """stock.read -> {"stock": {sku: {"on_hand", "available", "order_point"}}} of this moment (numbers as text)."""

    skus: tuple[str, ...]


class ReceivableRead(Input):
    """receivable.read -> canonical Receivable as JSON, of this moment."""

    customer_key: str


class CurrencyList(Input):
    """currencies.read -> {"currencies": ["CNY", ...]}"""


class TicketOpen(Input):
    """ticket.open -> {"url", "expires_in"}: one-time link into the system's own screens, for the acting person.
    `kind`/`external_id`: what to show; "" = its start page."""

    kind: str = ""
    external_id: str = ""


class SessionsEnd(Input):
    """sessions.end -> {"ended": n}: end the person's sessions in that system. `subject`: the identity provider's sub."""

    subject: str


# --- inputs of the capabilities every CRM connector offers ------------------------------------------------------------------------------

class DealWriteBack(Input):
    """deal.write_back -> {"fields": {...as read back}}; raises PermanentError when what is read back differs. Keys of `fields`:
    contract_no contract_state contract_amount payment_term contract_until contract_clauses erp_order_no erp_order_state shipped_at shipment_ref
    reject_reason"""

    deal_id: str
    fields: dict[str, str]


class DealMove(Input):
    """deal.move -> {"stage", "stage_kind"}. `to`: a stage_kind (open | won | lost) or an exact stage label. won needs `closed_on`."""

    deal_id: str
    to: str
    closed_on: dt.date | None = None


class DealNote(Input):
    """deal.note -> {}: adds a comment to the deal."""

    deal_id: str
    text: str


class CustomerUpdate(Input):
    """customer.update -> {"external_id", "version"}. `changes`: canonical field -> new value (name industry city phone email website note).
    `if_version`: the version the person saw; a newer one is PermanentError code "conflict"."""

    customer_id: str
    changes: dict[str, str]
    if_version: str = ""


class FollowUpCreate(Input):
    """follow_up.create -> {"external_id"}"""

    customer_id: str
    deal_id: str = ""
    channel: str = "call"
    subject: str
    body: str = ""


class StageList(Input):
    """stages.read -> {"stages": [{"label", "kind", "order"}]}"""


Secret = SecretStr
Json = dict[str, Any]
