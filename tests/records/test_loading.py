"""A page of a whole load is written together, and is what its records would be one by one."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.jobs.models import Job
from apps.records.models import Record, RecordGram, RecordLink
from apps.records.services import taking
from tests.conftest import NOW

LATER = NOW + dt.timedelta(minutes=5)


def customer(number: int, owner: str) -> dict[str, Any]:
    return {"external_id": f"c-{number}", "kind": "customer", "key": f"K{number}", "name": f"Customer {number}", "owner_email": owner}


def order(number: int, **more: Any) -> dict[str, Any]:
    return {"external_id": f"o-{number}", "kind": "order", "key": f"SO-{number}", "customer_key": f"K{number % 3}", "state": "confirmed", "amount": "10.00",
            "currency": "CNY", "ordered_on": "2026-11-02", **more}  # fmt: skip


def shipment(number: int) -> dict[str, Any]:
    return {"external_id": f"s-{number}", "kind": "shipment", "key": f"D-{number}", "customer_key": f"K{number % 3}", "order_ids": [f"o-{number}"],
            "order_keys": [f"SO-{number}"], "state": "waiting"}  # fmt: skip


def load(kind: str, records: list[dict[str, Any]], now: dt.datetime = NOW) -> int:
    return taking.take_loaded(data={"system": "erp", "connection": "erp", "kind": kind, "records": records, "as_of": now.isoformat()}, now=now)


def everything() -> tuple[Any, ...]:
    columns = [field.name for field in Record._meta.fields if field.name != "id"]
    return (
        sorted(map(str, Record.objects.values_list(*columns))),
        sorted(RecordLink.objects.values_list("record__external_id", "kind", "target")),
        sorted(RecordGram.objects.values_list("record__external_id", "gram")),
    )  # fmt: skip


@pytest.mark.req("E7")
def test_a_page_is_what_its_records_are_one_by_one(cast: SimpleNamespace) -> None:
    pages = {"customer": [customer(0, cast.ana.email), customer(1, cast.boss.email), customer(2, "nobody@example.com")],
             "order": [order(number) for number in range(7)], "shipment": [shipment(number) for number in range(7)]}  # fmt: skip
    for kind, records in pages.items():
        assert load(kind, records) == len(records)
    together = everything()
    Record.objects.all().delete()
    for kind, records in pages.items():
        for record in records:
            taking.take(system="erp", connection="erp", kind=kind, external_id=record["external_id"], record=record, as_of=NOW)
    assert everything() == together
    owners = dict(Record.objects.filter(kind="order").values_list("external_id", "owner_id"))
    assert [owners[f"o-{number}"] for number in range(3)] == [cast.ana.pk, cast.boss.pk, None]


@pytest.mark.req("E7")
def test_a_customer_that_comes_after_its_orders_hands_them_to_its_seller(cast: SimpleNamespace) -> None:
    load("order", [order(0), order(1)])
    assert set(Record.objects.values_list("owner_id", flat=True)) == {None}
    load("customer", [customer(0, cast.ana.email)])
    assert dict(Record.objects.filter(kind="order").values_list("external_id", "owner_id")) == {"o-0": cast.ana.pk, "o-1": None}


def test_a_page_of_known_records_changes_those_that_differ_and_an_older_page_none(cast: SimpleNamespace) -> None:
    load("order", [order(number) for number in range(3)])
    Job.objects.all().delete()
    assert load("order", [order(0), order(1, state="done"), order(2), order(3)], LATER) == 2
    assert dict(Record.objects.values_list("external_id", "state")) == {"o-0": "confirmed", "o-1": "done", "o-2": "confirmed", "o-3": "confirmed"}
    assert set(Record.objects.values_list("as_of", flat=True)) == {LATER}
    kinds = list(Job.objects.order_by("kind").values_list("kind", flat=True))
    assert kinds.count("insight.take_changed") == kinds.count("insight.take_taken") == 1  # one that moved is told by itself, as something past
    assert load("order", [order(1), order(2, state="cancelled")], NOW) == 0
    assert Record.objects.get(external_id="o-1").state == "done"
    assert set(Record.objects.values_list("as_of", flat=True)) == {LATER}


def test_a_record_that_was_gone_is_there_again(cast: SimpleNamespace) -> None:
    load("order", [order(0)])
    Record.objects.update(deleted_at=NOW)
    assert load("order", [order(0)], LATER) == 1
    assert Record.objects.get().deleted_at is None


def test_sixty_records_more_take_no_query_for_each(cast: SimpleNamespace) -> None:
    load("customer", [customer(number, cast.ana.email) for number in range(3)])
    counts = []
    for first, size in ((100, 2), (200, 62)):
        with CaptureQueriesContext(connection) as asked:
            load("order", [order(number) for number in range(first, first + size)])
        counts.append(len(asked))
    assert counts[1] <= counts[0] + 3  # SQLite takes so many values in one statement
