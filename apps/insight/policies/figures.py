"""How a figure is written, drawn and said: the same words on tiles, in tables, in exports and to a screen reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from apps.core import clock
from apps.core.templatetags.atrium import DASH, MONTHS, money, money_short, quantity
from apps.insight.payloads import Control, Exclusion, Gauge, Part, PartValue, Period, Pivot, Point, Reading, Share
from apps.insight.policies.periods import DAY

WIDTH, HEIGHT, EDGE = 100, 30, 2
WORST, BEST = 20.0, -80.0  # the ends of a gauge, in percent or points
TIP = 2.5  # how wide the arrow is at an end that is not the last
DIMENSIONS = ("department", "product_line", "region")


def written(value: Decimal | None, unit: str) -> str:
    """Short, with its unit: ¥4.82 M, 93.4%, 41 days."""
    number, suffix = parts(value, unit)
    tight = suffix in ("%", "万", "亿", "")
    return f"{number}{'' if tight else ' '}{suffix}"


def exact(value: Decimal | None, unit: str) -> str:
    """To the last digit, for tables: ¥4,820,114.50."""
    return money(value, settings.COMPANY_CURRENCY) if unit == "money" else written(value, unit)


def parts(value: Decimal | None, unit: str) -> tuple[str, str]:
    """(number, unit), so that the unit can be set smaller. The size word of an amount (M, 万) counts as its unit."""
    if value is None:
        return DASH, ""
    if unit == "money":
        text = money_short(value, settings.COMPANY_CURRENCY)
        number, _space, size = text.partition(" ")
        if text[-1] in "万亿":
            return text[:-1], text[-1]
        return number, size
    if unit == "seconds":
        return _lasting(value)
    return quantity(value), _suffix(value, unit)


def money_sign() -> str:
    """Of the company's currency: ¥."""
    return money_short(Decimal(0), settings.COMPANY_CURRENCY).rstrip("0.")


def _suffix(value: Decimal, unit: str) -> str:
    count = _many(value)
    return {"percent": "%", "days": ngettext("day", "days", count), "hours": ngettext("hour", "hours", count), "per_hour": _("per hour")}.get(unit, "")


def _many(value: Decimal) -> int:
    """For ngettext: 1.9 and 0.5 take the plural, as 2 does."""
    return 1 if value == 1 else 2


def _lasting(seconds: Decimal) -> tuple[str, str]:
    """Seconds in the unit that people would say."""
    if seconds < 120:
        return quantity(seconds), ngettext("second", "seconds", _many(seconds))
    if seconds < 7200:
        minutes = (seconds / 60).quantize(Decimal("0.1"))
        return quantity(minutes), ngettext("minute", "minutes", _many(minutes))
    hours = (seconds / 3600).quantize(Decimal("0.1"))
    return quantity(hours), ngettext("hour", "hours", _many(hours))


def change_words(reading: Reading) -> str:
    """Against the period before: +8.1% or −1.2 pt; "" when there is nothing to compare with."""
    change = reading.change
    if change is None:
        return ""
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    amount = quantity(abs(change).quantize(Decimal("0.1")))
    return _("%(change)s pt") % {"change": f"{sign}{amount}"} if reading.unit == "percent" else f"{sign}{amount}%"


def change_tone(reading: Reading) -> str:
    """up (better), down (worse) or flat: by the direction that is better, not by the sign."""
    change = reading.change
    if not change or reading.direction == "none":
        return "flat"
    return "up" if (change > 0) == (reading.direction == "up") else "down"


def change_icon(reading: Reading) -> str:
    change = reading.change
    return "minus" if not change else "arrow-up-right" if change > 0 else "arrow-down-right"


def on_target(reading: Reading) -> bool | None:
    """None: no target, no figure, or no better way."""
    if reading.target is None or reading.value is None or reading.direction == "none":
        return None
    return reading.value >= reading.target if reading.direction == "up" else reading.value <= reading.target


def target_words(reading: Reading) -> str:
    """target ¥4 M · below target ¥4 M · above target 5 days: on the wrong side it says which; "" without a target."""
    if reading.target is None:
        return ""
    words = {"target": written(reading.target, reading.unit)}
    if on_target(reading) is not False:
        return _("target %(target)s") % words
    return _("below target %(target)s") % words if reading.direction == "up" else _("above target %(target)s") % words


def month_words(point: Point) -> str:
    return month_name(point.start)


def month_name(start: dt.date) -> str:
    """Nov 2026 · 2026年11月."""
    if (get_language() or "").startswith("zh"):
        return f"{start.year}年{start.month}月"
    return f"{MONTHS[start.month - 1]} {start.year}"


