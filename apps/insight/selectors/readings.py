"""Figures for one person: what is read for all of them at once, and how one of them is put together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from apps.core import clock
from apps.core.kpis import Kpi, Sums, get
from apps.insight.payloads import Filters, OldSeries, Period, Point, Reading, Share
from apps.insight.policies import cuts
from apps.insight.policies.periods import Window
from apps.insight.selectors import around, sums, then
from apps.insight.selectors.asked import Asked, Span
from apps.insight.selectors.crowd import Crowd, behind
from apps.insight.selectors.rights import both, reaches
from apps.insight.selectors.sums import Ledger, Question
from apps.insight.selectors.targets import Aim, aim


def reading(person: Any, key: str, *, period: Period, filters: Filters, now: dt.datetime, as_shown: dt.datetime | None = None) -> Reading:
    """One figure; LookupError for an unknown key. `as_shown`: what it said at that moment, from what was known then."""
    return board_readings(person, [key], period=period, filters=filters, now=now, as_shown=as_shown)[0]


def board_readings(person: Any, keys: Sequence[str], *, period: Period, filters: Filters, now: dt.datetime,
                   as_shown: dt.datetime | None = None) -> list[Reading]:
    """Several figures, in the order of the keys, with a handful of queries for all of them together. LookupError for an unknown key."""
    span = Span.of(period, clock.company_today(as_shown or now))
    asked = all_asked(person, keys, filters, as_shown)
    readable = [one for one in asked if one.reach.allowed and one.reach.known]
    books = _Books(readable, span, as_shown)
    beside = around.Beside(person, readable, period, filters, span, now, as_shown)
    found = {one.kpi.key: _reading(one, books, beside, span) for one in asked}
    return [found[key] for key in keys]


def all_asked(person: Any, keys: Sequence[str], filters: Filters, at: dt.datetime | None) -> list[Asked]:
    """By the formula and the departments of the moment, under the rights of today: on what it reads now, and on what it read then."""
    today = [get(key) for key in dict.fromkeys(keys)]
    kpis = then.formulas_at(today, at)
    rights, former = reaches(person, today), reaches(person, [kpi for kpi in kpis.values() if kpi not in today])
    reach = {key: both(found, former[key]) if key in former else found for key, found in rights.items()}
    units = then.units_below(filters.department, at)
    return [Asked(kpi, reach[key], then.narrowed(kpi, filters), units) for key, kpi in kpis.items()]


def aim_of(person: Any, key: str, filters: Filters) -> Aim | None:
    """Whose target belongs to a figure so filtered; None: nobody's. LookupError for an unknown key."""
    return aim(person, all_asked(person, [key], filters, None)[0])


class _Books:
    """Ledgers, each read once for all indicators that ask the same question."""

    def __init__(self, asked: Sequence[Asked], span: Span, at: dt.datetime | None) -> None:
        self.span, self.at = span, at
        self._plain: dict[Question, Ledger] = {}
        self._parts: dict[tuple[Question, str], Ledger] = {}
        self._crowds: dict[Question, Crowd] = {}
        for group in _alike(asked, lambda one: one.question((), at)):
            streams = {stream for one in group for stream in one.streams}
            levels = {stream for one in group for kpi in one.versions if kpi.level for stream in kpi.streams}
            flows = {stream for one in group for kpi in one.versions if not kpi.level for stream in kpi.streams}
            windows = (span.flows if flows else []) + (span.levels if levels else [])
            self._plain[group[0].question((), at)] = sums.ledger(group[0].question(streams, at), windows, levels)
            people = {kpi.stream for one in group for kpi in one.versions if kpi.about_people}
            self._crowds[group[0].question((), at)] = behind(group[0].question(people, at), span.flows, group[0].filters)
        for group in _alike(asked, lambda one: (one.question((), at), one.kpi.breakdown)):
            streams = {stream for one in group for stream in one.kpi.streams}
            levels = {stream for one in group if one.kpi.level for stream in one.kpi.streams}
            windows = [span.window] + ([(span.first, span.window[1])] if levels else [])
            by = group[0].kpi.breakdown
            self._parts[(group[0].question((), at), by)] = sums.ledger(group[0].question(streams, at), windows, levels, by=by)

    def plain(self, one: Asked) -> Ledger:
        return self._plain[one.question((), self.at)]

    def parts(self, one: Asked) -> Ledger:
        return self._parts[(one.question((), self.at), one.kpi.breakdown)]

    def crowd(self, one: Asked) -> Crowd:
        return self._crowds[one.question((), self.at)]

    def sums(self, kpi: Kpi, book: Ledger, window: Window, group: str = "") -> dict[str, Sums]:
        """What the indicator is computed from, of a window or at its end."""
        if kpi.level:
            return {stream: book.level(stream, self.span.first, window[1], group) for stream in kpi.streams}
        return {stream: book.flow(stream, window, group) for stream in kpi.streams}


