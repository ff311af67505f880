"""Messages of the engine. Parameters only; the title of a case passes through the access rule it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.kinds import NoticeAction, NotificationKind, Show, register
from apps.workflows.engine.cards import Fact
from apps.workflows.engine.wording import words_of

Params = Mapping[str, Any]


def words(text: str) -> str:
    """A stored msgid in the reader's language."""
    return _(text) if text else ""


def case_title(params: Params, show: Show) -> str:
    """The title of the case, or dots."""
    subject: Mapping[str, Any] = params.get("subject") or {}
    if not subject.get("resource"):
        return str(params["title"])
    return str(show(subject["resource"], subject.get("field", ""), params["title"], subject.get("owner_id") or None))


def facts_told(params: Params, show: Show) -> list[str]:
    """The facts beside the title, as far as this viewer may read them."""
    told = []
    for stored in params.get("facts") or ():
        fact = Fact(**stored)
        words_ = words_of(fact)
        value = show(fact.resource, fact.field, words_, fact.owner_id or None) if fact.resource else words_
        told += [str(value)] if value else []
    return told


class CaseKind(NotificationKind):
    """Base: about one case, opened on its timeline."""

    system = "oa"
    icon = "route"

    def number(self, params: Params) -> str:
        return str(params.get("label") or "")

    def about(self, params: Params, show: Show) -> str:
        return case_title(params, show)

    def url(self, params: Params) -> str:
        return f"/loop/{params['business_key']}/"


@register
class TaskAssigned(CaseKind):
    """A task waits for this person."""

    key = "workflows.task_assigned"
    todo = True
    icon = "checkbox"
    label = gettext_lazy("To decide")

    def title(self, params: Params, show: Show) -> str:
        return _("%(task)s: %(title)s") % {"task": words(params["name"]), "title": case_title(params, show)}

    def body(self, params: Params, show: Show) -> str:
        told, asked_by = facts_told(params, show), params.get("asked_by") or {}
        name = asked_by.get(translation.get_language() or "en") or asked_by.get("en", "")
        if name:
            told.append(_("asked by %(name)s") % {"name": name})
        return " · ".join(told) or _("Waits for your decision. The facts are read live when you open it.")

    def url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/"

    def watches(self, params: Params) -> list[str]:
        return [str(record) for record in params.get("records") or ()]

    def pane_url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/pane/"


@register
class TaskUrged(CaseKind):
    """Whoever asked reminds of it."""

    key = "workflows.task_urged"
    label = gettext_lazy("Urged by the requester")
    urgent = True
    icon = "bell-ringing"

    def title(self, params: Params, show: Show) -> str:
        asked_by = params.get("asked_by") or {}
        name = asked_by.get(translation.get_language() or "en") or asked_by.get("en", "")
        return _("%(name)s asks again: %(title)s") % {"name": name, "title": case_title(params, show)}

    def body(self, params: Params, show: Show) -> str:
        return _("It waits for your decision.")

    def url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/"


@register
class TaskFallback(CaseKind):
    """The rule found nobody fit, so the named administrator has the task."""

    key = "workflows.task_fallback"
    label = gettext_lazy("No approver")
    urgent = True
    icon = "alert-triangle"

    def title(self, params: Params, show: Show) -> str:
        return _("No approver found for %(title)s") % {"title": case_title(params, show)}

    def body(self, params: Params, show: Show) -> str:
        return _("%(reason)s You decide, or you hand it over to somebody else.") % {"reason": words(params["reason"])}

    def url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/"


@register
class IncidentOpened(CaseKind):
    """A step broke, or the case needs a look."""

    key = "workflows.incident_opened"
    label = gettext_lazy("Needs a repair")
    todo = True
    urgent = True
    icon = "alert-triangle"

    def title(self, params: Params, show: Show) -> str:
        title = case_title(params, show)
        if str(params.get("kind", "")).startswith("workflows."):
            return _("A step stopped: %(title)s") % {"title": title}
        return _("Needs a look: %(title)s") % {"title": title}

    def body(self, params: Params, show: Show) -> str:
        words: Params = params.get("params") or {}
        message = str(params["message"])
        return _(message) % words if words else _(message)

    def actions(self, params: Params) -> list[NoticeAction]:
        """What the case page offers for it, in place. The server asks again whether this person may."""
        kind, place = str(params.get("kind", "")), f"/incidents/{params['incident_id']}/"
        found = [NoticeAction(_("Open the timeline"), self.url(params))]
        if kind == "workflows.no_approver":
            return found
        if kind.startswith("workflows."):
            return [NoticeAction(_("Retry"), f"{place}retry/", method="post", style="primary"), *found]
        return [NoticeAction(_("Mark as dealt with"), f"{place}resolve/", method="post", style="primary"), *found]


@register
class InstanceWithdrawn(CaseKind):
    """What this person was asked to decide was taken back."""

    key = "workflows.instance_withdrawn"
    label = gettext_lazy("Withdrawn")
    icon = "arrow-back-up"

    def title(self, params: Params, show: Show) -> str:
        return _("Withdrawn: %(title)s") % {"title": case_title(params, show)}

    def body(self, params: Params, show: Show) -> str:
        return _("%(reason)s Nothing is left for you to do.") % {"reason": words(params["reason"])}
