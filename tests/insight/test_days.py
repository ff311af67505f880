"""On which day something was over."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import selectors, services
from apps.insight.models import Fact
from apps.insight.payloads import Filters
from apps.insight.policies import facts as policies
from apps.insight.policies import periods
from apps.insight.policies.facts import Around
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

D = dt.date
AROUND = Around(read_on=D(2026, 11, 23), first_seen=D(2026, 11, 23), currency="CNY")
WINNING = [
    ("expected in January, won in March", "2025-12-01", "2026-01-15", "2026-03-01", D(2026, 3, 1)),
    ("expected in May, won in March", "2025-12-01", "2026-05-15", "2026-03-01", D(2026, 3, 1)),
    ("as expected", "2025-12-01", "2026-03-01", "2026-03-01", D(2026, 3, 1)),
    ("its system does not say when it was made", None, "2026-01-15", "2026-03-01", D(2026, 3, 1)),
    ("no closing date", "2025-12-01", None, "2026-03-01", D(2026, 3, 1)),
    ("no change of stage", "2025-12-01", "2026-01-15", None, D(2026, 1, 15)),
    ("loaded as won in January", "2026-11-20", "2026-01-15", "2026-11-20", D(2026, 1, 15)),
    ("made and won on one day, expected later", "2026-03-01", "2026-04-15", "2026-03-01", D(2026, 3, 1)),
    ("changed before it was made", "2026-11-20", "2026-01-15", "2026-01-16", D(2026, 1, 15)),
    ("nothing said", None, None, None, D(2026, 11, 23)),
]


@pytest.mark.req("E7")
@pytest.mark.parametrize(("_case", "made", "expected", "changed", "won_on"), WINNING, ids=[row[0] for row in WINNING])
@pytest.mark.parametrize("kind", ["won", "lost"])
def test_a_deal_is_closed_on_the_day_it_came_into_its_last_stage(_case: str, made: Any, expected: Any, changed: Any, won_on: dt.date, kind: str) -> None:
    deal = {"stage_kind": kind, "amount": "10", "created_at": made and f"{made}T01:00:00+00:00", "closed_on": expected,
            "stage_changed_at": changed and f"{changed}T05:00:00+00:00"}  # fmt: skip
    days = {draft.day for draft in policies.drafts("deal", deal, AROUND) if draft.stream in ("deal.closed", "deal.closed_won") or draft.part == "out"}
    assert days == {won_on}


def backlog(person: Any, last: dt.date) -> Any:
    period = periods.period("custom", today=last, start=D(2026, 11, 1), end=last)
    return selectors.reading(person, "erp.backlog", period=period, filters=Filters(), now=NOW + dt.timedelta(days=30)).value


@pytest.mark.req("E7")
def test_a_done_order_that_is_edited_later_leaves_the_backlog_of_before_as_it_was(shopped: SimpleNamespace) -> None:
    def say(state: str, at: dt.datetime, **more: Any) -> None:
        shop.put("order", "o-9", now=at, key="SO-9", customer_key="K100", state=state, amount="100", currency="CNY", ordered_on="2026-11-20", updated_at=at,
                 **more)
        services.take_records(connection="erp", kind="order", external_ids=["o-9"], now=at)
        add_up()

    done, edited, again = (NOW + dt.timedelta(days=days) for days in (2, 10, 15))
    before = backlog(shopped.admin, D(2026, 11, 23))
    say("processing", NOW)
    assert backlog(shopped.admin, D(2026, 11, 23)) == before + 100
    say("done", done)
    say("done", edited, comment="Paid in part")
    assert backlog(shopped.admin, D(2026, 11, 24)) == before + 100
    assert backlog(shopped.admin, D(2026, 11, 25)) == before
    say("processing", edited)  # it was not over
    assert backlog(shopped.admin, D(2026, 11, 25)) == before + Decimal(100)
    say("done", again)
    assert Fact.objects.get(subject="erp:order:o-9", part="out:", replaced_at=None).day == again.date()


@pytest.mark.req("E7")
def test_a_case_is_over_on_the_day_its_system_says_else_on_the_day_it_was_first_seen_over(shopped: SimpleNamespace) -> None:
    def say(at: dt.datetime, **more: Any) -> dt.date:
        shop.put("case", "ca-1", now=at, name="Leak", state="closed", created_at=NOW - dt.timedelta(days=3), updated_at=at, **more)
        services.take_records(connection="crm", kind="case", external_ids=["ca-1"], now=at)
        return Fact.objects.get(subject="crm:case:ca-1", part="out", replaced_at=None).day

    assert say(NOW) == D(2026, 11, 23)
    assert say(NOW + dt.timedelta(days=5)) == D(2026, 11, 23)
    assert say(NOW + dt.timedelta(days=6), closed_on="2026-11-22") == D(2026, 11, 22)
