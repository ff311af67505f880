"""The benchmark of the inbox runs through with small numbers, so that it cannot rot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.figures import Result
from tests.bench.inbox.measure import Scale, run


@pytest.mark.req("E13")
def test_each_figure_of_the_inbox_is_measured(db: None, settings: Any) -> None:
    told: list[Result] = []
    results = run(Scale(few=52, many=400, closed=200, visits=3, repetitions=1), told.append)
    assert told == results
    (result,) = results
    assert [figure.id for figure in result.figures] == ["PF-10", "PF-10", "PF-10"]
    time, queries, _flat = result.figures
    assert queries.held, queries.measured
    assert time.measured.least > 0
