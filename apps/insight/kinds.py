"""Messages of the board."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.core import kpis
from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.core.templatetags.atrium import MONTHS, money_short, quantity


@register
class Crossed(NotificationKind):
    """A figure crossed a line that its reader drew. params: kpi, above, line, unit. The figure itself is not in it: it is read when it is opened."""

    key = "insight.crossed"
    icon = "trending-up"
    label = gettext_lazy("Figure")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        words = {"title": _narrowed(params), "line": _line(params)}
        return _("%(title)s rose above %(line)s") % words if params["above"] else _("%(title)s fell below %(line)s") % words

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("You asked to be told. The next message comes only after the figure was on the other side again.")

    def url(self, params: Mapping[str, Any]) -> str:
        query = urlencode({name: params[name] for name in ("department", "product_line", "region") if params.get(name)})
        return f"/board/figures/{params['kpi']}/{'?' + query if query else ''}"

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return [NoticeAction(_("Open the figure"), self.url(params), style="primary")]


@register
class FileReady(NotificationKind):
    """A file that was ordered is there, or could not be made. params: print, name, form, failed."""

    key = "insight.file_ready"
    icon = "download"
    label = gettext_lazy("File of a board")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        words = {"name": params["name"], "form": str(params["form"]).upper()}
        return _("%(name)s could not be made as %(form)s") % words if params["failed"] else _("%(name)s is ready as %(form)s") % words

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        if params["failed"]:
            return _("The board or your right to it may be gone. Order it again from the board, or ask for access there.")
        return _("It is kept for seven days, for you alone. Its figures stay, and can be read again as of its moment.")

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/board/prints/{params['print']}/"

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        if params["failed"]:
            return [NoticeAction(_("Open the board"), "/board/", style="primary")]
        return [NoticeAction(_("Download"), f"{self.url(params)}file/", style="primary"), NoticeAction(_("Open the print"), self.url(params))]


@register
class Unusual(NotificationKind):
    """A day was not like its weekday. params: id, kpi, day, above, weeks, times. No value is in it: the picture is read anew when it is opened, under the
    rights of then."""

    key = "insight.unusual"
    icon = "chart-dots"
    label = gettext_lazy("Unusual day")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        words = {"title": _name(params["kpi"]), "day": _day(params["day"])}
        return _("%(title)s was unusually high on %(day)s") % words if params["above"] else _("%(title)s was unusually low on %(day)s") % words

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _(
            "Compared with the same weekday of the %(weeks)s weeks before: this day lies %(times)s times as far from their middle as such days usually do.",
        ) % {"weeks": params["weeks"], "times": params["times"]}

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/board/unusual/{params['id']}/"

    def pane_url(self, params: Mapping[str, Any]) -> str:
        return self.url(params)

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return [NoticeAction(_("Open the figure"), f"/board/figures/{params['kpi']}/", style="primary")]


def _day(text: str) -> str:
    """23 Nov 2026 · 2026年11月23日."""
    day = dt.date.fromisoformat(text)
    if (get_language() or "").startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _narrowed(params: Mapping[str, Any]) -> str:
    """The figure, and what it is narrowed by; a department stands on the page alone."""
    words = [str(params[name]) for name in ("region", "product_line") if params.get(name)]
    return f"{_name(params['kpi'])} ({' · '.join(words)})" if words else _name(params["kpi"])


def _name(key: str) -> str:
    return str(kpis.KPIS[key].title) if key in kpis.KPIS else key


def _line(params: Mapping[str, Any]) -> str:
    if params["unit"] == "money":
        return money_short(params["line"], settings.COMPANY_CURRENCY)
    number = quantity(Decimal(params["line"]))
    return {"percent": f"{number}%", "days": _("%(n)s days") % {"n": number}, "hours": _("%(n)s hours") % {"n": number}}.get(params["unit"], number)
