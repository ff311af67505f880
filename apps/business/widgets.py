"""The indicator of the loop on the home page."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.business import selectors
from apps.core.widgets import Widget, register


@register
class LoopFigures(Widget):
    """How many deals of the last 90 days went round, and how fast."""

    key = "business.loop"
    title = _("From won to order")
    about = _("How many deals of the last 90 days became an order, and how fast.")
    icon = "chart-bar"
    system = "oa"
    resource = "workflows.instance"
    action = "view"
    size = (3, 4)
    least = (3, 3)
    scope = "all"
    template = "business/widget_loop.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        found = selectors.figures(now=now)
        hours, count = found["median_hours"], found["count"]
        return {
            **found,
            "median_seconds": hours * 3600 if hours is not None else None,
            "closed_percent": round(100 * found["closed"] / count) if count else 0,
            "as_of": now,
        }
