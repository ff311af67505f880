"""Figures as rows: CSV and Excel."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from apps.insight.payloads import Reading
from apps.insight.policies import figures
from apps.insight.selectors.boards import TileView

Cell = str | int | Decimal | None
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would take for a formula


def safe(cell: Cell) -> Cell:
    """Text that a spreadsheet would compute is marked as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(DANGEROUS) else cell


def heads() -> list[str]:
    return [_("Figure"), _("System"), _("Period"), _("Value"), _("Unit"), _("Target"), _("Before"), _("Records"), _("Not counted"), _("As of"), _("Formula")]


def units(unit: str) -> str:
    return {"money": _("money"), "percent": "%", "days": _("days"), "hours": _("hours")}.get(unit, _("count"))


def row_of(reading: Reading, period: str) -> list[Cell]:
    as_of = min(reading.as_of.values(), default=None)
    return [
        reading.title, reading.system.upper(), period, reading.value, units(reading.unit), reading.target, reading.former, reading.rows,
        sum(one.count for one in reading.excluded), as_of.isoformat(timespec="minutes") if as_of else "", reading.formula,
    ]  # fmt: skip


def months_of(readings: Sequence[Reading]) -> Iterator[list[Cell]]:
    for reading in readings:
        for point in reading.series:
            yield [reading.title, reading.system.upper(), f"{point.start:%Y-%m}", point.value, units(reading.unit)]


def parts_of(readings: Sequence[Reading]) -> Iterator[list[Cell]]:
    for reading in readings:
        for share in reading.breakdown:
            yield [reading.title, figures.dimension_words(reading.breakdown_by), figures.share_words(share), share.value, units(reading.unit)]


def as_csv(name: str, period: str, readings: Sequence[Reading], views: Sequence[TileView], watermark: str) -> bytes:
    """One table, the period first and then the months of each figure; the last line says whose it is. With the mark that Excel knows UTF-8 by."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(heads())
    for row in (*(row_of(reading, period) for reading in readings), *months_of(readings)):
        writer.writerow([safe(cell) for cell in row])
    writer.writerow([safe(f"{name}: {watermark}")])
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(name: str, period: str, readings: Sequence[Reading], views: Sequence[TileView], watermark: str) -> bytes:
    """Three sheets: figures, months, parts. Numbers are numbers; nothing is ever a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    book.set_properties({"title": name, "comments": watermark})
    bold, grey = book.add_format({"bold": True}), book.add_format({"font_color": "#576673"})
    tables: tuple[tuple[str, list[str], list[list[Cell]]], ...] = (
        (_("Figures"), heads(), [row_of(reading, period) for reading in readings]),
        (_("Months"), [_("Figure"), _("System"), _("Month"), _("Value"), _("Unit")], list(months_of(readings))),
        (_("Parts"), [_("Figure"), _("Dimension"), _("Part"), _("Value"), _("Unit")], list(parts_of(readings))),
    )
    for title, columns, rows in tables:
        sheet = book.add_worksheet(title)
        sheet.set_footer(f"&L{watermark.replace('&', '&&')}&R&P / &N")
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.write_string(0, 0, f"{name}: {period}", bold)
        sheet.write_string(1, 0, watermark, grey)
        _table(sheet, columns, rows, bold)
    book.close()
    return out.getvalue()


def _table(sheet: Any, columns: list[str], rows: list[list[Cell]], bold: Any) -> None:
    for index, column in enumerate(columns):
        sheet.write_string(3, index, column, bold)
        sheet.set_column(index, index, max(12, min(60, len(column) + 4)))
    sheet.set_column(0, 0, 30)
    sheet.freeze_panes(4, 1)
    for number, row in enumerate(rows, start=4):
        for index, cell in enumerate(row):
            if isinstance(cell, Decimal | int):
                sheet.write_number(number, index, float(cell))
            elif cell:
                sheet.write_string(number, index, cell)
