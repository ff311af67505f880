"""Messages about announcements and copied cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.core.templatetags.atrium import day


class AnnouncementKind(NotificationKind):
    """Base. params: announcement_id, title, title_zh, confirm, confirm_by."""

    label = gettext_lazy("Announcement")
    icon = "speakerphone"

    def name(self, params: Mapping[str, Any]) -> str:
        chinese = (get_language() or "").startswith("zh")
        return str(params["title_zh"] if chinese and params.get("title_zh") else params["title"])

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return self.name(params)

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/announcements/{params['announcement_id']}/"


@register
class Announced(AnnouncementKind):
    """News that asks for nothing."""

    key = "business.announcement"


@register
class AnnouncedToConfirm(AnnouncementKind):
    """To be read and confirmed."""

    key = "business.announcement_confirm"
    todo = True

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Read and confirm: %(title)s") % {"title": self.name(params)}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("By %(day)s") % {"day": day(params["confirm_by"])} if params.get("confirm_by") else ""

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return [NoticeAction(_("Read it"), self.url(params), style="primary")]

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        return _("confirmed") if outcome == "confirmed" else super().ended(params, outcome)


@register
class AnnouncementReminder(AnnouncementKind):
    """To those who have not read it yet."""

    key = "business.announcement_reminder"
    label = gettext_lazy("Announcement reminder")
    icon = "bell-ringing"

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        if params.get("confirm"):
            return _("Still to be confirmed: %(title)s") % {"title": self.name(params)}
        return _("Still to be read: %(title)s") % {"title": self.name(params)}


@register
class CaseCopied(NotificationKind):
    """A case copied for information. params: business_key, label, title, subject (the rule that may mask the title), note, sender."""

    key = "business.case_copied"
    label = gettext_lazy("Copy")
    icon = "share"

    def number(self, params: Mapping[str, Any]) -> str:
        return str(params.get("label") or "")

    def about(self, params: Mapping[str, Any], show: Show) -> str:
        subject = params.get("subject") or {}
        if not subject.get("resource"):
            return str(params["title"])
        return str(show(subject["resource"], subject.get("field", ""), params["title"], subject.get("owner_id") or None))

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        chinese = (get_language() or "").startswith("zh")
        sender = params["sender_zh"] if chinese and params.get("sender_zh") else params["sender"]
        return _("%(name)s sent you a copy: %(title)s") % {"name": sender, "title": self.about(params, show)}

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return str(params.get("note") or "")

    def url(self, params: Mapping[str, Any]) -> str:
        return f"/loop/{params['business_key']}/"
