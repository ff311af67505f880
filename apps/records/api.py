"""REST API of records: customers, deals, follow-ups, orders, shipments, stock, products, receivables.

Every answer holds what the caller may see and no more: hidden fields are absent, masked ones hold dots and are named in `masked`.
"""

from __future__ import annotations

import datetime as dt
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.access import Masked, Projected, declare
from apps.core.errors import NotFound
from apps.integrations.sdk import canonical
from apps.records import policies, selectors, services

SIZE = OpenApiParameter("size", int, description="records a page, at most 500")
PAGE = OpenApiParameter("page", int)
Q = OpenApiParameter("q", str, description="words in names and numbers")


def _field(annotation: Any) -> serializers.Field[Any, Any, Any, Any]:
    parts = [part for part in typing.get_args(annotation) if part is not type(None)] if typing.get_origin(annotation) else [annotation]
    plain = parts[0] if parts and typing.get_origin(annotation) is not tuple else annotation
    simple: dict[Any, Callable[[], serializers.Field[Any, Any, Any, Any]]] = {
        int: lambda: serializers.IntegerField(required=False, allow_null=True),
        bool: lambda: serializers.BooleanField(required=False),
        dt.date: lambda: serializers.DateField(required=False, allow_null=True),
        dt.datetime: lambda: serializers.DateTimeField(required=False, allow_null=True),
    }
    if typing.get_origin(annotation) is tuple:
        return serializers.ListField(required=False)
    if typing.get_origin(annotation) is dict:
        return serializers.DictField(required=False)
    return simple.get(plain, lambda: serializers.CharField(required=False, allow_null=True))()


class OwnerSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    login = serializers.CharField()
    name = serializers.CharField()
    name_zh = serializers.CharField()


def _serializer(kind: str) -> type[serializers.Serializer[Any]]:
    """The documented form of a record: its canonical fields (each may be absent), where it is from and how old it is."""
    fields: dict[str, Any] = {name: _field(info.annotation) for name, info in canonical.KINDS[kind].model_fields.items() if name != "kind"}
    fields |= {
        "id": serializers.CharField(), "system": serializers.CharField(), "as_of": serializers.DateTimeField(),
        "owner": OwnerSerializer(required=False, allow_null=True),
        "masked": serializers.ListField(child=serializers.CharField(), help_text="fields that you may not read"),
    }
    return type(f"{kind.title().replace('_', '')}Serializer", (serializers.Serializer,), fields)


FORMS = {kind: _serializer(kind) for kind in canonical.KINDS}


def _list_form(kind: str) -> type[serializers.Serializer[Any]]:
    fields: dict[str, Any] = {
        "results": FORMS[kind](many=True), "total": serializers.IntegerField(), "page": serializers.IntegerField(),
        "pages": serializers.IntegerField(), "as_of": serializers.DateTimeField(allow_null=True, help_text="the oldest reading among them"),
        "note": serializers.CharField(help_text="why it does not stand in the order that was asked for; mostly empty"),
    }
    return type(f"{kind.title().replace('_', '')}ListSerializer", (serializers.Serializer,), fields)


def as_json(value: Any) -> Any:
    """A projected value for JSON: numbers as plain text, people by name, masks as dots."""
    if isinstance(value, Masked):
        return str(value)
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): as_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(part) for part in value]
    if hasattr(value, "login"):
        return {"id": str(value.pk), "login": value.login, "name": value.name, "name_zh": value.name_zh}
    return value


def record_json(record: Projected | None) -> dict[str, Any]:
    """One record; NotFound for none."""
    if record is None:
        raise NotFound(_("There is no such record, or you may not see it."))
    shown = {name: as_json(value) for name, value in record.items() if name not in {"kind", "connection", "deleted_at", "owner_id", "origin"}}
    return {**shown, "masked": sorted(record.masked)}


def list_json(found: selectors.Listing) -> dict[str, Any]:
    rows = [record_json(row) for row in found.rows]
    return {"results": rows, "total": found.total, "page": found.page, "pages": found.pages, "as_of": as_json(found.as_of),
            "note": found.note}


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default


def _paging(request: Request) -> dict[str, Any]:
    return {"page": max(1, _number(request, "page", 1)), "size": _number(request, "size", 25)}


def _q(request: Request) -> str:
    return request.query_params.get("q", "")[:100]


def _person(request: Request) -> Any:
    return request._request.person  # type: ignore[attr-defined]


