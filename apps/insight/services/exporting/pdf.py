"""A board on paper: tiles and charts as on the screen, then every figure in full; who took it across every page."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from apps.insight.payloads import Reading
from apps.insight.policies import figures
from apps.insight.selectors.boards import TileView
from apps.insight.services.exporting import fonts
from apps.insight.services.exporting.drawing import GREY, INK, LINE, ChartCard, FigureCard, GaugeCard, Pen
from apps.insight.services.exporting.paper import Paper

PAGE = landscape(A4)
SIDE, TOP, BOTTOM, GAP = 14 * mm, 10 * mm, 14 * mm, 4 * mm
FRAME = 6  # what a frame keeps free inside of its edges
WIDTH = PAGE[0] - 2 * SIDE
ACROSS = colors.Color(0.04, 0.38, 0.47, alpha=0.085)
IN_A_ROW = 4


def as_pdf(paper: Paper) -> bytes:
    """A4 across. Tiles, charts and rows of tables are never cut by the end of a page; heads of tables stand on each."""
    fonts.known()
    out = io.BytesIO()
    document = SimpleDocTemplate(out, pagesize=PAGE, leftMargin=SIDE - FRAME, rightMargin=SIDE - FRAME, topMargin=TOP, bottomMargin=BOTTOM,
                                 title=f"{paper.name}: {paper.period}", author=paper.watermark, subject=paper.period)  # fmt: skip
    story: list[Flowable] = [_Head(paper), Spacer(1, GAP)]
    for some in _rows([view for view in paper.views if view.tile.is_figure], IN_A_ROW):
        story += [_beside([FigureCard(view, _wide(IN_A_ROW)) for view in some]), Spacer(1, GAP)]
    for some in _rows([view for view in paper.views if view.tile.look == "meter"], 2):
        story += [_beside([GaugeCard(view, _wide(2)) for view in some]), Spacer(1, GAP)]
    for some in _rows([view for view in paper.views if not view.tile.is_figure and view.chart and view.state == "ok"], 2):
        story += [_beside([ChartCard(view, _wide(2)) for view in some]), Spacer(1, GAP)]
    story += _in_full(paper.readings)

    class Numbered(_Numbered):
        mark = paper.watermark

    document.build(story, onFirstPage=_across(paper), onLaterPages=_across(paper), canvasmaker=Numbered)
    return out.getvalue()


def _wide(of: int) -> float:
    return (WIDTH - (of - 1) * GAP) / of


def _rows(views: Sequence[TileView], size: int) -> Iterator[Sequence[TileView]]:
    return (views[start : start + size] for start in range(0, len(views), size))


def _beside(cards: Sequence[Any]) -> Flowable:
    widths = [card.width + GAP for card in cards]
    table = Table([list(cards)], colWidths=widths, rowHeights=[cards[0].height], hAlign="LEFT")
    table.setStyle(TableStyle([(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]))
    return table


class _Head(Flowable):  # type: ignore[misc]
    """The board's name, the period, the filters, and of which moment it is."""

    def __init__(self, paper: Paper) -> None:
        super().__init__()
        self.paper, self.width, self.height = paper, WIDTH, 40

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        pen, paper = Pen(self.canv), self.paper
        pen.text(0, 22, fonts.fitted(paper.name, 18, WIDTH * 0.7), 18, INK, bold=True)
        pen.right(WIDTH, 24, paper.company, 9, GREY)
        words = [paper.period, *paper.filters, figures.moment_words(paper.moment, paper.past)]
        pen.text(0, 7, fonts.fitted(" · ".join(words), 9, WIDTH), 9, GREY)
        pen.line(0, 0, WIDTH, 0, LINE, 0.8)


