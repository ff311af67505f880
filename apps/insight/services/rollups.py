"""Adding up: the sums of dirty days are thrown away and made again from the facts in force. Running twice changes nothing, and late facts are no special
case. The same statements on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.core.failpoints import declare, failpoint
from apps.core.locks import hold
from apps.insight.models import DirtyDay, Fact, Grain, Rollup
from apps.insight.policies import periods

declare("insight.adding_up")
SUMS = ("rows", "n", "hits", "total", "hit_total", "squares")
# grain of days, grain of months, dimensions
GRAINS: tuple[tuple[Grain, Grain, tuple[str, ...]], ...] = (
    (Grain.DAY, Grain.MONTH, ()),
    (Grain.DAY_PERSON, Grain.MONTH_PERSON, ("owner", "department")),
    (Grain.DAY_DIMENSION, Grain.MONTH_DIMENSION, ("product_line", "region")),
)
CHUNK = 200
LOCK = "insight:rollup"
# the columns of a fact, added up by bucket; then all buckets together, with the histogram beside the sums
ADDED = """COUNT(*) AS a, SUM(n) AS b, SUM(CASE WHEN hit THEN n ELSE 0 END) AS c, SUM(value) AS d, SUM(CASE WHEN hit THEN value ELSE 0 END) AS e,
    SUM(CAST(value AS double precision) * CAST(value AS double precision)) / 10000.0 AS f"""
TOGETHER = "SUM(a), SUM(b), SUM(c), SUM(d), SUM(e), SUM(f)"
HISTOGRAM = {
    "postgresql": "jsonb_agg(jsonb_build_array(bucket, a, d) ORDER BY bucket) FILTER (WHERE bucket > 0)",
    "sqlite": "NULLIF(json_group_array(json_array(bucket, a, d)) FILTER (WHERE bucket > 0), '[]')",
}


def rebuild(*, limit: int = 5000) -> int:
    """Add up all dirty days (the oldest marks first, `limit` at most). Returns how many (stream, day) were made again."""
    with transaction.atomic():
        _alone()
        marks = list(DirtyDay.objects.order_by("pk").values_list("pk", "stream", "day")[:limit])
        if not marks:
            return 0
        DirtyDay.objects.filter(pk__lte=marks[-1][0], pk__in=[mark[0] for mark in marks]).delete()
        by_stream: dict[str, set[dt.date]] = {}
        for _pk, stream, day in marks:
            by_stream.setdefault(stream, set()).add(day)
        for stream, days in sorted(by_stream.items()):
            rebuild_days(stream, days)
        return sum(len(days) for days in by_stream.values())


def _alone() -> None:
    """One at a time: two that add up the same day would count it twice."""
    hold(LOCK)


def rebuild_days(stream: str, days: Iterable[dt.date]) -> None:
    """Delete and insert-select of these days and of their months."""
    wanted = sorted(days)
    months = sorted({periods.month_of(day) for day in wanted})
    for daily, monthly, dimensions in GRAINS:
        for some in (wanted[index : index + CHUNK] for index in range(0, len(wanted), CHUNK)):
            Rollup.objects.filter(grain=daily, stream=stream, start__in=some).delete()
            failpoint("insight.adding_up")
            _add_days(daily, dimensions, stream, some)
        for month in months:
            Rollup.objects.filter(grain=monthly, stream=stream, start=month).delete()
            _add_month(daily, monthly, dimensions, stream, month)


def _add_days(grain: Grain, dimensions: Sequence[str], stream: str, days: Sequence[dt.date]) -> None:
    marks = ", ".join(["%s"] * len(days))
    _insert(grain, dimensions, stream, start="day", when=f"day IN ({marks})", given=[*map(_day, days)])


def _add_month(daily: Grain, grain: Grain, dimensions: Sequence[str], stream: str, month: dt.date) -> None:
    """From its days; with histograms, which no SQL adds up, from its facts."""
    first, end = _day(month), _day(periods.add_months(month, 1))
    start = f"CAST('{month:%Y-%m-%d}' AS date)" if connection.vendor == "postgresql" else f"'{month:%Y-%m-%d}'"
    days = Rollup.objects.filter(grain=daily, stream=stream, start__gte=month, start__lt=periods.add_months(month, 1))
    if days.filter(histogram__isnull=False).exists():
        _insert(grain, dimensions, stream, start=start, when="day >= %s AND day < %s", given=[first, end])
        return
    columns, by = _columns(dimensions), ", ".join(["stream", *_quoted(dimensions)])
    added = ", ".join(f"SUM({name})" for name in _quoted(SUMS))
    chosen = ", ".join([_text("%s"), "stream", start, *_quoted(dimensions), *("''" for _ in _absent(dimensions)), added, "NULL"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO insight_rollup ({columns}) SELECT {chosen} FROM insight_rollup WHERE grain = %s AND stream = %s AND start >= %s AND start < %s"
            f" GROUP BY {by}", [grain.value, daily.value, stream, first, end])  # fmt: skip


def _quoted(names: Sequence[str]) -> list[str]:
    return [connection.ops.quote_name(name) for name in names]


def _absent(dimensions: Sequence[str]) -> list[str]:
    """Columns of text that a grain leaves empty."""
    return [name for name in ("product_line", "region") if name not in dimensions]


def _columns(dimensions: Sequence[str]) -> str:
    return ", ".join(["grain", "stream", "start", *_quoted(dimensions), *_absent(dimensions), *_quoted(SUMS), "histogram"])


def _insert(grain: Grain, dimensions: Sequence[str], stream: str, *, start: str, when: str, given: list[Any]) -> None:
    """`start`, `when`: SQL over the facts: which day a sum stands for, and which facts are in it."""
    quoted = _quoted(dimensions)
    outside = ", ".join([_text("%s"), "stream", "start", *quoted, *("''" for _ in _absent(dimensions)), TOGETHER, HISTOGRAM[connection.vendor]])
    inside = ", ".join(["stream", f"{start} AS start", *quoted, "bucket", ADDED])
    by = ", ".join(["stream", *(["day"] if start == "day" else []), *quoted])
    sql = (
        f"INSERT INTO insight_rollup ({_columns(dimensions)}) SELECT {outside} FROM (SELECT {inside} FROM insight_fact"
        f" WHERE replaced_at IS NULL AND excluded = '' AND stream = %s AND {when} GROUP BY {by}, bucket) AS by_bucket"
        f" GROUP BY {', '.join(['stream', 'start', *quoted])}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [grain.value, stream, *given])


def _text(mark: str) -> str:
    return f"CAST({mark} AS varchar(2))" if connection.vendor == "postgresql" else mark


def _day(day: dt.date) -> Any:
    return connection.ops.adapt_datefield_value(day)


@dataclass(frozen=True)
class Difference:
    """A sum that does not hold: what is kept, and what the facts say."""

    grain: str
    stream: str
    start: dt.date
    kept: tuple[int, ...]
    facts: tuple[int, ...]


def reconcile(*, streams: Sequence[str] = ()) -> list[Difference]:
    """Compare the sums of every grain with the facts in force, (stream, day or month) by (stream, day or month). [] when all of them hold.

    Days that are marked dirty are told too: they are made again by the next run of the job.
    """
    facts = Fact.objects.filter(replaced_at=None, excluded="")
    if streams:
        facts = facts.filter(stream__in=streams)
    days: dict[tuple[str, dt.date], list[int]] = {}
    months: dict[tuple[str, dt.date], list[int]] = {}
    for stream, day, n, hit, value in facts.values_list("stream", "day", "n", "hit", "value").iterator(chunk_size=5000):
        for kept, start in ((days, day), (months, periods.month_of(day))):
            _count(kept.setdefault((stream, start), [0, 0, 0, 0, 0]), (1, n, n if hit else 0, value, value if hit else 0))
    found = []
    for daily, monthly, _dimensions in GRAINS:
        found += _differences(daily, days, streams) + _differences(monthly, months, streams)
    return found


def _count(sums: list[int], values: Sequence[int]) -> None:
    for index, value in enumerate(values):
        sums[index] += value


def _differences(grain: Grain, facts: dict[tuple[str, dt.date], list[int]], streams: Sequence[str]) -> list[Difference]:
    rows = Rollup.objects.filter(grain=grain)
    if streams:
        rows = rows.filter(stream__in=streams)
    kept: dict[tuple[str, dt.date], list[int]] = {}
    for stream, start, *values in rows.values_list("stream", "start", "rows", "n", "hits", "total", "hit_total").iterator(chunk_size=5000):
        _count(kept.setdefault((stream, start), [0, 0, 0, 0, 0]), values)
    places = sorted({place for place in {*kept, *facts} if kept.get(place) != facts.get(place)})
    return [Difference(grain.value, *place, tuple(kept.get(place, ())), tuple(facts.get(place, ()))) for place in places]
