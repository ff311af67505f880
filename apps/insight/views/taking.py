"""What people do with a board and its figures: files, mails, notes, lines to watch."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core import clock
from apps.core.access import declare
from apps.core.errors import DomainError, InvalidInput
from apps.core.kpis import KPIS
from apps.core.requests import PortalRequest
from apps.insight import forms, services
from apps.insight.payloads import Filters
from apps.insight.policies import mailing
from apps.insight.selectors import boards as selectors
from apps.insight.selectors.readings import aim_of
from apps.insight.services import exporting, sending, unusual, watching
from apps.insight.views.prints import download

BY_JOB = ("pdf",)
TYPED = {"goal": 20, "line": 20, "above": 1}  # what stands in the form again after a refusal, in letters at most


def _back(request: PortalRequest, target: str, done: str, error: DomainError | None = None, **typed: str) -> HttpResponse:
    """`typed`: what a person wrote that was refused; it stands in its field again."""
    if error is not None:
        messages.error(request, str(error), extra_tags="danger")
    else:
        messages.success(request, done, extra_tags="ok")
    query = urlencode([(name, value) for name, value in request.GET.items() if not name.startswith("typed_")]
                      + [(f"typed_{name}", value[: TYPED[name]]) for name, value in typed.items()])  # fmt: skip
    return HttpResponseRedirect(f"{target}?{query}" if query else target)


@declare("insight.board", "view")
@require_POST
def board_export(request: PortalRequest, ident: str) -> HttpResponse:
    """`as`: csv and xlsx come at once, pdf is made by a job; "image" answers the watermark for pictures that the browser makes. Each asks for its own
    right."""
    now, form = clock.now(), request.POST.get("as", "")
    asked, board = forms.asked(request.GET, now=now), selectors.board(request.person, ident)
    if form == "image":
        return JsonResponse({"watermark": exporting.picture(person=request.person, board=board, period=asked.period, now=now)})
    common: dict[str, Any] = {
        "person": request.person, "board": board, "form": form, "period": asked.period, "as_shown": asked.as_shown, "now": now, "query": asked.query,
    }  # fmt: skip
    if form in BY_JOB:
        exporting.order(**common)
        return _back(request, f"/board/b/{ident}/", _("The file is being made. You are told here and in your messages when it is ready."))
    return download(exporting.export(**common, filters=asked.filters), form)


@declare("insight.board", "view")
@require_POST
def board_mail(request: PortalRequest, ident: str) -> HttpResponse:
    """`rhythm`: daily, weekly, monthly; empty: no more mails."""
    rhythm, now, target = request.POST.get("rhythm", ""), clock.now(), f"/board/b/{ident}/"
    kept = urlencode({name: request.GET[name] for name in mailing.KEPT if request.GET.get(name)})
    try:
        if not rhythm:
            sending.unsubscribe(person=request.person, ident=ident, now=now)
            return _back(request, target, _("No mail of this board comes any more."))
        sending.subscribe(person=request.person, ident=ident, rhythm=rhythm, query=kept, now=now)
    except DomainError as error:
        return _back(request, target, "", error)
    return _back(request, target, _("The board comes by mail from its next day on."))


@declare("insight.note", "create")
@require_POST
def note_add(request: PortalRequest, key: str) -> HttpResponse:
    """A note on the figure of the page's period."""
    now, target = clock.now(), f"/board/figures/{key}/"
    try:
        period = forms.asked(request.GET, now=now).period
        services.add_note(person=request.person, key=key, period=period, text=request.POST.get("text", ""), now=now)
    except DomainError as error:
        return _back(request, target, "", error)
    return _back(request, target, _("The note stands beside the figure."))


@declare("insight.note", "create")
@require_POST
def note_remove(request: PortalRequest, key: str, note_id: uuid.UUID) -> HttpResponse:
    try:
        services.remove_note(person=request.person, note_id=note_id, now=clock.now())
    except DomainError as error:
        return _back(request, f"/board/figures/{key}/", "", error)
    return _back(request, f"/board/figures/{key}/", _("The note is gone."))


@declare("insight.board", "view")
@require_POST
def alert_set(request: PortalRequest, key: str) -> HttpResponse:
    """A line to watch, for what the page is filtered by: `above` or not, `value`; no value takes it away (`department`, `product_line`, `region` of the
    form: that of another filter)."""
    target, above, text, now = f"/board/figures/{key}/", bool(request.POST.get("above")), request.POST.get("value", "").strip(), clock.now()
    try:
        filters = _filters(request, now)
        if not text:
            watching.unwatch(person=request.person, kpi=key, above=above, filters=filters)
            return _back(request, target, _("You are not told any more."))
        watching.watch(person=request.person, kpi=key, above=above, value=number(text), filters=filters, now=now)
    except DomainError as error:
        return _back(request, target, "", error, line=text, above="1" if above else "")
    return _back(request, target, _("You are told when it is crossed."))


@declare("insight.board", "view")
@require_POST
def unusual_set(request: PortalRequest, key: str) -> HttpResponse:
    """Unusual days of what the page is filtered by: `sensitivity`; empty: not any more."""
    target, sensitivity, now = f"/board/figures/{key}/", request.POST.get("sensitivity", ""), clock.now()
    try:
        filters = _filters(request, now)
        if not sensitivity:
            unusual.unwatch_days(person=request.person, kpi=key, filters=filters)
            return _back(request, target, _("You are not told any more."))
        unusual.watch_days(person=request.person, kpi=key, sensitivity=sensitivity, filters=filters, now=now)
    except DomainError as error:
        return _back(request, target, "", error)
    return _back(request, target, _("You are told of unusual days, the morning after."))


def _filters(request: PortalRequest, now: Any) -> Filters:
    """Those of a row of the form, else those of the page."""
    return forms.asked(request.POST if "region" in request.POST else request.GET, now=now).filters


@declare("insight.target", "manage")
@require_POST
def target_set(request: PortalRequest, key: str) -> HttpResponse:
    """The target of the page's period and of its department, or of the company; no value takes it away."""
    now, target, text = clock.now(), f"/board/figures/{key}/", request.POST.get("value", "").strip()
    try:
        asked = forms.asked(request.GET, now=now)
        named: dict[str, Any] = {"person": request.person, "key": key, "period": asked.period, "department": _aimed_at(request, key, asked), "now": now}
        if not text:
            services.clear_target(**named)
            return _back(request, target, _("There is no target any more."))
        services.set_target(**named, value=number(text))
    except DomainError as error:
        return _back(request, target, "", error, goal=text)
    return _back(request, target, _("The target is set."))


def _aimed_at(request: PortalRequest, key: str, asked: forms.Asked) -> uuid.UUID | None:
    """The department, or None for the company. Raises InvalidInput for what no target is set for."""
    found = aim_of(request.person, key, asked.filters) if key in KPIS else None
    if found is None:
        raise InvalidInput(_("Targets are set for the company or for a department. This figure is of a part of it."))
    return found.department


def number(text: str) -> Decimal:
    """As people type it: with thousands separators. Raises InvalidInput."""
    try:
        return Decimal(text.replace(",", "").replace(" ", "").replace("−", "-")).quantize(Decimal("0.01"))
    except InvalidOperation as error:
        raise InvalidInput(_("Enter a number."), details={"fields": {"value": [_("Enter a number.")]}}) from error
