"""Messages of the board."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import kpis
from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.core.templatetags.atrium import money_short, quantity


@register
class Crossed(NotificationKind):
    """A figure crossed a line that its reader drew. params: kpi, above, line, unit. The figure itself is not in it: it is read when it is opened."""

    key = "insight.crossed"
    icon = "trending-up"
    label = gettext_lazy("Figure")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        words = {"title": _name(params["kpi"]), "line": _line(params)}
        return _("%(title)s rose above %(line)s") % words if params["above"] else _("%(title)s fell below %(line)s") % words

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("You asked to be told. The next message comes only after the figure was on the other side again.")

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/board/figures/{params['kpi']}/"

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


def _name(key: str) -> str:
    return str(kpis.KPIS[key].title) if key in kpis.KPIS else key


def _line(params: Mapping[str, Any]) -> str:
    if params["unit"] == "money":
        return money_short(params["line"], settings.COMPANY_CURRENCY)
    number = quantity(Decimal(params["line"]))
    return {"percent": f"{number}%", "days": _("%(n)s days") % {"n": number}, "hours": _("%(n)s hours") % {"n": number}}.get(params["unit"], number)
