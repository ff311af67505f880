"""The value meter: how much better something is than before, and whether that is proven.

Medians, 95th percentiles, means and shares are compared, by the bootstrap: from both samples as many values are drawn again as there are, and the change is
looked at over many such draws. The interval holds 98 of 100 of them. A change counts as proven when both samples are large enough and the whole interval
lies on the good side of no change.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from apps.insight.payloads import Verdict

ROUNDS, OUTSIDE, LEAST, SEED = 2000, 0.01, 20, 20261123
WHOLE = 10_000  # a hit of a share, in hundredths of a percent
Statistic = Literal["median", "p95", "mean", "share"]
Each = Literal["case", "approver_day"]
ON_BOARDS = "meter."  # before the key of a measure that stands among the figures of a board
VIEWS = "views"  # the source of ages: what was shown to people, not a stream of facts


@dataclass(frozen=True)
class Measure:
    """`stream`: facts whose single values are compared; `kpi`: whose rights decide; `target`: the change that was promised, in percent (None: no number
    was, any proven improvement counts). `parts`: the measure is told apart by the parts of its facts, too. `each`: what one value of a sample speaks of:
    a case, or all that one approver decided on one day. `about_people`: about how people work, so that the figure of a small group is not shown."""

    key: str
    title: Any
    formula: Any
    unit: str
    stream: str
    kpi: str
    target: int | None = None
    statistic: Statistic = "median"
    better: Literal["down", "up"] = "down"
    parts: bool = False
    each: Each = "case"
    about_people: bool = False

    @property
    def in_points(self) -> bool:
        """Shares change by points, all else by percent of what was."""
        return self.statistic == "share"


MEASURES: dict[str, Measure] = {
    one.key: one
    for one in (
        Measure("order_hours", _("From order to delivery note"),
                _("Working hours from the winning of the deal in the CRM (an order without a deal: from its entry) to its delivery note in the ERP: the "
                  "middle one."), "hours", "shipment.cycle", "erp.shipping_time", -30),
        Measure("approval_time", _("Time to decision"), _("Hours from the moment an approval was asked for to its decision: the middle one."),
                "hours", "task.decided", "oa.approval_time", -40, about_people=True),
        Measure("decisions_hour", _("Decisions per approver-hour"),
                _("Of each approver and each working day: the decisions made by this person in working time, divided by the hours of the clock (9 to 10, "
                  "10 to 11 …) in which at least one of them fell; the mean of all approver-days. How long somebody thinks over a decision is not known; "
                  "hours without a decision do not count. n counts approver-days."),
                "per_hour", "task.hour", "oa.approval_time", 40, statistic="mean", better="up", each="approver_day", about_people=True),
        Measure("first_response", _("Time to first response"), _("Hours from the making of a service case to its first response: the middle one."),
                "hours", "case.answered", "crm.first_response", -50, about_people=True),
        Measure("touches", _("Manual touches of a case"),
                _("Acts of people until a case is finished: decisions, reminders, hand-overs, repairs, and what people did in ERP and CRM that its "
                  "timeline tells of; on average."), "count", "case.touches", "oa.flow_time", statistic="mean"),
        Measure("switches", _("System switches of a case"),
                _("How often two acts that follow each other on the timeline of a finished case were in different systems; on average. An act that ERP "
                  "or CRM told of counts as theirs, even when it was done in their module here."),
                "count", "case.switches", "oa.flow_time", statistic="mean"),
        Measure("data_age", _("Age of data when seen"),
                _("Seconds between a figure's source last answering and a person looking at the figure: 95 of 100 were younger. Figures of the OA itself "
                  "are left out; they have no age."), "seconds", VIEWS, "oa.flow_time", statistic="p95", parts=True),
        Measure("mismatch", _("Fields that differ between systems"),
                _("Of the fields of finished cases that at least two systems know: how many differ a day after the end at the latest, in percent."),
                "percent", "case.field", "oa.flow_time", statistic="share", parts=True),
        Measure("shipping_lag", _("Delivery status on its way"),
                _("Seconds from a change of a delivery in the ERP until the portal shows it: 95 of 100 were faster."),
                "seconds", "shipment.lag", "erp.shipping_time", statistic="p95"),
        Measure("claim_voucher", _("From approved claim to voucher"), _("Hours from the approval of a claim to the posting of its voucher: the middle one."),
                "hours", "claim.voucher", "oa.flow_time"),
        Measure("closed_loop", _("Closed-loop rate"),
                _("Of the finished cases whose process compares its systems: how many ended with all of them agreeing, in percent."),
                "percent", "case.agreed", "oa.flow_time", statistic="share", better="up"),
    )
}  # fmt: skip


def measure_of(key: str) -> Measure | None:
    """The measure that a board calls by this key; None of every other figure."""
    return MEASURES.get(key.removeprefix(ON_BOARDS)) if key.startswith(ON_BOARDS) else None


@dataclass(frozen=True)
class Comparison:
    """Percent, of shares points; `low` to `high` is the interval. None where a sample is empty or its median nothing."""

    change: float | None
    low: float | None
    high: float | None
    verdict: Verdict


NOTHING = Comparison(None, None, None, "no_data")


def value_of(sample: Sequence[int], statistic: Statistic) -> float | None:
    """The figure of a sample, in hundredths."""
    if not sample:
        return None
    if statistic == "median":
        return float(statistics.median(sample))
    if statistic == "p95":
        return float(sorted(sample)[_rank(len(sample)) - 1])
    return statistics.fmean(sample)


def compare(before: Sequence[int], after: Sequence[int], *, statistic: Statistic = "median", better: str = "down", seed: int = SEED) -> Comparison:
    """The same samples give the same answer: chance is seeded."""
    was, now = value_of(before, statistic), value_of(after, statistic)
    if was is None:
        return Comparison(None, None, None, "no_baseline")
    if now is None or (not was and statistic != "share"):
        return Comparison(None, None, None, "not_yet")
    change = _points if statistic == "share" else _percent
    rng = random.Random(seed)
    again, anew = _drawer(before, statistic, rng), _drawer(after, statistic, rng)
    drawn = sorted(change(again(), anew()) for _round in range(ROUNDS))
    edge = round(ROUNDS * OUTSIDE)
    low, high = drawn[edge], drawn[-edge - 1]
    verdict: Verdict = "not_yet"
    if min(len(before), len(after)) >= LEAST and not low <= 0 <= high:
        verdict = "proven" if (high < 0) == (better == "down") else "worse"
    return Comparison(change(was, now), low, high, verdict)


def compare_changes(live: tuple[Sequence[int], Sequence[int]], other: tuple[Sequence[int], Sequence[int]], *, statistic: Statistic,
                    better: Literal["down", "up"], seed: int = SEED) -> Comparison:
    """How much more `live` changed than `other`, (before, after) each: what is different between them, and what changed for both, is no part of it."""
    samples = (*live, *other)
    values = [value_of(one, statistic) for one in samples]
    if not live[0] or not other[0]:
        return Comparison(None, None, None, "no_baseline")
    if not live[1] or not other[1] or (statistic != "share" and not all(values)):
        return Comparison(None, None, None, "not_yet")
    rng = random.Random(seed)
    again = [_drawer(one, statistic, rng) for one in samples]
    further = _further_points if statistic == "share" else _further_percent
    drawn = sorted(further(*(draw() for draw in again)) for _round in range(ROUNDS))
    edge = round(ROUNDS * OUTSIDE)
    low, high = drawn[edge], drawn[-edge - 1]
    verdict: Verdict = "not_yet"
    if min(len(one) for one in samples) >= LEAST and not low <= 0 <= high:
        verdict = "proven" if (high < 0) == (better == "down") else "worse"
    return Comparison(further(*(value or 0.0 for value in values)), low, high, verdict)


def _further_percent(was: float, now: float, was_there: float, now_there: float) -> float:
    """24 of 40 here and 36 of 40 there: a third less than it would be without."""
    return _percent(was * now_there / was_there, now) if was_there else 0.0


def _further_points(was: float, now: float, was_there: float, now_there: float) -> float:
    return _points(was, now) - _points(was_there, now_there)


def reached(measure: Measure, found: Comparison) -> bool:
    """A proven change that is as large as was promised."""
    if found.verdict != "proven" or found.change is None:
        return False
    if measure.target is None:
        return True
    return found.change <= measure.target if measure.better == "down" else found.change >= measure.target


def _percent(before: float, after: float) -> float:
    return 100 * (after / before - 1) if before else 0.0


def _points(before: float, after: float) -> float:
    return (after - before) / 100


def _rank(size: int) -> int:
    return max(1, math.ceil(0.95 * size))


def _drawer(sample: Sequence[int], statistic: Statistic, rng: random.Random) -> Callable[[], float]:
    """Each call: the statistic of as many values drawn again."""
    size = len(sample)
    if statistic == "share":
        # The smoothed bootstrap of a share, so that 20 of 20 is not taken for certainty.
        hits = sum(1 for value in sample if value)
        return lambda: WHOLE * rng.betavariate(hits + 0.5, size - hits + 0.5)
    if statistic == "mean":
        # What the mean of a sample drawn again follows once there are LEAST of them; fewer prove nothing anyway.
        middle, spread = statistics.fmean(sample), statistics.pstdev(sample) / math.sqrt(size)
        return lambda: max(0.0, rng.gauss(middle, spread))
    ordered = sorted(sample)
    if statistic == "p95":
        return lambda: _again(ordered, _rank(size), rng)
    return lambda: _again(ordered, size // 2 + 1 if size % 2 else size // 2 + rng.randrange(2), rng)


def _again(values: Sequence[int], rank: int, rng: random.Random) -> int:
    """The value of this rank among as many values drawn again: where it stands among the old ones follows a beta distribution, so one draw is enough."""
    size = len(values)
    place = int(size * rng.betavariate(rank, size - rank + 1))
    return values[min(place, size - 1)]
