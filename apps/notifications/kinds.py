"""Messages of the message center about itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.kinds import NotificationKind, Show, register


@register
class Drifted(NotificationKind):
    """To the administrator: to-do lists did not tell the truth and were put right."""

    key = "notifications.drifted"
    label = gettext_lazy("Fault of the portal")
    icon = "alert-triangle"
    urgent = True

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        return _("To-do lists differed from what can be done, and were put right")

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return _("Told too late: %(missing)d. Stood there for nothing: %(ghost)d. Stood there twice: %(double)d. The audit names each; tell the"
                 " maintainers, since this should not happen.") % {
            "missing": params.get("MISSING", 0), "ghost": params.get("GHOST", 0), "double": params.get("DOUBLE", 0)}
