"""The approval page: the decision card, the decision, undo, handing over."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import decide, declare
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.htmx import page, wants_fragment
from apps.core.http import OutsideError
from apps.core.requests import PortalRequest
from apps.directory import selectors as directory
from apps.workflows import policies, selectors, services
from apps.workflows.models import Task

TERM = "term-"
PART = "workflows/approval_part.html"


def _task(request: PortalRequest, task_id: uuid.UUID) -> Task:
    """The task, or the page that says there is none: another person's task does not exist."""
    try:
        return selectors.task_for(request.person, task_id)
    except NotFound as error:
        raise Http404 from error


@declare("workflows.task", "view")
@require_GET
def approval(request: PortalRequest, task_id: uuid.UUID) -> HttpResponse:
    """The page; a part of it for htmx."""
    return _show(request, _task(request, task_id), accept=request.GET.get("seen", ""))


@declare("workflows.task", "view")
@require_GET
def approval_pane(request: PortalRequest, task_id: uuid.UUID) -> HttpResponse:
    """The same, for the reading pane of the inbox."""
    return _show(request, _task(request, task_id), accept=request.GET.get("seen", ""), pane=True)


@declare("workflows.task", "view")
@require_GET
def approval_state(request: PortalRequest, task_id: uuid.UUID) -> JsonResponse:
    """What the open page asks after a push: did the task leave its state?"""
    task = _task(request, task_id)
    return JsonResponse({"state": task.state, "mine": policies.may_decide(task, request.person)})


def _show(request: PortalRequest, task: Task, *, accept: str = "", pane: bool = False, refusal: dict[str, Any] | None = None,
          status: int = 200) -> HttpResponse:
    context = {**_frame(request, task), "pane": pane, "refusal": refusal or {}}
    decision = selectors.decision_in_force(task)
    if decision is not None:
        context["decision"] = frozen = selectors.shown_decision(decision, request.person)
        context["links"] = frozen.card.links
    elif task.is_open:
        context.update(_live_card(request, task, accept, refusal or {}))
    template = PART if pane else "workflows/approval.html"
    return page(request, template, context, fragment=PART, status=status)


def _frame(request: PortalRequest, task: Task) -> dict[str, Any]:
    """What stands on the page whatever became of the task."""
    now, person = clock.now(), request.person
    may_reassign = task.is_open and decide(person, "reassign", "workflows.instance", task.instance.starter_id).allowed
    in_window = task.state == Task.State.DECIDED and task.effective_at is not None and now < task.effective_at
    return {
        "task": task, "instance": task.instance, "title": policies.title_of(task.instance, person), "now": now,
        "track": selectors.track(task.instance), "may_decide": policies.may_decide(task, person), "may_reassign": may_reassign,
        "colleagues": _colleagues(task) if may_reassign else [],
        "undoable": in_window and task.decided_by_id == person.pk,
        "seconds_left": max(0.0, (task.effective_at - now).total_seconds()) if in_window and task.effective_at else 0,
        "window": (task.effective_at - task.decided_at).total_seconds() if task.effective_at and task.decided_at else 0,
    }


def _colleagues(task: Task) -> list[Any]:
    taken = {task.assignee_id, task.instance.starter_id}
    return [one for one in directory.active_people() if one.pk not in taken]


def _live_card(request: PortalRequest, task: Task, accept: str, refusal: dict[str, Any]) -> dict[str, Any]:
    now = clock.now()
    try:
        looked = services.look_at(task_id=task.pk, person=request.person, now=now, accept=accept)
    except (OutsideError, DomainError) as error:
        return {"card_error": str(error)}
    basis = looked.basis
    changed = [] if basis.version == looked.seen.version else services.changes_since(task, basis, looked.card, request.person)
    card = selectors.shown_card(looked.card, request.person, typed=refusal.get("form"), errors=refusal.get("fields"))
    return {
        "card": card, "links": card.links, "changed": changed,
        "seen_version": basis.version if changed else looked.seen.version, "basis_seen_at": basis.accepted_at, "read_at": now,
    }


