"""Process files of this app, and the words in them for the catalogs (a process file names things in English, pages show the reader's language)."""

import pathlib

from django.utils.translation import gettext_noop

FOLDER = pathlib.Path(__file__).parent


def sales_order() -> str:
    """The process file of the sales loop, as text."""
    return (FOLDER / "sales_order.bpmn").read_text()


def customer_visit() -> str:
    """The process file of a customer visit, as text."""
    return (FOLDER / "customer_visit.bpmn").read_text()


WORDS = (
    gettext_noop("Sales order"),
    gettext_noop("Contract approved"),
    gettext_noop("Order and receivable"),
    gettext_noop("Contract in the CRM"),
    gettext_noop("Shipped"),
    gettext_noop("Told in the CRM"),
    gettext_noop("Deal won"),
    gettext_noop("Approve the contract"),
    gettext_noop("Deal reopened, lost or deleted"),
    gettext_noop("After a day"),
    gettext_noop("Remind the approver"),
    gettext_noop("Reminded"),
    gettext_noop("Tell the approver"),
    gettext_noop("Withdrawn"),
    gettext_noop("Approved?"),
    gettext_noop("Write the order"),
    gettext_noop("No longer won"),
    gettext_noop("The deal is no longer won"),
    gettext_noop("Short of stock?"),
    gettext_noop("Request the purchase"),
    gettext_noop("Register the receivable"),
    gettext_noop("Contract to the CRM"),
    gettext_noop("Order moves in the ERP"),
    gettext_noop("Progress to the CRM"),
    gettext_noop("Everything shipped?"),
    gettext_noop("Closed"),
    gettext_noop("Cancelled in the ERP"),
    gettext_noop("Refusal to the CRM"),
    gettext_noop("Refused"),
    gettext_noop("approved"),
    gettext_noop("rejected or returned"),
    gettext_noop("short"),
    gettext_noop("enough"),
    gettext_noop("all"),
    gettext_noop("cancelled"),
    gettext_noop("not yet"),
    gettext_noop("Customer visit"),
    gettext_noop("Visit asked for"),
    gettext_noop("Approve the visit"),
    gettext_noop("Visit approved"),
    gettext_noop("Put it on the calendar"),
    gettext_noop("Tell the visitor"),
    gettext_noop("Report written"),
    gettext_noop("Visit reported"),
    gettext_noop("Follow-up to the CRM"),
    gettext_noop("Follow-up in the CRM"),
)
