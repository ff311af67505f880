"""Figures as a file. Taking data, printing and taking pictures are three rights; each file names who took it and when, is audited, and leaves a print: the
figures that stood in it. A file is made at once, or by a job and kept for its reader for some days."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import clock
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.failpoints import declare, failpoint
from apps.directory import selectors as directory
from apps.insight.models import Print, PrintState
from apps.insight.payloads import Filters, Period, Reading
from apps.insight.policies import figures
from apps.insight.policies import prints as policies
from apps.insight.selectors import boards as selectors
from apps.insight.selectors import then
from apps.insight.selectors.boards import BoardView, TileView
from apps.insight.services.exporting import pdf, sheets
from apps.insight.services.exporting.paper import Paper
from apps.insight.services.organisation import keep_units
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.realtime import services as realtime

declare("insight.file_read", "insight.file_written", "insight.file_kept")
JOB, FILE_READY = "insight.make_file", "insight.file_ready"
KEPT = dt.timedelta(days=7)
FORMS = {
    "csv": ("data", "text/csv; charset=utf-8", sheets.as_csv),
    "xlsx": ("data", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheets.as_xlsx),
    "pdf": ("print", "application/pdf", pdf.as_pdf),
}


class UnableToTakeFile(DomainError):
    """The file is not made yet, could not be made, or its time is over."""

    code = "unable_to_take_file"


@dataclass(frozen=True)
class File:
    name: str
    content_type: str
    content: bytes


def watermark(*, person: Any, now: dt.datetime) -> str:
    """Who took it and when, on every sheet, page and picture."""
    local = now.astimezone(clock.company_zone())
    return _("%(company)s, taken by %(person)s (%(login)s) on %(moment)s") % {
        "company": _company(), "person": person.display(get_language() or "en"), "login": person.login, "moment": f"{local:%Y-%m-%d %H:%M}"}


def _company() -> str:
    return str(settings.COMPANY_NAME_ZH if (get_language() or "").startswith("zh") else settings.COMPANY_NAME)


def _checked(person: Any, form: str) -> None:
    if form not in FORMS:
        raise InvalidInput(_("There is no such file form."), details={"fields": {"as": [_("There is no such file form.")]}})
    _require(person, FORMS[form][0])


def export(*, person: Any, board: BoardView, form: str, period: Period, filters: Filters, as_shown: dt.datetime | None, now: dt.datetime,
           query: str = "") -> File:
    """The board as a file of this form, at once. Raises NotPermitted, InvalidInput."""
    _checked(person, form)
    read_at = then.whole_until(now)
    paper = _paper(person, board, period, filters, min(as_shown or now, read_at), read_at)
    content = FORMS[form][2](paper)
    with transaction.atomic():
        kept = _kept(person, board, form, paper, query, now)
        _filled(kept, paper.readings)
        _audit(person, board.ident, form, paper.period, paper.readings, now)
    return File(f"{kept.name}.{form}", FORMS[form][1], content)


def order(*, person: Any, board: BoardView, form: str, period: Period, as_shown: dt.datetime | None, now: dt.datetime, query: str = "") -> Print:
    """The same made by a job: what is known now is in it, however late the job comes. Who ordered it is told when it is ready. Raises NotPermitted,
    InvalidInput."""
    _checked(person, form)
    read_at = then.whole_until(now)
    with transaction.atomic():
        keep_units(now=now)
        made = Print.objects.create(
            person_id=person.pk, board=board.ident, name=_name(board, figures.period_words(period)), form=form, language=get_language() or "en",
            query=query, moment=min(as_shown or now, read_at), state=PrintState.DUE, created_at=read_at,
        )  # fmt: skip
        audit.record(actor=person, action="insight.file.ordered", object=f"insight.print:{made.pk}", data={"board": board.ident, "form": form}, now=now)
        jobs.enqueue(kind=JOB, payload={"print": str(made.pk)}, key=f"insight.file:{made.pk}", now=now)
    return made


def find(print_id: str) -> Print | None:
    """For the job: a file that is still to be made."""
    return Print.objects.filter(pk=print_id, state=PrintState.DUE).first()


def make(*, ordered: Print, period: Period, filters: Filters, now: dt.datetime) -> tuple[list[Reading], bytes]:
    """Read and write what was ordered, in its language, under the rights its reader has now. Raises NotPermitted, NotFound."""
    person = directory.get_person(ordered.person_id)
    _require(person, FORMS[ordered.form][0])
    with translation.override(ordered.language):
        board = selectors.board(person, ordered.board)
        paper = _paper(person, board, period, filters, ordered.moment, ordered.created_at)
        failpoint("insight.file_read")
        content = FORMS[ordered.form][2](paper)
    failpoint("insight.file_written")
    return paper.readings, content


def finish(*, ordered: Print, made: tuple[list[Reading], bytes], now: dt.datetime) -> None:
    """Keep the file for some days, and tell who ordered it. In the job's transaction."""
    readings, content = made
    ordered.content, ordered.expires_at = content, now + KEPT
    _filled(ordered, readings)
    _audit(directory.get_person(ordered.person_id), ordered.board, ordered.form, ordered.name, readings, now)
    _tell(ordered, now)
    failpoint("insight.file_kept")


