"""The value meter says what is proven, and says so when nothing is."""

from __future__ import annotations

import datetime as dt
import random
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core.errors import InvalidInput, NotPermitted
from apps.core.kpis import bucket_of
from apps.insight import selectors, services
from apps.insight.models import Baseline
from apps.insight.policies import meter
from apps.insight.policies.facts import Draft
from tests.conftest import NOW

TODAY = NOW.date()


def drawn(rng: random.Random, count: int, middle: float) -> list[int]:
    """Skewed, as durations are: most short, some very long."""
    return [max(1, round(100 * middle * rng.lognormvariate(0, 0.7))) for _ in range(count)]


@pytest.mark.req("V1", "V2", "V6")
def test_a_true_change_of_35_percent_lies_in_the_interval_in_95_of_100_samples() -> None:
    inside = proven = 0
    for seed in range(100):
        rng = random.Random(seed)
        found = meter.compare(drawn(rng, 150, 40), drawn(rng, 150, 26))
        inside += found.low <= -35 <= found.high
        proven += found.verdict == "proven"
    assert inside >= 95
    assert proven >= 95


@pytest.mark.req("V1", "V2", "V6")
def test_five_values_prove_nothing_however_large_the_change() -> None:
    rng = random.Random(1)
    assert meter.compare(drawn(rng, 150, 40), drawn(rng, 5, 4)).verdict == "not_yet"
    assert meter.compare(drawn(rng, 5, 40), drawn(rng, 150, 4)).verdict == "not_yet"


def test_no_change_is_seldom_called_one() -> None:
    verdicts = []
    for seed in range(100):
        rng = random.Random(1000 + seed)
        verdicts.append(meter.compare(drawn(rng, 80, 40), drawn(rng, 80, 40)).verdict)
    assert verdicts.count("not_yet") >= 95


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [([], [100] * 30, "no_baseline"), ([100] * 30, [], "not_yet"), ([100] * 30, [50] * 30, "proven"), ([50] * 30, [100] * 30, "worse"),
     ([0] * 30, [100] * 30, "not_yet")],
)  # fmt: skip
def test_verdicts(before: list[int], after: list[int], verdict: str) -> None:
    assert meter.compare(before, after).verdict == verdict


def _decide(days_ago: int, hours: list[int], *owners: Any) -> None:
    day = TODAY - dt.timedelta(days=days_ago)
    drafts = [Draft("task.decided", day, part=str(n), value=value, bucket=bucket_of(value), owner=owners[n % len(owners)].pk) for n, value in enumerate(hours)]
    services.keep(subject=f"oa:case:{days_ago}", drafts=drafts, now=NOW)


@pytest.mark.req("V2")
def test_a_baseline_is_frozen_once_and_measured_against(cast: SimpleNamespace) -> None:
    rng, three = random.Random(5), (cast.fin, cast.boss, cast.admin)
    _decide(200, drawn(rng, 60, 40), *three)
    first, last = TODAY - dt.timedelta(days=230), TODAY - dt.timedelta(days=180)
    with pytest.raises(NotPermitted):
        services.freeze_baseline(person=cast.fin, key="approval_time", first_day=first, last_day=last, now=NOW)
    with pytest.raises(InvalidInput):
        services.freeze_baseline(person=cast.admin, key="approval_time", first_day=last, last_day=first, now=NOW)
    with pytest.raises(services.UnableToFreeze):
        services.freeze_baseline(person=cast.admin, key="approval_time", first_day=TODAY, last_day=TODAY, now=NOW)
    assert not Baseline.objects.exists()
    row = services.freeze_baseline(person=cast.admin, key="approval_time", first_day=first, last_day=last, now=NOW)
    with pytest.raises(services.UnableToFreeze):
        services.freeze_baseline(person=cast.admin, key="approval_time", first_day=first, last_day=TODAY, now=NOW)
    _decide(200, drawn(rng, 60, 4), *three)  # the past is corrected: the baseline stays what was frozen
    assert Baseline.objects.get().sample == row.sample
    _decide(10, drawn(rng, 60, 20), *three)
    found = {one.key: one for one in selectors.meter(cast.admin, now=NOW)}
    gauge = found["approval_time"]
    assert (gauge.verdict, gauge.before_count, gauge.now_count, gauge.reached) == ("proven", 60, 60, True)
    assert gauge.low < gauge.change < gauge.high < 0
    assert found["order_hours"].verdict == "no_data"
    refused = {one.key: one for one in selectors.meter(cast.boss, now=NOW)}["approval_time"]
    assert refused.verdict == "forbidden"
    assert refused.why[-1] == "rule: it is measured over the whole company, and your rights reach a part of it" and "Guo Peng" in refused.ask
