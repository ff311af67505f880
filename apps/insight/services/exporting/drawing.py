"""Tiles and charts of a board, drawn for paper: the same figures and words as on the screen, in its colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.units import mm
from reportlab.platypus import Flowable

from apps.insight.payloads import Gauge, Reading
from apps.insight.policies import figures
from apps.insight.selectors.boards import TileView
from apps.insight.services.exporting import fonts

Colour = Any
INK, GREY, LINE, STRONG, GRID = (colors.HexColor(code) for code in ("#14202a", "#576673", "#dbe2e7", "#7d8b98", "#e3e9ed"))
SERIES = tuple(colors.HexColor(code) for code in ("#0b6177", "#8a3a72", "#5b7a2a", "#6c7a87", "#b1512a", "#b8770e"))
TARGET = colors.HexColor("#b8770e")
TONES = {"up": colors.HexColor("#17633a"), "down": colors.HexColor("#834b00"), "flat": GREY}
WARN = colors.HexColor("#834b00")
SYSTEMS = {"oa": ("#0a5a6f", "#e1f0f4"), "erp": ("#573aa3", "#efeafb"), "crm": ("#9a1f63", "#fbe8f2")}
PAD, TILE_HEIGHT, GAUGE_HEIGHT, CHART_HEIGHT = 3.2 * mm, 27 * mm, 30 * mm, 66 * mm
STEPS, PARTS = 4, 12


class Pen:
    """Text in the embedded font, with rare characters from the other one. `bold` thickens the outline."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas

    def text(self, x: float, y: float, words: str, size: float = 8.5, colour: Colour = INK, bold: bool = False) -> float:
        """From the left; returns where it ends."""
        self.canvas.setFillColor(colour)
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(size * 0.022)
        for font, part in fonts.runs(words):
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, y, part, mode=2 if bold else 0)
            x += fonts.width(part, size)
        return x

    def right(self, x: float, y: float, words: str, size: float = 8.5, colour: Colour = INK, bold: bool = False) -> None:
        self.text(x - fonts.width(words, size), y, words, size, colour, bold)

    def line(self, x1: float, y1: float, x2: float, y2: float, colour: Colour = LINE, width: float = 0.5, dash: Sequence[float] = ()) -> None:
        self.canvas.setStrokeColor(colour)
        self.canvas.setLineWidth(width)
        self.canvas.setDash(*((list(dash), 0) if dash else ([], 0)))
        self.canvas.line(x1, y1, x2, y2)
        self.canvas.setDash([], 0)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour, stroke: Colour = None, radius: float = 0) -> None:
        self.canvas.setFillColor(fill)
        self.canvas.setStrokeColor(stroke or fill)
        self.canvas.setLineWidth(0.5)
        self.canvas.roundRect(x, y, width, height, radius, stroke=int(stroke is not None), fill=1)

    def badge(self, x: float, y: float, system: str) -> float:
        """The source, its right end at x; returns its left end."""
        words, (ink, ground) = system.upper(), SYSTEMS.get(system, SYSTEMS["oa"])
        wide = fonts.width(words, 6.2) + 5
        self.box(x - wide, y - 2.2, wide, 9, colors.HexColor(ground), radius=2)
        self.text(x - wide + 2.5, y, words, 6.2, colors.HexColor(ink), bold=True)
        return x - wide

    def triangle(self, x: float, y: float, upward: bool, colour: Colour) -> None:
        path, size = self.canvas.beginPath(), 4.2
        low, high = (y, y + size) if upward else (y + size, y)
        path.moveTo(x, low)
        path.lineTo(x + size, low)
        path.lineTo(x + size / 2, high)
        path.close()
        self.canvas.setFillColor(colour)
        self.canvas.drawPath(path, stroke=0, fill=1)


