"""Periods, the periods before them, and windows cut into months and days."""

from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.insight import forms
from apps.insight.policies import periods
from apps.insight.policies.periods import DAY

D = dt.date
DAYS = st.dates(D(2020, 1, 1), D(2030, 12, 31))


@pytest.mark.parametrize(
    ("kind", "today", "window", "former"),
    [
        ("month", D(2026, 11, 23), (D(2026, 11, 1), D(2026, 11, 24)), (D(2026, 10, 1), D(2026, 10, 24))),
        ("month", D(2026, 11, 30), (D(2026, 11, 1), D(2026, 12, 1)), (D(2026, 10, 1), D(2026, 11, 1))),
        ("month", D(2026, 3, 30), (D(2026, 3, 1), D(2026, 3, 31)), (D(2026, 2, 1), D(2026, 3, 1))),
        ("quarter", D(2026, 11, 23), (D(2026, 10, 1), D(2026, 11, 24)), (D(2026, 7, 1), D(2026, 8, 24))),
        ("year", D(2026, 2, 10), (D(2026, 1, 1), D(2026, 2, 11)), (D(2025, 1, 1), D(2025, 2, 11))),
        ("last12", D(2026, 11, 30), (D(2025, 12, 1), D(2026, 12, 1)), (D(2024, 12, 1), D(2025, 12, 1))),
    ],
)
def test_a_running_period_is_compared_with_the_same_days_before(kind, today, window, former) -> None:
    period = periods.period(kind, today=today)
    assert periods.window(period, today) == window
    assert periods.former(period, today) == former


def test_a_period_of_ones_own_is_compared_with_as_many_days_before() -> None:
    period = periods.period("custom", today=D(2026, 11, 23), start=D(2026, 11, 11), end=D(2026, 11, 20))
    assert periods.former(period, D(2026, 11, 23)) == (D(2026, 11, 1), D(2026, 11, 11))
    with pytest.raises(ValueError, match="first and a last day"):
        periods.period("custom", today=D(2026, 11, 23), start=D(2026, 11, 11), end=D(2026, 11, 10))


@given(DAYS, st.integers(0, 800))
def test_whole_months_and_single_days_make_up_a_window_once(first: D, length: int) -> None:
    end = first + dt.timedelta(days=length)
    whole, single = periods.split((first, end))
    covered = [*single, *(day for month in whole for day in periods.steps(month, periods.add_months(month, 1)))]
    assert sorted(covered) == list(periods.steps(first, end))


@given(st.sampled_from(["month", "quarter", "year", "last12"]), DAYS)
def test_the_period_before_ends_before_the_period_begins(kind, today: D) -> None:
    period = periods.period(kind, today=today)
    window, former = periods.window(period, today), periods.former(period, today)
    assert former[0] < former[1] <= period.start == window[0]
    assert window[1] == min(period.end, today + DAY)
    assert former[1] - former[0] <= window[1] - window[0] + dt.timedelta(days=6)  # quarters and years differ by a few days
    months = periods.months(period)
    assert len(months) == 13
    assert months[-1] == periods.month_of(period.end - DAY)


@pytest.mark.req("E9")
@given(DAYS, st.sampled_from(["month", "quarter", "year", "last12"]))
def test_an_address_that_names_a_period_leads_to_it(today, kind) -> None:
    now = dt.datetime.combine(today, dt.time(4), dt.UTC)
    asked = forms.asked({"period": kind}, now=now)
    assert forms.asked(asked.params, now=now).period == asked.period
    assert forms.asked(dict(parse_qsl(asked.going_on(today))), now=now).period == asked.period
