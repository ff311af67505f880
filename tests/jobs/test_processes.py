"""Real worker processes, killed and stopped for real."""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.audit import selectors as audit_selectors
from apps.audit import services as audit
from apps.core import failpoints
from apps.jobs import registry, selectors, services
from apps.jobs.models import Job, State, WorkerBeat
from tests.jobs import work_of_processes
from tests.jobs.nursery import Nursery, Worker
from tests.support.until import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
EDGES = ["jobs.claimed", "jobs.before_commit", "jobs.in_commit", "jobs.after_commit", "jobs.before_done", "jobs.after_done"]
Start = Callable[..., Worker]


@pytest.fixture
def world(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    before = set(registry.TASKS)
    monkeypatch.setattr(work_of_processes, "WORLD", tmp_path)
    work_of_processes.register()
    yield tmp_path
    registry.forget(*(set(registry.TASKS) - before))


@pytest.fixture
def start(world: pathlib.Path, nursery: Nursery) -> Iterator[Start]:
    """start(*arguments, **environment): a worker process; all are ended after the test."""
    workers: list[Worker] = []

    def run(*arguments: str, **environment: str) -> Worker:
        given = {"ATRIUM_TEST_FOLDER": str(world), "JOBS_RETRY_BASE_SECONDS": "0.1", **environment}
        workers.append(nursery.start(*arguments, output=world / f"output.{len(workers)}", **given))
        return workers[-1]

    yield run
    for worker in workers:
        worker.end()


def put(kind: str, key: str, **given: Any) -> Job:
    return services.enqueue(kind=kind, payload={}, key=key, now=timezone.now(), **given)


def finished() -> bool:
    return not Job.objects.filter(state__in=[State.DUE, State.LEASED, State.UNKNOWN]).filter(key__startswith="t:").exists()


def lines(path: pathlib.Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def recorded() -> list[str]:
    return list(audit_selectors.entries(action="test.effect.done").order_by("id").values_list("object", flat=True))


def stop_between_transactions(child: Worker) -> None:
    """SIGSTOP. On SQLite not while it holds the write lock, which nobody could take from it (PostgreSQL does, see test_postgresql)."""
    child.send(signal.SIGSTOP)
    if connection.vendor != "sqlite":
        return
    while not _can_write():
        child.send(signal.SIGCONT)
        time.sleep(0.01)
        child.send(signal.SIGSTOP)


def _can_write() -> bool:
    with contextlib.closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0.2, isolation_level=None)) as database:
        try:
            database.execute("begin immediate")
        except sqlite3.OperationalError:
            return False
        database.execute("rollback")
        return True


def test_the_edges_of_a_run_are_known() -> None:
    assert {name for name in failpoints.KNOWN if name.startswith("jobs.")} == set(EDGES)


def test_a_worker_killed_at_any_edge_loses_and_doubles_nothing(world: pathlib.Path, start: Start) -> None:
    """Each edge once and then on the second pass; each process finds what the one before it left."""
    jobs = [put("test.process.plain" if n % 2 else "test.process.effect", f"t:{n}") for n in range(60)]
    for times in (1, 2):
        for edge in EDGES:
            child = start("-c", "1", ATRIUM_FAILPOINT=f"{edge}:{times}", ATRIUM_FAILPOINT_ONCE=str(world / f"{edge}{times}"))
            assert child.wait() == -signal.SIGKILL, child.so_far()
            assert (world / f"{edge}{times}").exists()
    start("-c", "2")
    until(finished, seconds=180)
    keys = [job.key for job in jobs]
    assert set(Job.objects.filter(key__in=keys).values_list("state", flat=True)) == {State.DONE}
    assert sorted(lines(world / "effects")) == sorted(keys)
    assert len(lines(world / "calls")) > len(keys)  # the faults did fire: some were called again, with the same key
    assert sorted(recorded()) == sorted(keys[::2])
    assert audit.verify().ok


def test_workers_killed_at_random_keep_the_order_of_every_key(world: pathlib.Path, start: Start) -> None:
    luck = random.Random(20261123)
    workers = [start("-c", "2") for _ in range(2)]
    for number in range(120):
        put("test.process.effect", f"t:{number % 6}:{number:03d}", order_key=f"key{number % 6}")
    for wanted in (15, 30, 45, 60):
        until(lambda wanted=wanted: len(recorded()) >= wanted, seconds=180)  # type: ignore[misc]
        place = luck.randrange(2)
        workers[place].send(signal.SIGKILL)
        assert workers[place].wait() == -signal.SIGKILL
        workers[place] = start("-c", "2")
    until(finished, seconds=240)
    assert set(Counter(recorded()).values()) == {1}
    assert len(recorded()) == 120
    for key in range(6):
        own = [name for name in recorded() if name.startswith(f"t:{key}:")]
        assert own == sorted(own)
    assert audit.verify().ok


def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on(world: pathlib.Path, start: Start) -> None:
    put("test.process.waits", "t:slow")
    sleeper = start("-c", "1", JOBS_LEASE_SECONDS="2")
    until(lambda: (world / "t:slow.began.1").exists(), seconds=180)
    stop_between_transactions(sleeper)
    (world / "t:slow.go.2").touch()
    start("-c", "1", JOBS_LEASE_SECONDS="60")
    until(finished, seconds=180)
    assert recorded() == ["t:slow"]
    (world / "t:slow.go.1").touch()
    sleeper.send(signal.SIGCONT)
    put("test.process.plain", "t:after")
    until(finished, seconds=30)
    until(lambda: "this run is void" in sleeper.so_far(), seconds=30)
    job = Job.objects.get(key="t:slow")
    assert (job.state, job.attempts, job.crashes, job.fence) == (State.DONE, 2, 1, 2)
    assert [entry.data for entry in audit_selectors.entries(action="test.effect.done")] == [{"attempt": 2}]



def test_a_worker_that_is_asked_to_stop_finishes_what_it_runs(world: pathlib.Path, start: Start) -> None:
    put("test.process.waits", "t:running")
    worker = start("-c", "1")
    until(lambda: (world / "t:running.began.1").exists(), seconds=180)
    put("test.process.plain", "t:not-yet")
    worker.send(signal.SIGTERM)
    until(lambda: "is stopping" in worker.so_far(), seconds=10)
    (world / "t:running.go.1").touch()
    assert worker.wait(30) == 0
    assert recorded() == ["t:running"]
    assert Job.objects.get(key="t:not-yet").state == State.DUE
    assert WorkerBeat.objects.count() == 0


def test_a_worker_shows_that_it_lives_and_wakes_for_new_work_and_timers(world: pathlib.Path, start: Start) -> None:
    start("-c", "1")
    until(lambda: selectors.workers(now=timezone.now()).count() == 1, seconds=180)
    at = timezone.now() + dt.timedelta(seconds=1.5)
    put("test.process.plain", "t:timer", run_at=at)
    put("test.process.plain", "t:now")
    until(lambda: Job.objects.get(key="t:now").state == State.DONE, seconds=30)
    until(lambda: Job.objects.get(key="t:timer").state == State.DONE, seconds=30)
    assert at <= Job.objects.get(key="t:timer").finished_at <= at + dt.timedelta(seconds=5)  # type: ignore[operator]
