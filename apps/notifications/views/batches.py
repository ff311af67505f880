"""Several messages at once: act, look before deciding, decide, undo. Fragments for htmx, whole pages without a script."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError
from apps.core.htmx import add_toast, page, wants_fragment
from apps.core.requests import PortalRequest
from apps.notifications import forms, selectors, services
from apps.notifications.views.inbox import add_undo, list_context


@declare("notifications.notification", "view")
@require_POST
def act(request: PortalRequest) -> HttpResponse:
    """`verb` (read, unread, done, snooze with `until`, which may be "wake") on the ticked messages (`id`, several). Answers the list and what became of it."""
    now, verb = clock.now(), request.POST.get("verb", "")
    try:
        if request.POST.get("until"):
            verb = "snooze"
        until = forms.snooze_until(_chosen_moment(request), now) if verb == "snooze" else None
        batch = services.act(person=request.person, verb=verb, until=until, now=now, notification_ids=forms.ids_of(request.POST.getlist("id")) or [])
    except DomainError as error:
        return _refused(request, error)
    return _answer(request, batch)


def _chosen_moment(request: PortalRequest) -> str:
    """A word of the menu, or what stands in its field for date and time."""
    chosen = request.POST.get("until", "")
    return request.POST.get("moment", "") if chosen == "moment" else chosen


@declare("notifications.notification", "view")
@require_POST
def check(request: PortalRequest) -> HttpResponse:
    """What a decision (`outcome`) on the ticked to-dos would do: which go, which are left out and why. Nothing is decided."""
    try:
        batch = services.check(person=request.person, outcome=request.POST.get("outcome", ""), now=clock.now(),
                               notification_ids=forms.ids_of(request.POST.getlist("id")) or [])
    except DomainError as error:
        return _refused(request, error)
    return _checked(request, batch)


def _checked(request: PortalRequest, batch: Any, error: DomainError | None = None) -> HttpResponse:
    shown = selectors.shown_batch(batch, request.person, clock.now())
    context = {"shown": shown, "query": request.GET.urlencode(), "refusal": error, "window": settings.UNDO_WINDOW}
    return page(request, "notifications/batch_page.html", context, fragment="notifications/batch_check.html", status=error.status if error else 200)


@declare("notifications.notification", "view")
@require_POST
def decide(request: PortalRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Take what was ready. The time to undo begins with the answer."""
    try:
        services.decide(person=request.person, batch_id=batch_id, comment=request.POST.get("comment", ""), now=clock.now())
    except services.UnableToDecideBatch as error:
        return _checked(request, selectors.batch(request.person, batch_id, clock.now()).batch, error)
    batch = services.begin_undo(person=request.person, batch_id=batch_id, now=clock.now())
    return _answer(request, batch)


@declare("notifications.notification", "view")
@require_POST
def undo(request: PortalRequest, batch_id: uuid.UUID) -> HttpResponse:
    """Take all of it back while the time runs."""
    try:
        batch = services.undo(person=request.person, batch_id=batch_id, now=clock.now())
    except services.UnableToUndoBatch as error:
        return _refused(request, error)
    return _answer(request, batch)


@declare("notifications.notification", "view")
@require_GET
def result(request: PortalRequest, batch_id: uuid.UUID) -> HttpResponse:
    """What became of each message."""
    shown = selectors.batch(request.person, batch_id, clock.now())
    return page(request, "notifications/batch_page.html", {"shown": shown, "query": request.GET.urlencode(), "window": settings.UNDO_WINDOW})


def _refused(request: PortalRequest, error: DomainError) -> HttpResponse:
    """The list as it was, and why nothing was done."""
    if not wants_fragment(request):
        messages.warning(request, error.message)
        return HttpResponseRedirect(f"/inbox/?{request.GET.urlencode()}")
    answer = render(request, "notifications/inbox_list.html", list_context(request), status=error.status)
    answer["HX-Retarget"], answer["HX-Reswap"] = "#inbox-list", "innerMorph"
    return add_toast(answer, error.message, tone="warn")


def _answer(request: PortalRequest, batch: Any) -> HttpResponse:
    if not wants_fragment(request):
        return HttpResponseRedirect(f"/inbox/batches/{batch.pk}/?{request.GET.urlencode()}")
    answer = render(request, "notifications/inbox_list.html", list_context(request))
    answer["HX-Retarget"], answer["HX-Reswap"] = "#inbox-list", "innerMorph"
    return add_undo(request, answer, batch)
