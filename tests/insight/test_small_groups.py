"""Figures about people never speak of fewer than three: not in another month, not as what is left of the whole, not beside a filter."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core.kpis import bucket_of
from apps.insight import selectors, services
from apps.insight.payloads import Filters, PeriodKind
from apps.insight.policies import periods
from apps.insight.policies.cuts import Cut
from apps.insight.policies.facts import Draft
from apps.insight.selectors.cuts import pivot
from apps.insight.selectors.daily import daily
from tests.conftest import NOW
from tests.insight.conftest import add_up

KEY, TODAY = "oa.approval_time", NOW.date()
MONTH = periods.period("month", today=TODAY)
FEW = "Fewer than 3 people stand behind this figure, so it is not shown."
REST = "Fewer than 3 people are left without this part, and their figure could be worked out, so it is not shown."


def decided(by: Mapping[str, tuple[Any, int]], day: dt.date = TODAY, stream: str = "task.decided", region: str = "") -> None:
    """Who decided -> (department, hours); one decision each."""
    for name, (unit, hours) in by.items():
        draft = Draft(stream, day, part="x", value=100 * hours, bucket=bucket_of(100 * hours), owner=uuid.uuid5(uuid.NAMESPACE_OID, name), department=unit,
                      region=region)  # fmt: skip
        services.keep(subject=f"oa:case:{uuid.uuid5(uuid.NAMESPACE_OID, f'{name}{day}{stream}{region}')}", drafts=[draft], now=NOW)
    add_up()


def read(person: Any, *, kind: PeriodKind = "month", start: dt.date = TODAY, key: str = KEY, **filters: Any) -> Any:
    return selectors.reading(person, key, period=periods.period(kind, today=TODAY, start=start), filters=Filters(**filters), now=NOW)


def months(found: Any) -> dict[str, tuple[Decimal | None, bool]]:
    return {point.label: (point.value, point.suppressed) for point in found.series if point.value is not None or point.suppressed}


@pytest.mark.req("E9", "U4")
def test_a_month_of_one_person_is_no_figure_beside_months_of_three(cast: SimpleNamespace, as_: Any, travel: Any) -> None:
    travel(NOW)
    sales = cast.ana.org_unit_id
    three = {"a": (sales, 2), "b": (sales, 4), "c": (sales, 6)}
    for month in (7, 8, 10, 11):
        decided(three, dt.date(2026, month, 3))
    decided({"a": (sales, 9)}, dt.date(2026, 9, 3))
    assert read(cast.admin, start=dt.date(2026, 9, 1)).why == (FEW,)
    november = read(cast.admin)
    assert (november.value, november.former) == (4, 4)
    assert months(november) == {"2026-07": (4, False), "2026-08": (4, False), "2026-09": (None, True), "2026-10": (4, False), "2026-11": (4, False)}
    october = read(cast.admin, start=dt.date(2026, 10, 1))
    assert (october.value, october.former) == (4, None)  # the month before is hers alone
    # the whole of a quarter is shown: with one of its months another is hidden, or the one could be worked out
    quarter = read(cast.admin, kind="quarter", start=dt.date(2026, 7, 1))
    assert (quarter.value, months(quarter)) == (4, {"2026-07": (None, True), "2026-08": (4, False), "2026-09": (None, True)})
    running = read(cast.admin, kind="quarter")
    assert (running.former, [point.value for point in running.series[-4:]]) == (4, [4, None, 4, 4])  # of the quarter before July and August
    client = as_(cast.admin)
    said = {row["month"]: row["value"] for row in client.get(f"/api/v1/bi/months?key={KEY}").json()["rows"]}
    assert (said["2026-08"], said["2026-09"], said["2026-10"]) == ("4.00", None, "4.00")
    told = {one["label"]: one["suppressed"] for one in client.get(f"/api/v1/kpis/{KEY}/reading").json()["series"]}
    assert [label for label, held in told.items() if held] == ["2026-09"]
    assert "too few to show" in client.get(f"/board/figures/{KEY}/").content.decode()


SHAPES = [
    ("two of one each and nine", {"ana": 1, "fin": 1, "admin": 9}, {"ana", "fin", "admin"}),
    ("two of one each, three and nine", {"ana": 1, "fin": 1, "admin": 3, "eve": 9}, {"ana", "fin", "admin"}),
    ("one and two", {"ana": 1, "fin": 2, "admin": 9}, {"ana", "fin"}),
    ("all large", {"ana": 3, "fin": 4, "admin": 9}, set()),
]


def of_sizes(cast: SimpleNamespace, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Departments of these sizes, a decision of each person in them; whose department -> department."""
    units = {name: getattr(cast, name).org_unit_id for name in sizes}
    decided({f"{name}{number}": (units[name], number + 1) for name, size in sizes.items() for number in range(size)})
    return units


