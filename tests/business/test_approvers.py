"""Who decides on a deal, out of the directory: the seller's one active manager; in every other case the named admin, who is told why."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.business import services
from apps.core.errors import InvalidInput, NotFound
from apps.directory import services as directory
from apps.notifications.models import Notification
from apps.notifications.selectors import rendered
from apps.workflows import services as workflows
from apps.workflows.models import Incident, Task

REASONS = {
    "many": ("the seller has several managers", "销售人员有多位上级"),
    "none": ("the seller has no manager", "销售人员没有上级"),
    "inactive": ("the seller's manager is not active", "销售人员的上级已停用"),
}


def arrange(case: str, cast: SimpleNamespace, now: dt.datetime) -> None:
    managers = {"many": [cast.boss, cast.fin], "none": []}.get(case, [cast.boss])
    directory.set_manager(person=cast.ana, managers=managers, now=now)
    if case == "inactive":
        directory.set_active(person_id=cast.boss.pk, active=False, now=now)


def task_of(loop: Any) -> Task:
    return Task.objects.get(instance_id=loop.instance_id)


def notices(task: Task, kind: str) -> list[tuple[str, Any]]:
    return [(one.person.login, one) for one in Notification.objects.filter(kind=kind, params__task_id=str(task.pk)).order_by("person__login")]


@pytest.mark.req("P3")
def test_P3_the_manager_alone_is_asked_and_nobody_is_alarmed(won_deal: Any, clock: dt.datetime) -> None:
    task = task_of(services.start_loop(deal=won_deal(), won_at=clock, now=clock))
    assert (task.state, task.assignee.login, task.fallback_reason) == ("RESERVED", "boss", "")
    assert [login for login, _notice in notices(task, "workflows.task_assigned")] == ["boss"]
    assert notices(task, "workflows.task_fallback") == []


@pytest.mark.req("P3")
@pytest.mark.parametrize("case", REASONS)
def test_P3_in_every_other_case_the_named_admin_gets_it_with_an_alert(case: str, won_deal: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    arrange(case, cast, clock)
    task = task_of(services.start_loop(deal=won_deal(), won_at=clock, now=clock))
    english, chinese = REASONS[case]
    assert (task.state, task.assignee.login, task.fallback_reason) == ("RESERVED", "admin", english)
    assert [login for login, _notice in notices(task, "workflows.task_assigned")] == ["admin"]
    ((login, alert),) = notices(task, "workflows.task_fallback")
    assert login == "admin"
    shown = rendered(alert, cast.admin, "en")
    assert shown.title == "No approver found for Pumps for Delta"
    assert english in shown.body and shown.url == f"/approvals/{task.pk}/"
    assert chinese in rendered(alert, cast.admin, "zh-hans").body


def test_nobody_is_made_the_own_manager(won_deal: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    with pytest.raises(InvalidInput):
        directory.set_manager(person=cast.ana, managers=[cast.ana], now=clock)
    assert task_of(services.start_loop(deal=won_deal(), won_at=clock, now=clock)).assignee.login == "boss"


@pytest.mark.req("P3")
def test_P3_a_deal_of_nobody_we_know_goes_to_the_named_admin(won_deal: Any, clock: dt.datetime) -> None:
    task = task_of(services.start_loop(deal=won_deal(owner="stranger"), won_at=clock, now=clock))
    assert (task.assignee.login, task.fallback_reason) == ("admin", "nobody in the directory is the deal's seller")


def test_when_the_seller_is_the_named_admin_nobody_passes_silently(won_deal: Any, clock: dt.datetime) -> None:
    task = task_of(services.start_loop(deal=won_deal(owner="admin"), won_at=clock, now=clock))
    assert (task.assignee, list(task.candidates.all())) == (None, [])
    assert Incident.objects.get(instance=task.instance).kind == "workflows.no_approver"


@pytest.mark.req("P3", "P15")
def test_an_admin_hands_over_and_never_to_the_seller(won_deal: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    arrange("none", cast, clock)
    task = task_of(services.start_loop(deal=won_deal(), won_at=clock, now=clock))
    with pytest.raises(NotFound):  # to a stranger there is no such task
        workflows.reassign(task_id=task.pk, person=cast.boss, to=cast.fin, reason="mine now", now=clock)
    with pytest.raises(Exception, match="requester"):
        workflows.reassign(task_id=task.pk, person=cast.admin, to=cast.ana, reason="she knows it", now=clock)
    assert task_of(SimpleNamespace(instance_id=task.instance_id)).assignee.login == "admin"
    workflows.reassign(task_id=task.pk, person=cast.admin, to=cast.boss, reason="sales director", now=clock)
    task.refresh_from_db()
    assert (task.state, task.assignee.login) == ("RESERVED", "boss")
    held = Notification.objects.filter(kind="workflows.task_assigned", params__task_id=str(task.pk), state="OPEN")
    assert [one.person.login for one in held] == ["boss"]
