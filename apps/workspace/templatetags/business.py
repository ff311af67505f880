"""Words and colours of the states that records of outside systems are in."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import template
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.access import Masked
from apps.core.templatetags.atrium import pill
from apps.workspace.services import keep_drawn

register = template.Library()
log = logging.getLogger(__name__)

# kind -> state -> (word, tone, icon)
STATES: dict[str, dict[str, tuple[Any, str, str]]] = {
    "order": {
        "draft": (_("Draft"), "line", "pencil"),
        "confirmed": (_("Confirmed"), "info", "circle-check"),
        "processing": (_("In delivery"), "warn", "package"),
        "done": (_("Done"), "ok", "check"),
        "cancelled": (_("Cancelled"), "danger", "ban"),
    },
    "shipment": {
        "waiting": (_("Waiting for stock"), "warn", "hourglass"),
        "assigned": (_("Ready to pick"), "info", "package"),
        "picked": (_("Picked"), "info", "package"),
        "packed": (_("Packed"), "info", "package-export"),
        "shipped": (_("Shipped"), "ok", "truck-delivery"),
        "done": (_("Shipped"), "ok", "truck-delivery"),
        "cancelled": (_("Cancelled"), "danger", "ban"),
    },
    "deal": {
        "open": (_("Ongoing"), "info", "target-arrow"),
        "won": (_("Won"), "ok", "trophy"),
        "lost": (_("Lost"), "line", "x"),
    },
    "invoice": {
        "draft": (_("Draft"), "line", "pencil"),
        "posted": (_("Posted"), "info", "file-invoice"),
        "paid": (_("Paid"), "ok", "check"),
        "cancelled": (_("Cancelled"), "danger", "ban"),
    },
    "purchase_order": {
        "draft": (_("Draft"), "line", "pencil"),
        "confirmed": (_("Confirmed"), "info", "circle-check"),
        "processing": (_("On its way"), "warn", "package"),
        "done": (_("Arrived"), "ok", "check"),
        "cancelled": (_("Cancelled"), "danger", "ban"),
    },
    "production": {
        "draft": (_("Draft"), "line", "pencil"),
        "waiting": (_("Waiting for material"), "warn", "hourglass"),
        "assigned": (_("Ready to start"), "info", "package"),
        "running": (_("In production"), "info", "tool"),
        "done": (_("Produced"), "ok", "check"),
        "cancelled": (_("Cancelled"), "danger", "ban"),
    },
    "case": {
        "new": (_("New"), "info", "message-question"),
        "assigned": (_("In hand"), "info", "user-check"),
        "pending": (_("Waiting"), "warn", "hourglass"),
        "closed": (_("Solved"), "ok", "check"),
        "rejected": (_("Turned down"), "line", "x"),
        "duplicate": (_("Asked twice"), "line", "copy"),
    },
}
# what CRMs call their stages; anything else is shown as the CRM writes it
STAGES: dict[str, Any] = {
    "PROSPECTING": _("Prospecting"),
    "QUALIFICATION": _("Qualification"),
    "QUALIFIED": _("Qualified"),
    "PROPOSAL": _("Proposal"),
    "NEGOTIATION": _("Negotiation"),
    "CLOSED_WON": _("Won"),
    "CLOSED_LOST": _("Lost"),
    "WON": _("Won"),
    "LOST": _("Lost"),
}
CHANNELS: dict[str, tuple[Any, str]] = {
    "call": (_("Call"), "phone"),
    "visit": (_("Visit"), "map-pin"),
    "meeting": (_("Meeting"), "users"),
    "email": (pgettext_lazy("channel", "E-mail"), "mail"),
    "mail": (pgettext_lazy("channel", "E-mail"), "mail"),
    "note": (_("Note"), "note"),
}
# How urgent a service request is and what it is about; anything else is shown as the CRM writes it.
CASE_WORDS: dict[str, Any] = {
    "low": pgettext_lazy("priority", "low"),
    "normal": pgettext_lazy("priority", "normal"),
    "high": pgettext_lazy("priority", "high"),
    "urgent": pgettext_lazy("priority", "urgent"),
    "question": _("question"),
    "fault": _("fault"),
    "incident": _("fault"),
    "problem": _("fault"),
    "complaint": _("complaint"),
    "service": _("maintenance"),
}
FRAME = "workspace/widgets/frame.html"
# Stands in kept cards where each request's own token goes; nobody who names a record can write it.
PLACE_OF_TOKEN = salted_hmac("atrium.workspace.card", "place of the token").hexdigest()
PLACE_OF_CARD = "<!--card {key}-->"
TOGETHER = "together"  # what stands in the place of a card, after all of them
ORDER_STEPS = {"draft": 1, "confirmed": 2, "processing": 3, "done": 4}


@register.simple_tag
def state(kind: str, value: Any) -> Any:
    """`{% state "order" order.state %}`: the pill of a record's state."""
    if isinstance(value, Masked):
        return str(value)
    word, tone, icon = STATES.get(kind, {}).get(str(value), (value or "–", "line", ""))
    return pill(word, tone, icon)


