"""Figures as rows: CSV and Excel."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from apps.core import clock
from apps.insight.payloads import Reading
from apps.insight.policies import figures
from apps.insight.services.exporting.paper import Paper

Cell = str | int | Decimal | dt.date | dt.datetime | None
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula
# How Excel writes a number of each unit; a percentage is a share of one there.
NUMBERS = {"money": "#,##0.00", "percent": "0.0%", "count": "#,##0", "days": "#,##0.0", "hours": "#,##0.0", "seconds": "#,##0", "per_hour": "#,##0.00"}
DAY, MOMENT, MONTH = "yyyy-mm-dd", "yyyy-mm-dd hh:mm", "yyyy-mm"


def safe(cell: Cell) -> Cell:
    """Text that a spreadsheet would compute is marked as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def heads() -> list[str]:
    return [_("Figure"), _("System"), _("Period"), _("Value"), _("Unit"), _("Target"), _("Before"), _("Records"), _("Not counted"), _("As of"), _("Formula")]


def units(unit: str) -> str:
    found = {"money": _("money"), "percent": "%", "days": _("days"), "hours": _("hours"), "seconds": _("seconds"), "per_hour": _("per hour")}
    return found.get(unit, _("count"))


def row_of(reading: Reading, period: str) -> list[Cell]:
    as_of = min(reading.as_of.values(), default=None)
    return [
        reading.title, reading.system.upper(), period, reading.value, units(reading.unit), reading.target, reading.former, reading.rows,
        sum(one.count for one in reading.excluded), as_of.isoformat(timespec="minutes") if as_of else "", reading.formula,
    ]  # fmt: skip


def heads_of_proof() -> list[str]:
    return [_("Figure"), _("Verdict"), _("Change"), _("From"), _("To"), _("Goal"), _("Before"), _("n before"), _("Now"), _("n now"),
            _("Not live yet"), _("n not live yet"), _("Change against them")]  # fmt: skip


def proof_of(reading: Reading) -> list[Cell]:
    """What a measure of the value meter says, number by number; changes in percent, of shares in points."""
    one = reading.gauge
    if one is None:
        return []
    two = one.control
    beside: list[Cell] = [two.value, two.count, figures.interval_words(two, one.in_points)] if two else [None, None, ""]
    return [reading.title, figures.verdict_words(one.verdict), *(figures.shift(value, one.in_points) if value is not None else ""
            for value in (one.change, one.low, one.high, one.target)), one.before, one.before_count, one.now, one.now_count, *beside]  # fmt: skip


def months_of(readings: Sequence[Reading]) -> Iterator[list[Cell]]:
    for reading in readings:
        for point in reading.series:
            yield [reading.title, reading.system.upper(), f"{point.start:%Y-%m}", point.value, units(reading.unit)]


def parts_of(readings: Sequence[Reading]) -> Iterator[list[Cell]]:
    for reading in readings:
        for share in reading.breakdown:
            yield [reading.title, figures.dimension_words(reading.breakdown_by), figures.share_words(share), share.value, units(reading.unit)]


def as_csv(paper: Paper) -> bytes:
    """One table, the period first and then the months of each figure; then, where there are any, what measures of the value meter prove, under heads of
    their own; the last line says whose it is. With the mark that Excel knows UTF-8 by."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads())
    for row in (*(row_of(reading, paper.period) for reading in paper.readings), *months_of(paper.readings)):
        writer.writerow([safe(cell) for cell in row])
    measures = [proof_of(reading) for reading in paper.readings if reading.gauge]
    if measures:
        writer.writerow(heads_of_proof())
        writer.writerows([safe(cell) for cell in row] for row in measures)
    writer.writerow([safe(f"{paper.name}: {paper.watermark}")])
    return out.getvalue().encode("utf-8-sig")


Sheet = tuple[str, list[str], list[tuple[str, list[Cell]]]]  # title, heads, rows with the unit of their numbers


def as_xlsx(paper: Paper) -> bytes:
    """Figures, months, parts, what is not counted, notes: a sheet each. Numbers are numbers of their unit, moments are moments; nothing is ever a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties({"title": f"{paper.name}: {paper.period}", "comments": paper.watermark, "company": paper.company})
    writer = _Writer(book, paper)
    for sheet in _sheets(paper):
        writer.write(*sheet)
    book.close()
    return out.getvalue()


