"""The rail: only what exists and what this person may open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from apps.core.access import plan


@dataclass(frozen=True)
class Place:
    """One page of the rail. `short`: label of the phone's bottom bar."""

    key: str
    url: str
    label: Any
    icon: str
    resource: str
    action: str = "view"
    short: Any = ""


@dataclass(frozen=True)
class Item:
    """A place as one person sees it."""

    key: str
    url: str
    label: str
    short: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Group:
    label: str
    items: list[Item]


GROUPS: tuple[tuple[Any, tuple[Place, ...]], ...] = (
    (
        _("Work"),
        (
            Place("home", "/", _("Home"), "home", "workspace.home"),
            Place("inbox", "/inbox/", _("Inbox"), "inbox", "notifications.notification"),
            Place("approvals", "/approvals/", _("Approvals"), "checkbox", "workflows.task", short=_("Approve")),
            Place("requests", "/requests/", _("My requests"), "send", "workflows.instance", short=_("Requests")),
            Place("calendar", "/calendar/", _("Calendar"), "calendar", "business.calendar"),
            Place("announcements", "/announcements/", _("Announcements"), "speakerphone", "business.announcement"),
            Place("visits", "/visits/", _("Visits"), "map-pin", "business.visit"),
        ),
    ),
    (
        _("Business"),
        (
            Place("customers", "/customers/", _("Customers"), "building", "crm.customer"),
            Place("deals", "/deals/", _("Deals"), "layout-kanban", "crm.deal"),
            Place("orders", "/orders/", _("Orders"), "shopping-cart", "erp.order"),
            Place("shipments", "/shipments/", _("Shipments"), "truck-delivery", "erp.shipment"),
            Place("stock", "/stock/", _("Stock"), "packages", "erp.stock"),
            Place("payments", "/payments/", _("Payments"), "cash", "erp.payment"),
            Place("purchase-orders", "/purchase-orders/", _("Purchase orders"), "shopping-bag", "erp.purchase_order"),
            Place("production", "/production/", _("Production"), "tool", "erp.production"),
            Place("service-requests", "/service-requests/", _("Service requests"), "lifebuoy", "crm.case"),
        ),
    ),
    (
        _("Insight"),
        (Place("board", "/board/", _("Board"), "chart-bar", "insight.board"),),
    ),
    (
        _("Build and run"),
        (
            Place("connections", "/connections/", _("Connections"), "plug-connected", "integrations.connection"),
            Place("quarantine", "/quarantine/", _("Quarantine"), "shield-x", "integrations.quarantine"),
        ),
    ),
    (
        _("Administration"),
        (
            Place("access", "/access/", _("Access"), "shield-lock", "access.role"),
            Place("layouts", "/home/layouts/", _("Home pages of roles"), "layout-grid", "workspace.layout", "manage"),
            Place("channels", "/channels/", _("Channels"), "bell-cog", "notifications.channel", "manage"),
        ),
    ),
)
# the phone's bottom bar: the first four that a person has; the rest is behind "More"
TABS = ("home", "inbox", "approvals", "customers", "shipments", "orders", "requests")


@lru_cache(maxsize=64)
def exists(url: str) -> bool:
    """True when the portal serves this path."""
    try:
        resolve(url)
    except Resolver404:
        return False
    return True


def may_open(person: Any, resource: str, action: str = "view") -> bool:
    """True when any grant of this person opens the page (rows are filtered there). An unknown resource is closed."""
    if person is None:
        return False
    try:
        return plan(person, action, resource).allowed
    except LookupError:
        return False


def groups(person: Any, path: str) -> list[Group]:
    """The rail of this person; `path`: where they are."""
    found = []
    for label, places in GROUPS:
        items = [_item(place, path) for place in places if exists(place.url) and may_open(person, place.resource, place.action)]
        if items:
            found.append(Group(str(label), items))
    return found


def tabs(rail: list[Group]) -> list[Item]:
    """The phone's bottom bar: up to four items of the rail."""
    items = {item.key: item for group in rail for item in group.items}
    chosen = [items[key] for key in TABS if key in items]
    return [*chosen, *(item for item in items.values() if item not in chosen)][:4]


def _item(place: Place, path: str) -> Item:
    current = path == place.url if place.url == "/" else path.startswith(place.url)
    return Item(place.key, place.url, str(place.label), str(place.short or place.label), place.icon, current)


def to_begin(person: Any) -> list[Item]:
    """Where somebody with nothing to do may go: the first pages of the business, else of the administration, that this person may open."""
    work = {place.key for place in GROUPS[0][1]}
    return [item for group in groups(person, "") for item in group.items if item.key not in work][:4]
