"""Kinds of notices. Each app declares its own in kinds.py; apps.notifications discovers them.

A notice stores its kind and parameters, never finished text: it is rendered for each viewer, so masks and language apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class NoticeAction:
    """A button in the reading pane. `method` "get" follows `url`, "post" sends there. `style`: primary | danger | ghost. `key`: keyboard letter."""

    label: str
    url: str
    method: str = "get"
    style: str = "ghost"
    key: str = ""


class Show(Protocol):
    """`show(resource, field, value, owner_id=None)` -> the value, or a Masked, for the viewer the notice is rendered for."""

    def __call__(self, resource: str, field: str, value: Any, owner_id: Any = None) -> Any: ...


class NotificationKind:
    """Subclass with a `key` and override the texts. `system`: oa | erp | crm. `todo`: stands in the to-do list until resolved.
    `label`: lazy words for the sort of message ("Contract approval"), shown above its title and in the filter.

    `urgent`: an alarm: passes quiet hours, and nobody switches its mail off. `generic`: made from a record alone; a kind that knows the
    case takes its place. Texts get the stored params and `show`, through which every value of an outside record must pass.
    """

    key: str = ""
    system: str = "oa"
    todo: bool = False
    urgent: bool = False
    icon: str = "bell"
    label: Any = ""
    generic: bool = False

    def title(self, params: Mapping[str, Any], show: Show) -> str:
        raise NotImplementedError(self.key)

    def body(self, params: Mapping[str, Any], show: Show) -> str:
        return ""

    def number(self, params: Mapping[str, Any]) -> str:
        """The number people call its case by ("HT-2611-087"); messages of one number stand together when the inbox is sorted by case."""
        return ""

    def about(self, params: Mapping[str, Any], show: Show) -> str:
        """The name of its case, beside the number."""
        return ""

    def url(self, params: Mapping[str, Any]) -> str:
        """Where the thing itself is."""
        return ""

    def pane_url(self, params: Mapping[str, Any]) -> str:
        """A fragment for the reading pane, fetched by htmx; empty: title and body are shown."""
        return ""

    def actions(self, params: Mapping[str, Any]) -> list[NoticeAction]:
        return []

    def watches(self, params: Mapping[str, Any]) -> list[str]:
        """Records ("<connection>:<kind>:<external id>") that it depends on: it can be snoozed until one of them changes."""
        return []

    def ended(self, params: Mapping[str, Any], outcome: str) -> str:
        """How it ended, in words; who did it stands beside it. Unknown words read "dealt with"."""
        return {
            "approved": _("approved"), "rejected": _("rejected"), "returned": _("returned"), "withdrawn": _("withdrawn"),
            "cancelled": _("cancelled"), "retried": _("retried"), "resolved": _("repaired"), "reassigned": _("handed over"),
            "undone": _("undone"),
        }.get(outcome.lower(), _("dealt with"))


KINDS: dict[str, NotificationKind] = {}


def register(kind: type[NotificationKind]) -> type[NotificationKind]:
    """Class decorator. Twice the same key is an error."""
    if not kind.key or kind.key in KINDS:
        raise ValueError(f"notification kind {kind.key!r} is empty or registered twice")
    KINDS[kind.key] = kind()
    return kind


def get(key: str) -> NotificationKind:
    """The kind, or LookupError."""
    return KINDS[key]
