"""Widgets of the portal's own: what to do, what happened, what is kept at hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.widgets import Widget, register
from apps.workspace.selectors import home, pins
from apps.workspace.selectors.navigation import to_begin


@register
class Todos(Widget):
    """What I can act on now, the most urgent first."""

    key = "workspace.todos"
    title = _("My to-dos")
    about = _("Everything that waits for you, by due date.")
    icon = "checks"
    resource = "workspace.home"
    size = (5, 4)
    least = (3, 3)
    kept = False
    frame = "workspace/home_todos.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        found = home.todos(person, now)
        return {"todos": found, "places": [] if found.count else to_begin(person)}


@register
class Messages(Widget):
    """The newest notices that ask for nothing."""

    key = "workspace.messages"
    title = _("Messages")
    about = _("News of your deals, orders and requests.")
    icon = "message"
    resource = "notifications.notification"
    size = (4, 4)
    least = (3, 3)
    kept = False
    frame = "workspace/home_notices.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        return {"notices": home.recent_messages(person, now)}


@register
class Favourites(Widget):
    """Starred records, each with its state now."""

    key = "workspace.favourites"
    title = _("Favourites")
    about = _("Customers, deals, orders and products that you starred.")
    icon = "star"
    resource = "workspace.home"
    size = (4, 3)
    refresh = 30
    listens = ("record-customer", "record-deal", "record-order", "record-stock", "record-shipment")
    flush = True
    template = "workspace/widgets/favourites.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        return {"rows": pins.kept(person, star=True)}


@register
class Recent(Widget):
    """Records whose page was opened lately."""

    key = "workspace.recent"
    title = _("Opened lately")
    about = _("The records whose pages you opened last.")
    icon = "history"
    resource = "workspace.home"
    size = (4, 3)
    kept = False
    flush = True
    template = "workspace/widgets/recent.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        return {"rows": pins.kept(person, star=False)}
