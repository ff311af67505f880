"""Reading records: `views` for people, `raw` for services and the engine."""

from apps.records.selectors.finding import find
from apps.records.selectors.measured import (
    Measured,
    dated_by_customer,
    every,
    follow_ups_of,
    measured,
    measured_of_customers,
    naming,
    of_customers,
    orders_named,
    projected,
)
from apps.records.selectors.raw import (
    as_of,
    latest_follow_up,
    raw,
    raw_invoices_of,
    raw_order_of,
    raw_shipments_of,
)
from apps.records.selectors.rows import PAGES, Listing, page_of
from apps.records.selectors.views import (
    case,
    cases,
    contacts_due,
    customer,
    customers,
    deal,
    deals,
    follow_ups,
    invoices,
    last_contacts,
    order,
    orders,
    payment,
    payments,
    product,
    production,
    productions,
    products,
    purchase_order,
    purchase_orders,
    purchase_requests,
    receivable,
    receivables,
    shipment,
    shipments,
    some,
    stock,
    stock_of,
)

__all__ = [
    "PAGES", "Listing", "Measured", "as_of", "case", "cases", "contacts_due", "customer", "customers", "dated_by_customer", "deal", "deals",
    "every", "find", "follow_ups", "follow_ups_of", "invoices", "last_contacts", "latest_follow_up", "measured", "measured_of_customers",
    "naming", "of_customers", "order", "orders", "orders_named", "page_of", "payment", "payments", "product", "production",
    "productions", "products", "projected", "purchase_order", "purchase_orders", "purchase_requests", "raw", "raw_invoices_of",
    "raw_order_of", "raw_shipments_of", "receivable", "receivables", "shipment", "shipments", "some", "stock", "stock_of",
]  # fmt: skip
