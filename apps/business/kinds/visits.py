"""Messages about customer visits; the customer's name passes through `show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.core.templatetags.atrium import moment


class VisitKind(NotificationKind):
    """Base. params: visit_id, number, customer_name, owner_id, starts_at, place ..."""

    system = "oa"
    icon = "map-pin"

    def number(self, params: Mapping[str, Any]) -> str:
        return str(params["number"])

    def about(self, params: Mapping[str, Any], show: Show) -> str:
        return self.customer(params, show)

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/visits/{params['visit_id']}/"

    def customer(self, params: Mapping[str, Any], show: Show) -> str:
        return str(show("crm.customer", "name", params["customer_name"], params.get("owner_id") or None))

    def facts(self, params: Mapping[str, Any], show: Show) -> dict[str, Any]:
        return {"customer": self.customer(params, show), "at": moment(params["starts_at"]), "place": params["place"]}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("%(at)s, %(place)s") % self.facts(params, show)


@register
class VisitDecided(VisitKind):
    """To the visitor. outcome: APPROVED | REJECTED | RETURNED; reason: the approver's words."""

    key = "business.visit_decided"
    label = gettext_lazy("Decision")
    icon = "checkbox"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return {
            "APPROVED": _("Visit of %(customer)s approved"),
            "REJECTED": _("Visit of %(customer)s rejected"),
            "RETURNED": _("Visit of %(customer)s returned"),
        }[params["outcome"]] % self.facts(params, show)

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Reason: %(reason)s") % {"reason": params["reason"]} if params.get("reason") else super().body(params, show)


@register
class VisitNews(VisitKind):
    """To companions. what: invited | moved | cancelled."""

    key = "business.visit_news"
    label = gettext_lazy("Visit")

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return {
            "invited": _("You go along to %(customer)s"),
            "moved": _("Visit of %(customer)s changed"),
            "cancelled": _("Visit of %(customer)s cancelled"),
        }[params["what"]] % self.facts(params, show)


@register
class VisitToReport(VisitKind):
    """To the visitor when the visit is over."""

    key = "business.visit_to_report"
    label = gettext_lazy("Report")
    icon = "pencil"
    todo = True

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Write the report of your visit of %(customer)s") % self.facts(params, show)

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return [NoticeAction(_("Write the report"), f"{self.url(params)}report/", style="primary")]

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        return _("reported") if outcome == "reported" else super().ended(params, outcome)
