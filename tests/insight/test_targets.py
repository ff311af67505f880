"""A figure is held against its own target: that of the company, or of its department, and of nobody else's."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.access import services as access
from apps.core.errors import NotPermitted
from apps.insight import selectors, services
from apps.insight.models import Target
from apps.insight.payloads import Filters
from apps.insight.policies import figures, periods
from apps.insight.policies.facts import Draft
from tests.conftest import NOW
from tests.insight.conftest import add_up

PERIOD = periods.period("month", today=NOW.date())


def target(person: Any, key: str, **filters: Any) -> Decimal | None:
    return selectors.reading(person, key, period=PERIOD, filters=Filters(**filters), now=NOW).target


def aim(person: Any, key: str, value: int, department: Any = None) -> None:
    services.set_target(person=person, key=key, period=PERIOD, department=department, value=Decimal(value), now=NOW)


@pytest.mark.req("E9")
def test_a_part_of_the_company_is_not_held_against_the_target_of_the_whole(shopped: SimpleNamespace) -> None:
    sales, boss = shopped.ana.org_unit_id, shopped.boss
    aim(boss, "erp.orders_taken", 400000)
    aim(boss, "erp.orders_taken", 300000, sales)
    aim(boss, "erp.stock_short", 2)
    rows = [
        ({}, "erp.orders_taken", 400000), ({"department": sales}, "erp.orders_taken", 300000),
        ({"department": shopped.fin.org_unit_id}, "erp.orders_taken", None),
        ({"region": "Hangzhou"}, "erp.orders_taken", None), ({"product_line": "pumps"}, "erp.orders_taken", None),
        ({"department": sales, "region": "Hangzhou"}, "erp.orders_taken", None),
        # it knows neither department nor region: it is the company's whatever the board is filtered by
        ({"department": sales}, "erp.stock_short", 2), ({"region": "Hangzhou"}, "erp.stock_short", 2), ({"product_line": "x"}, "erp.stock_short", None),
    ]  # fmt: skip
    found = [(filters, key, target(shopped.admin, key, **filters)) for filters, key, _value in rows]
    assert found == rows


@pytest.mark.req("E9", "U4")
def test_who_sees_a_department_sees_its_target_and_who_sees_less_none(shopped: SimpleNamespace) -> None:
    """The manager's reach into how people decide is the department; everybody else's figure is made of the own records."""
    key, sales, finance = "oa.completion", shopped.boss.org_unit_id, shopped.fin.org_unit_id
    for index, person in enumerate([shopped.ana, shopped.boss, shopped.fin]):
        services.keep(subject=f"oa:case:0000000{index}-0000-4000-8000-000000000000", now=NOW,
                      drafts=[Draft("task.asked", NOW.date(), part="x", hit=True, owner=person.pk, department=person.org_unit_id)])  # fmt: skip
    add_up()
    aim(shopped.boss, key, 90)
    assert target(shopped.admin, key) == 90
    assert (target(shopped.boss, key), target(shopped.boss, key, department=sales)) == (None, None)
    aim(shopped.boss, key, 80, sales)
    aim(shopped.boss, key, 70, finance)
    assert (target(shopped.boss, key), target(shopped.boss, key, department=sales), target(shopped.boss, key, department=finance)) == (80, 80, None)
    aim(shopped.boss, "erp.receivables", 900000)
    listed = [{"resource": "erp.receivable", "scope": "own", "actions": ["view"], "fields": {"*": "read"}}]
    access.seed_roles(roles=[{"code": "tried", "name": "Tried", "name_zh": "试用", "grants": listed}], now=NOW)
    access.seed_assignment(role="tried", person=shopped.ana, now=NOW - dt.timedelta(days=1))
    own = selectors.reading(shopped.ana, "erp.receivables", period=PERIOD, filters=Filters(), now=NOW)
    assert (own.scope, own.value, own.target) == ("own", 637200, None)


@pytest.mark.req("E9")
@pytest.mark.parametrize(("direction", "value", "words"), [
    ("up", 5, "target 5"), ("up", 4, "below target 5"), ("down", 5, "target 5"), ("down", 6, "above target 5"), ("down", 4, "target 5"),
    ("none", 6, "target 5"), ("up", None, "target 5"),
])  # fmt: skip
def test_on_which_side_of_a_target_a_figure_lies(shopped: SimpleNamespace, direction: str, value: int | None, words: str) -> None:
    found = selectors.reading(shopped.admin, "erp.stock_short", period=PERIOD, filters=Filters(), now=NOW)
    one = replace(found, direction=direction, value=None if value is None else Decimal(value), target=Decimal(5))
    assert figures.target_words(one) == words
    assert figures.target_words(replace(one, target=None)) == ""


@pytest.mark.req("E9")
def test_a_target_is_set_on_the_page_of_the_figure_it_belongs_to(shopped: SimpleNamespace, as_: Any) -> None:
    client, page = as_(shopped.boss), "/board/figures/erp.stock_short/"
    sales = f"?department={shopped.ana.org_unit_id}"
    assert "For the whole company. Empty takes the target away." in client.get(page + sales).content.decode()
    client.post(f"{page}target/{sales}", {"value": "2"})
    assert list(Target.objects.values_list("department", "value")) == [(None, 2)]  # stock is nobody's department's
    board = client.get("/board/b/operations/").content.decode()
    assert "above target 2" in board and "below target" not in board
    # narrowed to a region or a product line the figure is a part: nothing typed there touches the company's target
    for query in ("?product_line=pumps", f"{sales}&product_line=pumps"):
        assert "This figure is of a part of it." in client.get(page + query).content.decode()
        for value in ("", "7"):
            answer = client.post(f"{page}target/{query}", {"value": value}, follow=True).content.decode()
            assert "Targets are set for the company or for a department." in answer
    assert list(Target.objects.filter(replaced_at=None).values_list("department", "value")) == [(None, 2)]
    flow = "/board/figures/oa.completion/"
    client.post(f"{flow}target/", {"value": "80"})  # as far as this manager sees: the own department
    assert list(Target.objects.filter(key="oa.completion").values_list("department", "value")) == [(shopped.boss.org_unit_id, 80)]
    assert as_(shopped.boss).post(f"{flow}target/?department={shopped.fin.org_unit_id}", {"value": "60"}).status_code == 302
    assert Target.objects.filter(key="oa.completion").count() == 1
    with pytest.raises(NotPermitted):
        aim(shopped.fin, "oa.completion", 1)
