"""Two jobs about the same records at once, and what a file says while one of them writes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import selectors, services
from apps.insight.models import Print
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import boards, prints, then
from apps.insight.services import exporting, taking
from apps.integrations.models import Connection, QuarantineItem
from apps.jobs import selectors as jobs
from apps.jobs.models import Job
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

MONTH = periods.period("month", today=NOW.date())
MINUTE = dt.timedelta(minutes=1)


def value(person: Any, key: str) -> Any:
    add_up()
    return selectors.reading(person, key, period=MONTH, filters=Filters(), now=NOW).value


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Any:
    """meanwhile(act): another job's `act` is committed after a page was read and before it is written."""
    def arrange(act: Any) -> None:
        looked, done = taking._Looking, []

        def looking(*args: Any) -> Any:
            if not done:
                done.append(True)
                act()
            return looked(*args)

        monkeypatch.setattr(taking, "_Looking", looking)

    return arrange


@pytest.mark.req("E9")
@pytest.mark.parametrize(
    ("kind", "ident", "key", "fields", "expected"),
    [
        ("receivable", "K100", "erp.receivables", {"balance": "100", "currency": "CNY"}, Decimal(4 * 212400 + 100)),
        ("stock", "IH-100", "erp.stock_short", {"on_hand": 1, "available": 1, "order_point": 40}, Decimal(4)),
        ("order", "o-1", "erp.orders_taken", {"customer_key": "K101", "state": "confirmed", "amount": "100", "currency": "CNY", "ordered_on": "2026-11-20"},
         Decimal(343800 - 70200 + 100)),
    ],
)  # fmt: skip
def test_a_page_does_not_write_over_what_was_taken_while_it_was_being_written(
    shopped: SimpleNamespace, meanwhile: Any, kind: str, ident: str, key: str, fields: dict[str, Any], expected: Decimal
) -> None:
    def newer() -> None:
        shop.put(kind, ident, now=NOW + MINUTE, key=ident, **fields)
        services.take_records(connection="erp", kind=kind, external_ids=[ident], now=NOW + MINUTE)

    meanwhile(newer)
    services.take_records(connection="erp", kind=kind, external_ids=["other", ident], now=NOW + MINUTE / 2)
    assert value(shopped.admin, key) == expected
    assert services.reconcile() == []


@pytest.mark.req("E9")
def test_a_page_does_not_bring_back_what_was_put_into_quarantine_meanwhile(shopped: SimpleNamespace, meanwhile: Any) -> None:
    def held() -> None:
        QuarantineItem.objects.create(connection=Connection.objects.get(key="erp"), stream="orders", kind="order", external_id="o-1", raw={},
                                      created_at=NOW, updated_at=NOW)  # fmt: skip
        services.take_records(connection="erp", kind="order", external_ids=["o-1"], now=NOW + MINUTE)

    meanwhile(held)
    services.take_records(connection="erp", kind="order", external_ids=["o-1"], now=NOW)
    assert value(shopped.admin, "erp.orders_taken") == Decimal(343800 - 70200)


@pytest.mark.req("E9")
@pytest.mark.parametrize("form", ["csv", "pdf"])
def test_a_file_taken_while_a_page_is_being_written_reads_the_same_ever_after(shopped: SimpleNamespace, form: str, run_jobs: Any) -> None:
    began, taken = NOW + MINUTE, NOW + MINUTE + dt.timedelta(seconds=1)
    page = {"kind": "insight.take_taken", "state": "LEASED", "run_at": began, "created_at": began}
    job = Job.objects.create(lease_until=began + jobs.lease_of("insight.take_taken"), **page)
    assert jobs.running_since(kind="insight.take_*") == began
    board = boards.board(shopped.boss, "company")
    common = {"person": shopped.boss, "board": board, "form": form, "period": MONTH, "as_shown": None, "now": taken, "query": "period=month"}
    if form == "csv":
        exporting.export(**common, filters=Filters())
    else:
        exporting.order(**common)
    shop.put("order", "late", key="SO-late", customer_key="K100", state="confirmed", amount="1000", currency="CNY", ordered_on="2026-11-20")
    services.take_records(connection="erp", kind="order", external_ids=["late"], now=began)  # known since the job began, seen since it ended
    Job.objects.filter(pk=job.pk).update(state="DONE", lease_until=None)
    run_jobs(now=taken)
    made = Print.objects.get()
    assert made.moment == began - dt.timedelta(microseconds=1)
    orders = next(one for one in made.figures if one["key"] == "erp.orders_taken")
    assert Decimal(orders["value"]) == Decimal(343800)
    assert prints.comparison(shopped.boss, made, period=MONTH, filters=Filters(), now=NOW + 2 * MINUTE).same
    assert value(shopped.admin, "erp.orders_taken") == Decimal(344800)


@pytest.mark.req("E9")
def test_a_job_that_waits_or_is_over_holds_no_file_back(shopped: SimpleNamespace) -> None:
    for state, name in (("DUE", "insight.take_taken"), ("DONE", "insight.take_taken"), ("LEASED", "insight.watch")):
        Job.objects.create(kind=name, state=state, run_at=NOW, created_at=NOW, lease_until=NOW + MINUTE if state == "LEASED" else None)
    assert then.whole_until(NOW + MINUTE) == NOW + MINUTE
