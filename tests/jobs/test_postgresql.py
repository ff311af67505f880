"""What only PostgreSQL can do: several workers at once, wake-ups, a server that is restarted under load."""

from __future__ import annotations

import pathlib
import signal
import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from apps.audit import services as audit
from apps.jobs import registry, services
from apps.jobs.models import Job, State
from tests.jobs.conftest import Work
from tests.jobs.nursery import Worker
from tests.jobs.test_processes import finished, lines, put, recorded, start, world  # noqa: F401 - fixtures
from tests.support.servers import Servers
from tests.support.until import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(900)]


def in_threads(count: int, run: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            run(number)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_workers_at_once_share_the_jobs_and_none_is_run_twice(work: Work) -> None:
    ran: list[str] = []
    kind = work.kind(lambda ctx: ran.append(ctx.key))
    for number in range(80):
        work.put(kind, at=timezone.now(), key=f"k{number:03d}", order_key=f"o{number % 5}" if number % 2 else "")
    in_threads(4, lambda _number: [services.run_due() for _ in range(40)] and None)
    assert sorted(ran) == [f"k{number:03d}" for number in range(80)]
    for order in range(5):
        own = [key for key in ran if int(key[1:]) % 2 and int(key[1:]) % 5 == order]
        assert own == sorted(own)


def test_the_same_key_enqueued_at_once_is_one_job(work: Work) -> None:
    kind = work.kind()
    found: list[int] = []

    def enqueue(number: int) -> None:
        with transaction.atomic():
            found.append(work.put(kind, key="same").pk)
            time.sleep(0.05)

    in_threads(6, enqueue)
    assert len(set(found)) == 1
    assert Job.objects.count() == 1


def test_links_and_hints_written_at_once_are_numbered_without_gaps_and_without_deadlock(work: Work) -> None:
    """Opposite order of the same two people, links in between: row locks and the commit lock must not close a circle."""
    import uuid

    from apps.realtime import services as realtime
    from apps.realtime.models import Hint

    people = [uuid.uuid4(), uuid.uuid4()]

    def write(number: int) -> None:
        order = people if number % 2 else people[::-1]
        for turn in range(10):
            with transaction.atomic():
                audit.record(actor=None, action="test.thing.done", object=f"{number}:{turn}", data={}, now=timezone.now())
                for person in order:
                    realtime.push(person_ids=[person], hint={"t": "todo"}, now=timezone.now())
                audit.record(actor=None, action="test.thing.done", object=f"{number}:{turn}", data={}, now=timezone.now())

    in_threads(6, write)
    report = audit.verify()
    assert (report.ok, report.checked) == (True, 120)
    for person in people:
        assert sorted(Hint.objects.filter(person_id=person).values_list("seq", flat=True)) == list(range(1, 61))


def test_an_idle_worker_is_woken_by_the_commit_of_another_process(world: pathlib.Path, start: Callable[..., Worker]) -> None:  # noqa: F811
    start("-c", "1")
    put("test.process.plain", "t:first")
    until(finished, seconds=180)
    waits = []
    for number in range(5):
        time.sleep(1.2)  # let its polling slow down to once a second
        began = time.monotonic()
        put("test.process.plain", f"t:{number}")
        until(finished, every=0.01)
        waits.append(time.monotonic() - began)
    assert sorted(waits)[1] < 0.5, waits  # polling alone takes a second


def test_a_worker_stopped_inside_its_last_transaction_does_not_hold_up_the_others(world: pathlib.Path, start: Callable[..., Worker]) -> None:  # noqa: F811
    """It holds its job's row and the lock of the audit chain: the server takes both back."""
    put("test.process.holds", "t:held")
    sleeper = start("-c", "1", JOBS_LEASE_SECONDS="1", DATABASE_IDLE_IN_TRANSACTION_SECONDS="4")
    until(lambda: (world / "t:held.began.1").exists(), seconds=180)
    sleeper.send(signal.SIGSTOP)
    for go in (1, 2):
        (world / f"t:held.go.{go}").touch()
    put("test.process.effect", "t:other")
    start("-c", "1", JOBS_LEASE_SECONDS="60")
    until(finished, seconds=180)
    sleeper.send(signal.SIGCONT)
    put("test.process.plain", "t:after")
    until(finished, seconds=180)
    assert sorted(recorded()) == ["t:held", "t:other"]
    held = Job.objects.get(key="t:held")
    assert (held.state, held.attempts, held.crashes) == (State.DONE, 2, 1)
    assert audit.verify().ok


def test_a_database_that_is_killed_under_load_loses_and_doubles_nothing(world: pathlib.Path, start: Callable[..., Worker]) -> None:  # noqa: F811
    servers = Servers.around()
    for number in range(60):
        put("test.process.effect", f"t:{number:02d}", order_key=f"o{number % 4}")
    workers = [start("-c", "2") for _ in range(2)]
    for wanted in (10, 30):
        until(lambda wanted=wanted: len(lines(world / "effects")) >= wanted, seconds=180)  # type: ignore[misc]
        servers.restart("pg")
        connection.close()
    until(finished, seconds=240)
    assert Job.objects.filter(state=State.DONE, key__startswith="t:").count() == 60
    assert len(recorded()) == len(set(recorded())) == 60
    assert audit.verify().ok
    assert [worker.poll() for worker in workers] == [None, None]
    assert "test.process.effect" in registry.TASKS
