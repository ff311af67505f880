"""The value meter: how much shorter something takes than before, and whether that is proven.

Medians are compared, by the bootstrap: from both samples as many values are drawn again as there are, and the change of the medians is looked at over
many such draws. The interval holds 98 of 100 of them. A change counts as proven when both samples are large enough and the whole interval lies on one
side of no change.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

ROUNDS, OUTSIDE, LEAST, SEED = 2000, 0.01, 20, 20261123
Verdict = Literal["proven", "worse", "not_yet", "no_baseline", "forbidden"]


@dataclass(frozen=True)
class Measure:
    """`stream`: facts whose single values are compared; `kpi`: whose rights decide; `target`: the change that was promised, in percent."""

    key: str
    title: Any
    formula: Any
    unit: str
    stream: str
    kpi: str
    target: int


MEASURES: dict[str, Measure] = {
    one.key: one
    for one in (
        Measure("order_cycle", _("From order to shipping"), _("Days from the order date to the day the delivery note left the house: the middle one."),
                "days", "shipment.time", "erp.shipping_time", -30),
        Measure("approval_time", _("Time to decision"), _("Hours from the moment an approval was asked for to its decision: the middle one."),
                "hours", "task.decided", "oa.approval_time", -40),
        Measure("first_response", _("Time to first response"), _("Hours from the making of a service case to its first response: the middle one."),
                "hours", "case.answered", "crm.first_response", -50),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """Percent; `low` to `high` is the interval. None where a sample is empty or its median nothing."""

    change: float | None
    low: float | None
    high: float | None
    verdict: Verdict


def compare(before: Sequence[int], after: Sequence[int], *, seed: int = SEED) -> Comparison:
    """The same samples give the same answer: chance is seeded."""
    if not before or not after or not statistics.median(before):
        return Comparison(None, None, None, "not_yet" if before else "no_baseline")
    was, now = sorted(before), sorted(after)
    rng = random.Random(seed)
    drawn = sorted(_change(_median_again(was, rng), _median_again(now, rng)) for _round in range(ROUNDS))
    edge = round(ROUNDS * OUTSIDE)
    low, high = drawn[edge], drawn[-edge - 1]
    verdict: Verdict = "not_yet"
    if min(len(was), len(now)) >= LEAST and not low <= 0 <= high:
        verdict = "proven" if high < 0 else "worse"
    return Comparison(_change(statistics.median(was), statistics.median(now)), low, high, verdict)


def _change(before: float, after: float) -> float:
    return 100 * (after / before - 1) if before else 0.0


def _median_again(values: Sequence[int], rng: random.Random) -> int:
    """The median of as many values drawn again: where it stands among the old ones follows a beta distribution, so one draw is enough."""
    size = len(values)
    rank = size // 2 + 1 if size % 2 else size // 2 + rng.randrange(2)
    place = int(size * rng.betavariate(rank, size - rank + 1))
    return values[min(place, size - 1)]