def _sheets(paper: Paper) -> Iterator[Sheet]:
    found = paper.readings
    yield _("Figures"), heads(), [(one.unit, _with_moment(one, row_of(one, paper.period))) for one in found]
    yield (_("Months"), [_("Figure"), _("System"), _("Month"), _("Value"), _("Unit")],
           [(one.unit, [one.title, one.system.upper(), point.start, point.value, units(one.unit)]) for one in found for point in one.series])  # fmt: skip
    yield (_("Parts"), [_("Figure"), _("Dimension"), _("Part"), _("Value"), _("Unit")], [(one.unit, row) for one in found for row in parts_of([one])])
    if any(one.gauge for one in found):
        yield _("Value meter"), heads_of_proof(), [(one.unit, proof_of(one)) for one in found if one.gauge]
    yield (_("Not counted"), [_("Figure"), _("Reason"), _("Records"), _("Value")],
           [(one.unit, [one.title, left.words, left.count, left.amount]) for one in found for left in one.excluded])  # fmt: skip
    yield (_("Notes"), [_("Figure"), _("Note"), _("Written by"), _("At")],
           [(one.unit, [one.title, note.text, note.author, _local(note.at)]) for one in found for note in one.notes])  # fmt: skip


def _with_moment(one: Reading, row: list[Cell]) -> list[Cell]:
    as_of = min(one.as_of.values(), default=None)
    return [*row[:-2], _local(as_of) if as_of else "", row[-1]]


def _local(moment: dt.datetime) -> dt.datetime:
    """As the company's clock said it: Excel knows no zones."""
    return moment.astimezone(clock.company_zone()).replace(tzinfo=None)


class _Writer:
    def __init__(self, book: Any, paper: Paper) -> None:
        self.book, self.paper = book, paper
        self.bold, self.grey = book.add_format({"bold": True, "font_size": 13}), book.add_format({"font_color": "#576673"})
        self.head = book.add_format({"bold": True, "bg_color": "#e1f0f4", "bottom": 1, "text_wrap": True, "valign": "top"})
        self.words = book.add_format({"text_wrap": True, "valign": "top"})
        self.formats = {form: book.add_format({"num_format": form, "valign": "top"}) for form in {*NUMBERS.values(), DAY, MOMENT, MONTH}}

    def write(self, title: str, columns: list[str], rows: list[tuple[str, list[Cell]]]) -> None:
        sheet = self.book.add_worksheet(title)
        sheet.set_footer(f"&L{self.paper.watermark.replace('&', '&&')}&R&P / &N")
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(3)
        words = [self.paper.period, *self.paper.filters, figures.moment_words(self.paper.moment, self.paper.past)]
        sheet.write_string(0, 0, self.paper.name, self.bold)
        sheet.write_string(1, 0, " · ".join(words), self.grey)
        sheet.write_string(2, 0, self.paper.watermark, self.grey)
        for index, column in enumerate(columns):
            sheet.write_string(3, index, column, self.head)
            sheet.set_column(index, index, _wide(column, [row[index] for _unit, row in rows]))
        sheet.freeze_panes(4, 1)
        if rows:
            sheet.autofilter(3, 0, 3 + len(rows), len(columns) - 1)
        for number, (unit, row) in enumerate(rows, start=4):
            for index, cell in enumerate(row):
                self._cell(sheet, number, index, cell, unit)

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell, unit: str) -> None:
        if isinstance(cell, Decimal):
            sheet.write_number(row, column, float(cell / 100 if unit == "percent" else cell), self.formats[NUMBERS.get(unit, NUMBERS["count"])])
        elif isinstance(cell, int):
            sheet.write_number(row, column, cell, self.formats[NUMBERS["count"]])
        elif isinstance(cell, dt.datetime):
            sheet.write_datetime(row, column, cell, self.formats[MOMENT])
        elif isinstance(cell, dt.date):
            sheet.write_datetime(row, column, cell, self.formats[MONTH])
        elif cell:
            sheet.write_string(row, column, cell, self.words)


def _wide(head: str, cells: Sequence[Cell]) -> int:
    """As wide as its words, within reason; Chinese characters count twice."""
    words = [head, *(str(cell) for cell in cells if cell is not None)]
    return max(11, min(58, 3 + max(sum(2 if letter > "\u2e7f" else 1 for letter in text) for text in words)))