def _given(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    checked = form(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


class CustomerChanges(serializers.Serializer[Any]):
    changes = serializers.DictField(child=serializers.CharField(allow_blank=True), help_text="name industry city phone email website note")
    version = serializers.CharField(required=False, allow_blank=True, default="", help_text="the version you saw; a newer one is refused")


class FollowUpInput(serializers.Serializer[Any]):
    channel = serializers.CharField(default="call")
    subject = serializers.CharField(max_length=200)
    body = serializers.CharField(required=False, allow_blank=True, default="")
    deal_id = serializers.CharField(required=False, allow_blank=True, default="")


class MoveInput(serializers.Serializer[Any]):
    to = serializers.CharField(help_text="open, won, lost or the name of a stage")


class AdvanceInput(serializers.Serializer[Any]):
    to = serializers.CharField(help_text="assigned, picked, packed, shipped or done")
    quantities = serializers.DictField(child=serializers.DecimalField(18, 4), required=False, default=dict, help_text="sku: shipped now; empty: all")


class PurchaseInput(serializers.Serializer[Any]):
    quantity = serializers.DecimalField(18, 4)


class PurchaseMade(serializers.Serializer[Any]):
    request_ids = serializers.ListField(child=serializers.CharField())


class Reminded(serializers.Serializer[Any]):
    to = OwnerSerializer()


@declare("crm.customer", "view")
class CustomersView(APIView):
    @extend_schema(responses=_list_form("customer"), operation_id="customers_list", parameters=[Q, PAGE, SIZE])
    def get(self, request: Request) -> Response:
        """Customers by name."""
        return Response(list_json(selectors.customers(_person(request), q=_q(request), **_paging(request))))


@declare("crm.customer", "view")
class CustomerView(APIView):
    @extend_schema(responses=FORMS["customer"], operation_id="customers_get")
    @declare("crm.customer", "view")
    def get(self, request: Request, ident: str) -> Response:
        """By the CRM's id or the shared customer code."""
        return Response(record_json(selectors.customer(_person(request), ident)))

    @extend_schema(request=CustomerChanges, responses=FORMS["customer"], operation_id="customers_edit")
    @declare("crm.customer", "edit")
    def patch(self, request: Request, ident: str) -> Response:
        """Written to the CRM as you, and read back."""
        given = _given(CustomerChanges, request)
        changed = services.edit_customer(
            person=_person(request), customer_id=ident, changes=given["changes"], if_version=given["version"], now=clock.now()
        )
        return Response(record_json(changed))


@declare("crm.follow_up", "view")
class CustomerFollowUpsView(APIView):
    @extend_schema(responses=_list_form("follow_up"), operation_id="follow_ups_list", parameters=[PAGE, SIZE])
    @declare("crm.follow_up", "view")
    def get(self, request: Request, ident: str) -> Response:
        """Newest first."""
        return Response(list_json(selectors.follow_ups(_person(request), customer_id=ident, **_paging(request))))

    @extend_schema(request=FollowUpInput, responses={201: FORMS["follow_up"], 202: None}, operation_id="follow_ups_add")
    @declare("crm.follow_up", "create")
    def post(self, request: Request, ident: str) -> Response:
        """Added in the CRM as you. 202: added, not read back yet."""
        added = services.add_follow_up(person=_person(request), customer_id=ident, now=clock.now(), **_given(FollowUpInput, request))
        return Response(record_json(added), status=201) if added is not None else Response(status=202)


@declare("crm.deal", "view")
class DealsView(APIView):
    @extend_schema(responses=_list_form("deal"), operation_id="deals_list",
                   parameters=[Q, PAGE, SIZE, OpenApiParameter("state", str, enum=["open", "won", "lost"]), OpenApiParameter("customer_id", str)])
    def get(self, request: Request) -> Response:
        """Deals, the latest change of stage first."""
        found = selectors.deals(_person(request), q=_q(request), state=request.query_params.get("state", ""),
                                customer_id=request.query_params.get("customer_id"), **_paging(request))
        return Response(list_json(found))


@declare("crm.deal", "view")
class DealView(APIView):
    @extend_schema(responses=FORMS["deal"], operation_id="deals_get")
    def get(self, request: Request, ident: str) -> Response:
        """With its lines."""
        return Response(record_json(selectors.deal(_person(request), ident)))


@declare("crm.deal", "view")
class DealMoveView(APIView):
    @extend_schema(request=MoveInput, responses=FORMS["deal"], operation_id="deals_move")
    def post(self, request: Request, ident: str) -> Response:
        """Move it to a stage, in the CRM as you. Set to won it goes to approval."""
        moved = services.move_deal(person=_person(request), deal_id=ident, to=_given(MoveInput, request)["to"], now=clock.now())
        return Response(record_json(moved))


@declare("erp.order", "view")
class OrdersView(APIView):
    @extend_schema(responses=_list_form("order"), operation_id="orders_list",
                   parameters=[Q, PAGE, SIZE, OpenApiParameter("state", str),
                               OpenApiParameter("customer_key", str), OpenApiParameter("reference", str)])
    def get(self, request: Request) -> Response:
        """Newest first. `reference`: the id of the deal."""
        given = request.query_params
        found = selectors.orders(_person(request), q=_q(request), state=given.get("state", ""), customer_key=given.get("customer_key"),
                                 reference=given.get("reference"), **_paging(request))
        return Response(list_json(found))


@declare("erp.order", "view")
class OrderView(APIView):
    @extend_schema(responses=FORMS["order"], operation_id="orders_get")
    def get(self, request: Request, ident: str) -> Response:
        """By the ERP's id or the order number."""
        return Response(record_json(selectors.order(_person(request), ident)))


@declare("erp.shipment", "view")
class ShipmentsView(APIView):
    @extend_schema(responses=_list_form("shipment"), operation_id="shipments_list",
                   parameters=[Q, PAGE, SIZE, OpenApiParameter("state", str, description="a state, open or gone"), OpenApiParameter("order_id", str)])
    def get(self, request: Request) -> Response:
        """What is still in the house first."""
        given = request.query_params
        found = selectors.shipments(_person(request), q=_q(request), state=given.get("state", ""), order_id=given.get("order_id"), **_paging(request))
        return Response(list_json(found))


@declare("erp.shipment", "view")
class ShipmentView(APIView):
    @extend_schema(responses=FORMS["shipment"], operation_id="shipments_get")
    def get(self, request: Request, ident: str) -> Response:
        """By the ERP's id or its number."""
        return Response(record_json(selectors.shipment(_person(request), ident)))


@declare("erp.shipment", "advance")
class ShipmentAdvanceView(APIView):
    @extend_schema(request=AdvanceInput, responses=FORMS["shipment"], operation_id="shipments_advance")
    def post(self, request: Request, ident: str) -> Response:
        """One step on, in the ERP as you. Less than the note says leaves a second shipment."""
        given = _given(AdvanceInput, request)
        moved = services.advance_shipment(person=_person(request), shipment_id=ident, to=given["to"], quantities=given["quantities"], now=clock.now())
        return Response(record_json(moved))


@declare("erp.stock", "view")
class StockView(APIView):
    @extend_schema(responses=_list_form("stock"), operation_id="stock_list",
                   parameters=[Q, PAGE, SIZE, OpenApiParameter("below", bool, description="only what is below its order point")])
    def get(self, request: Request) -> Response:
        """What is below its order point first."""
        below = request.query_params.get("below", "").lower() in {"1", "true"}
        return Response(list_json(selectors.stock(_person(request), q=_q(request), below=below, **_paging(request))))


@declare("erp.stock", "view")
class StockItemView(APIView):
    @extend_schema(responses=FORMS["stock"], operation_id="stock_get")
    def get(self, request: Request, ident: str) -> Response:
        """By SKU."""
        return Response(record_json(selectors.stock_of(_person(request), ident)))


@declare("erp.purchase_request", "create")
class StockPurchaseView(APIView):
    @extend_schema(request=PurchaseInput, responses={201: PurchaseMade}, operation_id="stock_request_purchase")
    def post(self, request: Request, ident: str) -> Response:
        """Ask the ERP, as you, to buy more of it for the stock."""
        quantity = _given(PurchaseInput, request)["quantity"]
        made = services.request_purchase(person=_person(request), sku=ident, quantity=quantity, now=clock.now())
        return Response({"request_ids": made}, status=201)


@declare("erp.product", "view")
class ProductsView(APIView):
    @extend_schema(responses=_list_form("product"), operation_id="products_list", parameters=[Q, PAGE, SIZE])
    def get(self, request: Request) -> Response:
        """By SKU."""
        return Response(list_json(selectors.products(_person(request), q=_q(request), **_paging(request))))


@declare("erp.receivable", "view")
class ReceivableView(APIView):
    @extend_schema(responses=FORMS["receivable"], operation_id="receivables_get")
    def get(self, request: Request, ident: str) -> Response:
        """What a customer owes, by the shared customer code."""
        return Response(record_json(selectors.receivable(_person(request), ident)))


@declare("erp.receivable", "remind")
class ReceivableRemindView(APIView):
    @extend_schema(request=None, responses=Reminded, operation_id="receivables_remind")
    def post(self, request: Request, ident: str) -> Response:
        """Ask the customer's seller to collect what is overdue; once a day."""
        return Response({"to": as_json(services.remind_payment(person=_person(request), customer_key=ident, now=clock.now()))})


def _views(kind: str, many: Callable[..., Any], one: Callable[..., Any], said: str, *filters: str) -> tuple[type[APIView], type[APIView]]:
    """A list and a single record of a kind that is only read. `filters`: further parameters of the selector."""
    name = f"{kind}s"
    resource = policies.RESOURCES[kind]

    @declare(resource, "view")
    class ListView(APIView):
        @extend_schema(responses=_list_form(kind), operation_id=f"{name}_list", description=said,
                       parameters=[Q, PAGE, SIZE, *(OpenApiParameter(given, str) for given in filters)])
        def get(self, request: Request) -> Response:
            asked = {given: request.query_params[given] for given in filters if request.query_params.get(given)}
            return Response(list_json(many(_person(request), q=_q(request), **asked, **_paging(request))))

    @declare(resource, "view")
    class RecordView(APIView):
        @extend_schema(responses=FORMS[kind], operation_id=f"{name}_get", description="By the source's id or its number.")
        def get(self, request: Request, ident: str) -> Response:
            return Response(record_json(one(_person(request), ident)))

    return ListView, RecordView


PAYMENTS = _views("payment", selectors.payments, selectors.payment, "What customers paid, newest first.", "customer_key")
PURCHASE_ORDERS = _views("purchase_order", selectors.purchase_orders, selectors.purchase_order, "Orders to suppliers, newest first.", "state")
PRODUCTION = _views("production", selectors.productions, selectors.production, "Production orders, newest first.", "state")
CASES = _views("case", selectors.cases, selectors.case, "Service requests, newest first.", "state", "customer_id")

urlpatterns = [
    path("payments", PAYMENTS[0].as_view(), name="api-payments"),
    path("payments/<str:ident>", PAYMENTS[1].as_view(), name="api-payment"),
    path("purchase-orders", PURCHASE_ORDERS[0].as_view(), name="api-purchase-orders"),
    path("purchase-orders/<str:ident>", PURCHASE_ORDERS[1].as_view(), name="api-purchase-order"),
    path("production", PRODUCTION[0].as_view(), name="api-production-orders"),
    path("production/<str:ident>", PRODUCTION[1].as_view(), name="api-production"),
    path("service-requests", CASES[0].as_view(), name="api-service-requests"),
    path("service-requests/<str:ident>", CASES[1].as_view(), name="api-service-request"),
    path("customers", CustomersView.as_view(), name="api-customers"),
    path("customers/<str:ident>", CustomerView.as_view(), name="api-customer"),
    path("customers/<str:ident>/follow-ups", CustomerFollowUpsView.as_view(), name="api-follow-ups"),
    path("deals", DealsView.as_view(), name="api-deals"),
    path("deals/<str:ident>", DealView.as_view(), name="api-deal"),
    path("deals/<str:ident>/move", DealMoveView.as_view(), name="api-deal-move"),
    path("orders", OrdersView.as_view(), name="api-orders"),
    path("orders/<str:ident>", OrderView.as_view(), name="api-order"),
    path("shipments", ShipmentsView.as_view(), name="api-shipments"),
    path("shipments/<str:ident>", ShipmentView.as_view(), name="api-shipment"),
    path("shipments/<str:ident>/advance", ShipmentAdvanceView.as_view(), name="api-shipment-advance"),
    path("stock", StockView.as_view(), name="api-stock"),
    path("stock/<str:ident>", StockItemView.as_view(), name="api-stock-item"),
    path("stock/<str:ident>/purchase-requests", StockPurchaseView.as_view(), name="api-stock-purchase"),
    path("receivables/<str:ident>/remind", ReceivableRemindView.as_view(), name="api-receivable-remind"),
    path("products", ProductsView.as_view(), name="api-products"),
    path("receivables/<str:ident>", ReceivableView.as_view(), name="api-receivable"),
]
