"""A board: figures under the reader's own rights, filtered and dated by the address; on a wall without anything around it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import InvalidInput
from apps.core.htmx import page
from apps.core.requests import PortalRequest
from apps.insight import forms, services
from apps.insight.forms import Asked
from apps.insight.policies import periods
from apps.insight.selectors import boards as selectors
from apps.insight.selectors import dimensions
from apps.insight.selectors.boards import BoardView
from apps.insight.services import exporting

PERIODS = ("month", "quarter", "year", "last12")


@declare("insight.board", "view")
@require_GET
def board_start(request: PortalRequest) -> HttpResponse:
    """The board this person sees first."""
    return _shown(request, selectors.start_of(request.person))


@declare("insight.board", "view")
@require_GET
def board_page(request: PortalRequest, ident: str) -> HttpResponse:
    """One board by its id or code."""
    return _shown(request, selectors.board(request.person, ident))


@declare("insight.board", "view")
@require_GET
def board_wall(request: PortalRequest, ident: str) -> HttpResponse:
    """The same, large and alone, for a screen on a wall; it goes on by itself."""
    return _shown(request, selectors.board(request.person, ident), template="insight/wall.html")


def _shown(request: PortalRequest, board: BoardView, template: str = "insight/board.html") -> HttpResponse:
    now = clock.now()
    try:
        asked = forms.asked(request.GET, now=now)
    except InvalidInput as error:
        messages.error(request, str(error), extra_tags="danger")
        return HttpResponseRedirect(request.path)
    context = context_of(request, board, asked, now) | {"wall": template == "insight/wall.html"}
    if not request.htmx:  # what a push brings again is no new look
        services.note_sights(person=request.person, readings=[one for view in context["tiles"] for one in view.readings], now=now)
    return page(request, template, context, fragment="insight/board_tiles.html")


def context_of(request: PortalRequest, board: BoardView, asked: Asked, now: dt.datetime) -> dict[str, Any]:
    """What every page of a board shows."""
    views = selectors.shown(
        request.person, board.tiles, period=asked.period, filters=asked.filters, now=now, as_shown=asked.as_shown,
    )  # fmt: skip
    return {
        "board": board, "asked": asked, "tiles": views, "ignored": selectors.ignored(views, asked.filters), "steps": steps(asked, now),
        "kinds": kinds(asked), "filters": dimensions.offered(request.person, asked.filters), "today": clock.company_today(now),
        "running": asked.period.end > clock.company_today(now), "rights": selectors.rights_of(request.person), "base": f"/board/b/{board.ident}/",
        "away": selectors.away(views), "rhythms": rhythms(), "mailed": selectors.mailed(request.person, board.ident),
        "last_day": asked.period.end - periods.DAY, "now": now, "going_on": asked.going_on(clock.company_today(now)),
        "mark": exporting.watermark(person=request.person, now=now),
    }  # fmt: skip


def kinds(asked: Asked) -> list[tuple[str, str, bool]]:
    """(query, words, current) of the kinds of period."""
    words = {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year"), "last12": _("12 months")}
    return [(kind, words[kind], asked.period.kind == kind) for kind in PERIODS]


def rhythms() -> list[tuple[str, str]]:
    return [("daily", _("Every morning")), ("weekly", _("Every Monday")), ("monthly", _("On the first of the month"))]


def steps(asked: Asked, now: dt.datetime) -> dict[str, dt.date | None]:
    """First day of the period before and of the one after; None where there is no such step."""
    period, today = asked.period, asked.shown_on or clock.company_today(now)
    if period.kind not in ("month", "quarter", "year"):
        return {"before": None, "after": None}
    size = periods.MONTHS[period.kind]
    return {"before": periods.add_months(period.start, -size), "after": period.end if period.end <= today else None}