class _Numbered(Canvas):  # type: ignore[misc]
    """Page n of m, which is known at the end alone, and who took it."""

    mark = ""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - its name
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self) -> None:
        for page in self._pages:
            self.__dict__.update(page)
            pen = Pen(self)
            pen.text(SIDE, 8 * mm, self.mark, 7.5, GREY)
            pen.right(PAGE[0] - SIDE, 8 * mm, f"{self._pageNumber} / {len(self._pages)}", 7.5, GREY)
            super().showPage()
        super().save()


def _across(paper: Paper) -> Any:
    """Large and pale under what stands on the page."""

    def mark(canvas: Any, _document: Any) -> None:
        canvas.saveState()
        canvas.translate(PAGE[0] / 2, PAGE[1] / 2)
        canvas.rotate(24)
        size = min(24.0, 0.92 * PAGE[0] / fonts.width(paper.watermark, 1))
        Pen(canvas).text(-fonts.width(paper.watermark, size) / 2, 0, paper.watermark, size, ACROSS)
        canvas.restoreState()

    return mark


def _text(words: str, size: float = 7.8, colour: Any = INK, right: bool = False) -> Paragraph:
    style = ParagraphStyle("plain", fontName=fonts.FONT, fontSize=size, leading=size * 1.35, textColor=colour, alignment=2 if right else 0,
                           wordWrap="CJK" if _wraps_anywhere(words) else None)  # fmt: skip
    return Paragraph(fonts.marked_up(words), style)


def _wraps_anywhere(words: str) -> bool:
    """Chinese has no spaces to break a line at."""
    return any("\u4e00" <= letter <= "\u9fff" for letter in words)


def _in_full(readings: Sequence[Reading]) -> list[Flowable]:
    """Every figure to the last digit, with its formula, what is left out of it and what people wrote on it."""
    if not readings:
        return []
    heads = [_("Figure"), _("Value"), _("Change to before"), _("Target"), _("Before"), _("Records"), _("Not counted"), _("As of"), _("Formula")]
    rows = [[_text(head, 7, GREY, right=0 < index < 6) for index, head in enumerate(heads)], *(_row(one) for one in readings)]
    widths = [38, 29, 18, 25, 29, 14, 29, 22]
    table = Table(rows, colWidths=[*(width * mm for width in widths), WIDTH - sum(widths) * mm], repeatRows=1, splitInRow=0, hAlign="LEFT")
    table.setStyle(TableStyle([
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3), ("TOPPADDING", (0, 0), (-1, -1), 2.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]))  # fmt: skip
    return [CondPageBreak(45 * mm), _text(_("Every figure in full"), 11), Spacer(1, 2 * mm), table, *_notes(readings)]


def _row(one: Reading) -> list[Paragraph]:
    target = figures.exact(one.target, one.unit) if one.target is not None else ""
    left_out = "; ".join(figures.left_out_in_full(part) for part in one.excluded)
    formula = _("%(formula)s (formula %(version)d)") % {"formula": one.formula, "version": one.version}
    if one.gauge:
        formula = f"{figures.proof_words(one.gauge)}. {formula}"
    return [
        _text(one.title), _text(figures.exact(one.value, one.unit), right=True), _text(figures.change_words(one), right=True), _text(target, right=True),
        _text(figures.exact(one.former, one.unit) if one.former is not None else "", right=True), _text(str(one.rows), right=True), _text(left_out),
        _text(figures.age_words(one), 7, GREY), _text(formula, 7, GREY),
    ]  # fmt: skip


def _notes(readings: Sequence[Reading]) -> list[Flowable]:
    found = [(one, note) for one in readings for note in one.notes]
    if not found:
        return []
    rows = [[_text(one.title), _text(note.text), _text(f"{note.author}, {figures.moment_words(note.at, None)}", 7, GREY)] for one, note in found]
    table = Table(rows, colWidths=[46 * mm, WIDTH - 106 * mm, 60 * mm], hAlign="LEFT")
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 2)]))
    return [Spacer(1, 5 * mm), CondPageBreak(25 * mm), _text(_("Notes"), 11), Spacer(1, 2 * mm), table]
