"""No step edge is forgotten: what the product declares and what the tests kill are the same list. And the edges of a first load."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.core import failpoints
from apps.integrations import services
from apps.integrations.models import SyncRun
from apps.jobs import services as jobs
from apps.records.models import Record
from tests.faults import edges
from tests.workflows import test_crashes


class Killed(BaseException):
    """Ends a run as kill -9 does: nothing catches it, open transactions are gone."""


@pytest.mark.req("P16", "D5")
def test_every_declared_edge_is_killed_somewhere() -> None:
    import apps.business.tasks
    import apps.insight.tasks
    import apps.integrations.tasks
    import apps.workflows.tasks  # noqa: F401

    on_the_way = {*edges.WORKER, *edges.WEB}
    elsewhere = {*edges.LOADING, *edges.OTHER_WAYS, *edges.FIGURES, *edges.FILES}
    assert len(on_the_way) >= 15
    assert not on_the_way & elsewhere
    assert on_the_way | elsewhere == failpoints.KNOWN
    assert set(edges.OTHER_WAYS) <= set(test_crashes.edges())


@pytest.mark.django_db
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("edge", edges.LOADING)
def test_a_first_load_killed_at_a_page_takes_every_record_once(
    edge: str, times: int, systems: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.integrations.services.loading.failpoint", killer(edge, times))
    services.first_load(connection_key="crm", now=systems.now)
    with pytest.raises(Killed):
        jobs.run_due(now=systems.now)
    run_jobs(now=systems.now + dt.timedelta(minutes=10))
    run = SyncRun.objects.get(kind="FULL")
    assert (run.read, run.taken, run.quarantined) == (5, 5, 0)
    assert run.finished_at is not None
    assert sorted(Record.objects.filter(system="crm", kind="deal").values_list("external_id", flat=True)) == ["d-1", "d-2", "d-3"]


def killer(edge: str, times: int) -> Callable[[str], None]:
    """Dies at that passing of the edge, and lets all others through."""
    left = [times]

    def at(name: str) -> None:
        left[0] -= name == edge
        if name == edge and left[0] == 0:
            raise Killed(name)

    return at