class Card(Flowable):  # type: ignore[misc]
    """Something in a frame that is never cut by the end of a page."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height

    def wrap(self, _width: float, _height: float) -> tuple[float, float]:
        return self.width, self.height

    def draw(self) -> None:
        pen = Pen(self.canv)
        self.canv.setStrokeColor(LINE)
        self.canv.setLineWidth(0.6)
        self.canv.roundRect(0, 0, self.width, self.height, 6, stroke=1, fill=0)  # not filled: who took it stays legible across
        self.fill(pen)

    def fill(self, pen: Pen) -> None:
        raise NotImplementedError


class FigureCard(Card):
    """A tile: the figure, its months, against the period before and the target, its age, what is left out."""

    def __init__(self, view: TileView, width: float) -> None:
        super().__init__(width, TILE_HEIGHT)
        self.view = view

    def fill(self, pen: Pen) -> None:
        one, top = self.view.reading, self.height - PAD - 6
        left = pen.badge(self.width - PAD, top, one.system)
        pen.text(PAD, top, fonts.fitted(self.view.title, 8, left - PAD - 6), 8, GREY)
        if one.state in ("forbidden", "suppressed"):
            words = _("Not for your role") if one.state == "forbidden" else _("Too few people")
            pen.text(PAD, top - 20, words, 10, GREY)
            return
        number, unit = figures.parts(one.value, one.unit)
        end = pen.text(PAD, top - 22, number, 17, INK, bold=True)
        pen.text(end + (0 if unit == "%" else 3), top - 22, unit, 9, GREY)
        self._spark(pen, top - 24)
        self._against(pen, top - 36)
        self._foot(pen)

    def _spark(self, pen: Pen, y: float) -> None:
        found = self.view.spark
        if not found:
            return
        wide, high = self.width * 0.36, 20.0
        x0 = self.width - PAD - wide
        points = [(x0 + float(x) / 100 * wide, y + high - float(v) / 30 * high) for x, v in (pair.split(",") for pair in found["points"].split())]
        if found["target"]:
            level = y + high - float(found["target"]) / 30 * high
            pen.line(x0, level, x0 + wide, level, STRONG, 0.5, (2, 2))
        for (x1, y1), (x2, y2) in pairwise(points):
            pen.line(x1, y1, x2, y2, SERIES[0], 1)

    def _against(self, pen: Pen, y: float) -> None:
        one, x = self.view.reading, PAD
        if one.state == "empty":
            pen.text(x, y, fonts.fitted(_("Nothing counted in this period"), 7.5, self.width - 2 * PAD), 7.5, GREY)
            return
        change = figures.change_words(one)
        if change:
            tone = TONES[figures.change_tone(one)]
            if one.change:
                pen.triangle(x, y + 0.6, one.change > 0, tone)
                x += 6.5
            x = pen.text(x, y, change, 7.5, tone, bold=True) + 6
        pen.text(x, y, fonts.fitted(_against_words(one), 7.5, self.width - PAD - x), 7.5, GREY)

    def _foot(self, pen: Pen) -> None:
        one, left_out = self.view.reading, sum(part.count for part in self.view.reading.excluded)
        pen.line(PAD, PAD + 9, self.width - PAD, PAD + 9, LINE)
        words = figures.left_out_of(one) if left_out else _("complete") if one.state == "ok" else ""
        pen.right(self.width - PAD, PAD, words, 7, WARN if left_out else GREY)
        room = self.width - 2 * PAD - fonts.width(words, 7) - 6
        pen.text(PAD, PAD, fonts.fitted(figures.age_words(one), 7, room), 7, WARN if one.stale else GREY)


def _against_words(one: Reading) -> str:
    if one.target is not None:
        return figures.target_words(one)
    return _("before %(former)s") % {"former": figures.written(one.former, one.unit)} if one.former is not None else ""


class GaugeCard(Card):
    """A measure of the value meter: its figure, the interval in which the true change lies, the goal, both samples, and whether it is proven."""

    def __init__(self, view: TileView, width: float) -> None:
        super().__init__(width, GAUGE_HEIGHT)
        self.view = view

    def fill(self, pen: Pen) -> None:
        one, top, room = self.view.reading, self.height - PAD - 6, self.width - 2 * PAD
        left = pen.badge(self.width - PAD, top, one.system)
        pen.text(PAD, top, fonts.fitted(self.view.title, 8, left - PAD - 6), 8, GREY)
        gauge = one.gauge
        if gauge is None or one.state in ("forbidden", "suppressed"):
            pen.text(PAD, top - 20, figures.verdict_words(gauge.verdict if gauge else "forbidden"), 10, GREY)
            return
        number, unit = figures.parts(one.value, one.unit)
        end = pen.text(PAD, top - 22, number, 17, INK, bold=True)
        end = pen.text(end + (0 if unit == "%" else 3), top - 22, unit, 9, GREY)
        if gauge.now_days:
            pen.text(end + 10, top - 22, " – ".join(figures.day_words(day) for day in gauge.now_days), 7.2, GREY)
        tone = TONES["up"] if gauge.reached else WARN if gauge.verdict == "worse" else GREY
        pen.right(self.width - PAD, top - 22, figures.verdict_words(gauge.verdict), 9, tone, bold=True)
        self._interval(pen, gauge, top - 36)
        pen.text(PAD, top - 49, fonts.fitted(figures.proof_words(gauge), 7.2, room), 7.2, GREY)
        if gauge.control:
            words = _("not live yet: %(value)s, n %(count)s") % {"value": figures.written(gauge.control.value, one.unit), "count": gauge.control.count}
            beside = figures.interval_words(gauge.control, gauge.in_points)
            pen.text(PAD, top - 60, fonts.fitted(f"{words}; {beside}" if beside else words, 7.2, room), 7.2, GREY)

    def _interval(self, pen: Pen, gauge: Gauge, y: float) -> None:
        """Better is to the right; the line is the goal."""
        wide = self.width - 2 * PAD
        pen.box(PAD, y, wide, 7, GRID, radius=2)
        if gauge.low is None or gauge.high is None:
            return
        low, high = sorted(figures.place_of(value, gauge.better) / 100 * wide for value in (gauge.low, gauge.high))
        pen.box(PAD + low, y + 1.5, max(high - low, 2), 4, TONES["up"] if gauge.reached else WARN if gauge.verdict == "worse" else SERIES[0], radius=1)
        if gauge.target is not None:
            goal = PAD + figures.place_of(gauge.target, gauge.better) / 100 * wide
            pen.line(goal, y - 1, goal, y + 8, STRONG, 1)


class ChartCard(Card):
    """A chart with its finding in one sentence."""

    def __init__(self, view: TileView, width: float) -> None:
        super().__init__(width, CHART_HEIGHT)
        self.view = view

    def fill(self, pen: Pen) -> None:
        top = self.height - PAD - 7
        left = pen.badge(self.width - PAD, top, self.view.reading.system)
        pen.text(PAD, top, fonts.fitted(self.view.title, 10, left - PAD - 6), 10, INK, bold=True)
        pen.text(PAD, top - 12, fonts.fitted(self.view.finding, 7.2, self.width - 2 * PAD), 7.2, GREY)
        chart, floor = self.view.chart, PAD
        if self.view.reading.old:
            words = ", ".join(_("Grey: formula %(version)d") % {"version": old.version} for old in self.view.reading.old)
            pen.text(PAD, floor, words, 6.8, GREY)
            floor += 10
        frame = (PAD, floor, self.width - 2 * PAD, top - 20 - floor)
        (_draw_parts if chart["kind"] == "parts" else _draw_columns)(pen, chart, frame)


Frame = tuple[float, float, float, float]


def _draw_parts(pen: Pen, chart: dict[str, Any], frame: Frame) -> None:
    """Bars from zero, each with its name and its figure; of many the first."""
    x, y, wide, high = frame
    line = chart["series"][0]
    count = min(len(chart["labels"]), PARTS)
    step = min(high / max(count, 1), 15.0)
    room = max(fonts.width(text, 7) for text in line["texts"][:count]) + 8
    label = min(wide * 0.36, max(fonts.width(text, 7.2) for text in chart["labels"][:count]) + 8)
    most = max((abs(value) for value in line["values"] if value is not None), default=0) or 1
    for index in range(count):
        base, value = y + high - (index + 1) * step + step * 0.28, line["values"][index]
        pen.text(x, base, fonts.fitted(chart["labels"][index], 7.2, label - 4), 7.2)
        length = 0 if value is None else max(0.0, value) / most * (wide - label - room)
        if length:
            pen.box(x + label, base - step * 0.12, length, step * 0.62, SERIES[0], radius=1.2)
        pen.text(x + label + length + 4, base, line["texts"][index], 7.2)


def _draw_columns(pen: Pen, chart: dict[str, Any], frame: Frame) -> None:
    """Columns or lines over months or other words, with a grid, a target and, for several, a legend."""
    x, y, wide, high = frame
    series, labels = chart["series"], chart["labels"]
    if len(series) > 1:
        _legend(pen, series, x, y + high - 7, wide)
        high -= 13
    stacked = bool(chart.get("stacked"))
    top, bottom = _reach(series, stacked)
    step = _round_step((top - bottom) / STEPS)
    ticks = [bottom + step * n for n in range(round((top - bottom) / step) + 1)]
    gutter = max(fonts.width(_tick(value, chart["unit"]), 6.5) for value in ticks) + 5
    left, floor, room, tall = x + gutter, y + 11, wide - gutter, high - 17

    def at(value: float) -> float:
        return floor + (value - bottom) / (top - bottom) * tall

    for value in ticks:
        pen.line(left, at(value), left + room, at(value), STRONG if not round(value / step, 6) else GRID)
        pen.right(left - 4, at(value) - 2.2, _tick(value, chart["unit"]), 6.5, GREY)
    slot = room / max(len(labels), 1)
    every = max(1, round(0.5 + max(fonts.width(label, 6.5) + 4 for label in labels) / slot))
    for index, label in enumerate(labels):
        if (len(labels) - 1 - index) % every == 0:
            words = fonts.fitted(label, 6.5, slot * every)
            wide_of = fonts.width(words, 6.5)
            pen.text(min(left + slot * (index + 0.5) - wide_of / 2, left + room - wide_of), y, words, 6.5, GREY)
    bars = [line for line in series if line["role"] == "main"] if chart["kind"] in ("bars", "table") or stacked else []
    heights = [0.0] * len(labels)
    for number, line in enumerate(bars):
        _columns(pen, line, SERIES[number % len(SERIES)], (left, slot), (number, len(bars)), at, heights if stacked else None, chart["running"])
    for number, line in enumerate(series):
        if line not in bars:
            _polyline(pen, line, number, (left, slot), at)


def _reach(series: Sequence[dict[str, Any]], stacked: bool) -> tuple[float, float]:
    """From where to where the axis goes: always with zero."""
    values = [value for line in series for value in line["values"] if value is not None]
    if stacked:
        values += [sum(value or 0 for value in some) for some in zip(*(line["values"] for line in series if line["role"] == "main"), strict=True)]
    high, low = max([*values, 0.0]), min([*values, 0.0])
    step = _round_step((high - low) / STEPS or 0.25)
    return math.ceil(high / step - 1e-9) * step or (0.0 if low else 1.0), math.floor(low / step + 1e-9) * step


def _round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * (1 - 1e-9))


def _columns(pen: Pen, line: dict[str, Any], colour: Colour, place: tuple[float, float], turn: tuple[int, int], at: Any, heights: list[float] | None,
             running: Sequence[int]) -> None:
    left, slot = place
    number, of = turn if heights is None else (0, 1)
    thick = min(slot * 0.66 / of, 20.0)
    for index, value in enumerate(line["values"]):
        if value is None:
            continue
        begin = heights[index] if heights is not None else 0.0
        x = left + slot * (index + 0.5) - thick * of / 2 + thick * number
        pen.canvas.setFillAlpha(0.5 if index in running else 1)
        pen.box(x, min(at(begin), at(begin + value)), thick - (0.6 if of > 1 else 0), abs(at(begin + value) - at(begin)), colour)
        pen.canvas.setFillAlpha(1)
        if heights is not None:
            heights[index] += value


def _polyline(pen: Pen, line: dict[str, Any], number: int, place: tuple[float, float], at: Any) -> None:
    left, slot = place
    colour = _colour(line, number)
    points = [(left + slot * (index + 0.5), at(value)) for index, value in enumerate(line["values"]) if value is not None]
    for (x1, y1), (x2, y2) in pairwise(points):
        pen.line(x1, y1, x2, y2, colour, 1.1, {"target": (4, 3), "old": (1, 2)}.get(line["role"], ()))
    if line["role"] == "main":
        for x, y in points:
            pen.canvas.setFillColor(colour)
            pen.canvas.circle(x, y, 1.5, stroke=0, fill=1)


def _colour(line: dict[str, Any], number: int) -> Colour:
    return TARGET if line["role"] == "target" else STRONG if line["role"] == "old" else SERIES[number % len(SERIES)]


def _legend(pen: Pen, series: Sequence[dict[str, Any]], x: float, y: float, wide: float) -> None:
    room = wide / len(series)
    for number, line in enumerate(series):
        pen.box(x, y, 7, 4.5, _colour(line, number))
        words = fonts.fitted(line["name"], 6.8, room - 16)
        x = pen.text(x + 10, y - 0.5, words, 6.8, GREY) + 10


def _tick(value: float, unit: str) -> str:
    return figures.short(value, unit)