def fail(*, ordered: Print, now: dt.datetime) -> None:
    """It could not be made: the board or the right is gone, or the job gave up."""
    ordered.state = PrintState.FAILED
    ordered.save(update_fields=["state"])
    _tell(ordered, now)


def _tell(ordered: Print, now: dt.datetime) -> None:
    params = {"print": str(ordered.pk), "name": ordered.name, "form": ordered.form, "failed": ordered.state == PrintState.FAILED}
    notifications.notify(kind=FILE_READY, person_ids=[ordered.person_id], params=params, ref=f"insight.print:{ordered.pk}", now=now,
                         dedupe=f"insight.print:{ordered.pk}")
    realtime.push(person_ids=[ordered.person_id], hint={"t": "file", "id": str(ordered.pk)}, now=now)


def take(*, person: Any, print_id: uuid.UUID | str, now: dt.datetime) -> File:
    """The file itself, for who ordered it, with the right it needs today. Raises NotFound, NotPermitted, UnableToTakeFile."""
    found = Print.objects.filter(pk=print_id, person=person.pk).first()
    if found is None or found.form not in FORMS:
        raise NotFound(_("There is no such print of yours."))
    _require(person, FORMS[found.form][0])
    if found.state != PrintState.READY or found.content is None or (found.expires_at and found.expires_at <= now):
        raise UnableToTakeFile({
            PrintState.DUE: _("The file is being made. You are told when it is ready."),
            PrintState.FAILED: _("The file could not be made. Order it again."),
        }.get(PrintState(found.state), _("The file is not kept any more. Its figures are: show the board of that moment, or order it again.")))
    with transaction.atomic():
        audit.record(actor=person, action="insight.file.taken", object=f"insight.print:{found.pk}", data={"form": found.form}, now=now)
    return File(f"{found.name}.{found.form}", FORMS[found.form][1], bytes(found.content))


def require_data(person: Any) -> None:
    """May this person take figures out as data? Raises NotPermitted."""
    _require(person, "data")


def note_table(*, person: Any, path: str, query: str, rows: int, now: dt.datetime) -> None:
    """A flat table went out as CSV: by which address, and how much of it."""
    with transaction.atomic():
        audit.record(actor=person, action="insight.table.exported", object=f"insight.table:{path.rsplit('/api/v1/', 1)[-1]}"[:180], now=now,
                     data={"form": "csv", "query": query[:500], "rows": rows})


def expire(*, now: dt.datetime) -> int:
    """Files whose time is over go; their figures stay. Returns how many."""
    return Print.objects.filter(content__isnull=False, expires_at__lte=now).update(content=None, state=PrintState.EXPIRED)


def keep_mail(*, person: Any, board: BoardView, paper: Paper, query: str, now: dt.datetime) -> Print:
    """A board that went out by mail, as a print."""
    with transaction.atomic():
        kept = _kept(person, board, "mail", paper, query, now)
        _filled(kept, paper.readings)
    return kept


def picture(*, person: Any, board: BoardView, period: Period, now: dt.datetime) -> str:
    """The watermark for pictures that the browser makes of its charts; taking them is audited here. Raises NotPermitted."""
    _require(person, "image")
    with transaction.atomic():
        _audit(person, board.ident, "image", figures.period_words(period), [], now)
    return watermark(person=person, now=now)


def _paper(person: Any, board: BoardView, period: Period, filters: Filters, moment: dt.datetime, now: dt.datetime) -> Paper:
    """The board by the facts of one moment: sums that are still being made again have no part in it."""
    views = selectors.shown(person, board.tiles, period=period, filters=filters, now=now, as_shown=moment)
    return paper_of(person, board, views, period, filters, moment, now)


def paper_of(person: Any, board: BoardView, views: Sequence[TileView], period: Period, filters: Filters, moment: dt.datetime, now: dt.datetime) -> Paper:
    return Paper(
        name=board.name, period=figures.period_words(period), company=_company(), filters=selectors.filter_words(filters, views), views=tuple(views),
        watermark=watermark(person=person, now=now), moment=moment, past=moment < now,
    )  # fmt: skip


def _name(board: BoardView, period: str) -> str:
    return f"{board.name} {period}"


def _kept(person: Any, board: BoardView, form: str, paper: Paper, query: str, now: dt.datetime) -> Print:
    keep_units(now=now)
    return Print(person_id=person.pk, board=board.ident, name=_name(board, paper.period), form=form, language=get_language() or "en", query=query,
                 moment=paper.moment, created_at=now)  # fmt: skip


def _filled(kept: Print, readings: Sequence[Reading]) -> None:
    kept.figures = policies.figures_of(readings)
    kept.digest, kept.state = policies.digest(kept.figures), PrintState.READY
    kept.save()


def _require(person: Any, action: str) -> None:
    decide(person, action, "insight.export").require({
        "data": _("You may not take figures out as data. Ask for the right to export data."),
        "print": _("You may not print boards. Ask for the right to print."),
        "image": _("You may not take pictures of charts. Ask for the right to export pictures."),
    }[action])


def _audit(person: Any, ident: str, form: str, words: str, readings: Sequence[Reading], now: dt.datetime) -> None:
    audit.record(actor=person, action="insight.board.exported", object=f"insight.board:{ident}", now=now,
                 data={"form": form, "period": words, "figures": [one.key for one in readings]})
