"""One figure: the records it counts, what it leaves out, what it means, what people noted on it. And the catalogue of all figures."""

from __future__ import annotations

import uuid
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.core.access import declare, plan
from apps.core.errors import InvalidInput
from apps.core.grid import Cell
from apps.core.htmx import page
from apps.core.kpis import KPIS
from apps.core.requests import PortalRequest
from apps.insight import forms, services
from apps.insight.policies import figures, periods
from apps.insight.policies.boards import Tile
from apps.insight.selectors import boards, catalogue, dimensions, reading, rows
from apps.insight.selectors.readings import aim_of
from apps.insight.selectors.unusual import filter_words, look, watches
from apps.insight.views.board import kinds, steps

TARGETED = ("month", "quarter", "year")
ROWS = Tile("months", (), "bars", "", Cell("months", 0, 0, 12, 2))
PARTS = Tile("parts", (), "parts", "", Cell("parts", 0, 0, 12, 2))


@declare("insight.board", "view")
@require_GET
def figure_page(request: PortalRequest, key: str) -> HttpResponse:
    """A figure and what is behind it."""
    if key not in KPIS:
        raise Http404
    now = clock.now()
    try:
        asked = forms.asked(request.GET, now=now)
    except InvalidInput as error:
        messages.error(request, str(error), extra_tags="danger")
        return HttpResponseRedirect(request.path)
    context = _context(request, key, asked, now)
    if not request.htmx:
        services.note_sights(person=request.person, readings=[context["r"]], now=now)
    return page(request, "insight/figure.html", context, fragment="insight/figure_rows.html")


def _context(request: PortalRequest, key: str, asked: forms.Asked, now: Any) -> dict[str, Any]:
    person, common = request.person, {"period": asked.period, "filters": asked.filters, "now": now}
    found = reading(person, key, **common, as_shown=asked.as_shown)
    behind = rows(person, key, **common, after=request.GET.get("after", ""), as_shown=asked.as_shown)
    may_target = plan(person, "manage", "insight.target").allowed and asked.period.kind in TARGETED and not asked.shown_on
    return {
        "r": found, "asked": asked, "kpi": KPIS[key], "rows": behind, "linked": any(row.message_url or row.source_url for row in behind.rows),
        "months": boards.tile_view(ROWS, [found]), "parts": boards.tile_view(PARTS, [found]), "kinds": kinds(asked), "steps": steps(asked, now),
        "filters": dimensions.offered(person, asked.filters), "last_day": asked.period.end - periods.DAY, "today": clock.company_today(now),
        "ignored": boards.ignored([boards.tile_view(PARTS, [found])], asked.filters), "change": figures.change_words(found),
        "thresholds": [(one, filter_words(one)) for one in boards.thresholds(person, key)],
        "watches": [(one, filter_words(one)) for one in watches(person, key)], "last_counted": found.window[1] - periods.DAY if found.window else None,
        "typed": {name.removeprefix("typed_"): value for name, value in request.GET.items() if name.startswith("typed_")},
        "may_note": plan(person, "create", "insight.note").allowed and not asked.shown_on,
        "may_target": may_target, "aim": aim_of(person, key, asked.filters) if may_target else None,
    }  # fmt: skip


@declare("insight.board", "view")
@require_GET
def unusual_day(request: PortalRequest, day_id: uuid.UUID) -> HttpResponse:
    """Why a day was called unusual: its picture and the days it was compared with, as the figures are now. The fragment stands in the inbox, too."""
    return page(request, "insight/unusual.html", {"look": look(request.person, day_id)}, fragment="insight/unusual_day.html")


@declare("insight.board", "view")
@require_GET
def figure_list(request: PortalRequest) -> HttpResponse:
    """Every figure, by group: its formula in words, who answers for it, where it is from; and of those not for this person, whom to ask."""
    found = catalogue(request.person)
    groups = [(group_words(name), list(members)) for name, members in groupby(found, key=lambda one: one.group)]
    return render(request, "insight/figures.html", {"groups": groups, "count": len(found)})


def group_words(name: str) -> str:
    return {
        "erp.production": _("Production"), "erp.supply": _("Supply"), "erp.stock": _("Stock"), "erp.shipping": _("Shipping"), "erp.finance": _("Finance"),
        "crm.growth": _("Customer growth"), "crm.sales": _("Sales performance"), "crm.follow_up": _("Follow-ups"), "crm.service": _("Service"),
        "oa.completion": _("Completion"), "oa.efficiency": _("Efficiency of flows"), "oa.overdue": _("Overdue"), "oa.rework": _("Rework"),
    }.get(name, name)  # fmt: skip
