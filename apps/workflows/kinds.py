"""Messages of the engine. Parameters only; the title of a case passes through the access rule it was started with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.kinds import NotificationKind, Show, register

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


class CaseKind(NotificationKind):
    """Base: about one case, opened on its timeline."""

    system = "oa"
    icon = "route"

    def url(self, params: Params) -> str:
        return f"/loop/{params['business_key']}/"


@register
class TaskAssigned(CaseKind):
    """A task waits for this person."""

    key = "workflows.task_assigned"
    todo = True
    urgent = True
    icon = "checkbox"

    def title(self, params: Params, show: Show) -> str:
        return f"{words(params['name'])}: {case_title(params, show)}"

    def body(self, params: Params, show: Show) -> str:
        return _("Waits for your decision. The facts are read live when you open it.")

    def url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/"

    def pane_url(self, params: Params) -> str:
        return f"/approvals/{params['task_id']}/pane/"


@register
class TaskFallback(CaseKind):
    """The rule found nobody fit, so the named administrator has the task."""

    key = "workflows.task_fallback"
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



@register
class InstanceWithdrawn(CaseKind):
    """What this person was asked to decide was taken back."""

    key = "workflows.instance_withdrawn"
    icon = "arrow-back-up"

    def title(self, params: Params, show: Show) -> str:
        return _("Withdrawn: %(title)s") % {"title": case_title(params, show)}

    def body(self, params: Params, show: Show) -> str:
        return _("%(reason)s Nothing is left for you to do.") % {"reason": words(params["reason"])}
