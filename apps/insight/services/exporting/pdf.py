"""A board on paper: the figures as a table, each chart as bars, who took it across every page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from apps.insight.payloads import Reading
from apps.insight.policies import figures
from apps.insight.selectors.boards import TileView

# One of the fonts every reader of PDF brings for Chinese; Latin and digits are in it too.
FONT = "STSong-Light"
INK, GREY, PETROL, LINE = colors.HexColor("#14202a"), colors.HexColor("#576673"), colors.HexColor("#0b6177"), colors.HexColor("#dbe2e7")
WIDTH, BAR, GAP, LABEL = 250 * mm, 11, 5, 130
WORDS = str.maketrans({"−": "-", "–": "-", "’": "'", "<": "&lt;", ">": "&gt;", "&": "&amp;"})


def _text(words: str, size: float = 9, colour: Any = INK) -> Paragraph:
    return Paragraph(words.translate(WORDS), ParagraphStyle("plain", fontName=FONT, fontSize=size, leading=size * 1.4, textColor=colour, wordWrap="CJK"))


def _plain(words: str) -> str:
    return words.replace("−", "-").replace("–", "-").replace("’", "'")


def as_pdf(name: str, period: str, readings: Sequence[Reading], views: Sequence[TileView], watermark: str) -> bytes:
    """A4 across; every page carries the watermark twice: legible below, large and pale across."""
    pdfmetrics.registerFont(UnicodeCIDFont(FONT))
    out = io.BytesIO()
    document = SimpleDocTemplate(out, pagesize=landscape(A4), leftMargin=18 * mm, rightMargin=18 * mm, topMargin=16 * mm, bottomMargin=18 * mm,
                                 title=name, author=watermark)
    story: list[Flowable] = [_text(name, 18), _text(period, 11, GREY), Spacer(1, 5 * mm), _figures(readings)]
    for view in views:
        if view.chart and view.state == "ok":
            story += [Spacer(1, 7 * mm), KeepTogether([_text(view.title, 12), _text(view.finding, 9, GREY), Spacer(1, 2 * mm), _bars(view)])]

    def marked(canvas: Any, _document: Any) -> None:
        _mark(canvas, watermark)

    document.build(story, onFirstPage=marked, onLaterPages=marked)
    return out.getvalue()


def _mark(canvas: Any, watermark: str) -> None:
    width, height = landscape(A4)
    canvas.saveState()
    canvas.setFont(FONT, 8)
    canvas.setFillColor(GREY)
    canvas.drawString(18 * mm, 9 * mm, watermark)
    canvas.drawRightString(width - 18 * mm, 9 * mm, str(canvas.getPageNumber()))
    canvas.setFont(FONT, 22)
    canvas.setFillColor(colors.Color(0.04, 0.38, 0.47, alpha=0.07))
    canvas.translate(width / 2, height / 2)
    canvas.rotate(24)
    canvas.drawCentredString(0, 0, watermark)
    canvas.restoreState()


def _figures(readings: Sequence[Reading]) -> Table:
    heads = [_("Figure"), _("Value"), _("Change to before"), _("Target"), _("Not counted"), _("Formula")]
    rows = [[_text(head, 8, GREY) for head in heads]]
    for one in readings:
        target = figures.written(one.target, one.unit) if one.target is not None else ""
        left_out = sum(part.count for part in one.excluded)
        rows.append([_text(one.title), _text(figures.written(one.value, one.unit)), _text(figures.change_words(one)), _text(target),
                     _text(str(left_out) if left_out else ""), _text(one.formula, 7.5, GREY)])
    table = Table(rows, colWidths=[52 * mm, 30 * mm, 24 * mm, 26 * mm, 22 * mm, 106 * mm], repeatRows=1)
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _bars(view: TileView) -> Drawing:
    """The first series as bars from zero, each with its label and its figure."""
    labels, line = view.chart["labels"], view.chart["series"][0]
    most = max((abs(value) for value in line["values"] if value is not None), default=0) or 1
    height = len(labels) * (BAR + GAP)
    drawing = Drawing(WIDTH, height)
    for index, label in enumerate(labels):
        value, y = line["values"][index], height - (index + 1) * (BAR + GAP) + GAP
        length = 0 if value is None else max(0.0, value) / most * (WIDTH - LABEL - 110)
        drawing.add(String(0, y + 2, _plain(label), fontName=FONT, fontSize=8, fillColor=INK))
        drawing.add(Rect(LABEL, y, length, BAR, fillColor=PETROL, strokeColor=None))
        drawing.add(String(LABEL + length + 4, y + 2, _plain(line["texts"][index]), fontName=FONT, fontSize=8, fillColor=INK))
    return drawing
