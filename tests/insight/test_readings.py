"""Figures of the small company."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from apps.access import selectors as access
from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.payloads import Filters
from apps.insight.policies import periods


def month(clock: dt.datetime):
    return periods.period("month", today=clock.date())


@pytest.mark.req("E6", "E7", "E8")
def test_every_figure_can_be_read(shopped: SimpleNamespace, clock: dt.datetime, django_assert_max_num_queries) -> None:
    with access.one_request(), django_assert_max_num_queries(45):
        found = selectors.board_readings(shopped.admin, list(KPIS), period=month(clock), filters=Filters(), now=clock)
    for one in found:
        print(one.key, one.state, one.value, one.former, one.rows, one.breakdown[:3], one.excluded, one.why)
    assert services.reconcile() == []
    assert {one.state for one in found} <= {"ok", "empty", "forbidden", "suppressed"}