# --- decide -------------------------------------------------------------------------------------------------------------------------------


@declare("workflows.task", "act")
@require_POST
def approval_decide(request: PortalRequest, task_id: uuid.UUID) -> HttpResponse:
    """Approve, reject or return."""
    _task(request, task_id)
    pane = request.POST.get("pane") == "1"
    outcome = request.POST.get("outcome", "")
    comment = request.POST.get(f"reason-{outcome.lower()}", "") or request.POST.get("comment", "")
    form = _typed_form(request)
    try:
        services.complete_task(
            task_id=task_id, person=request.person, outcome=outcome, comment=comment, seen_version=request.POST.get("seen_version", ""),
            acknowledged=request.POST.getlist("acknowledge"), form=form, now=clock.now())
    except (services.StaleCard, services.Obstructed, services.Unacknowledged, services.UnableToComplete, InvalidInput, OutsideError) as error:
        return _refused(request, task_id, error, {"comment": comment, "form": form}, pane)
    return _again(request, task_id, pane)


def _typed_form(request: PortalRequest) -> dict[str, Any]:
    """Terms as posted; several boxes of one name are a list (marked by a hidden field of the same name with [])."""
    lists = set(request.POST.getlist("term-lists"))
    form: dict[str, Any] = {}
    for name in request.POST:
        if name.startswith(TERM) and name != "term-lists":
            key = name.removeprefix(TERM)
            form[key] = request.POST.getlist(name) if key in lists else request.POST[name]
    return {**{key: [] for key in lists}, **form}


def _refused(request: PortalRequest, task_id: uuid.UUID, error: Exception, typed: dict[str, Any], pane: bool) -> HttpResponse:
    """The page again, with the reason and everything that was typed."""
    details = getattr(error, "details", {})
    refusal = {"message": str(error), "kind": getattr(error, "code", "unavailable"), "fields": details.get("fields", {}), **typed}
    return _show(request, _task(request, task_id), refusal=refusal, pane=pane, status=getattr(error, "status", 503))


def _again(request: PortalRequest, task_id: uuid.UUID, pane: bool) -> HttpResponse:
    """After a change: the part for htmx, else back to the page."""
    if pane or wants_fragment(request):
        return _show(request, _task(request, task_id), pane=pane)
    return HttpResponseRedirect(f"/approvals/{task_id}/")


@declare("workflows.task", "act")
@require_POST
def approval_undo(request: PortalRequest, task_id: uuid.UUID) -> HttpResponse:
    """Take the decision back while the window is open."""
    _task(request, task_id)
    pane = request.POST.get("pane") == "1"
    try:
        services.undo_completion(task_id=task_id, person=request.person, now=clock.now())
    except services.UnableToUndo as error:
        return _refused(request, task_id, error, {}, pane)
    return _again(request, task_id, pane)


@declare("workflows.instance", "reassign")
@require_POST
def approval_reassign(request: PortalRequest, task_id: uuid.UUID) -> HttpResponse:
    """Hand it over."""
    _task(request, task_id)
    to = directory.people_by_id([policies.as_id(request.POST.get("to"))])
    try:
        if not to:
            raise InvalidInput(_("Choose a person."), details={"fields": {"to": [_("Choose a person.")]}})
        person = next(iter(to.values()))
        services.reassign(task_id=task_id, person=request.person, to=person, reason=request.POST.get("reason", ""), now=clock.now())
    except (services.UnableToReassign, InvalidInput) as error:
        return _refused(request, task_id, error, {"reassign": dict(request.POST.items())}, False)
    messages.success(request, _("Handed over to %(name)s.") % {"name": person.display(request.LANGUAGE_CODE)})
    return HttpResponseRedirect(f"/approvals/{task_id}/")