def week_name(monday: dt.date) -> str:
    """W47, 16 Nov · 第47周 11月16日: by ISO 8601."""
    week = monday.isocalendar().week
    if (get_language() or "").startswith("zh"):
        return f"第{week}周 {monday.month}月{monday.day}日"
    return f"W{week}, {monday.day} {MONTHS[monday.month - 1]}"


def day_name(day: dt.date) -> str:
    """Mon 23 Nov · 11月23日 周一."""
    if (get_language() or "").startswith("zh"):
        return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day.weekday()]} {day.day} {MONTHS[day.month - 1]}"


def share_words(share: Share) -> str:
    return share.label or str(_("Not stated"))


def spark(series: Sequence[Point], target: Decimal | None) -> dict[str, str]:
    """{"points": "x,y …", "target": y or ""} in a box of 100 by 30; nothing when fewer than two months are known."""
    values = [float(point.value) for point in series if point.value is not None]
    if len(values) < 2:
        return {}
    low, high = min(values), max(values)
    if target is not None:
        low, high = min(low, float(target)), max(high, float(target))
    span = (high - low) or 1.0

    def y(value: float) -> str:
        return f"{HEIGHT - EDGE - (value - low) / span * (HEIGHT - 2 * EDGE):.1f}"

    step = WIDTH / (len(series) - 1)
    drawn = " ".join(f"{index * step:.1f},{y(float(point.value))}" for index, point in enumerate(series) if point.value is not None)
    return {"points": drawn, "target": y(float(target)) if target is not None else ""}


def finding_of_months(reading: Reading) -> str:
    """One sentence: what the months show."""
    known = [point for point in reading.series if point.value is not None]
    if not known:
        return _("%(title)s: no month has a figure.") % {"title": reading.title}
    best, last = max(known, key=lambda point: point.value or 0), known[-1]
    return _("%(title)s by month: %(value)s in %(last)s; the highest of %(count)d months is %(best)s in %(month)s.") % {
        "title": reading.title, "value": written(last.value, reading.unit), "last": month_words(last), "count": len(known),
        "best": written(best.value, reading.unit), "month": month_words(best),
    }  # fmt: skip


def finding_of_parts(reading: Reading) -> str:
    """One sentence: which part is the largest."""
    known = [share for share in reading.breakdown if share.value is not None]
    if not known:
        return _("%(title)s: nothing to divide.") % {"title": reading.title}
    largest = max(known, key=lambda share: share.value or 0)
    return _("%(title)s by %(dimension)s: %(part)s is the largest of %(count)d, %(value)s.") % {
        "title": reading.title, "dimension": dimension_words(reading.breakdown_by), "part": share_words(largest), "count": len(known),
        "value": written(largest.value, reading.unit),
    }  # fmt: skip


def dimension_words(name: str) -> str:
    return {
        "department": _("department"), "product_line": _("product line"), "region": _("region"), "person": _("person"), "month": _("month"), "week": _("week"),
        "day": pgettext("part of a chart", "day"),
    }.get(name, name)  # fmt: skip


def chart_of_months(readings: Sequence[Reading], look: str) -> dict[str, Any]:
    """What the browser draws: {"kind", "labels", "series": [{"name", "values", "texts", "role"}]}; a former formula is a series of its own, in grey.

    The values of each series stand at the months of the first figure.
    """
    lead = readings[0]
    starts = [point.start for point in lead.series]
    series = [_line(reading.title if len(readings) > 1 else _("Figure"), reading.series, starts, reading.unit, "main") for reading in readings]
    if len(readings) == 1 and lead.target is not None and starts:
        flat = [float(lead.target)] * len(starts)
        series.append({"name": _("Target"), "values": flat, "texts": [written(lead.target, lead.unit)] * len(starts), "role": "target"})
    for reading in readings:
        for old in reading.old:
            name = _("%(title)s, formula %(version)d") % {"title": reading.title, "version": old.version}
            series.append(_line(name, old.series, starts, reading.unit, "old"))
    running = [index for index, point in enumerate(lead.series) if not point.whole]
    return {"kind": "bars" if look == "stacked" else look, "unit": lead.unit, "labels": [month_words(point) for point in lead.series], "series": series,
            "running": running, "keys": [point.start.isoformat() for point in lead.series], "by": "month",
            "stacked": look == "stacked" and len(readings) > 1}  # fmt: skip


def _line(name: str, points: Sequence[Point], starts: Sequence[Any], unit: str, role: str) -> dict[str, Any]:
    by_start = {point.start: point for point in points}
    values = [by_start[start].value if start in by_start else None for start in starts]
    held = [start in by_start and by_start[start].suppressed for start in starts]
    texts = [_("too few to show") if few else written(value, unit) for value, few in zip(values, held, strict=True)]
    return {"name": str(name), "values": [None if value is None else float(value) for value in values], "texts": texts, "role": role}


