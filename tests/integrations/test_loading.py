"""First load, resync, and the change feed."""

import datetime as dt

import pytest

from apps.core.http import TransientError
from apps.integrations import services
from apps.integrations.models import Connection, InboundMessage, QuarantineItem, StreamState, SyncRun
from apps.jobs import selectors as jobs
from apps.records.models import Record
from tests.support.dummy import T0


def states(kind):
    return dict(Record.objects.filter(kind=kind, deleted_at=None).values_list("external_id", "state"))


@pytest.mark.req("I13")
def test_first_load_reads_every_stream_page_by_page_and_starts_nothing(systems, run_jobs, changes):
    systems.load()
    run_jobs(now=systems.now)
    assert states("deal") == {"d-1": "open", "d-2": "open", "d-3": "open"}
    assert states("stock") == {"P-1001": "", "P-1002": "", "P-1003": ""}
    assert [c for c in systems.crm.calls if c.startswith("load deals")] == ["load deals ", "load deals d-2"]
    assert systems.crm.calls[0] == "feed "  # the position is taken before the first page
    assert changes == []
    run = SyncRun.objects.get(connection__key="crm")
    assert (run.kind, run.read, run.taken, run.quarantined, run.error) == ("FULL", 5, 5, 0, "")
    assert run.finished_at is not None


def test_first_load_happens_once(systems, run_jobs):
    systems.load()
    run_jobs(now=systems.now)
    calls = len(systems.crm.calls)
    assert services.first_load(connection_key="crm", now=systems.now) is None
    run_jobs(now=systems.now)
    assert [c for c in systems.crm.calls[calls:] if c.startswith("load")] == []


def test_a_load_that_was_interrupted_goes_on_at_its_cursor(systems, run_jobs):
    services.first_load(connection_key="crm", now=systems.now)
    real = services.loading.store_page
    passed = []

    def interrupted(**given):
        if len(passed) == 1 and given["state"].stream == "deals":
            passed.append("stop")
            raise TransientError("the worker stopped here")
        passed.append(given["state"].stream) if given["state"].stream == "deals" else None
        return real(**given)

    services.store_page = interrupted
    try:
        run_jobs(now=systems.now)
    finally:
        services.store_page = real
    assert StreamState.objects.get(stream="deals").cursor == "d-2"
    run_jobs(now=systems.now + dt.timedelta(minutes=10))
    loads = [c for c in systems.crm.calls if c.startswith("load deals")]
    assert loads == ["load deals ", "load deals d-2", "load deals d-2"]
    assert states("deal") == {"d-1": "open", "d-2": "open", "d-3": "open"}


@pytest.mark.req("D8")
def test_a_bad_record_of_a_load_is_held_and_the_rest_goes_on(systems, run_jobs):
    systems.crm.put("customers", "acc-C-003", quiet=True, key="C-003", name="  ", email="not an address")
    systems.load()
    run_jobs(now=systems.now)
    assert set(states("customer")) == {"acc-C-001", "acc-C-002"}
    item = QuarantineItem.objects.get()
    assert [(p["code"], p["field"]) for p in item.problems] == [("missing", "name"), ("email", "email")]
    assert SyncRun.objects.get(connection__key="crm").quarantined == 1


@pytest.mark.req("I13")
def test_the_feed_reads_only_what_changed(systems, run_jobs, changes):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.calls.clear()
    systems.crm.put("deals", "d-1", name="Bigger pumps", at=systems.now + dt.timedelta(seconds=1))
    run_jobs(now=systems.now + dt.timedelta(seconds=5))
    assert systems.crm.calls == ["feed 1:0", "fetch deals d-1"]
    assert Record.objects.get(external_id="d-1").data["name"] == "Bigger pumps"
    assert [(c["external_id"], c["transition"], c["live"]) for c in changes] == [("d-1", "", True)]
    systems.crm.calls.clear()
    run_jobs(now=systems.now + dt.timedelta(seconds=10))
    assert systems.crm.calls == ["feed 1:1"]


