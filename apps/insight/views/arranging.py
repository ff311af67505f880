"""Making, arranging, sharing and building boards."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.access import selectors as access
from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError, InvalidInput
from apps.core.grid import Cell
from apps.core.kpis import KPIS, Kpi
from apps.core.requests import PortalRequest
from apps.insight import forms
from apps.insight.policies import boards as policies
from apps.insight.policies import cuts
from apps.insight.policies.boards import Tile
from apps.insight.policies.cuts import Cut
from apps.insight.policies.meter import measure_of
from apps.insight.selectors import boards as selectors
from apps.insight.selectors import catalogue
from apps.insight.selectors.meter import offered
from apps.insight.services import boards as services
from apps.insight.views.drill import group_words

BUILT = ("kpi", "look", "title", "by", "split", "top", "sort")  # what the address of the builder says


@declare("insight.board", "view")
@require_GET
def board_menu(request: PortalRequest) -> HttpResponse:
    """The boards this person can open."""
    context = {"boards": selectors.boards_of(request.person), "current": request.GET.get("of", ""), "rights": selectors.rights_of(request.person)}
    return render(request, "insight/parts/menu.html", context)


@dataclass(frozen=True)
class Placed:
    """A tile in the editor. It answers to the names the editor of pages uses."""

    tile: Tile
    title: str

    @property
    def cell(self) -> Cell:
        return self.tile.cell

    @property
    def slug(self) -> str:
        return self.tile.key


@declare("insight.board", "arrange")
@require_GET
def board_edit(request: PortalRequest, ident: str) -> HttpResponse:
    """Arrange an own board by mouse, by keys, and by plain buttons without script."""
    board = selectors.board(request.person, ident)
    if not board.own:
        messages.error(request, _("This board is not yours. Copy it to arrange it."), extra_tags="danger")
        return HttpResponseRedirect(f"/board/b/{ident}/")
    placed = [Placed(tile, selectors.title_of(tile)) for tile in board.tiles]
    context = {"board": board, "placed": placed, "base": f"/board/b/{ident}/", "rights": selectors.rights_of(request.person), "roles": access.roles(),
               "firsts": selectors.first_for(board)}
    return render(request, "insight/edit.html", context)


def _did(request: PortalRequest, target: str, error: DomainError | None, done: str = "") -> HttpResponse:
    if error is not None:
        messages.error(request, str(error), extra_tags="danger")
    elif done:
        messages.success(request, done, extra_tags="ok")
    return HttpResponseRedirect(target)


@declare("insight.board", "arrange")
@require_POST
def board_layout(request: PortalRequest, ident: str) -> HttpResponse:
    """The whole layout (`cells`: JSON, `rev`), or one step of a plain button (`step`: "<verb>:<tile>")."""
    now, base = clock.now(), f"/board/b/{ident}/"
    try:
        if "step" in request.POST:
            verb, _colon, key = request.POST["step"].partition(":")
            services.step(person=request.person, board_id=ident, key=key, verb=verb, now=now)
            return HttpResponseRedirect(f"{base}edit/#at-{key}")
        rev = request.POST.get("rev", "")
        services.arrange(person=request.person, board_id=ident, cells=_json(request), now=now, seen_rev=int(rev) if rev.isdigit() else None)
    except DomainError as error:
        return _did(request, f"{base}edit/", error)
    return _did(request, base, None, _("The board is arranged."))


def _json(request: PortalRequest) -> Any:
    try:
        return json.loads(request.POST.get("cells", ""))
    except ValueError as error:
        raise InvalidInput(_("This is no layout of a board.")) from error


@declare("insight.board", "arrange")
@require_POST
def board_copy(request: PortalRequest, ident: str) -> HttpResponse:
    """An own copy, to be arranged."""
    try:
        board = services.copy_board(person=request.person, ident=ident, now=clock.now())
    except DomainError as error:
        return _did(request, f"/board/b/{ident}/", error)
    return _did(request, f"/board/b/{board.pk}/edit/", None, _("This copy is yours. Arrange it as you like."))


@declare("insight.board", "arrange")
@require_POST
def board_rename(request: PortalRequest, ident: str) -> HttpResponse:
    try:
        services.change(person=request.person, board_id=ident, name=request.POST.get("name", ""), now=clock.now())
    except DomainError as error:
        return _did(request, f"/board/b/{ident}/edit/", error)
    return _did(request, f"/board/b/{ident}/edit/", None, _("Renamed."))


@declare("insight.board", "arrange")
@require_POST
def board_delete(request: PortalRequest, ident: str) -> HttpResponse:
    try:
        services.delete_board(person=request.person, board_id=ident, now=clock.now())
    except DomainError as error:
        return _did(request, f"/board/b/{ident}/edit/", error)
    return _did(request, "/board/", None, _("The board is gone."))


@declare("insight.board", "share")
@require_POST
def board_share(request: PortalRequest, ident: str) -> HttpResponse:
    """`roles`: who sees it; `first`: whose first board it is."""
    try:
        services.share(person=request.person, board_id=ident, roles=request.POST.getlist("roles"), first=request.POST.getlist("first"), now=clock.now())
    except DomainError as error:
        return _did(request, f"/board/b/{ident}/edit/", error)
    return _did(request, f"/board/b/{ident}/edit/", None, _("Shared. Everybody sees it under their own rights."))


@declare("insight.board", "arrange")
@require_GET
def board_build(request: PortalRequest, ident: str = "") -> HttpResponse:
    """Click a chart together: measures, form, title; shown at once, then put on a board."""
    return render(request, "insight/build.html", _built(request, ident))


def _built(request: PortalRequest, ident: str) -> dict[str, Any]:
    now = clock.now()
    allowed = [one for one in catalogue(request.person) if one.allowed]
    measures = offered(request.person)
    known = {one.key for one in allowed} | {key for key, _title in measures}
    kpis = tuple(key for key in dict.fromkeys(request.GET.getlist("kpi")) if key in known)[: policies.MOST_MEASURES]
    look = request.GET.get("look", "bars")
    look = look if look in policies.LOOKS and look != "meter" else "bars"
    kpi, wanted = (KPIS.get(kpis[0]) if len(kpis) == 1 else None), forms.cut(request.GET)
    cut, look, refused = _fitting(kpi, wanted, look)
    measure = next((key for key in kpis if measure_of(key)), "")
    if measure:
        kpis, cut, look, refused = (measure,), None, "meter", ["measure"] if len(kpis) > 1 or wanted else []
    tile = Tile("new", kpis, look, request.GET.get("title", "")[: policies.LONGEST_TITLE], Cell("new", 0, 0, 12, 3), cut)
    try:
        asked = forms.asked(request.GET, now=now)
    except InvalidInput:
        asked = forms.asked({}, now=now)
    views = selectors.shown(request.person, [tile], period=asked.period, filters=asked.filters, now=now) if kpis else []
    groups: dict[str, list[Any]] = {}
    for one in allowed:
        groups.setdefault(group_words(one.group), []).append(one)
    mine = [board for board in selectors.boards_of(request.person) if board.own]
    return {"groups": groups.items(), "kpis": kpis, "look": tile.look, "tile": tile, "view": views[0] if views else None, "asked": asked, "boards": mine,
            "ident": ident, "measures": measures, "most": policies.MOST_MEASURES,
            "cut": cut, "refused": refused, "offered": cuts.offered(kpi) if kpi else (), "kpi": kpi,
            "tops": cuts.TOPS, "splits": cuts.PLACES, "dimensions": cuts.DIMENSIONS, "additive": kpi is None or cuts.is_additive(kpi)}


def _fitting(kpi: Kpi | None, wanted: Cut | None, look: str) -> tuple[Cut | None, str, list[str]]:
    """What of a division can be drawn, in which form, and what was asked for in vain."""
    if wanted is None:
        return None, look, []
    if kpi is None:
        return None, look, ["several"]
    found = cuts.problems(kpi, wanted, look)
    if "by" in found or "top" in found or "sort" in found:
        return None, "bars" if look == "stacked" else look, found
    cut = replace(wanted, split="") if "split" in found else wanted
    return cut, "bars" if cuts.problems(kpi, cut, look) else look, found


@declare("insight.board", "arrange")
@require_POST
def board_add(request: PortalRequest) -> HttpResponse:
    """Put what was built on a board: an own one (`board`), or a new one of that `name`. On a refusal nothing is made, and what was built stands there."""
    now, ident = clock.now(), request.POST.get("board", "")
    try:
        with transaction.atomic():
            ident = ident or str(services.make_board(person=request.person, name=request.POST.get("name", ""), now=now).pk)
            services.add_tile(
                person=request.person, board_id=ident, kpis=request.POST.getlist("kpi"), look=request.POST.get("look", ""),
                title=request.POST.get("title", ""), cut=forms.cut(request.POST), now=now,
            )  # fmt: skip
    except DomainError as error:
        built = [(name, value) for name in BUILT for value in request.POST.getlist(name) if value]
        return _did(request, f"/board/new/?{urlencode(built)}", error)
    return _did(request, f"/board/b/{ident}/#tiles", None, _("The tile is on the board."))
