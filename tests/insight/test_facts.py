"""Facts only grow; their sums hold after whatever happens; and what a figure said can be said again."""

from __future__ import annotations

import datetime as dt
import importlib
import statistics
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core import kpis
from apps.insight import selectors, services
from apps.insight.models import DirtyDay, Fact, Rollup
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.policies.facts import Draft
from tests.conftest import NOW
from tests.insight.conftest import add_up

TODAY = NOW.date()
PERIOD = periods.period("month", today=TODAY)
KEYS = ["erp.orders_taken", "erp.order_count", "erp.order_value", "erp.backlog", "erp.shipping_time", "erp.shipped_on_time"]
OWNERS = [uuid.UUID(int=1), uuid.UUID(int=2), None]
STREAMS = ["order", "order.open", "shipment.time", "shipment.left"]

drafts = st.builds(
    Draft, stream=st.sampled_from(STREAMS), day=st.dates(TODAY - dt.timedelta(days=70), TODAY), part=st.sampled_from(["", "a", "b"]),
    value=st.integers(-10_000_000, 10_000_000), n=st.sampled_from([0, 1]), hit=st.booleans(), bucket=st.integers(0, 700), owner=st.sampled_from(OWNERS),
    product_line=st.sampled_from(["", "pumps"]), region=st.sampled_from(["", "Hangzhou"]), excluded=st.sampled_from(["", "", "", "quarantine"]),
)  # fmt: skip
# a record says something, is corrected, comes late, goes to quarantine, is cured, is gone; and now and then the sums are made
steps = st.lists(
    st.one_of(st.tuples(st.sampled_from(["r1", "r2", "r3"]), st.lists(drafts, max_size=4)), st.just("rebuild"), st.just("print")), min_size=1, max_size=14,
)  # fmt: skip


def told(person: Any, now: dt.datetime, at: dt.datetime | None = None) -> list[Any]:
    found = selectors.board_readings(person, KEYS, period=PERIOD, filters=Filters(), now=now, as_shown=at)
    return [(one.key, one.state, one.value, one.former, one.series, one.breakdown, one.rows, one.excluded) for one in found]


@pytest.mark.req("E9")
@given(steps)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_sums_hold_and_prints_can_be_printed_again(cast: SimpleNamespace, happened: list[Any]) -> None:
    with transaction.atomic():
        prints, now = [], NOW
        for step in happened:
            now += dt.timedelta(seconds=1)
            if step == "rebuild":
                add_up()
            elif step == "print":
                add_up()
                prints.append((now, told(cast.admin, now)))
            else:
                services.keep(subject=f"erp:order:{step[0]}", drafts=step[1], now=now)
        now += dt.timedelta(seconds=1)
        add_up()
        assert services.reconcile() == []
        assert not DirtyDay.objects.exists()
        assert told(cast.admin, now) == told(cast.admin, now, at=now)  # by sums, and by facts
        for at, printed in prints:
            assert told(cast.admin, now, at=at) == printed
        transaction.set_rollback(True)


def test_a_correction_is_a_new_row_and_the_old_one_keeps_its_content(db: None) -> None:
    first = Draft("order", TODAY, value=100)
    assert services.keep(subject="erp:order:1", drafts=[first], now=NOW) == 1
    assert services.keep(subject="erp:order:1", drafts=[first], now=NOW + dt.timedelta(hours=1)) == 0  # said again: nothing new
    later = NOW + dt.timedelta(hours=2)
    assert services.keep(subject="erp:order:1", drafts=[Draft("order", TODAY, value=150)], now=later) == 2
    rows = Fact.objects.order_by("pk").values_list("value", "recorded_at", "replaced_at")
    assert list(rows) == [(100, NOW, later), (150, later, None)]


def test_a_day_that_lost_its_last_fact_is_empty_again(db: None) -> None:
    services.keep(subject="erp:order:1", drafts=[Draft("order", TODAY, value=100, bucket=3)], now=NOW)
    add_up()
    assert Rollup.objects.filter(stream="order").count() == 6
    services.keep(subject="erp:order:1", drafts=[], now=NOW)
    add_up()
    assert not Rollup.objects.exists()


def test_making_sums_twice_changes_nothing(db: None) -> None:
    services.keep(subject="erp:order:1", drafts=[Draft("order", TODAY, value=100)], now=NOW)
    add_up()
    before = list(Rollup.objects.order_by("grain").values_list("grain", "start", "rows", "total"))
    DirtyDay.objects.create(stream="order", day=TODAY, since=NOW)
    add_up()
    assert list(Rollup.objects.order_by("grain").values_list("grain", "start", "rows", "total")) == before


