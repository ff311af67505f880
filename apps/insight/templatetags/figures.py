"""Figures in templates: the words of policies.figures."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.insight import forms
from apps.insight.payloads import Gauge, Period, Reading
from apps.insight.policies import figures
from apps.insight.selectors import boards

register = template.Library()


@register.simple_tag
def figure(value: Decimal | None, unit: str) -> SafeString:
    """A figure with its unit set smaller."""
    number, suffix = figures.parts(value, unit)
    return format_html("{} <small>{}</small>", number, suffix) if suffix else format_html("{}", number)


@register.filter
def written(value: Decimal | None, unit: str) -> str:
    return figures.written(value, unit)


@register.filter
def exact(value: Decimal | None, unit: str) -> str:
    return figures.exact(value, unit)


@register.filter
def change_words(reading: Reading) -> str:
    return figures.change_words(reading)


@register.filter
def change_tone(reading: Reading) -> str:
    return figures.change_tone(reading)


@register.filter
def change_icon(reading: Reading) -> str:
    return figures.change_icon(reading)


@register.filter
def target_words(reading: Reading) -> str:
    return figures.target_words(reading)


@register.filter
def day_words(day: dt.date) -> str:
    return figures.day_words(day)


@register.filter
def period_words(period: Period) -> str:
    return figures.period_words(period)


@register.filter
def dimension_words(name: str) -> str:
    return figures.dimension_words(name)


@register.simple_tag
def part_url(asked: Any, key: str, by: str, part: str) -> str:
    """The figure page of one part of a chart; "" where it has none of its own."""
    query = forms.part_query(asked, by, part) if asked else ""
    return f"/board/figures/{key}/?{query}" if query else ""


@register.filter
def kpi_title(key: str) -> str:
    """In the reader's language now."""
    return boards.title_of_figure(key)


@register.filter
def figure_url(key: str) -> str:
    return boards.page_of_figure(key)


@register.filter
def oldest(as_of: dict[str, dt.datetime]) -> dt.datetime | None:
    """The figure is as old as the oldest of its sources."""
    return min(as_of.values(), default=None)


@register.filter
def seconds(span: dt.timedelta) -> int:
    return int(span.total_seconds())


@register.filter
def counted(reading: Reading) -> int:
    """How many records are left out."""
    return sum(one.count for one in reading.excluded)


@register.filter
def left_out(reading: Reading) -> str:
    """excludes 3, ¥86 k."""
    return figures.left_out_of(reading)


@register.filter
def moment_words(at: dt.datetime) -> str:
    return figures.moment_words(at, None)


@register.simple_tag
def names(items: Any) -> str:
    return figures.listed([str(item) for item in items])


@register.filter
def bar(gauge: Gauge) -> dict[str, str]:
    """Where the parts of its bar stand, and what it says in words."""
    return figures.bar_of(gauge)


@register.simple_tag
def money_sign() -> str:
    return figures.money_sign()


@register.simple_tag
def change_of(value: float, in_points: bool = False) -> str:
    return figures.shift(value, in_points)


@register.filter
def proof_words(gauge: Gauge) -> str:
    return figures.proof_words(gauge)


@register.simple_tag
def percent_words(value: float) -> str:
    """−34%."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{abs(value):.0f}%"
