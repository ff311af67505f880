"""The ERP's SOAP interface, by its WSDL."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import requests
import zeep
from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError, ValidationError
from zeep.helpers import serialize_object
from zeep.transports import Transport

from apps.connectors.erp_sandbox.client.rest import SYSTEM, failure_of
from apps.core.http import CONNECT_TIMEOUT, DRIPPING, READ_TIMEOUT, Client, whole, within_limits, without
from apps.integrations.sdk import Json, OutsideError, PermanentError, TransientError, retry_after

NAMESPACE = "urn:sandbox-erp:v2"
OPERATIONS = {
    "info": "ServerInfo",
    "currencies": "ListCurrencies",
    "changes": "ListChanges",
    "orders.create": "CreateSalesOrder",
    "orders.invoice": "PostInvoice",
    "requests.create": "CreatePurchaseRequests",
    "deliveries.advance": "AdvanceDelivery",
    "tickets.open": "OpenTicket",
    "sessions.end": "EndSessions",
    "items.list": "ListItems",
    "stock.list": "ListStockLevels",
    "balances.list": "ListBalances",
    "orders.list": "ListOrders",
    "deliveries.list": "ListDeliveries",
    "invoices.list": "ListInvoices",
    "requests.list": "ListPurchaseRequests",
    "payments.list": "ListPayments",
    "purchases.list": "ListPurchaseOrders",
    "productions.list": "ListProductions",
    "items.get": "GetItem",
    "stock.get": "GetStockLevel",
    "balances.get": "GetBalance",
    "orders.get": "GetOrder",
    "deliveries.get": "GetDelivery",
    "invoices.get": "GetInvoice",
    "requests.get": "GetPurchaseRequest",
    "payments.get": "GetPayment",
    "purchases.get": "GetPurchaseOrder",
    "productions.get": "GetProduction",
}


class _Lines(Transport):
    """HTTP under SOAP: time-outs on every call, no proxies, no redirects, one line a thread, and nothing but the ERP's own address is ever asked."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=CONNECT_TIMEOUT, operation_timeout=READ_TIMEOUT)  # type: ignore[no-untyped-call]
        self._base_url = base_url
        self._local = threading.local()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            self._local.session = session
        return session

    def _ask(self, method: str, address: str, **more: Any) -> requests.Response:
        if not address.startswith(self._base_url + "/"):
            raise PermanentError(f"{SYSTEM} names another address in its WSDL", system=SYSTEM, code="foreign_address")
        timeout = within_limits((CONNECT_TIMEOUT, READ_TIMEOUT))
        response = self._session().request(method, address, timeout=timeout, allow_redirects=False, stream=True, **more)
        whole(response, system=SYSTEM, seconds=DRIPPING * timeout[1])
        if "xml" not in response.headers.get("Content-Type", ""):
            # Not the ERP: whatever stands in between. Its status says what it means, as over REST.
            _STATUSES.check(response)
            raise TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM, status=response.status_code)
        return response

    def load(self, url: str) -> bytes:
        """The WSDL."""
        response = self._ask("GET", url)
        _STATUSES.check(response)
        return response.content

    def post(self, address: str, message: Any, headers: Mapping[str, str]) -> requests.Response:
        """The time to come back stands in a header, where zeep does not look: a fault that has one is told here."""
        response = self._ask("POST", address, data=message, headers=dict(headers))
        self._local.later = retry_after(response.headers)
        return response

    def later(self) -> float | None:
        """What the last answer of this thread said of when to come back, in seconds."""
        later: float | None = getattr(self._local, "later", None)
        return later


_STATUSES = Client("", system=SYSTEM)  # what statuses mean; nothing is asked through it


class SoapClient:
    """Reads the WSDL at the first call, so that a connection can be made while the ERP is away."""

    def __init__(self, base_url: str, service_key: str) -> None:
        self._base_url, self._service_key = base_url, service_key
        self._lock = threading.Lock()
        self._lines = _Lines(self._base_url)
        self._service: Any = None

    def call(self, operation: str, given: Json, *, on_behalf_of: str = "") -> Json:
        """As over REST. Faults become the same failures: their detail names the ERP's code."""
        name = OPERATIONS[operation]
        credentials = {"accessKey": self._service_key, **({"onBehalfOf": on_behalf_of} if on_behalf_of else {})}
        values = {key: value for key, value in given.items() if value is not None}
        try:
            answer = self._proxy()[name](**values, _soapheaders={"credentials": credentials})
        except Exception as error:
            raise without(_failure(error, self._lines.later()), (self._service_key,)) from None
        return _values(answer, name)

    def _proxy(self) -> Any:
        with self._lock:
            if self._service is None:
                settings = zeep.Settings(strict=True, xml_huge_tree=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)
                client = zeep.Client(f"{self._base_url}/soap?wsdl", transport=self._lines, settings=settings)  # type: ignore[no-untyped-call]
                self._service = client.create_service(f"{{{NAMESPACE}}}ErpBinding", f"{self._base_url}/soap")  # type: ignore[no-untyped-call]
            return self._service


def _failure(error: Exception, later: float | None) -> OutsideError:
    """The three kinds. Never the message of the HTTP library: it may hold an address with a ticket in it."""
    if isinstance(error, OutsideError):
        return error
    if isinstance(error, Fault):
        return _fault(error, later)
    if isinstance(error, ValidationError):
        return PermanentError(f"{SYSTEM}: {error}", system=SYSTEM, code="bad_request")
    if isinstance(error, (requests.RequestException, TransportError, ZeepError, etree.XMLSyntaxError)):
        return TransientError(f"{SYSTEM} did not answer ({type(error).__name__})", system=SYSTEM)
    raise error


def _fault(fault: Fault, later: float | None) -> OutsideError:
    detail = fault.detail if etree.iselement(fault.detail) else None  # XML that is no envelope comes as bytes
    if detail is None and fault.code is None:
        return TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM)
    found = detail.find(f"{{{NAMESPACE}}}ErpFault") if detail is not None else None
    server = str(fault.code or "").rpartition(":")[2] == "Server"
    code, status = "", ""
    if found is not None:
        code, status = found.findtext(f"{{{NAMESPACE}}}code", ""), found.findtext(f"{{{NAMESPACE}}}status", "")
    return failure_of(int(status) if status.isdigit() else 500 if server else 400, code, str(fault.message), later=later)


def _values(answer: Any, operation: str) -> Json:
    """zeep's objects as the JSON values REST gives. A response of one element comes bare: it is named again."""
    plain = serialize_object(answer, target_cls=dict)  # type: ignore[no-untyped-call]
    if not isinstance(plain, dict) or operation in _SINGLE:
        plain = {_SINGLE[operation]: plain}
    found: Json = _plain(plain)
    return found


_SINGLE = {
    "ListCurrencies": "currencies",
    "CreateSalesOrder": "order",
    "PostInvoice": "invoice",
    "CreatePurchaseRequests": "requests",
    "EndSessions": "ended",
    **{name: "row" for name in OPERATIONS.values() if name.startswith("Get")},
}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