def test_many_hints_of_one_record_are_one_reading(systems, run_jobs, changes):
    systems.load()
    run_jobs(now=systems.now)
    at = systems.now + dt.timedelta(seconds=1)
    for number in range(8):
        systems.crm.put("deals", "d-1", name=f"Pumps {number}", at=at + dt.timedelta(seconds=number))
    systems.crm.put("deals", "d-1", stage_kind="won", transition="won", at=at + dt.timedelta(seconds=9))
    systems.crm.put("deals", "d-1", name="Pumps, final", at=at + dt.timedelta(seconds=10))
    systems.crm.calls.clear()
    run_jobs(now=systems.now + dt.timedelta(seconds=30))
    assert [c for c in systems.crm.calls if c.startswith("fetch")] == ["fetch deals d-1"]
    assert [(c["transition"], c["state"], c["previous_state"], c["live"]) for c in changes] == [("won", "won", "open", True)]
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"DONE"}


def test_what_happened_before_the_connection_went_live_starts_nothing(systems, run_jobs, changes):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("deals", "d-1", stage_kind="won", transition="won", at=T0)
    run_jobs(now=systems.now + dt.timedelta(seconds=5))
    assert [(c["transition"], c["live"]) for c in changes] == [("won", False)]


@pytest.mark.req("I13")
def test_a_cursor_that_is_no_longer_good_means_reading_everything_again(systems, run_jobs, changes):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.restore()
    systems.crm.put("deals", "d-1", stage_kind="won", quiet=True)
    systems.crm.put("deals", "d-9", quiet=True, name="New", amount="1", currency="CNY", stage_kind="won")
    del systems.crm.rows["deals"]["d-3"]
    later = systems.now + dt.timedelta(minutes=1)
    systems.travel(later)
    run_jobs(now=later)
    run_jobs(now=later + dt.timedelta(seconds=10))
    assert states("deal") == {"d-1": "won", "d-2": "open", "d-9": "won"}
    assert Record.objects.get(external_id="d-3").deleted_at is not None
    # The move that was missed is told as past: it may wake what waits for it, and starts nothing. The new deal is not told at all.
    assert [(c["external_id"], c["state"], c["transition"], c["live"]) for c in changes] == [("d-1", "won", "", False)]
    connection = Connection.objects.get(key="crm")
    assert connection.live_from == later
    assert connection.feed_cursor == "2:0"


def test_a_deleted_record_is_gone(systems, run_jobs, gone):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.remove("deals", "d-2", at=systems.now + dt.timedelta(seconds=1))
    run_jobs(now=systems.now + dt.timedelta(seconds=5))
    assert [(g["external_id"], g["state"], g["live"]) for g in gone] == [("d-2", "open", True)]
    assert "d-2" not in states("deal")


def test_a_page_stored_by_somebody_else_changes_nothing(systems, run_jobs):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("deals", "d-1", name="x", at=systems.now + dt.timedelta(seconds=1))
    connection, page = services.read_feed(connection_key="crm", now=systems.now)
    Connection.objects.filter(key="crm").update(feed_cursor="1:1")
    assert services.store_feed(connection=connection, page=page, now=systems.now) == 0
    assert InboundMessage.objects.count() == 0


def test_one_record_that_fails_does_not_hold_up_another(systems, run_jobs):
    systems.load()
    run_jobs(now=systems.now)
    at = systems.now + dt.timedelta(seconds=1)
    systems.crm.put("deals", "d-1", name=None, at=at)  # cannot be mapped
    systems.crm.put("deals", "d-2", name="fine", at=at)
    run_jobs(now=systems.now + dt.timedelta(seconds=5))
    assert Record.objects.get(external_id="d-2").name == "fine"
    item = QuarantineItem.objects.get()
    assert (item.external_id, item.problems) == ("d-1", [{"code": "format", "field": "name", "params": {"field": "name", "why": "string_type"}}])
    assert jobs.dead().count() == 0
