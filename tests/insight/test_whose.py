"""Whose a fact is when customers and people move."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db.models import Sum

from apps.insight import services
from apps.insight.models import Fact
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

LATER = NOW + dt.timedelta(days=20)  # 13 December


def in_force(stream: str, **more: Any) -> list[tuple[Any, ...]]:
    rows = Fact.objects.filter(stream=stream, replaced_at=None, **more).order_by("subject", "part")
    return list(rows.values_list("subject", "owner", "department", "region"))


def move(person: Any, to: Any) -> None:
    person.org_unit = to
    person.save()


def customer(people: SimpleNamespace, *, now: dt.datetime, city: str, seller: Any) -> None:
    shop.put("customer", "c-0", now=now, key="K100", name="Delta Water Group", city=city, owner_email=seller.email)
    services.take_records(connection="crm", kind="customer", external_ids=["c-0"], now=now)


def order(ident: str, *, now: dt.datetime, state: str, on: str, **more: Any) -> None:
    shop.put("order", ident, now=now, key=ident, customer_key="K100", state=state, amount="100", currency="CNY", ordered_on=on, **more)
    services.take_records(connection="erp", kind="order", external_ids=[ident], now=now)


@pytest.mark.req("E9")
def test_the_first_order_of_a_customer_goes_along_when_the_customer_does(shopped: SimpleNamespace) -> None:
    ana, fin = shopped.ana, shopped.fin
    assert in_force("customer.bought", subject="erp:first_order:K100") == [("erp:first_order:K100", ana.pk, ana.org_unit_id, "Hangzhou")]
    customer(shopped, now=LATER, city="Wuhan", seller=fin)
    assert in_force("customer.bought", subject="erp:first_order:K100") == [("erp:first_order:K100", fin.pk, fin.org_unit_id, "Wuhan")]
    assert {(owner, region) for _subject, owner, _unit, region in in_force("order", subject="erp:order:o-5")} == {(fin.pk, "Wuhan")}
    assert services.take_all(now=LATER) == 0  # whichever order is read last
    shop.put("customer", "c-9", now=LATER, key="K109", name="Nobody's yet", owner_email=fin.email)
    services.take_records(connection="crm", kind="customer", external_ids=["c-9"], now=LATER)
    assert in_force("customer.bought", subject="erp:first_order:K109") == []  # it bought nothing


@pytest.mark.req("E9")
def test_who_moves_to_another_department_takes_along_what_comes_and_not_what_was(shopped: SimpleNamespace) -> None:
    ana, sales, finance = shopped.ana, shopped.ana.org_unit_id, shopped.fin.org_unit
    before = {row[0]: row[2] for row in in_force("order")}
    assert set(before.values()) == {sales}
    move(ana, finance)
    customer(shopped, now=LATER, city="Wuhan", seller=ana)
    assert {row[0]: row[2] for row in in_force("order")} == before
    assert in_force("order", subject="erp:order:o-5") == [("erp:order:o-5", ana.pk, sales, "Wuhan")]  # where it was, of the region it is in
    assert in_force("customer.bought", subject="erp:first_order:K100") == [("erp:first_order:K100", ana.pk, sales, "Wuhan")]
    order("new", now=LATER, state="confirmed", on="2026-12-13")
    assert in_force("order", subject="erp:order:new") == [("erp:order:new", ana.pk, finance.pk, "Wuhan")]
    order("o-5", now=LATER, state="processing", on="2026-12-12")  # of another day: another fact
    assert in_force("order", subject="erp:order:o-5") == [("erp:order:o-5", ana.pk, finance.pk, "Wuhan")]


@pytest.mark.req("E9")
def test_what_goes_out_leaves_the_department_that_it_came_into(shopped: SimpleNamespace) -> None:
    ana, sales = shopped.ana, shopped.ana.org_unit_id
    move(ana, shopped.fin.org_unit)
    shop.put("order", "o-5", now=LATER, key="SO-20875", customer_key="K100", state="done", amount="100", currency="CNY", ordered_on="2026-11-20",
             updated_at=LATER)
    services.take_records(connection="erp", kind="order", external_ids=["o-5"], now=LATER)
    rows = Fact.objects.filter(stream="order.open", subject="erp:order:o-5", replaced_at=None).order_by("part")
    assert list(rows.values_list("department", "value", "day")) == [(sales, 10000, dt.date(2026, 11, 20)), (sales, -10000, dt.date(2026, 12, 13))]
    add_up()
    assert services.reconcile() == []


@pytest.mark.req("E9")
def test_a_stock_that_is_read_belongs_to_the_department_of_now(shopped: SimpleNamespace) -> None:
    ana, sales, finance = shopped.ana, shopped.ana.org_unit_id, shopped.fin.org_unit
    move(ana, finance)
    for balance in ("212500", "212600"):  # twice on one day
        shop.put("receivable", "K100", now=LATER, key="K100", balance=balance, currency="CNY")
        services.take_records(connection="erp", kind="receivable", external_ids=["K100"], now=LATER)
    rows = Fact.objects.filter(stream="receivable", subject="erp:receivable:K100", replaced_at=None)
    assert dict(rows.values_list("department").annotate(Sum("value"))) == {sales: 0, finance.pk: 21260000}
