"""Who leaves a contract lying is reminded after a day, once."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.notifications import selectors as notifications
from apps.notifications import services
from apps.workflows.models import ProcessInstance
from tests.business.test_naming import case  # noqa: F401 - fixture


def told(person: Any, now: dt.datetime) -> list[tuple[str, str]]:
    return [(shown.label, shown.title) for shown in (notifications.rendered(row, person, "en") for row in notifications.inbox(person, now=now, todo=False))]


@pytest.mark.req("E12")
def test_the_approver_is_reminded_after_a_day_and_the_todo_stays(
    case: ProcessInstance,  # noqa: F811
    cast: SimpleNamespace,
    clock: dt.datetime,
    run_jobs: Any,
    travel: Any,
) -> None:
    hour = dt.timedelta(hours=1)
    travel(clock + 23 * hour)
    run_jobs(now=clock + 23 * hour)
    assert told(cast.boss, clock + 23 * hour) == []
    later = clock + 25 * hour
    travel(later)
    run_jobs(now=later)
    assert told(cast.boss, later) == [("Waiting for your decision", "Pump set for Delta has waited a day for your decision")]
    assert told(cast.ana, later) == []
    assert notifications.todo_count(cast.boss, later) == 1
    assert services.mark_all_read(person=cast.boss, now=later) == 1
    travel(clock + 60 * hour)
    run_jobs(now=clock + 60 * hour)
    assert len(told(cast.boss, clock + 60 * hour)) == 1
