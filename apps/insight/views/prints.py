"""Files of boards: ordered, told of, fetched; and whether the records still say what was printed."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qsl, quote, urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_GET

from apps.core import clock
from apps.core.access import declare
from apps.core.requests import PortalRequest
from apps.insight import forms
from apps.insight.models import Print, PrintState
from apps.insight.policies import boards as policies
from apps.insight.policies import figures
from apps.insight.selectors import boards
from apps.insight.selectors import prints as selectors
from apps.insight.services import exporting


def download(file: exporting.File, form: str) -> HttpResponse:
    """As an attachment under its own name, kept by nobody on the way."""
    return HttpResponse(file.content, content_type=file.content_type, headers={
        "Content-Disposition": f"attachment; filename=\"board.{form}\"; filename*=UTF-8''{quote(file.name)}", "Cache-Control": "no-store"})


def board_url(found: Print) -> str:
    """The board as of the moment of a print."""
    query = dict(parse_qsl(found.query)) | {"shown": found.moment.isoformat()}
    return f"/board/b/{found.board}/?{urlencode(query)}"


def name_of(found: Print) -> str:
    """Its board and its period in the reader's language; the file keeps the name that it was made with."""
    period = forms.asked(dict(parse_qsl(found.query)), now=found.moment).period
    with translation.override(found.language):
        then = f" {figures.period_words(period)}"
    if not found.name.endswith(then):
        return found.name
    board = boards.standard_name(found.board) if policies.standard(found.board) else found.name.removesuffix(then)
    return f"{board} {figures.period_words(period)}"


@declare("insight.board", "view")
@require_GET
def print_list(request: PortalRequest) -> HttpResponse:
    """What this person took: files, and boards that came by mail."""
    now = clock.now()
    listed = [(one, name_of(one), board_url(one), one.state == PrintState.READY and one.expires_at is not None and one.expires_at > now)
              for one in selectors.prints_of(request.person)]  # fmt: skip
    return render(request, "insight/prints.html", {"prints": listed})


@declare("insight.board", "view")
@require_GET
def print_page(request: PortalRequest, print_id: uuid.UUID) -> HttpResponse:
    """A print beside the same figures read again as of its moment."""
    found, now = selectors.print_of(request.person, print_id), clock.now()
    asked = forms.asked(dict(parse_qsl(found.query)), now=found.moment)
    compared = selectors.comparison(request.person, found, period=asked.period, filters=asked.filters, now=now)
    ready = found.state == PrintState.READY and found.expires_at is not None and found.expires_at > now
    context = {"print": found, "name": name_of(found), "compared": compared, "asked": asked, "url": board_url(found), "ready": ready}
    return render(request, "insight/print.html", context)


@declare("insight.board", "view")
@require_GET
def print_file(request: PortalRequest, print_id: uuid.UUID) -> HttpResponse:
    """The file."""
    file = exporting.take(person=request.person, print_id=print_id, now=clock.now())
    return download(file, file.name.rpartition(".")[2])


@declare("insight.board", "view")
@require_GET
def print_news(request: PortalRequest) -> HttpResponse:
    """A toast with the file that has just been made; asked for when the push says so."""
    found = next((one for one in selectors.prints_of(request.person) if one.state in (PrintState.READY, PrintState.FAILED) and one.form != "mail"), None)
    return render(request, "insight/parts/file_toast.html", {"print": found}) if found else HttpResponse(status=204)