@register.filter
def stage_name(value: Any) -> str:
    """A CRM stage in the reader's words."""
    return str(STAGES.get(str(value).upper().replace(" ", "_"), value))


@register.filter
def case_word(value: Any) -> str:
    """A service request's priority or kind in the reader's words."""
    return str(CASE_WORDS.get(str(value).lower(), value or "–"))


@register.filter
def channel_name(value: Any) -> str:
    """How a follow-up happened."""
    return str(CHANNELS.get(str(value).lower(), (value or _("Note"), ""))[0])


@register.filter
def channel_icon(value: Any) -> str:
    return CHANNELS.get(str(value).lower(), ("", "note"))[1]


@register.filter
def order_step(value: Any) -> int:
    """1..4: how far an order is (draft, confirmed, in delivery, done); 0 when cancelled."""
    return ORDER_STEPS.get(str(value), 0)


@register.simple_tag
def steps(reached: int, of: int, tone: str, label: Any) -> SafeString:
    """Small segmented progress mark."""
    parts = format_html_join("", '<i class="{}"></i>', ((f"on {tone}" if n <= reached else "",) for n in range(1, of + 1)))
    return format_html('<span class="stg" role="img" aria-label="{}">{}</span>', label, parts)


@register.simple_tag(takes_context=True)
def widget_card(context: Any, view: Any, editing: bool = False) -> str:
    """The whole card of a widget, or, while the page is arranged, one that does nothing. A card of fresh figures is drawn once and kept; the token of
    its forms is put in each time."""
    if context.get("places"):  # the page is kept without its cards; they are put in each time
        return mark_safe(PLACE_OF_CARD.format(key=view.widget.key))  # noqa: S308 - the name of a class of ours
    request, token = context.get("request"), str(context.get("csrf_token") or "")
    if view.drawn and not editing:
        return mark_safe(view.drawn.replace(PLACE_OF_TOKEN, token))  # noqa: S308 - drawn by a template of ours
    template = FRAME if editing or view.state != "ready" else view.widget.frame
    keep = bool(view.draw_key) and not editing
    values = {**view.context, "data": view.context, "view": view, "note": {}, "editing": editing, **({"csrf_token": PLACE_OF_TOKEN} if keep else {})}
    card = _drawn(view, template, values, request, "workspace/widgets/broken_card.html")
    if not keep:
        return card
    keep_drawn(view, str(card))
    return mark_safe(card.replace(PLACE_OF_TOKEN, token))  # noqa: S308 - the same


@register.simple_tag(takes_context=True)
def widgets_together(context: Any, views: Iterable[Any]) -> str:
    """What asks for all of the portal's own widgets that were not at hand, at once."""
    if context.get("places"):
        return mark_safe(PLACE_OF_CARD.format(key=TOGETHER))  # noqa: S308 - a name of ours
    keys = [("key", view.widget.key) for view in views if view.together]
    return format_html('<div hidden hx-get="/widgets/?{}" hx-trigger="load" hx-swap="none"></div>', urlencode(keys)) if keys else ""


@register.simple_tag(takes_context=True)
def widget_body(context: Any, view: Any) -> str:
    """The inside of a ready widget. One that cannot be drawn says so and leaves the page whole."""
    values = {**view.context, "data": view.context, "view": view, "note": context.get("note") or {}, "csrf_token": context.get("csrf_token")}
    return _drawn(view, view.widget.template, values, context.get("request"), "workspace/widgets/broken.html")


def _drawn(view: Any, template: str, values: dict[str, Any], request: Any, instead: str) -> str:
    try:
        return render_to_string(template, values, request)
    except Exception:
        log.exception("widget %s cannot be drawn", view.widget.key)
        return render_to_string(instead, {"view": view}, request)
