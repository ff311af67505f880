"""The inbox: list and reading pane. One URL serves the page, and to htmx the part that changes."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.htmx import add_toast, page, wants_fragment
from apps.core.requests import PortalRequest
from apps.notifications import forms, selectors, services

LEAVE = frozenset({"done", "snooze"})  # after these the next message is read
UNDO = "inbox_undo"  # in the session: the batch that the next page offers to take back


def list_context(request: PortalRequest, opened: uuid.UUID | None = None) -> dict[str, Any]:
    """What the list needs, and its frame: the saved views are read when the frame is drawn, so a part of the page does not ask for them."""
    filters, now = forms.filters_of(request.GET.dict(), live="X-Live" in request.headers), clock.now()
    inbox = selectors.inbox_page(request.person, filters, now)
    request.todo_count = inbox.todo  # the badge of the frame
    return {
        "inbox": inbox,
        "filters": filters,
        "read_at": now,
        "query": request.GET.urlencode(),
        "opened": opened,
        "snoozes": forms.snooze_choices(now),
        "saved_views": SimpleLazyObject(lambda: _saved_views(request.person, filters)),
    }


def _saved_views(person: Any, filters: selectors.Filters) -> list[tuple[Any, bool]]:
    """Each view, and whether the list shows it now."""
    shown = forms.query_of(filters)
    return [(view, view.query == shown) for view in selectors.views_of(person)]


def _undo_context(request: PortalRequest) -> dict[str, Any]:
    """What the page before this one did to one message, while it can be undone; offered once, and only by a whole page."""
    if wants_fragment(request) or UNDO not in request.session:
        return {}
    shown = selectors.batch(request.person, uuid.UUID(request.session.pop(UNDO)), clock.now())
    return {"undo": shown} if shown.undoable else {}


def _pane_context(request: PortalRequest, notification_id: uuid.UUID) -> dict[str, Any]:
    notification = selectors.get(request.person, notification_id)
    now = clock.now()
    return {
        "item": selectors.rendered(notification, request.person),
        "choices": forms.snooze_choices(now),
        "asleep": notification.snoozed_until is not None and notification.snoozed_until > now,
        "query": request.GET.urlencode(),
    }


@declare("notifications.notification", "view")
@require_GET
def inbox(request: PortalRequest) -> HttpResponse:
    """A tab of the inbox; filters stand in the URL (tab, system, kind, q, by), the place in the list too (after)."""
    part = "notifications/inbox_rows.html" if "X-More" in request.headers else "notifications/inbox_list.html"
    return page(request, "notifications/inbox.html", {**list_context(request), **_undo_context(request)}, fragment=part)


@declare("notifications.notification", "view")
@require_GET
def opened(request: PortalRequest, notification_id: uuid.UUID) -> HttpResponse:
    """One message in the reading pane; as a full page with the list beside it."""
    context = _pane_context(request, notification_id)
    if not wants_fragment(request):
        context = {**list_context(request, notification_id), **context, **_undo_context(request)}
    return page(request, "notifications/inbox.html", context, fragment="notifications/inbox_pane.html")


@declare("notifications.notification", "view")
@require_GET
def state(request: PortalRequest, notification_id: uuid.UUID) -> HttpResponse:
    """How it stands, after a push: the pane itself is left alone, somebody may be writing in it."""
    return render(request, "notifications/inbox_state.html", _pane_context(request, notification_id))


@declare("notifications.notification", "view")
@require_POST
def change(request: PortalRequest, notification_id: uuid.UUID, verb: str) -> HttpResponse:
    """read, unread, done, restore or snooze (form field `until`). Answers the list and a toast."""
    given: dict[str, Any] = {"person": request.person, "notification_id": notification_id, "now": clock.now()}
    following = _following(request, notification_id) if verb in LEAVE and not wants_fragment(request) else None
    try:
        words, batch = _apply(verb, request, given)
    except DomainError as error:
        if not wants_fragment(request):
            raise
        answer = render(request, "notifications/inbox_list.html", list_context(request, notification_id), status=error.status)
        return add_toast(answer, error.message, tone="warn")
    if not wants_fragment(request):
        if batch is not None:
            request.session[UNDO] = str(batch.pk)
        elif words:
            messages.success(request, words)
        back = notification_id if verb in {"read", "restore"} else following
        return HttpResponseRedirect(f"/inbox/{back}/?{request.GET.urlencode()}" if back else f"/inbox/?{request.GET.urlencode()}")
    answer = render(request, "notifications/inbox_list.html", list_context(request, notification_id))
    if batch is not None:
        return add_undo(request, answer, batch)
    return add_toast(answer, words) if words else answer


def add_undo(request: PortalRequest, answer: HttpResponse, batch: Any) -> HttpResponse:
    """The toast of what was done, with its undo, beside the list."""
    shown = selectors.shown_batch(batch, request.person, clock.now())
    answer.write(render_to_string("notifications/batch_toast.html", {"shown": shown, "query": request.GET.urlencode(), "oob": True}, request))
    return answer


def _following(request: PortalRequest, notification_id: uuid.UUID) -> uuid.UUID | None:
    """What to read next, looked up before this one leaves the list."""
    filters = forms.filters_of(request.GET.dict())
    return selectors.after(selectors.inbox_page(request.person, filters, clock.now()), notification_id)


def _apply(verb: str, request: PortalRequest, given: dict[str, Any]) -> tuple[str, Any]:
    """Do it; the words for the toast, or the batch of one that can be undone. Raises NotFound for an unknown verb."""
    if verb not in {"read", "unread", "done", "restore", "snooze"}:
        raise NotFound(_("There is no such page."))
    if verb == "read":
        services.mark_read(**given)
        return "", None
    if verb == "unread":
        services.mark_unread(**given)
        return _("Marked as unread."), None
    if verb == "done":
        return "", services.act_on_one(verb="done", **given)
    if verb == "restore":
        services.restore(**given)
        return _("Back in your inbox."), None
    if request.POST.get("until") == "change":
        services.snooze_until_change(**given)
        return _("Snoozed until the system reports a change."), None
    until = forms.snooze_until(request.POST.get("until", ""), given["now"])
    return "", services.act_on_one(verb="snooze", until=until, **given)


@declare("notifications.notification", "view")
@require_POST
def all_read(request: PortalRequest) -> HttpResponse:
    """The chosen messages (form field `id`, several), or every one that only informs, of the system and kind in the URL, are read. To-dos are
    never decided in a batch, and what a search found is ticked."""
    chosen, filters = forms.ids_of(request.POST.getlist("id")), forms.filters_of(request.GET.dict())
    if chosen is None and filters.q:
        raise InvalidInput(_("Choose messages first."))
    count = services.mark_all_read(person=request.person, now=clock.now(), only=chosen, system=filters.system, kind=filters.kind)
    words = ngettext("%(n)d message is marked as read.", "%(n)d messages are marked as read.", count) % {"n": count}
    if not wants_fragment(request):
        messages.success(request, words)
        return HttpResponseRedirect(f"/inbox/?{request.GET.urlencode()}")
    return add_toast(render(request, "notifications/inbox_list.html", list_context(request)), words)
