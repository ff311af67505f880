"""The home page around its cards: drawn once for all that a person sees of it, and kept, so that a warm page is put together and not drawn."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string

from apps.access.selectors import epoch
from apps.core.requests import PortalRequest
from apps.workspace.selectors.shell import Shell
from apps.workspace.templatetags.business import PLACE_OF_CARD, PLACE_OF_TOKEN, TOGETHER, widget_card, widgets_together

TEMPLATE = "workspace/home.html"
KEPT_FOR = 600  # seconds
_PROCESS = secrets.token_hex(8)  # another release is another process: it draws with its own templates and files
_CARD = re.compile(PLACE_OF_CARD.format(key=r"([\w.]+)"))


def home_page(request: PortalRequest, context: dict[str, Any]) -> HttpResponse:
    """`context`: that of the template. A page that says something of its own (a message, a question, a sign-in service that is away) is drawn anew."""
    if request.GET or getattr(request, "stale_identity", False) or len(messages.get_messages(request)):
        return render(request, TEMPLATE, context)
    name = f"home:{_PROCESS}:{request.person.pk}:{_facts(request, context)}"
    frame = cache.get(name)
    if frame is None:
        frame = render_to_string(TEMPLATE, {**context, "places": True, "csrf_token": PLACE_OF_TOKEN}, request)
        cache.set(name, frame, KEPT_FOR)
    token = get_token(request)
    cards = {view.widget.key: widget_card({"request": request, "csrf_token": token}, view) for view in context["widgets"]}
    cards[TOGETHER] = widgets_together({}, context["widgets"])
    return HttpResponse(_CARD.sub(lambda place: cards[place[1]], frame.replace(PLACE_OF_TOKEN, token)))


def _facts(request: PortalRequest, context: dict[str, Any]) -> str:
    """A digest of everything the frame shows."""
    todos = context["todos"]
    cells = [(view.widget.key, cell.x, cell.y, cell.w, cell.h) for view in context["widgets"] if (cell := view.cell)]
    shown = (epoch(), Shell(request).facts, context["today"], context["hour"], todos.count, todos.overdue, cells)
    return hashlib.sha256(repr(shown).encode()).hexdigest()
