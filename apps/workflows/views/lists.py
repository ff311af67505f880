"""Lists: to approve, my requests, done by me."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.workflows import policies, selectors, services
from apps.workflows.models import ProcessInstance, Task

PER_PAGE = 50


def _paged(rows: QuerySet[Any], request: PortalRequest) -> Any:
    number = request.GET.get("page", "1")
    return Paginator(rows, PER_PAGE).get_page(number if number.isdigit() else 1)


@declare("workflows.task", "view")
@require_GET
def approval_list(request: PortalRequest) -> HttpResponse:
    """What I can decide now; for those who hand over, what others have."""
    person = request.person
    chosen = _paged(selectors.tasks_for(person), request)
    others = selectors.handed_over_by(person)[:PER_PAGE]
    context = {
        "page": chosen, "rows": [(task, policies.title_of(task.instance, person)) for task in chosen],
        "others": [(task, policies.title_of(task.instance, person)) for task in others],
    }
    return page(request, "workflows/approval_list.html", context, fragment="workflows/approval_rows.html")


@declare("workflows.instance", "view")
@require_GET
def request_list(request: PortalRequest) -> HttpResponse:
    """Cases I asked for."""
    found = _paged(selectors.started_by(request.person), request)
    steps = selectors.current_steps(found)
    context = {"page": found, "rows": [_request_row(one, request.person, steps.get(one.pk)) for one in found]}
    return page(request, "workflows/request_list.html", context, fragment="workflows/request_rows.html")


def _request_row(instance: ProcessInstance, person: Any, current: selectors.Step | None) -> dict[str, Any]:
    return {"instance": instance, "title": policies.title_of(instance, person), "current": current,
            "withdrawable": instance.is_active and bool(current and current.task)}


@declare("workflows.instance", "view")
@require_POST
def request_withdraw(request: PortalRequest, instance_id: uuid.UUID) -> HttpResponse:
    """Take my request back."""
    instance = selectors.instance_for(request.person, instance_id=instance_id)
    try:
        services.withdraw(instance_id=instance.pk, reason=services.WITHDRAWN_BY_STARTER, person=request.person, now=clock.now())
        messages.success(request, _("Withdrawn. Whoever was asked has been told."))
    except services.UnableToWithdraw as error:
        messages.error(request, str(error))
    return HttpResponseRedirect("/requests/")


@declare("workflows.task", "view")
@require_GET
def done_list(request: PortalRequest) -> HttpResponse:
    """What I decided; with ?who=others what I handed over, with whom it is and how it stands."""
    person, delegated = request.person, request.GET.get("who") == "others"
    found = _paged(selectors.delegated_by(person) if delegated else selectors.done_by(person), request)
    rows: list[tuple[Task, Any]] = [(task, policies.title_of(task.instance, person)) for task in found]
    context = {"page": found, "rows": rows, "delegated": delegated}
    return page(request, "workflows/done_list.html", context, fragment="workflows/done_rows.html")
