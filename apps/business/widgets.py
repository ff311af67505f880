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
    title = _("Deal to order, 90 days")
    icon = "chart-bar"
    system = "oa"
    resource = "workflows.instance"
    action = "view"
    size = (4, 2)
    scope = "all"
    template = "business/widget_loop.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        return {**selectors.figures(now=now), "as_of": now}
