"""What routes need. Our own views carry `declare(...)`; the table below speaks for views of libraries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.access import Declared

# "<module>.<name>" of views that we cannot decorate -> what they need
THIRD_PARTY: dict[str, Declared] = {
    "django.views.static.serve": Declared("", "", public="static files hold nothing of anybody"),
    "django.contrib.staticfiles.views.serve": Declared("", "", public="static files hold nothing of anybody"),
}


def declared_of(view: Callable[..., Any], method: str = "") -> Declared | None:
    """What a view needs: the handler of this HTTP method, else the class, else the function, else the table. None:
    nobody said."""
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is not None:
        names = getattr(view, "actions", None) or {}
        handler = getattr(cls, names.get(method.lower(), method.lower()) or "-", None)
        found = getattr(handler, "access", None) or getattr(cls, "access", None)
        if found is not None:
            return found
    found = getattr(view, "access", None)
    if found is not None:
        return found
    return THIRD_PARTY.get(f"{view.__module__}.{getattr(view, '__qualname__', type(view).__name__)}")


# Words for people: resources, actions and fields of the matrix. What is missing is shown by its own name.
RESOURCE_WORDS: dict[str, Any] = {
    "crm.customer": _("Customers"),
    "crm.deal": _("Deals"),
    "crm.follow_up": _("Follow-ups"),
    "erp.order": _("Sales orders"),
    "erp.shipment": _("Shipments"),
    "erp.stock": _("Stock"),
    "erp.product": _("Products"),
    "erp.receivable": _("Receivables"),
    "erp.invoice": _("Invoices"),
    "erp.purchase_request": _("Purchase requests"),
    "crm.case": _("Service requests"),
    "erp.payment": _("Payments"),
    "erp.purchase_order": _("Purchase orders"),
    "erp.production": _("Production orders"),
    "workflows.task": _("Approvals"),
    "workflows.instance": _("Process instances"),
    "notifications.notification": _("Messages"),
    "notifications.channel": _("Channels of messages"),
    "workspace.home": _("Home"),
    "workspace.layout": _("Home pages of roles"),
    "workspace.search": _("Search"),
    "integrations.connection": _("Connections"),
    "integrations.quarantine": _("Quarantine"),
    "access.role": _("Roles and rights"),
    "audit.entry": _("Audit log"),
    "identity.profile": _("Own profile"),
    "business.template": _("Contract templates"),
    "business.visit": _("Customer visits"),
    "business.announcement": _("Announcements"),
    "business.circulation": _("Copies of cases"),
    "business.calendar": _("Own calendar"),
    "directory.absence": _("Absences"),
    "insight.board": _("Management board"),
    "insight.customer_data": _("Joined customer data"),
    "insight.export": _("Exports of figures"),
    "insight.flow": _("Figures of the OA"),
    "insight.note": _("Notes on figures"),
    "insight.target": _("Targets of figures"),
    "insight.token": _("Keys for programs"),
    "core.api": _("API description"),
}
ACTION_WORDS: dict[str, Any] = {
    "view": pgettext_lazy("right", "See"),
    "edit": pgettext_lazy("right", "Edit"),
    "create": pgettext_lazy("right", "Create"),
    "win": pgettext_lazy("right", "Set to won"),
    "advance": pgettext_lazy("right", "Advance"),
    "act": pgettext_lazy("right", "Decide"),
    "repair": pgettext_lazy("right", "Repair and retry"),
    "reassign": pgettext_lazy("right", "Give to somebody else"),
    "manage": pgettext_lazy("right", "Manage"),
    "cure": pgettext_lazy("right", "Cure"),
    "remind": pgettext_lazy("right", "Remind"),
    "arrange": pgettext_lazy("right", "Arrange"),
    "share": pgettext_lazy("right", "Share"),
    "data": pgettext_lazy("right", "Take data"),
    "image": pgettext_lazy("right", "Take pictures"),
    "print": pgettext_lazy("right", "Print"),
    "export": pgettext_lazy("right", "Export"),
    "consent": pgettext_lazy("right", "Record consents"),
}
FIELD_WORDS: dict[str, Any] = {
    "*": _("All other fields"),
    "name": _("Name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "contacts": _("Contacts"),
    "industry": _("Industry"),
    "city": _("City"),
    "website": _("Website"),
    "note": _("Note"),
    "amount": _("Amount"),
    "currency": _("Currency"),
    "lines": _("Lines"),
    "state": _("State"),
    "stage": _("Stage"),
    "stage_kind": _("Stage kind"),
    "stage_changed_at": _("Stage changed at"),
    "customer_name": _("Customer"),
    "customer_key": _("Customer code"),
    "customer_id": _("Customer id"),
    "deal_id": _("Deal id"),
    "owner": _("Responsible person"),
    "owner_email": _("Seller’s e-mail"),
    "author_email": _("Author’s e-mail"),
    "probability": _("Probability"),
    "closed_on": _("Closing date"),
    "organisation": _("Organisation"),
    "custom": _("Contract fields"),
    "channel": _("Channel"),
    "subject": _("Subject"),
    "body": _("Text"),
    "payment_term": _("Payment term"),
    "reference": _("Reference"),
    "comment": _("Comment"),
    "ordered_on": _("Order date"),
    "invoice_ids": _("Invoices"),
    "shipment_ids": _("Shipments"),
    "order_ids": _("Orders"),
    "on_hand": _("On hand"),
    "available": _("Available"),
    "order_point": _("Order point"),
    "unit": _("Unit"),
    "list_price": _("List price"),
    "stocked": _("Stocked"),
    "quantity": _("Quantity"),
    "sku": _("SKU"),
    "total": _("Total"),
    "overdue": _("Overdue"),
    "credit_limit": _("Credit limit"),
    "tracking": _("Tracking reference"),
    "shipped_at": _("Shipped at"),
    "planned_on": _("Planned date"),
    "due_on": _("Due date"),
    "tries": _("Tries"),
    "closed_at": _("Closed at"),
    "approver": _("Approver"),
    "place": _("Place"),
    "balance": _("Balance"),
    "needed_on": _("Needed on"),
    "visitor": _("Visitor"),
    "limit": _("Credit limit"),
    "customer": _("Customer"),
    "report": _("Report"),
    "approved_at": _("Approved at"),
    "url": _("Address"),
    "updated_at": _("Changed at"),
    "key": _("Number"),
    "invoiced_on": _("Invoice date"),
    "follow_up_id": _("Follow-up"),
    "occurred_at": _("Happened at"),
    "companions": _("Companions"),
    "starts_at": _("Begins at"),
    "created_at": _("Created at"),
    "closed_by": _("Closed by"),
    "version": _("Version"),
    "open_invoices": _("Open invoices"),
    "purpose": _("Purpose"),
    "origin": _("Origin"),
    "external_id": _("Id in the system"),
    "reason": _("Reason"),
    "number": _("Number"),
    "order_keys": _("Order numbers"),
    "reported_at": _("Reported at"),
    "ends_at": _("Ends at"),
    "problems": _("Problems"),
    "business_key": _("Case"),
    "amount_due": _("Amount due"),
    "region": _("Region"),
    "product_line": _("Product line"),
    "effective_on": _("Left the house on"),
    "amount_paid": _("Paid amount"),
    "paid_on": _("Paid on"),
    "priority": _("Priority"),
    "case_type": _("Type of request"),
    "responded_at": _("First answer"),
    "supplier_key": _("Supplier code"),
    "supplier_name": _("Supplier"),
    "received_on": _("Received on"),
    "started_on": _("Begun on"),
    "done_on": _("Done on"),
    "invoice_id": _("Invoice id"),
    "invoice_key": _("Invoice number"),
}


def words_of(table: dict[str, Any], name: str) -> str:
    """The word for people, or the name made readable."""
    return str(table[name]) if name in table else name.replace("_", " ").capitalize()
