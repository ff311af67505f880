"""The demo company's boards have something to show: baselines, who is live, one consent; seeded through services, once."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.audit import selectors as audit
from apps.devtools import past
from apps.insight import selectors, services
from apps.insight.models import Baseline, Board, Fact
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import boards
from tests.conftest import NOW
from tests.support import shop


@pytest.mark.req("V2")
def test_a_stricter_rule_about_small_groups_leaves_out_what_it_holds_back(company: SimpleNamespace, cast: SimpleNamespace, travel: Any, settings: Any) -> None:
    travel(NOW)
    settings.INSIGHT_SMALLEST_GROUP = 5
    shop.connect(NOW)
    shop.put("customer", "c-1", key="C-001", name="Delta Water Group", owner_email=cast.ana.email)
    past.seed(people=vars(cast), now=NOW)
    assert list(Baseline.objects.values_list("key", flat=True)) == ["order_hours"]  # no figure about people
    assert Board.objects.count() == 2


@pytest.mark.req("V1", "V2", "V6")
def test_the_demo_has_baselines_boards_and_a_department_that_is_live(company: SimpleNamespace, cast: SimpleNamespace, travel: Any, settings: Any) -> None:
    travel(NOW)
    settings.INSIGHT_SMALLEST_GROUP = 2  # as the demo has it
    people = vars(cast)
    shop.connect(NOW)
    shop.put("customer", "c-1", key="C-001", name="Delta Water Group", owner_email=cast.ana.email)
    past.seed(people=people, now=NOW)
    facts = Fact.objects.count()
    past.seed(people=people, now=NOW)  # a second start adds nothing
    assert (Board.objects.count(), Baseline.objects.count(), Fact.objects.count()) == (2, 4, facts)
    gauges = {one.key: one for one in selectors.meter(cast.admin, now=NOW)}
    assert {key: gauges[key].before_count for key in ("order_hours", "first_response", "approval_time", "decisions_hour")} == {
        "order_hours": 48, "first_response": 60, "approval_time": 47, "decisions_hour": 40}  # of the department that is live
    assert all(gauges[key].verdict == "not_yet" for key in ("order_hours", "approval_time", "decisions_hour"))
    assert "Finance" in gauges["order_hours"].control.names
    period = periods.period("month", today=NOW.date())
    for login in ("boss", "admin"):
        (board,) = [one for one in boards.boards_of(people[login]) if one.own]
        views = boards.shown(people[login], board.tiles, period=period, filters=Filters(), now=NOW)
        assert [view.state for view in views if view.state == "forbidden"] == []
    assert len(list(audit.entries(action="insight.baseline.frozen"))) == 4
    while services.rebuild():
        pass
    then = periods.period("quarter", today=NOW.date(), start=dt.date(2026, 1, 1))
    for key in ("oa.decisions", "crm.first_response"):  # counted, and nothing is there to be opened
        found = selectors.rows(cast.admin, key, period=then, filters=Filters(), now=NOW)
        assert (found.state, bool(found.rows), {(str(row.title), row.url) for row in found.rows}) == ("ok", True, {("", "")})