def chart_of_parts(reading: Reading) -> dict[str, Any]:
    """The parts, the largest first; a part too small to be shown has no value but words."""
    ordered = sorted(reading.breakdown, key=lambda share: -(share.value if share.value is not None else Decimal(-1)))
    texts = [_("too few to show") if share.suppressed else written(share.value, reading.unit) for share in ordered]
    values = [None if share.value is None else float(share.value) for share in ordered]
    series = [{"name": reading.title, "values": values, "texts": texts, "role": "main"}]
    return {
        "kind": "parts",
        "unit": reading.unit,
        "labels": [share_words(share) for share in ordered],
        "series": series,
        "running": [],
        "keys": [share.key for share in ordered],
        "by": reading.breakdown_by,
    }


def chart_of_pivot(pivot: Pivot, look: str) -> dict[str, Any]:
    """What the browser draws of a figure divided; parts too small to be shown have no value but words."""
    series = [_pivot_line(part, values, pivot.unit) for part, values in zip(pivot.series, pivot.values, strict=True)]
    kind = "bars" if look in ("stacked", "table") else look
    return {"kind": kind, "unit": pivot.unit, "labels": [part.label for part in pivot.axis], "series": series, "running": list(pivot.running),
            "keys": [part.key for part in pivot.axis], "by": pivot.by, "stacked": look == "stacked" and pivot.additive}  # fmt: skip


def _pivot_line(part: Part, values: Sequence[PartValue], unit: str) -> dict[str, Any]:
    texts = [_("too few to show") if one.suppressed else written(one.value, unit) for one in values]
    return {"name": part.label or str(_("Figure")), "values": [None if one.value is None else float(one.value) for one in values], "texts": texts,
            "role": "main"}  # fmt: skip


def finding_of_pivot(title: str, pivot: Pivot) -> str:
    """One sentence: where it is largest."""
    known = [(one.value, part, line) for line, values in zip(pivot.series, pivot.values, strict=True)
             for part, one in zip(pivot.axis, values, strict=True) if one.value is not None]  # fmt: skip
    if not known:
        return _("%(title)s: nothing to divide.") % {"title": title}
    value, part, line = max(known, key=lambda one: one[0])
    where = f"{part.label}, {line.label}" if line.label else part.label
    return _("%(title)s: the largest of %(count)d values is %(part)s, %(value)s.") % {
        "title": title, "count": len(known), "part": where, "value": written(value, pivot.unit)}  # fmt: skip


def day_words(day: Any) -> str:
    """23 Nov 2026 · 2026年11月23日."""
    if (get_language() or "").startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def period_words(of: Period) -> str:
    """Nov 2026 · Q4 2026 · 2026 · Dec 2025 to Nov 2026 · 1 Nov 2026 to 12 Nov 2026."""
    last, chinese = of.end - DAY, (get_language() or "").startswith("zh")
    if of.kind == "month":
        return f"{of.start.year}年{of.start.month}月" if chinese else f"{MONTHS[of.start.month - 1]} {of.start.year}"
    if of.kind == "quarter":
        number = (of.start.month + 2) // 3
        return f"{of.start.year}年第{number}季度" if chinese else f"Q{number} {of.start.year}"
    if of.kind == "year":
        return f"{of.start.year}年" if chinese else str(of.start.year)
    words = day_words if of.kind == "custom" else (lambda day: f"{day.year}年{day.month}月" if chinese else f"{MONTHS[day.month - 1]} {day.year}")
    return _("%(first)s to %(last)s") % {"first": words(of.start), "last": words(last)}


def left_out_words(count: int, amount: Decimal | None) -> str:
    if amount is None:
        return _("excludes %(count)d") % {"count": count}
    return _("excludes %(count)d, %(amount)s") % {"count": count, "amount": written(amount, "money")}


def left_out_of(reading: Reading) -> str:
    """Of a figure: excludes 3, ¥86 k."""
    amount = sum((one.amount for one in reading.excluded if one.amount is not None), Decimal())
    return left_out_words(sum(one.count for one in reading.excluded), amount if amount else None)


def left_out_in_full(one: Exclusion) -> str:
    """2 records in quarantine (¥86,000.00)."""
    return one.words if one.amount is None else f"{one.words} ({exact(one.amount, 'money')})"


def age_words(reading: Reading) -> str:
    """ERP 23 Nov 2026 09:11, by the company's clock: when the oldest of its sources last answered; "" of a moment that is over."""
    if not reading.as_of:
        return ""
    system, at = min(reading.as_of.items(), key=lambda item: item[1])
    return f"{system.upper()} {moment_words(at, None)}"


