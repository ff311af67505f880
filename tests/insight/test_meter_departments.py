"""The value meter compares a department with itself: what one takes longer than another is no improvement, and what everybody gained is not the portal's."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import selectors, services
from apps.insight.models import Baseline
from apps.insight.policies import figures, meter
from apps.insight.policies.facts import Draft
from tests.conftest import NOW
from tests.insight.test_measures import put_values

TODAY = NOW.date()
THEN, LATELY = TODAY - dt.timedelta(days=200), TODAY - dt.timedelta(days=3)
FIRST, LAST = TODAY - dt.timedelta(days=210), TODAY - dt.timedelta(days=190)
KEY = "order_hours"


def took(owner: Any, hours: int, day: dt.date = LATELY) -> None:
    put_values("shipment.cycle", [100 * hours] * 30, day=day, owner=owner, tag=owner.login)


def freeze(cast: SimpleNamespace, key: str = KEY) -> Baseline:
    return services.freeze_baseline(person=cast.admin, key=key, first_day=FIRST, last_day=LAST, now=NOW)


def live(cast: SimpleNamespace, *people: Any) -> None:
    for person in people:
        services.set_live(person=cast.admin, department=person.org_unit_id, live_from=TODAY - dt.timedelta(days=80), now=NOW)


def said(cast: SimpleNamespace, key: str = KEY) -> dict[str, Any]:
    one = selectors.gauge(cast.admin, key, now=NOW)
    two = one.control
    found = {"verdict": one.verdict, "before": (one.before, one.before_count), "now": (one.now, one.now_count), "change": one.change, "why": one.why}
    return found | {"control": two and (two.verdict, two.before, two.value, two.change)}


@pytest.fixture
def company(cast: SimpleNamespace) -> SimpleNamespace:
    """Sales always takes ten hours, finance always thirty, the same number of orders each."""
    for person, hours in ((cast.ana, 10), (cast.fin, 30)):
        took(person, hours, THEN)
    return cast


CASES = [
    # what sales and finance take now, what is said of the live one (sales) and of the other beside it
    ("nothing changed", (10, 30), ("not_yet", 10, 0.0), ("not_yet", 30, 30, 0.0)),
    ("sales is better", (6, 30), ("proven", 6, -40.0), ("proven", 30, 30, -40.0)),
    ("both are better by as much", (6, 18), ("proven", 6, -40.0), ("not_yet", 30, 18, 0.0)),
    ("the other one is better by more", (8, 15), ("proven", 8, -20.0), ("worse", 30, 15, 60.0)),
    ("sales is worse", (15, 30), ("worse", 15, 50.0), ("worse", 30, 30, 50.0)),
]


@pytest.mark.req("V1", "V2")
@pytest.mark.parametrize(("_case", "now", "own", "other"), CASES, ids=[row[0] for row in CASES])
def test_a_difference_between_departments_is_no_improvement(company: SimpleNamespace, _case: str, now: Any, own: Any, other: Any) -> None:
    took(company.ana, now[0])
    took(company.fin, now[1])
    row = freeze(company)
    assert row.by_department == {str(company.ana.org_unit_id): [1000] * 30, str(company.fin.org_unit_id): [3000] * 30}
    assert row.sample == [1000] * 30 + [3000] * 30
    live(company, company.ana)
    found = said(company)
    control = found["control"]
    assert (found["verdict"], found["before"], found["now"], found["why"]) == (own[0], (10, 30), (own[1], 30), ())
    assert (found["change"], control[3]) == (pytest.approx(own[2]), pytest.approx(other[3]))
    assert control[:3] == other[:3]


@pytest.mark.req("V1", "V2")
def test_without_a_day_the_company_is_compared_with_itself(company: SimpleNamespace) -> None:
    took(company.ana, 10)
    took(company.fin, 30)
    freeze(company)
    assert said(company) == {"verdict": "not_yet", "before": (20, 60), "now": (20, 60), "change": 0.0, "why": (), "control": None}


@pytest.mark.req("V1", "V2")
def test_a_baseline_that_does_not_know_its_departments_proves_nothing_of_one_of_them(company: SimpleNamespace, as_: Any, travel: Any) -> None:
    travel(NOW)
    took(company.ana, 6)
    took(company.fin, 30)
    freeze(company)
    Baseline.objects.update(by_department=None)  # as it was frozen before departments were kept
    live(company, company.ana)
    words = "The baseline does not say which departments it is of, so those that are live cannot be compared with it."
    assert said(company) == {"verdict": "not_yet", "before": (None, 0), "now": (6, 30), "change": None, "why": (words,),
                             "control": ("no_baseline", None, 30, None)}  # fmt: skip
    assert words in figures.proof_words(selectors.gauge(company.admin, KEY, now=NOW))
    page = as_(company.admin).get(f"/board/meter/{KEY}/").content.decode()
    assert words in page and "how they were before was not frozen: no proof" in page and "nothing is frozen yet" not in page
    one = {row["key"]: row for row in as_(company.admin).get("/api/v1/value-meter").json()}[KEY]
    assert (one["verdict"], one["change"], one["why"], one["control"]["before"]) == ("not_yet", None, [words], None)


@pytest.mark.req("V1", "V2")
def test_a_department_of_which_nothing_was_frozen_is_not_compared(company: SimpleNamespace) -> None:
    took(company.ana, 10)
    took(company.eve, 1)  # a quick department that was not there before
    freeze(company)
    live(company, company.ana, company.eve)
    found = said(company)
    assert (found["verdict"], found["now"], found["change"]) == ("not_yet", (10, 30), 0.0)
    assert found["why"] == ("Not compared, since nothing was frozen of them: Warehouse.",)
    assert selectors.meter_rows(company.admin, KEY, now=NOW).total == 30
    services.set_live(person=company.admin, department=company.ana.org_unit_id, live_from=None, now=NOW)
    found = said(company)
    assert (found["verdict"], found["before"], found["now"]) == ("no_baseline", (None, 0), (1, 30))
    assert found["why"] == ("Nothing was frozen of these departments.",)


@pytest.mark.req("V2", "U4")
def test_what_was_frozen_of_a_department_never_speaks_of_few_people(company: SimpleNamespace) -> None:
    """Three of sales and one of finance decided, then and now: neither side may be told, for the one could be worked out."""
    def decided(people: dict[str, Any], day: dt.date) -> None:
        for name, unit in people.items():
            owner, tag = uuid.uuid5(uuid.NAMESPACE_OID, name), uuid.uuid5(uuid.NAMESPACE_OID, f"{name}{day}")
            drafts = [Draft("task.decided", day, part=str(n), value=200, owner=owner, department=unit) for n in range(10)]
            services.keep(subject=f"oa:case:{tag}", drafts=drafts, now=NOW)

    sales, finance = company.ana.org_unit_id, company.fin.org_unit_id
    decided({"a": sales, "b": sales, "c": sales, "d": finance}, THEN)
    decided({"a": sales, "b": sales, "c": sales}, LATELY)
    freeze(company, "approval_time")
    assert said(company, "approval_time")["before"] == (2, 40)
    live(company, company.ana)
    assert (said(company, "approval_time")["verdict"], said(company, "approval_time")["before"]) == ("suppressed", (None, 0))


@pytest.mark.req("V1", "V4")
@pytest.mark.parametrize(("live_", "other", "statistic", "better", "change", "verdict"), [
    (((50, 100), (50, 100)), ((10, 100), (10, 100)), "share", "up", 0.0, "not_yet"),
    (((20, 100), (90, 100)), ((20, 100), (20, 100)), "share", "up", 70.0, "proven"),
    (((20, 100), (90, 100)), ((20, 100), (90, 100)), "share", "up", 0.0, "not_yet"),
])  # fmt: skip
def test_shares_change_by_points(live_: Any, other: Any, statistic: Any, better: Any, change: float, verdict: str) -> None:
    pairs = [tuple([meter.WHOLE] * hits + [0] * (size - hits) for hits, size in pair) for pair in (live_, other)]
    found = meter.compare_changes(*pairs, statistic=statistic, better=better)  # type: ignore[arg-type]
    assert (found.change, found.verdict) == (pytest.approx(change), verdict)


@pytest.mark.req("V1", "V4")
def test_few_values_and_none_prove_nothing() -> None:
    many, few, none = [1000] * 30, [1000] * 19, [0] * 30
    assert meter.compare_changes((many, [500] * 30), (many, few), statistic="median", better="down").verdict == "not_yet"
    assert meter.compare_changes((many, [500] * 30), (many, many), statistic="median", better="down").verdict == "proven"
    for pairs, verdict in ((((many, many), ([], many)), "no_baseline"), (((many, []), (many, many)), "not_yet"), (((many, many), (none, many)), "not_yet")):
        assert meter.compare_changes(*pairs, statistic="median", better="down") == meter.Comparison(None, None, None, verdict)  # type: ignore[arg-type]