@pytest.mark.req("E9", "U4")
@pytest.mark.parametrize(("_case", "sizes", "hidden"), SHAPES, ids=[row[0] for row in SHAPES])
def test_what_is_left_of_the_whole_is_no_small_group(cast: SimpleNamespace, _case: str, sizes: dict[str, int], hidden: set[str]) -> None:
    units = of_sizes(cast, sizes)
    wanted = {str(units[name]) for name in hidden}
    found = read(cast.admin)
    assert {share.key for share in found.breakdown if share.suppressed} == wanted
    assert all(share.value is None and share.rows == 0 for share in found.breakdown if share.suppressed)
    table = pivot(cast.admin, KEY, Cut("department"), period=MONTH, filters=Filters(), now=NOW)
    assert table is not None
    assert {part.key for part, one in zip(table.axis, table.values[0], strict=True) if one.suppressed} == wanted


@pytest.mark.req("E9", "U4")
def test_the_company_less_a_department_is_no_small_group(cast: SimpleNamespace) -> None:
    sales, finance = cast.ana.org_unit_id, cast.fin.org_unit_id
    decided({f"s{number}": (sales, number) for number in range(1, 10)})
    assert read(cast.admin, department=sales).value == 5  # nobody stands beside it
    decided({"f": (finance, 40)})
    assert (read(cast.admin).value, read(cast.admin, department=finance).why) == (Decimal("5.5"), (FEW,))
    held = read(cast.admin, department=sales)
    assert (held.state, held.why, held.value, held.series, held.breakdown) == ("suppressed", (REST,), None, (), ())
    assert selectors.rows(cast.admin, KEY, period=MONTH, filters=Filters(department=sales), now=NOW).rows == ()
    for cut in (Cut("month"), Cut("department")):
        table = pivot(cast.admin, KEY, cut, period=MONTH, filters=Filters(department=sales), now=NOW)
        assert table is not None and {one.value for line in table.values for one in line} <= {None}
    assert daily(cast.admin, [KEY], days=[TODAY], filters=Filters(department=sales)) == {KEY: {TODAY: None}}
    assert daily(cast.admin, [KEY], days=[TODAY], filters=Filters()) == {KEY: {TODAY: Decimal("5.5")}}
    # as it was shown, by the facts themselves
    later = selectors.reading(cast.admin, KEY, period=MONTH, filters=Filters(department=sales), now=NOW, as_shown=NOW + dt.timedelta(seconds=1))
    assert later.state in ("suppressed", "empty")
    decided({"g": (finance, 40), "h": (finance, 40)})
    assert (read(cast.admin, department=sales).value, read(cast.admin, department=finance).value) == (5, 40)


@pytest.mark.req("E9", "U4")
def test_two_departments_together_do_not_give_away_the_third(cast: SimpleNamespace) -> None:
    units = of_sizes(cast, {"ana": 9, "admin": 10, "fin": 1})
    found = {name: read(cast.admin, department=unit).why for name, unit in units.items()}
    assert found == {"ana": (REST,), "admin": (), "fin": (FEW,)}  # the company less the two large ones is one person


@pytest.mark.req("E9", "U4")
def test_the_company_less_a_region_is_no_small_group(cast: SimpleNamespace) -> None:
    sales, key = cast.ana.org_unit_id, "crm.first_response"
    decided(dict.fromkeys("abc", (sales, 2)), stream="case.answered", region="Wuhan")
    assert read(cast.admin, key=key, region="Wuhan").value == 2
    decided({"d": (sales, 8)}, stream="case.answered", region="Hangzhou")
    assert (read(cast.admin, key=key).value, read(cast.admin, key=key, region="Wuhan").why) == (2, (REST,))
    assert read(cast.admin, key=key, region="Hangzhou").why == (FEW,)