def _alike(asked: Sequence[Asked], key: Any) -> list[list[Asked]]:
    found: dict[Any, list[Asked]] = {}
    for one in asked:
        found.setdefault(key(one), []).append(one)
    return list(found.values())


def _reading(one: Asked, books: _Books, beside: around.Beside, span: Span) -> Reading:
    kpi, ignores = one.kpi, tuple(name for name in beside.filters.given if name not in one.kpi.knows)
    words: dict[str, Any] = {
        "key": kpi.key, "version": kpi.version, "title": str(kpi.title), "group": kpi.group, "system": kpi.system, "formula": str(kpi.formula),
        "owner": str(kpi.owner), "unit": kpi.unit, "direction": kpi.direction, "promise": kpi.promise, "ignores": ignores, "window": span.window,
        "scope": one.reach.words,
    }  # fmt: skip
    if not one.reach.allowed:
        return Reading(**words, state="forbidden", why=one.reach.why, ask=one.reach.ask)
    if not one.reach.known:
        return Reading(**words, state="empty")
    book = books.plain(one)
    known = any(stream == kpi.stream for stream, _group in (*book.months, *book.days, *book.before))
    words |= {"as_of": beside.as_of(kpi), "stale": beside.stale(kpi), "excluded": beside.excluded(one)}
    words |= {"notes": beside.notes(kpi), "target": beside.target(one)}
    if not known:
        return Reading(**words, state="empty")
    crowd = None if one.reach.owners == {beside.person.pk} else books.crowd(one)  # about the viewer alone
    if why := _held(kpi, crowd, span.window):
        return Reading(**words, state="suppressed", why=(why,))
    now = books.sums(kpi, book, span.window)
    former = None if _held(kpi, crowd, span.former) else kpi.value(books.sums(kpi, book, span.former))
    return Reading(
        **words, state="ok", value=kpi.value(now), former=former, series=_series(kpi, books, book, span, crowd), breakdown_by=kpi.breakdown,
        breakdown=_parts(one, books, beside, crowd), rows=_rows(kpi, now), old=_old(one, books, book, span, crowd),
    )


def _rows(kpi: Kpi, found: dict[str, Sums]) -> int:
    one = found[kpi.stream]
    return one.n if kpi.level else one.rows


def _series(kpi: Kpi, books: _Books, book: Ledger, span: Span, crowd: Crowd | None) -> tuple[Point, ...]:
    held = _held_months(kpi, span, crowd)
    return tuple(
        Point(window[0], f"{window[0]:%Y-%m}", None if window in held else kpi.value(books.sums(kpi, book, window)), whole, window in held)
        for window, whole in zip(span.months, span.whole, strict=True)
    )  # fmt: skip


def _held(kpi: Kpi, crowd: Crowd | None, window: Window) -> str:
    """Why a figure about people is not shown; "" for one about enough of them, and for every other figure."""
    return crowd.why(kpi.stream, window) if crowd and kpi.about_people else ""


def _held_months(kpi: Kpi, span: Span, crowd: Crowd | None) -> set[Window]:
    """Those of too few people; inside a period whose whole is shown also those from which they could be worked out."""
    held = {month for month in span.months if _held(kpi, crowd, month)}
    if crowd is None or not held:
        return held
    for first, end in (span.window, span.former):
        inside = [month for month in span.months if first <= month[0] and month[1] <= end and month != (first, end)]
        people = {month: crowd.inside(kpi.stream, month) for month in inside}
        if held & set(inside):
            held |= cuts.hidden(people, inside, settings.INSIGHT_SMALLEST_GROUP)
    return held


def _old(one: Asked, books: _Books, book: Ledger, span: Span, crowd: Crowd | None) -> tuple[OldSeries, ...]:
    newer, found = one.versions[0], []
    for kpi in one.versions[1:]:
        found.append(OldSeries(kpi.version, str(kpi.formula), newer.since, _series(kpi, books, book, span, crowd)))
        newer = kpi
    return tuple(found)


def _parts(one: Asked, books: _Books, beside: around.Beside, crowd: Crowd | None) -> tuple[Share, ...]:
    """The largest first. With small parts so many others are hidden that they cannot be worked out from the whole."""
    kpi, book = one.kpi, books.parts(one)
    shares = []
    for group in sorted(book.groups()):
        found = books.sums(kpi, book, books.span.window, group)
        if _rows(kpi, found) or found[kpi.stream].total:
            shares.append(Share(group, beside.label(kpi.breakdown, group), kpi.value(found), _rows(kpi, found)))
    shares.sort(key=lambda share: (-(share.value or 0), share.label))
    people = crowd.parts(kpi.stream, books.span.window, kpi.breakdown) if crowd and kpi.about_people else {}
    hidden = cuts.hidden(people, [share.key for share in shares], settings.INSIGHT_SMALLEST_GROUP)
    shown = [share for share in shares if share.key not in hidden]
    rest = sorted((share for share in shares if share.key in hidden), key=lambda share: share.label)  # their order would tell of their size
    return (*shown, *(Share(share.key, share.label, None, 0, suppressed=True) for share in rest))