def moment_words(at: dt.datetime, past: bool | None) -> str:
    """23 Nov 2026 09:12; `past` True: as it was shown then, False: as of then, None: the moment alone."""
    local = at.astimezone(clock.company_zone())
    words = {"moment": f"{day_words(local.date())} {local:%H:%M}"}
    return words["moment"] if past is None else _("as it was shown on %(moment)s") % words if past else _("as of %(moment)s") % words


def short(value: float, unit: str) -> str:
    """At a line of a grid."""
    found = Decimal(str(round(value, 2)))
    return written(found, unit) if unit in ("money", "percent") else quantity(found)


def shift(value: float, in_points: bool = False) -> str:
    """A change: −34% · +12 pt."""
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return _("%(change)s pt") % {"change": f"{sign}{abs(value):.0f}"} if in_points else f"{sign}{abs(value):.0f}%"


def place_of(change: float, better: str) -> float:
    """Where a change stands on its gauge, from 0 to 100; better is to the right."""
    toward = float(change) if better == "down" else -float(change)
    return (WORST - min(WORST, max(BEST, toward))) / (WORST - BEST) * 100


def bar_of(of: Gauge) -> dict[str, str]:
    """Where the parts of its bar stand, in hundredths of the scale; {} without an interval. "worse" and "better" are set where the interval goes on
    beyond that end; "dot" is "" where the change itself lies outside."""
    if of.low is None or of.high is None:
        return {}
    ends = sorted(place_of(value, of.better) for value in (of.low, of.high))
    worse, better = (any(_beyond(value, of.better) == end for value in (of.low, of.high)) for end in (-1, 1))
    first, last = ends[0] + (TIP if worse else 0), ends[1] - (TIP if better else 0)
    inside = of.change is not None and not _beyond(of.change, of.better)
    return {
        "x": f"{min(first, 100 - TIP):.1f}", "width": f"{max(1.0, last - first):.1f}", "worse": "1" if worse else "", "better": "1" if better else "",
        "dot": f"{place_of(of.change, of.better):.1f}" if of.change is not None and inside else "", "zero": f"{place_of(0, of.better):.1f}",
        "goal": "" if of.target is None else f"{place_of(of.target, of.better):.1f}", "words": _bar_words(of, worse, better),
    }  # fmt: skip


def _beyond(change: float, better: str) -> int:
    """-1: worse than the scale reaches, 1: better, 0: on it."""
    toward = float(change) if better == "down" else -float(change)
    return -1 if toward > WORST else 1 if toward < BEST else 0


def _bar_words(of: Gauge, worse: bool, better: bool) -> str:
    words = [_("Change and its interval: %(interval)s") % {"interval": interval_words(of, of.in_points)}, goal_words(of)]
    ends = [word for beyond, word in ((worse, _("the interval goes on beyond the worse end of the scale")),
                                      (better, _("the interval goes on beyond the better end of the scale"))) if beyond]  # fmt: skip
    return "; ".join([*words, *ends])


def verdict_words(verdict: str) -> str:
    return {"proven": _("proven"), "worse": _("proven to be worse"), "no_data": _("no data"), "suppressed": _("Too few people"),
            "forbidden": _("Not for your role")}.get(verdict, _("not yet proven"))  # fmt: skip


def interval_words(of: Gauge | Control, in_points: bool) -> str:
    """−41% (−52% … −28%); "" where nothing can be compared."""
    if of.change is None or of.low is None or of.high is None:
        return ""
    return f"{shift(of.change, in_points)} ({shift(of.low, in_points)} … {shift(of.high, in_points)})"


def goal_words(of: Gauge) -> str:
    return _("no number was promised") if of.target is None else _("goal %(goal)s") % {"goal": shift(of.target, of.in_points)}


def proof_words(of: Gauge) -> str:
    """In one line: the verdict, the change with its interval, the goal, both samples, and what is not compared."""
    words = [verdict_words(of.verdict), interval_words(of, of.in_points), goal_words(of)]
    if of.before is not None:
        words.append(_("before: %(value)s, n %(count)s") % {"value": written(of.before, of.unit), "count": of.before_count})
    if of.now is not None:
        words.append(_("now: %(value)s, n %(count)s") % {"value": written(of.now, of.unit), "count": of.now_count})
    if of.verdict not in ("forbidden", "suppressed"):
        words += of.why  # what is not compared
    return "; ".join(word for word in words if word)


def listed(words: Sequence[str]) -> str:
    return ("、" if (get_language() or "").startswith("zh") else ", ").join(words)
