"""Figures as a file. Taking data, printing and taking pictures are three rights; each file names who took it and when, and is audited."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import clock
from apps.core.access import decide
from apps.core.errors import InvalidInput
from apps.insight.payloads import Filters, Period, Reading
from apps.insight.policies import figures
from apps.insight.selectors import boards as selectors
from apps.insight.selectors.boards import BoardView
from apps.insight.services.exporting import pdf, sheets

FORMS = {
    "csv": ("data", "text/csv; charset=utf-8", sheets.as_csv),
    "xlsx": ("data", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheets.as_xlsx),
    "pdf": ("print", "application/pdf", pdf.as_pdf),
}


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    content: bytes


def watermark(*, person: Any, now: dt.datetime) -> str:
    """Who took it and when, on every sheet, page and picture."""
    company = settings.COMPANY_NAME_ZH if (get_language() or "").startswith("zh") else settings.COMPANY_NAME
    local = now.astimezone(clock.company_zone())
    return _("%(company)s, taken by %(person)s (%(login)s) on %(moment)s") % {
        "company": company, "person": person.display(get_language() or "en"), "login": person.login, "moment": f"{local:%Y-%m-%d %H:%M}"}


def export(*, person: Any, board: BoardView, form: str, period: Period, filters: Filters, as_shown: dt.datetime | None, now: dt.datetime) -> File:
    """The board as a file of this form. Raises NotPermitted, InvalidInput."""
    if form not in FORMS:
        raise InvalidInput(_("There is no such file form."), details={"fields": {"as": [_("There is no such file form.")]}})
    action, content_type, write = FORMS[form]
    _require(person, action)
    views = selectors.shown(person, board.tiles, period=period, filters=filters, now=now, as_shown=as_shown)
    readings = [one for one in {r.key: r for view in views for r in view.readings}.values() if one.state in ("ok", "empty")]
    words = figures.period_words(period)
    content = write(board.name, words, readings, views, watermark(person=person, now=now))
    _audit(person, board.ident, form, words, readings, now)
    return File(f"{board.name} {words}.{form}", content_type, content)


def picture(*, person: Any, board: BoardView, period: Period, now: dt.datetime) -> str:
    """The watermark for pictures that the browser makes of its charts; taking them is audited here. Raises NotPermitted."""
    _require(person, "image")
    _audit(person, board.ident, "image", figures.period_words(period), [], now)
    return watermark(person=person, now=now)


def _require(person: Any, action: str) -> None:
    decide(person, action, "insight.export").require({
        "data": _("You may not take figures out as data. Ask for the right to export data."),
        "print": _("You may not print boards. Ask for the right to print."),
        "image": _("You may not take pictures of charts. Ask for the right to export pictures."),
    }[action])


def _audit(person: Any, ident: str, form: str, words: str, readings: list[Reading], now: dt.datetime) -> None:
    with transaction.atomic():
        audit.record(actor=person, action="insight.board.exported", object=f"insight.board:{ident}", now=now,
                     data={"form": form, "period": words, "figures": [one.key for one in readings]})