def test_the_command_finds_a_sum_that_does_not_hold_and_repairs_it(db: None, capsys: Any) -> None:
    services.keep(subject="erp:order:1", drafts=[Draft("order", TODAY, value=100)], now=NOW)
    add_up()
    Rollup.objects.filter(grain="D").update(total=99)
    with pytest.raises(CommandError, match="1 sums do not hold"):
        call_command("reconcile_kpis")
    call_command("reconcile_kpis", "--repair")
    assert "All sums hold." in capsys.readouterr().out
    assert Rollup.objects.get(grain="D").total == 100


def test_the_first_mark_asks_for_the_job_and_the_job_adds_up(db: None, run_jobs: Any) -> None:
    services.keep(subject="erp:order:1", drafts=[Draft("order", TODAY, value=100)], now=NOW)
    services.keep(subject="erp:order:2", drafts=[Draft("order", TODAY, value=100)], now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM jobs_job WHERE kind = 'insight.rebuild'")
        assert cursor.fetchone() == (1,)
    run_jobs(now=NOW + dt.timedelta(seconds=1))
    assert Rollup.objects.get(grain="D").total == 200


@given(st.integers(0, 10_000_000))
def test_a_value_lies_between_the_edges_of_its_bucket_and_no_bucket_is_wide(hundredths: int) -> None:
    lower, upper = kpis.edges(kpis.bucket_of(hundredths))
    assert lower <= hundredths <= upper
    assert (upper - lower) * 64 <= lower or lower == upper
    assert kpis.edges(kpis.bucket_of(upper + 1))[0] == upper + 1
    assert kpis.bucket_of(upper + 1) == kpis.bucket_of(hundredths) + 1


def histogram_of(values: list[int]) -> dict[int, tuple[int, int]]:
    found = kpis.Sums()
    for value in values:
        found.add(bucket=kpis.bucket_of(value), rows=1, n=1, hits=0, total=value, hit_total=0, squares=0.0)
    return found.histogram


@given(st.lists(st.integers(1, 500_000), min_size=1, max_size=40))
def test_the_median_by_the_histogram_is_right_to_a_64th(values: list[int]) -> None:
    true, found = Decimal(statistics.median(values)) / 100, kpis.median(histogram_of(values))
    assert found is not None
    assert abs(found - true) <= true / 64 + Decimal("0.005")


@given(st.lists(st.integers(0, 80), min_size=1, max_size=40))
def test_the_median_of_whole_days_is_exact(days: list[int]) -> None:
    assert kpis.median(histogram_of([100 * day for day in days])) == Decimal(str(statistics.median(days)))


def test_the_median_of_nothing_is_nothing() -> None:
    assert kpis.median({}) is None


def test_facts_of_the_coarse_buckets_are_put_into_the_fine_ones(db: None) -> None:
    services.keep(subject="oa:case:1", drafts=[Draft("task.decided", TODAY, value=4550, bucket=36), Draft("order", TODAY, value=4550)], now=NOW)
    add_up()
    importlib.import_module("apps.insight.migrations.0003_finer_buckets").regroup(apps, None)
    assert {row.stream: row.bucket for row in Fact.objects.all()} == {"task.decided": kpis.bucket_of(4550), "order": 0}
    assert list(DirtyDay.objects.values_list("stream", "day")) == [("task.decided", TODAY)]


@given(st.lists(st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), st.lists(drafts, max_size=4), min_size=1), min_size=1, max_size=4))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_many_subjects_are_kept_as_each_of_them_alone(db: None, pages: list[dict[str, list[Draft]]]) -> None:
    def written(how: str) -> tuple[list[int], list[Any], list[Any]]:
        with transaction.atomic():
            counts = []
            for number, page in enumerate(pages):
                now = NOW + dt.timedelta(seconds=number)
                counts.append(services.facts.keep_many(drafts=page, now=now) if how == "many" else
                              sum(services.keep(subject=subject, drafts=made, now=now) for subject, made in page.items()))  # fmt: skip
            names = [field.name for field in Fact._meta.fields if field.name != "id"]
            rows = sorted(map(str, Fact.objects.values_list(*names)))
            days = sorted(set(DirtyDay.objects.values_list("stream", "day")))
            transaction.set_rollback(True)
        return counts, rows, days

    assert written("many") == written("each")
