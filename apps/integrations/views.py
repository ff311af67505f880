"""Pages of an administrator: connections and their health. And quarantine, for whoever a record belongs to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import Projected, declare, plan
from apps.core.errors import DomainError, NotFound
from apps.core.htmx import page
from apps.core.requests import PortalRequest, page_number
from apps.integrations import registry, selectors, services
from apps.integrations.models import QuarantineItem

OPEN = QuarantineItem.State.OPEN


@declare("integrations.connection", "view")
@require_GET
def connections(request: PortalRequest) -> HttpResponse:
    """Every connection: does it answer, how far was it read, what waits."""
    context = {
        "sheets": selectors.connection_sheets(),
        "may_manage": plan(request.person, "manage", "integrations.connection").allowed,
    }
    return page(request, "integrations/connections.html", context, fragment="integrations/connection_cards.html")


@declare("integrations.connection", "manage")
@require_POST
def connection_check(request: PortalRequest, key: str) -> HttpResponse:
    """Ask the system who it is, now."""
    result = services.check(person=request.person, connection_key=key, now=clock.now())
    if result.ok:
        text = _("%(system)s answers. Version %(version)s.") % {"system": key.upper(), "version": result.version or "–"}
        messages.add_message(request, messages.SUCCESS, text, extra_tags="ok")
    else:
        text = _("%(system)s does not answer as it should: %(words)s") % {"system": key.upper(), "words": result.message or "–"}
        messages.add_message(request, messages.WARNING, text, extra_tags="warn")
    return HttpResponseRedirect("/connections/")


@declare("integrations.connection", "manage")
@require_POST
def connection_resync(request: PortalRequest, key: str) -> HttpResponse:
    """Read everything again. Starts no process."""
    services.resync(person=request.person, connection_key=key, now=clock.now())
    messages.add_message(request, messages.SUCCESS, _("%(system)s is being read again.") % {"system": key.upper()}, extra_tags="ok")
    return HttpResponseRedirect("/connections/")


@declare("integrations.connection", "manage")
@require_POST
def connection_switch(request: PortalRequest, key: str) -> HttpResponse:
    """On or off."""
    enabled = request.POST.get("enabled") == "1"
    services.set_enabled(person=request.person, connection_key=key, enabled=enabled, now=clock.now())
    words = _("%(system)s is read again from where it stopped.") if enabled else _("%(system)s is switched off. Nothing is read or written.")
    messages.add_message(request, messages.SUCCESS, words % {"system": key.upper()}, extra_tags="ok")
    return HttpResponseRedirect("/connections/")


@dataclass(frozen=True)
class ProblemLine:
    """One reason of an item, in the reader's language."""

    field: str
    text: str
    cure: str


def problem_lines(item: Projected) -> list[ProblemLine]:
    """Why a record was not taken, and what to do; empty where the viewer may not know."""
    problems = item.get("problems")
    if not isinstance(problems, list):
        return []
    return [ProblemLine(str(one.get("field") or ""), *registry.problem_words(str(one["code"]), one.get("params") or {})) for one in problems]


@declare("integrations.quarantine", "view")
@require_GET
def quarantine(request: PortalRequest) -> HttpResponse:
    """Records that were not taken."""
    state = request.GET.get("state", OPEN)
    state = state if state in QuarantineItem.State.values else OPEN
    counts = selectors.quarantine_counts(request.person)
    found = selectors.quarantine_page(request.person, state=state, number=page_number(request.GET.get("page")))
    context = {
        "page": found,
        "rows": [(item, problem_lines(item)) for item in found.object_list],
        "chosen_state": state,
        "state_options": [(value, label, counts.get(value, 0)) for value, label in QuarantineItem.State.choices],
    }
    return page(request, "integrations/quarantine.html", context, fragment="integrations/quarantine_rows.html")


@declare("integrations.quarantine", "view")
@require_GET
def quarantine_item(request: PortalRequest, item_id: uuid.UUID) -> HttpResponse:
    """One record: field, rule, what to do, and where to put it right."""
    return _item(request, item_id)


def _item(request: PortalRequest, item_id: uuid.UUID, *, failure: str = "", reason: str = "", status: int = 200) -> HttpResponse:
    item = selectors.quarantine_item(request.person, item_id)
    if item is None:
        raise NotFound(_("There is no such record in quarantine, or you may not see it."))
    context: dict[str, Any] = {
        "item": item,
        "lines": problem_lines(item),
        "record_url": registry.page_of(item["kind"], item["external_id"]),
        "may_cure": plan(request.person, "cure", "integrations.quarantine").matches(item["owner_id"]),
        "failure": failure,
        "reason": reason,
    }
    return page(request, "integrations/quarantine_item.html", context, fragment="integrations/quarantine_sheet.html", status=status)


@declare("integrations.quarantine", "cure")
@require_POST
def quarantine_read_again(request: PortalRequest, item_id: uuid.UUID) -> HttpResponse:
    """It was put right in the source: look again."""
    try:
        services.read_again(person=request.person, item_id=item_id, now=clock.now())
    except services.UnableToCure as error:
        return _item(request, item_id, failure=str(error.message), status=error.status)
    messages.add_message(request, messages.SUCCESS, _("The source is being asked. A good record leaves quarantine by itself."), extra_tags="ok")
    return HttpResponseRedirect(f"/quarantine/{item_id}/")


@declare("integrations.quarantine", "cure")
@require_POST
def quarantine_dismiss(request: PortalRequest, item_id: uuid.UUID) -> HttpResponse:
    """Put it away, with a reason."""
    reason = request.POST.get("reason", "")[:400]
    try:
        services.dismiss(person=request.person, item_id=item_id, reason=reason, now=clock.now())
    except DomainError as error:
        if isinstance(error, NotFound):
            raise
        return _item(request, item_id, failure=str(error.message), reason=reason, status=error.status)
    messages.add_message(request, messages.SUCCESS, _("Put away."), extra_tags="ok")
    return HttpResponseRedirect("/quarantine/")
