"""What figures said at a moment, by REST: of the period of that moment, never of one to come, under one name."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import services
from apps.insight.models import Fact
from apps.insight.policies.facts import Draft
from tests.conftest import NOW
from tests.insight.conftest import add_up

KEY = "erp.orders_taken"
MARCH = dt.datetime(2026, 3, 3, 2, tzinfo=dt.UTC)  # 10:00 at the company


@pytest.fixture
def since_march(cast: SimpleNamespace, travel: Any) -> SimpleNamespace:
    """Orders of 70 on the first of March and of 5 in November; in March the portal knew the first of them."""
    travel(NOW)
    for number, (day, worth, at) in enumerate([(dt.date(2026, 3, 1), 7000, MARCH), (dt.date(2026, 11, 2), 500, NOW)]):
        services.keep(subject=f"erp:order:{number}", drafts=[Draft("order", day, value=worth, owner=cast.ana.pk, region="Wuhan")], now=at)
    add_up()
    return cast


@pytest.mark.req("E9")
@pytest.mark.parametrize("at", ["2026-03-03T10:00", "2026-03-03T10:00:00%2B08:00", "2026-03-03T02:00:00Z", "2026-03-03"])
def test_without_a_first_day_the_period_is_that_of_the_moment(since_march: SimpleNamespace, as_: Any, at: str) -> None:
    assert Fact.objects.get(subject="erp:order:0").recorded_at == MARCH
    client = as_(since_march.boss)
    row = client.get(f"/api/v1/bi/figures?key={KEY}&as_shown={at}").json()["rows"][0]
    assert (row["first_day"], row["last_day"], row["value"], row["state"]) == ("2026-03-01", "2026-03-03", "70.00", "ok")
    for name in ("as_shown", "shown"):
        one = client.get(f"/api/v1/kpis/{KEY}/reading?{name}={at}").json()
        assert (one["value"], one["window"]) == ("70.00", ["2026-03-01", "2026-03-04"])
        parts = client.get(f"/api/v1/kpis/{KEY}/cut?by=region&{name}={at}").json()
        assert [one["value"] for one in parts["values"][0]] == ["70.00"]
    assert [one["value"] for one in client.get(f"/api/v1/kpis/{KEY}/rows?as_shown={at}").json()["rows"]] == ["70.00"]
    assert client.get(f"/api/v1/kpis/{KEY}/reading").json()["value"] == "5.00"
    assert client.get(f"/api/v1/kpis/{KEY}/reading?as_shown={at}&start=2026-02-01").json()["state"] == "empty"


@pytest.mark.req("E9")
@pytest.mark.parametrize("query", [
    "as_shown=2026-11-23T09:12:01%2B08:00", "as_shown=2026-11-24", "as_shown=2027-01-01T00:00", "shown=2027-01-01", "as_shown=9999-12-31", "as_shown=x",
    "start=9999-12-31", "end=2026-11-01&period=custom", f"region={'x' * 61}",
])  # fmt: skip
def test_a_moment_that_has_not_come_is_refused(since_march: SimpleNamespace, as_: Any, query: str) -> None:
    client = as_(since_march.boss)
    for path in (f"kpis/{KEY}/reading?", f"kpis/{KEY}/rows?", f"kpis/{KEY}/cut?by=region&", f"bi/figures?key={KEY}&", f"bi/months?key={KEY}&"):
        answer = client.get(f"/api/v1/{path}{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid"), path
    assert client.get(f"/api/v1/kpis/{KEY}/reading?as_shown={NOW.isoformat().replace('+', '%2B')}").status_code == 200
