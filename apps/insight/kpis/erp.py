"""ERP: production progress, supply, stock, shipping, finance."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from apps.core.kpis import Count, Kpi, Level, Mean, Median, Missed, Ratio, Share, Total, register

SLOW = dt.timedelta(hours=1)
PRODUCTION, PURCHASING, WAREHOUSE, SHIPPING, FINANCE, SALES = (
    _("Head of production"), _("Head of purchasing"), _("Head of the warehouse"), _("Head of shipping"), _("Head of finance"), _("Head of sales"),
)  # fmt: skip


class _Production(Kpi):
    group, owner, resource, sources, kinds, promise = "erp.production", PRODUCTION, "erp.production", ("erp",), ("production",), SLOW
    breakdown, knows = "product_line", ("product_line",)


@register
class ProductionProgress(_Production, Share):
    key, title, stream = "erp.production_progress", _("Production progress"), "production.planned"
    formula = _("Of the production orders planned to be finished in the period: how many are finished, in percent.")


@register
class ProductionOnTime(_Production, Share):
    key, title, stream = "erp.production_on_time", _("Production on time"), "production.done"
    formula = _("Of the production orders finished in the period: how many were finished on or before the planned day, in percent.")


@register
class ProductionOutput(_Production, Total):
    key, title, stream = "erp.production_output", _("Pieces produced"), "production.done"
    formula = _("Quantities of the production orders finished in the period, added up.")


@register
class ProductionLate(_Production, Missed):
    key, title, stream = "erp.production_late", _("Production orders late"), "production.planned"
    formula = _("Production orders planned to be finished in the period, until today, that are not finished.")


class _Supply(Kpi):
    group, owner, resource, sources, kinds, promise = "erp.supply", PURCHASING, "erp.purchase_order", ("erp",), ("purchase_order",), SLOW
    knows = ("product_line",)
    breakdown = "product_line"


@register
class SupplyOnTime(_Supply, Share):
    key, title, stream = "erp.supply_on_time", _("Suppliers on time"), "purchase.received"
    formula = _("Of the purchase orders received in the period: how many arrived on or before the planned day, in percent.")


@register
class SupplyDelay(_Supply, Median):
    key, title, stream, unit = "erp.supply_delay", _("Delay of suppliers"), "purchase.received", "days"
    formula = _("Days from the planned to the real arrival of purchase orders received in the period, early ones as 0: the middle one, right to 1.6 %.")


@register
class SupplyLate(_Supply, Missed):
    key, title, stream = "erp.supply_late", _("Purchases overdue"), "purchase.planned"
    formula = _("Purchase orders planned to arrive in the period, until today, that have not arrived.")


class _Stock(Kpi):
    group, owner, resource, sources, kinds = "erp.stock", WAREHOUSE, "erp.stock", ("erp",), ("stock",)
    knows, breakdown, level = ("product_line",), "product_line", True


@register
class StockShort(_Stock, Level):
    key, title, stream, direction = "erp.stock_short", _("Products short"), "stock.short", "down"
    formula = _("Products whose available quantity is below their order point, at the end of the period.")


@register
class StockOut(_Stock, Level):
    key, title, stream, direction = "erp.stock_out", _("Products sold out"), "stock.out", "down"
    formula = _("Products of which nothing is available, at the end of the period.")


@register
class StockShortShare(_Stock, Ratio):
    key, title, stream, over, direction = "erp.stock_short_share", _("Share of products short"), "stock.short", "stock.items", "down"
    formula = _("Products short as a share of all products kept in stock, at the end of the period.")


@register
class StockWorth(_Stock, Level):
    key, title, stream, unit, direction = "erp.stock_worth", _("Stock at list prices"), "stock.worth", "money", "none"
    reads = "on_hand"
    formula = _("Quantity on hand times the list price of the product, added up, at the end of the period. Products without a price count nothing.")


class _Shipping(Kpi):
    group, owner, resource, sources, kinds = "erp.shipping", SHIPPING, "erp.shipment", ("erp",), ("shipment",)
    knows, breakdown = ("department", "region"), "region"


@register
class Shipped(_Shipping, Count):
    key, title, stream = "erp.shipped", _("Deliveries shipped"), "shipment.left"
    formula = _("Delivery notes that left the house in the period.")


@register
class ShippedOnTime(_Shipping, Share):
    key, title, stream = "erp.shipped_on_time", _("Deliveries on time"), "shipment.left"
    formula = _("Of the delivery notes that left the house in the period: how many left on or before the planned day, in percent.")


@register
class ShippingTime(_Shipping, Median):
    key, title, stream, unit = "erp.shipping_time", _("From order to shipping"), "shipment.time", "days"
    formula = _("Days from the order date to the day the delivery note left the house, for those that left in the period: the middle one, right to 1.6 %.")


@register
class ShippingLate(_Shipping, Missed):
    key, title, stream = "erp.shipping_late", _("Deliveries overdue"), "shipment.planned"
    formula = _("Delivery notes planned to leave in the period, until today, that are still in the house.")


class _Orders(Kpi):
    group, owner, resource, reads, sources, kinds = "erp.finance", SALES, "erp.order", "amount", ("erp",), ("order",)
    unit = "money"


@register
class OrdersTaken(_Orders, Total):
    key, title, stream = "erp.orders_taken", _("Orders taken"), "order"
    formula = _("Net amounts of sales orders dated in the period, drafts and cancelled orders left out.")


@register
class OrderCount(_Orders, Count):
    key, title, stream, unit, reads = "erp.order_count", _("Number of orders"), "order", "count", ""
    knows = ("department", "region")  # an order of two product lines is one order, of neither of them alone
    formula = _("Sales orders dated in the period, drafts and cancelled orders left out.")


@register
class OrderValue(_Orders, Mean):
    key, title, stream = "erp.order_value", _("Value of an order"), "order"
    knows = ("department", "region")
    formula = _("Orders taken, divided by their number.")


@register
class Backlog(_Orders, Level):
    key, title, stream, direction = "erp.backlog", _("Order backlog"), "order.open", "none"
    formula = _("Net amounts of orders that are confirmed or in work, at the end of the period.")


class _Invoices(Kpi):
    group, owner, resource, sources, kinds, unit = "erp.finance", FINANCE, "erp.invoice", ("erp",), ("invoice",), "money"
    reads = "amount"
    knows = ("department", "region")


@register
class Invoiced(_Invoices, Total):
    key, title, stream = "erp.invoiced", _("Invoiced"), "invoice"
    formula = _("Amounts of customer invoices dated in the period that are posted or paid.")


class _Receivables(Kpi):
    group, owner, resource, sources, kinds, unit, direction = "erp.finance", FINANCE, "erp.receivable", ("erp",), ("receivable",), "money", "down"
    knows, level, reads = ("department", "region"), True, "balance"


@register
class Receivables(_Receivables, Level):
    key, title, stream = "erp.receivables", _("Receivables"), "receivable"
    formula = _("What customers owe, at the end of the period.")


@register
class Overdue(_Receivables, Level):
    key, title, stream, reads = "erp.overdue", _("Receivables overdue"), "receivable.overdue", "overdue"
    formula = _("The part of what customers owe that is past its due date, at the end of the period.")


@register
class OverdueShare(_Receivables, Ratio):
    key, title, stream, over, unit, reads = "erp.overdue_share", _("Share overdue"), "receivable.overdue", "receivable", "percent", "overdue"
    formula = _("Receivables overdue as a share of all receivables, at the end of the period.")


class _Payments(Kpi):
    group, owner, resource, sources, kinds = "erp.finance", FINANCE, "erp.payment", ("erp",), ("payment",)
    knows = ("department", "region")
    reads = "amount"


@register
class Payments(_Payments, Total):
    key, title, stream, unit = "erp.payments", _("Payments received"), "payment", "money"
    formula = _("Amounts of customer payments received in the period.")


@register
class Collection(_Payments, Ratio):
    key, title, stream, over = "erp.collection", _("Collection rate"), "payment", "invoice"
    needs = (("erp.invoice", "amount"),)
    formula = _("Payments received in the period as a share of what was invoiced in it.")
