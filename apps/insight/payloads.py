"""What a board is made of: periods, filters, readings and the rows behind them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from apps.core.access import Projected

PeriodKind = Literal["month", "quarter", "year", "last12", "custom"]
State = Literal["ok", "empty", "suppressed", "forbidden"]
Verdict = Literal["proven", "worse", "not_yet", "no_baseline", "no_data", "suppressed", "forbidden"]


@dataclass(frozen=True)
class Period:
    """Days from `start` to before `end`. Made by policies.periods, which also knows the period before."""

    kind: PeriodKind
    start: dt.date
    end: dt.date


@dataclass(frozen=True)
class Filters:
    """None or "": everything. `department`: an org unit with all below it."""

    department: uuid.UUID | None = None
    product_line: str = ""
    region: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        return tuple(name for name in ("department", "product_line", "region") if getattr(self, name))


@dataclass(frozen=True)
class Point:
    """One month of a series. `label` "2026-11". `whole` False: the month is not over. `suppressed`: too few people stand behind it, it has no value."""

    start: dt.date
    label: str
    value: Decimal | None
    whole: bool = True
    suppressed: bool = False


@dataclass(frozen=True)
class Share:
    """One part of a breakdown. `key`: an org unit's id, else the word itself; `value` None where the group is too small to be shown."""

    key: str
    label: str
    value: Decimal | None
    rows: int
    suppressed: bool = False


@dataclass(frozen=True)
class Exclusion:
    """What the figure does not count. `reason`: quarantine | currency | no_date; `words` says it; `url`: where it can be cured, "" where it cannot."""

    reason: str
    words: str
    count: int
    amount: Decimal | None
    url: str = ""


@dataclass(frozen=True)
class FigureNote:
    """What somebody wrote on a figure. `mine`: the viewer wrote it and may take it away."""

    id: uuid.UUID
    text: str
    author: str
    at: dt.datetime
    period_start: dt.date
    mine: bool = False


@dataclass(frozen=True)
class OldSeries:
    """The same indicator by an earlier formula, over the same months."""

    version: int
    formula: str
    until: dt.date | None
    series: tuple[Point, ...]


@dataclass(frozen=True)
class Control:
    """Of a measure: departments that are not live yet, over the same days. `change`: by how much more the live ones changed since what was frozen than these
    did. `names`: which they are; `compared`: those that both samples are of, () where nothing is compared."""

    names: tuple[str, ...]
    value: Decimal | None
    count: int
    change: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    before: Decimal | None = None
    before_count: int = 0
    compared: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class GaugePart:
    """What one part of a measure says: a figure (data age) or a field (differences)."""

    label: str
    value: Decimal | None
    count: int


@dataclass(frozen=True)
class Gauge:
    """One measure of the value meter. `before`, `now`: its figure in `unit`; counts: sizes of the samples; `change`, `low`, `high`, `target` in percent, in
    points where `in_points`. `least`: how many each sample needs before anything counts as proven; `each`: of what: case | approver_day. `compared`: the
    departments that both samples are of (() where none is named live: all); `why`: of a refusal or suppression, and what is not compared."""

    key: str
    title: str
    formula: str
    unit: str
    statistic: str
    better: str
    in_points: bool
    target: int | None
    verdict: Verdict
    before: Decimal | None = None
    before_count: int = 0
    before_days: tuple[dt.date, dt.date] | None = None
    now: Decimal | None = None
    now_count: int = 0
    now_days: tuple[dt.date, dt.date] | None = None
    change: float | None = None
    low: float | None = None
    high: float | None = None
    reached: bool = False
    control: Control | None = None
    parts: tuple[GaugePart, ...] = ()
    least: int = 0
    each: str = "case"
    compared: tuple[uuid.UUID, ...] = ()
    why: tuple[str, ...] = ()
    ask: str = ""


