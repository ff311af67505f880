"""The value meter: what became better, and whether that is proven; the cases behind it; which departments are live."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import declare, plan
from apps.core.errors import DomainError, InvalidInput
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.insight import selectors, services


@declare("insight.board", "view")
@require_GET
def value_meter(request: PortalRequest) -> HttpResponse:
    """What the portal is worth: proven, or not yet."""
    gauges = selectors.meter(request.person, now=clock.now())
    return render(request, "insight/meter.html", {"gauges": gauges, "may_freeze": _may_freeze(request.person)})


@declare("insight.board", "view")
@require_GET
def measure_page(request: PortalRequest, key: str) -> HttpResponse:
    """One measure: before, now, departments that are not live, and the cases it counts. `?side=control`: those of the departments that are not live."""
    now, side = clock.now(), "control" if request.GET.get("side") == "control" else "now"
    gauge = selectors.gauge(request.person, key, now=now)
    rows = selectors.meter_rows(request.person, key, side=side, after=request.GET.get("after", ""), now=now)  # type: ignore[arg-type]
    tabs = [("?side=now", _("Now"), gauge.now_count, side == "now")]
    if gauge.control:
        tabs.append(("?side=control", _("Not live yet"), gauge.control.count, side == "control"))
    context = {"one": gauge, "rows": rows, "side": side, "tabs": tabs, "may_freeze": _may_freeze(request.person), "today": clock.company_today(now)}
    return page(request, "insight/measure.html", context, fragment="insight/measure_rows.html")


@declare("insight.target", "manage")
@require_POST
def freeze(request: PortalRequest, key: str) -> HttpResponse:
    """Freeze what a measure was between `first_day` and `last_day`."""
    try:
        services.freeze_baseline(person=request.person, key=key, first_day=_day(request, "first_day"), last_day=_day(request, "last_day"), now=clock.now())
    except DomainError as error:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, _("Frozen. From now on the measure is compared with these days."), extra_tags="ok")
    return HttpResponseRedirect(f"/board/meter/{key}/")


@declare("insight.target", "manage")
@require_GET
def live_departments(request: PortalRequest) -> HttpResponse:
    """Since when which department works with the portal."""
    return render(request, "insight/live.html", {"departments": selectors.departments()})


@declare("insight.target", "manage")
@require_POST
def department_set(request: PortalRequest, department: uuid.UUID) -> HttpResponse:
    """`live_from`: a day; empty: no day of its own."""
    try:
        live_from = _day(request, "live_from") if request.POST.get("live_from", "").strip() else None
        services.set_live(person=request.person, department=department, live_from=live_from, now=clock.now())
    except DomainError as error:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, _("Saved."), extra_tags="ok")
    return HttpResponseRedirect("/board/meter/departments/")


def _may_freeze(person: Any) -> bool:
    return plan(person, "manage", "insight.target").allowed


def _day(request: HttpRequest, name: str) -> dt.date:
    """Raises InvalidInput."""
    try:
        return dt.date.fromisoformat(request.POST.get(name, "").strip())
    except ValueError as error:
        raise InvalidInput(_("Write a day as 2026-11-23."), details={"fields": {name: [_("Write a day as 2026-11-23.")]}}) from error
