"""Words and colours of OA's own documents."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from apps.business.policies.richtext import to_html
from apps.core.access import Masked
from apps.core.templatetags.atrium import pill

register = template.Library()

# kind -> state -> (word, tone, icon)
STATES: dict[str, dict[str, tuple[Any, str, str]]] = {
    "visit": {
        "REQUESTED": (_("Waits for approval"), "info", "hourglass"),
        "APPROVED": (_("Approved"), "ok", "check"),
        "RETURNED": (_("Returned"), "warn", "arrow-back-up"),
        "REJECTED": (_("Rejected"), "danger", "x"),
        "CANCELLED": (_("Cancelled"), "line", "ban"),
        "REPORTED": (_("Reported"), "ok", "file-check"),
    },
    "announcement": {
        "DRAFT": (_("Draft"), "line", "pencil"),
        "PUBLISHED": (_("Published"), "ok", "speakerphone"),
        "WITHDRAWN": (_("Withdrawn"), "line", "ban"),
    },
}  # fmt: skip


@register.filter
def richtext(text: Any) -> SafeString:
    """Text with a few marks as safe HTML; every character of it was escaped."""
    return mark_safe(to_html(str(text)))  # noqa: S308 - to_html escapes every character


@register.simple_tag
def document_state(kind: str, value: Any) -> Any:
    """`{% document_state "visit" visit.state %}`: the pill of a document's state."""
    if isinstance(value, Masked):
        return str(value)
    word, tone, icon = STATES.get(kind, {}).get(str(value), (value or "–", "line", ""))
    return pill(word, tone, icon)
