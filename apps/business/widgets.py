"""The loop's indicator and OA's own documents on the home page."""

import datetime as dt
from typing import Any

from django.utils import timezone
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


@register
class Announcements(Widget):
    """What is announced now: pinned first, then the newest; what is not read yet is marked."""

    key = "business.announcements"
    title = _("Announcements")
    about = _("What the company tells you, the pinned ones first; open one to read and confirm it.")
    icon = "speakerphone"
    system = "oa"
    resource = "business.announcement"
    size = (4, 3)
    template = "business/widgets/announcements.html"
    listens = ("announcement",)
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: Reading; count: of all shown now."""
        found = selectors.announcements(person, now=now, size=4)
        all_here = found.count == len(found.rows)
        unread = sum(1 for one in found.rows if one.read_at is None) if all_here else selectors.unread_count(person, now)
        rows = [
            {"id": str(one.row.pk), "title": {"en": one.row.title, "zh": one.row.title_zh or one.row.title}, "at": one.row.visible_from,
             "pinned": one.row.pinned, "read": one.read_at is not None, "waits": one.waits, "by": one.row.confirm_by}
            for one in found.rows
        ]  # fmt: skip
        return {"rows": rows, "count": found.count, "unread": unread, "as_of": now}


@register
class Calendar(Widget):
    """The next seven days: visits, what falls due, who of the department is away."""

    key = "business.calendar"
    title = _("Next seven days")
    about = _("Visits, what falls due and who of your department is away.")
    icon = "calendar"
    system = "oa"
    resource = "business.calendar"
    size = (4, 3)
    template = "business/widgets/calendar.html"
    listens = ("visit", "todo")
    flush = True

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: Entry."""
        today = timezone.localtime(now).date()
        return {"rows": selectors.entries(person, today, today + dt.timedelta(days=6), now)[:6], "as_of": now}