@dataclass(frozen=True)
class Reading:
    """One figure as one person may see it.

    `value` None: nothing to say (a share of nothing), suppressed or forbidden. `former`: the same days of the period before. `as_of`: system -> when it
    last answered; `stale`: one of them is older than promised. `rows`: facts used. `ignores`: given filters that mean nothing here.
    `window`: the days really counted (a running period ends today). `why`, `ask`: of a refusal or suppression.
    `gauge`: of a measure of the value meter, which counts its own days: what is proven.
    """

    key: str
    version: int
    title: str
    group: str
    system: str
    formula: str
    owner: str
    unit: str
    direction: str
    state: State
    value: Decimal | None = None
    target: Decimal | None = None
    former: Decimal | None = None
    series: tuple[Point, ...] = ()
    breakdown_by: str = ""
    breakdown: tuple[Share, ...] = ()
    as_of: dict[str, dt.datetime] = field(default_factory=dict)
    promise: dt.timedelta = dt.timedelta()
    stale: bool = False
    rows: int = 0
    excluded: tuple[Exclusion, ...] = ()
    ignores: tuple[str, ...] = ()
    notes: tuple[FigureNote, ...] = ()
    old: tuple[OldSeries, ...] = ()
    window: tuple[dt.date, dt.date] | None = None
    scope: str = ""
    why: tuple[str, ...] = ()
    ask: str = ""
    gauge: Gauge | None = None

    @property
    def url(self) -> str:
        """Its page."""
        return f"/board/meter/{self.gauge.key}/" if self.gauge else f"/board/figures/{self.key}/"

    @property
    def promise_seconds(self) -> float:
        return self.promise.total_seconds()

    @property
    def change(self) -> Decimal | None:
        """Against the period before, in percent (percentages: in points)."""
        if self.value is None or self.former is None:
            return None
        if self.unit == "percent":
            return self.value - self.former
        return (100 * (self.value - self.former) / abs(self.former)).quantize(Decimal("0.1")) if self.former else None


@dataclass(frozen=True)
class Part:
    """A part along an axis. `key`: an id, a word or the first day of a time; "" not assigned, "\x00" all others together."""

    key: str
    label: str


@dataclass(frozen=True)
class PartValue:
    """`value` None: nothing there, or `suppressed`."""

    value: Decimal | None
    rows: int
    suppressed: bool = False


@dataclass(frozen=True)
class Pivot:
    """A figure divided. `values`: series by series, along the axis; `running`: places of times that are not over; `additive`: the parts make up the whole."""

    by: str
    split: str
    unit: str
    axis: tuple[Part, ...]
    series: tuple[Part, ...]
    values: tuple[tuple[PartValue, ...], ...]
    running: tuple[int, ...] = ()
    additive: bool = False


@dataclass(frozen=True)
class Row:
    """One record that a figure counts. `value`: what it adds to the figure. `record`: as the viewer may see it (None: a case of the OA; its words are `title`).
    `url`: its page here; `source_url`: its page in the source; `message_url`: the message it came by, for those who may look at connections."""

    day: dt.date
    value: Decimal
    n: int
    hit: bool
    kind: str
    title: Any
    record: Projected | None
    url: str = ""
    source_url: str = ""
    message_url: str = ""
    excluded: str = ""


@dataclass(frozen=True)
class RowPage:
    """`after`: hand it in again for the next page; "" at the end. `total`: of all rows, those included whose record this person may not open."""

    key: str
    rows: tuple[Row, ...] = ()
    total: int = 0
    after: str = ""
    state: State = "ok"
    why: tuple[str, ...] = ()
    ask: str = ""


@dataclass(frozen=True)
class Description:
    """An indicator in the catalogue. `allowed` False: `why` and `ask` say how to get it."""

    key: str
    version: int
    title: str
    formula: str
    group: str
    system: str
    unit: str
    direction: str
    owner: str
    resource: str
    sources: tuple[str, ...]
    promise: dt.timedelta
    knows: tuple[str, ...]
    breakdown: str
    allowed: bool
    why: tuple[str, ...] = ()
    ask: str = ""
    level: bool = False

    @property
    def promise_seconds(self) -> float:
        return self.promise.total_seconds()


Groups = dict[str, list[Description]]
