# ruff: noqa: F811 - the fixture of other tests is imported by name
"""A worker killed in the middle of making a board's file: the file is made once, and told of once."""

from __future__ import annotations

import json
import pathlib
import signal
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from apps.audit import selectors as audit
from apps.insight import services
from apps.insight.models import Print, PrintState
from apps.insight.policies import periods
from apps.insight.selectors import boards
from apps.insight.services import exporting
from apps.jobs.models import Job, State
from apps.notifications.models import Notification
from apps.realtime.models import Hint
from tests.faults import edges
from tests.jobs.conftest import nursery  # noqa: F401 - a fixture
from tests.jobs.nursery import Nursery, Worker
from tests.support import shop
from tests.support.until import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture
def start(tmp_path: pathlib.Path, nursery: Nursery) -> Iterator[Callable[..., Worker]]:
    """start(**environment): a worker process; all are ended after the test."""
    workers: list[Worker] = []

    def run(**environment: str) -> Worker:
        given = {"ATRIUM_TEST_FOLDER": str(tmp_path), "JOBS_RETRY_BASE_SECONDS": "0.1", **environment}
        workers.append(nursery.start("-c", "1", output=tmp_path / f"output.{len(workers)}", **given))
        return workers[-1]

    yield run
    for worker in workers:
        worker.end()


def told(made: Print) -> tuple[int, int, int, int]:
    """How often the file was kept, written into the audit, told of in the inbox, and pushed to the browser."""
    return (Print.objects.filter(pk=made.pk, state=PrintState.READY).count(), len(list(audit.entries(action="insight.board.exported"))),
            Notification.objects.filter(ref=f"insight.print:{made.pk}").count(),
            sum(1 for row in Hint.objects.filter(body__contains=str(made.pk)) if json.loads(row.body)["t"] == "file"))  # fmt: skip


@pytest.mark.req("R3", "I8")
def test_a_worker_killed_at_any_edge_of_a_file_leaves_it_to_the_next_which_makes_it_once(
    cast: SimpleNamespace, start: Any, tmp_path: pathlib.Path
) -> None:
    shop.fill(cast)
    services.take_all(now=timezone.now())
    period = periods.period("month", today=timezone.now().date())
    for number, edge in enumerate(edges.FILES):
        now, marker = timezone.now(), tmp_path / edge
        made = exporting.order(person=cast.boss, board=boards.board(cast.boss, "company"), form="pdf", period=period, as_shown=None, now=now)
        child = start(ATRIUM_FAILPOINT=edge, ATRIUM_FAILPOINT_ONCE=str(marker))
        assert child.wait() == -signal.SIGKILL, child.so_far()
        assert marker.exists()
        assert told(made) == (0, number, 0, 0)  # nothing of a file that nobody finished
        assert Print.objects.get(pk=made.pk).content is None
        second = start()
        until(lambda made=made: told(made)[0] == 1, seconds=120, what=f"the file is made; {second.so_far()}")  # type: ignore[misc]
        until(lambda made=made: Job.objects.get(key=f"insight.file:{made.pk}").state == State.DONE, seconds=60, what="the job is done")  # type: ignore[misc]
        assert told(made) == (1, number + 1, 1, 1)
        assert Job.objects.get(key=f"insight.file:{made.pk}").attempts == 2  # the fault did fire in this very job
        assert exporting.take(person=cast.boss, print_id=made.pk, now=now).content.startswith(b"%PDF")
        second.end()
