"""Indicators of the management board. Each app declares its own in kpis.py; apps.insight reads them.

An indicator never looks at records: it is computed from `Sums` of facts, which add up over days, people and dimensions. So a figure of a year is
the sum of its days, and what a viewer may not see is simply not added.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SCALE = 100  # values of facts are whole hundredths: cents of money, hundredths of an hour, a day, a piece
# Buckets of durations: each hundredth has its own up to 1.27 of the unit; above, each doubling is cut into 64 alike. No bucket is wider than a 64th of
# its lower edge.
FINE = 128
STEPS = FINE // 2


@dataclass
class Sums:
    """What facts add up to. `rows`: facts; `n`: things counted (an order of two lines is one); `hits`, `hit_total`: those that met the condition of
    their stream; `total`: of the values, in hundredths; `squares`: of the values in units; `histogram`: bucket -> (rows,
    total)."""

    rows: int = 0
    n: int = 0
    hits: int = 0
    total: int = 0
    hit_total: int = 0
    squares: float = 0.0
    histogram: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, *, bucket: int, rows: int, n: int, hits: int, total: int, hit_total: int, squares: float) -> None:
        self.rows += rows
        self.n += n
        self.hits += hits
        self.total += total
        self.hit_total += hit_total
        self.squares += squares
        if bucket:
            self._put(bucket, rows, total)

    def merge(self, other: Sums) -> None:
        self.add(bucket=0, rows=other.rows, n=other.n, hits=other.hits, total=other.total, hit_total=other.hit_total, squares=other.squares)
        for bucket, (rows, total) in other.histogram.items():
            self._put(bucket, rows, total)

    def spread(self, places: Iterable[Sequence[int]]) -> None:
        """Places of a histogram, (bucket, rows, total) each, of rows that are added already."""
        for bucket, rows, total in places:
            self._put(bucket, rows, total)

    def _put(self, bucket: int, rows: int, total: int) -> None:
        before = self.histogram.get(bucket, (0, 0))
        self.histogram[bucket] = before[0] + rows, before[1] + total


def bucket_of(hundredths: int) -> int:
    """The bucket of a duration, from 1 on; a longer one is never in an earlier bucket."""
    value = max(0, hundredths)
    if value < FINE:
        return value + 1
    power = value.bit_length() - FINE.bit_length()
    return 1 + FINE + power * STEPS + (value >> (power + 1)) - STEPS


def edges(bucket: int) -> tuple[int, int]:
    """The shortest and the longest duration of a bucket, in hundredths."""
    if bucket <= FINE:
        return bucket - 1, bucket - 1
    power, step = divmod(bucket - FINE - 1, STEPS)
    first = (STEPS + step) << (power + 1)
    return first, first + (1 << (power + 1)) - 1


def median(histogram: Mapping[int, tuple[int, int]]) -> Decimal | None:
    """The middle one, or the mean of the two in the middle, each taken as the mean of its bucket: at most 1.6 % beside the true one, and exact where all
    values of the bucket are alike, as whole days are up to eighty of them."""
    count = sum(rows for rows, _total in histogram.values())
    if not count:
        return None
    two = [_nth(histogram, (count - 1) // 2), _nth(histogram, count // 2)]
    return rounded(sum(two, Decimal(0)) / 2 / SCALE)


def _nth(histogram: Mapping[int, tuple[int, int]], place: int) -> Decimal:
    """About the value at this place of the sorted ones, the first being 0."""
    passed, mean = 0, Decimal(0)
    for _bucket, (rows, total) in sorted(histogram.items()):
        passed, mean = passed + rows, Decimal(total) / rows
        if place < passed:
            break
    return mean


def rounded(value: Decimal, places: str = "0.01") -> Decimal:
    """Commercial rounding, as an accountant does it."""
    return value.quantize(Decimal(places), rounding=ROUND_HALF_UP)


def units(hundredths: int) -> Decimal:
    return Decimal(hundredths) / SCALE


class Kpi:
    """One indicator; a subclass of one of the measures below, with words and rights.

    `key` "erp.orders_taken"; `group` "erp.finance"; `unit`: money | count | percent | days | hours; `direction`: up | down | none (which way is
    better); `title` and `formula` lazy texts, the formula in words that a controller would sign; `owner`: who answers for the definition.
    `resource`/`action`: whose rights decide, with the reach they have (own, department, all); `reads`: the field that must be readable in clear;
    `needs`: further (resource, field) that it must not tell of to others: a share tells of both its parts.
    `stream`: the facts it sums; `over`: the facts it is divided by, for ratios. `sources`: systems it depends on; `promise`: how old their data may be.
    `counts`: a fact adds what it counts as, its value plays no part (and is not told). `level`: a stock at the end of the period, not a flow during it.
    `about_people`: about how people work: small groups are not shown.
    `breakdown`: department | product_line | region. `knows`: filters that mean something for it.
    `version` grows with the formula; `since`: when this formula came into force; `former`: the indicator as it was computed before.
    """

    key: str = ""
    version: int = 1
    since: dt.date | None = None
    former: type[Kpi] | None = None
    group: str = ""
    title: Any = ""
    formula: Any = ""
    owner: Any = ""
    unit: str = "count"
    direction: str = "up"
    resource: str = ""
    action: str = "view"
    reads: str = ""
    needs: tuple[tuple[str, str], ...] = ()
    stream: str = ""
    over: str = ""
    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    promise: dt.timedelta = dt.timedelta(minutes=15)
    level: bool = False
    counts: bool = False
    about_people: bool = False
    breakdown: str = "department"
    knows: tuple[str, ...] = ("department", "product_line", "region")

    @property
    def system(self) -> str:
        return self.key.partition(".")[0]

    @property
    def streams(self) -> tuple[str, ...]:
        return (self.stream, self.over) if self.over else (self.stream,)

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        """From the sums of its streams; None where there is nothing to say (a share of nothing)."""
        raise NotImplementedError(self.key)

    def of(self, sums: Mapping[str, Sums]) -> Sums:
        return sums.get(self.stream) or Sums()


class Count(Kpi):
    """How many."""

    counts = True

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        return Decimal(self.of(sums).n)


class Total(Kpi):
    """How much."""

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        return units(self.of(sums).total)


class Mean(Kpi):
    """How much each."""

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        found = self.of(sums)
        return rounded(units(found.total) / found.n) if found.n else None


class Share(Kpi):
    """How many of a hundred met the condition."""

    counts = True

    unit = "percent"

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        found = self.of(sums)
        return rounded(Decimal(100 * found.hits) / found.n, "0.1") if found.n else None


class Missed(Kpi):
    """How many did not meet the condition."""

    counts = True

    direction = "down"

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        found = self.of(sums)
        return Decimal(found.n - found.hits)


class Median(Kpi):
    """The middle one, by the histogram: right to 1.6 %."""

    direction = "down"

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        return median(self.of(sums).histogram)


class Level(Kpi):
    """How much there is at the end of the period: the sum of all that came and went until then."""

    level = True

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        return units(self.of(sums).total)


class Ratio(Kpi):
    """One total as a share of another, in percent; of levels where `level` is set."""

    unit = "percent"

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        whole = (sums.get(self.over) or Sums()).total
        return rounded(Decimal(100 * self.of(sums).total) / whole, "0.1") if whole > 0 else None


class PerEach(Kpi):
    """How many of one to each of another."""

    counts = True

    def value(self, sums: Mapping[str, Sums]) -> Decimal | None:
        each = (sums.get(self.over) or Sums()).n
        return rounded(Decimal(self.of(sums).n) / each, "0.1") if each else None


KPIS: dict[str, Kpi] = {}


def register(kpi: type[Kpi]) -> type[Kpi]:
    """Class decorator. Twice the same key is an error, and so is an indicator without words, rights or facts."""
    if not kpi.key or kpi.key in KPIS:
        raise ValueError(f"indicator {kpi.key!r} is empty or registered twice")
    missing = [name for name in ("group", "title", "formula", "owner", "resource", "stream", "sources") if not getattr(kpi, name)]
    if missing:
        raise ValueError(f"indicator {kpi.key} says nothing of {', '.join(missing)}")
    KPIS[kpi.key] = kpi()
    return kpi


def get(key: str) -> Kpi:
    """The indicator, or LookupError."""
    return KPIS[key]
