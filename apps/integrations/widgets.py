"""Widgets of the connector framework: how the systems are, what was not taken."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.access import plan
from apps.core.widgets import Widget, register
from apps.integrations import selectors

ROWS = 5


@register
class Connections(Widget):
    """Each connected system: its state, since when, what waits for it."""

    key = "integrations.connections"
    title = _("Connections")
    about = _("How each connected system answers and what waits for it; ask it again here.")
    icon = "plug-connected"
    resource = "integrations.connection"
    size = (4, 3)
    refresh = 15
    flush = True
    listens = ("connection", "instance")
    template = "integrations/widget_connections.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {connection, waiting}; may_check."""
        rows = [{"connection": row, "waiting": sum(selectors.waiting(row).values())} for row in selectors.connections()]
        return {"rows": rows, "may_check": plan(person, "manage", "integrations.connection").allowed, "as_of": now}


@register
class Quarantine(Widget):
    """Records that were not taken, each with its first reason."""

    key = "integrations.quarantine"
    title = _("Quarantine")
    about = _("Records that were not taken, with the reason; have one read again after the correction.")
    icon = "shield-x"
    resource = "integrations.quarantine"
    size = (4, 3)
    refresh = 30
    flush = True
    listens = ("todo",)
    template = "integrations/widget_quarantine.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: items as this person may see them; count: of all that are open."""
        found = selectors.quarantine_page(person, size=ROWS)
        return {"rows": found.object_list, "count": found.paginator.count, "may_cure": plan(person, "cure", "integrations.quarantine").allowed, "as_of": now}
