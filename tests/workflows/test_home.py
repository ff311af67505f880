# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""Approvals, requests and stopped cases on the home page: decided, urged, taken back and tried again without leaving it."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock as clocks
from apps.core.errors import NotFound
from apps.core.http import PermanentError
from apps.notifications.models import Notification
from apps.workflows import services
from apps.workflows.models import Incident, InstanceEvent, ProcessInstance, Task
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.support.until import until
from tests.workflows.test_decisions import APPROVAL, only_task

HX = {"HTTP_HX_REQUEST": "true"}


def text(page: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


@pytest.fixture
def as_(sign_in: Any) -> Any:
    return lambda person: sign_in(Client(headers={"accept-language": "en"}), person)


@pytest.mark.req("G1", "U3")
def test_what_waits_for_me_stands_at_home_and_a_decision_can_be_undone_there(cast: Any, world: Any, begin: Any, approve: Any, as_: Any, clock: Any,
                                                                           travel: Any) -> None:  # fmt: skip
    task = only_task(begin(APPROVAL))
    travel(clock)
    boss = as_(cast.boss)
    card = boss.get("/widgets/workflows.approvals/").content.decode()
    assert "Pump set for Delta" in card and f'data-decide="{task.pk}"' in card and f'href="/approvals/{task.pk}/"' in card
    assert "Nothing to approve" in text(as_(cast.ana).get("/widgets/workflows.approvals/"))
    approve(task)
    card = boss.get("/widgets/workflows.approvals/").content.decode()
    assert 'action="/home/do/undo/"' in card and "data-decide" not in card
    assert "Taken back" in text(boss.post("/home/do/undo/", {"task": str(task.pk)}, **HX))
    task.refresh_from_db()
    assert task.is_open
    approve(task)
    travel(clock + dt.timedelta(minutes=1))
    late = boss.post("/home/do/undo/", {"task": str(task.pk)}, **HX)
    assert late.status_code == 409 and "The decision stands" in text(late)
    task.refresh_from_db()
    assert task.state == Task.State.DECIDED


@pytest.mark.req("G1", "U3")
def test_whoever_asked_urges_now_and_then_and_takes_back(cast: Any, world: Any, begin: Any, as_: Any, clock: Any, travel: Any) -> None:
    instance = begin(APPROVAL)
    travel(clock)
    ana = as_(cast.ana)
    assert "Lin Wei" in text(ana.get("/widgets/workflows.requests/"))
    page = ana.post("/home/do/urge/", {"instance": str(instance.pk)}, **HX)
    assert "Urged." in text(page) and "They were urged; possible again today 13:12" in page.content.decode()
    told = Notification.objects.get(kind="workflows.task_urged")
    assert (told.person_id, told.todo) == (cast.boss.pk, False)
    assert "Chen An asks again: Pump set for Delta" in text(as_(cast.boss).get("/home/messages/"))
    assert InstanceEvent.objects.filter(kind="task.urged").count() == Entry.objects.filter(action="workflows.task.urged").count() == 1
    travel(clock + dt.timedelta(hours=3, minutes=59))
    again = ana.post("/home/do/urge/", {"instance": str(instance.pk)}, **HX)
    assert again.status_code == 409 and "asked a short while ago" in text(again)
    assert Notification.objects.filter(kind="workflows.task_urged").count() == 1
    travel(clock + dt.timedelta(hours=4))
    assert ana.post(f"/api/v1/process-instances/{instance.pk}/urge").status_code == 200
    assert Notification.objects.filter(kind="workflows.task_urged").count() == 2
    assert "Withdrawn." in text(ana.post("/home/do/withdraw/", {"instance": str(instance.pk)}, **HX))
    instance.refresh_from_db()
    assert instance.state == ProcessInstance.State.WITHDRAWN and "Nothing of yours is under way" in text(ana.get("/widgets/workflows.requests/"))
    over = ana.post("/home/do/urge/", {"instance": str(instance.pk)}, **HX)
    assert over.status_code == 409 and "Nobody is asked" in text(over)


@pytest.mark.req("D5")
@pytest.mark.parametrize("login", ["boss", "eve", "admin", "guest"])
def test_nobody_else_urges_or_takes_back(cast: Any, world: Any, begin: Any, as_: Any, clock: Any, login: str) -> None:
    instance = begin(APPROVAL)
    before = Notification.objects.count()
    with pytest.raises(NotFound):
        services.urge(instance_id=instance.pk, person=getattr(cast, login), now=clock)
    client = as_(getattr(cast, login))
    assert client.post("/home/do/urge/", {"instance": str(instance.pk)}, **HX).status_code in (403, 404)
    assert client.post(f"/api/v1/process-instances/{instance.pk}/urge").status_code in (403, 404)
    if login != "admin":  # an administrator may repair, and that is a withdrawal, too
        assert client.post("/home/do/withdraw/", {"instance": str(instance.pk)}, **HX).status_code in (403, 404)
        assert client.post(f"/api/v1/process-instances/{instance.pk}/withdraw").status_code in (403, 404)
    instance.refresh_from_db()
    assert instance.is_active and Notification.objects.count() == before and not InstanceEvent.objects.filter(kind="task.urged").exists()


@pytest.mark.req("G1", "U3")
def test_a_withdrawal_over_the_api(cast: Any, world: Any, begin: Any, as_: Any) -> None:
    instance = begin(APPROVAL)
    answer = as_(cast.ana).post(f"/api/v1/process-instances/{instance.pk}/withdraw")
    assert (answer.status_code, answer.json()["state"]) == (200, "WITHDRAWN")


@pytest.mark.req("U3")
def test_stopped_cases_are_shown_to_whoever_may_repair_and_tried_again(cast: Any, world: Any, begin: Any, approve: Any, as_: Any, run_jobs: Any,
                                                                     clock: Any, travel: Any) -> None:  # fmt: skip
    travel(clock + dt.timedelta(minutes=5))

    def refuses(ctx: Any) -> Any:
        raise PermanentError("The period is closed", system="erp")

    world.act = refuses
    task = only_task(begin(APPROVAL))
    approve(task)
    run_jobs(now=clock + dt.timedelta(minutes=5))
    incident = Incident.objects.get()
    admin = as_(cast.admin)
    card = admin.get("/widgets/workflows.stuck/?again=1").content.decode()
    assert "Pump set for Delta" in card and f'value="{incident.pk}"' in card and "The period is closed" in card
    world.act = lambda ctx: {}
    assert as_(cast.boss).post("/home/do/retry/", {"incident": str(incident.pk)}, **HX).status_code == 403
    page = admin.post("/home/do/retry/", {"incident": str(incident.pk)}, **HX)
    assert page.status_code == 200 and "Every case moves" in text(page)
    late = admin.post("/home/do/retry/", {"incident": str(incident.pk)}, **HX)
    assert late.status_code == 409 and "dealt with already" in text(late)
    run_jobs(now=clock + dt.timedelta(minutes=6))
    assert ProcessInstance.objects.get().state == ProcessInstance.State.COMPLETED


@pytest.mark.req("U3")
def test_a_case_that_nothing_moves_is_shown(cast: Any, world: Any, begin: Any, as_: Any) -> None:
    instance = begin(APPROVAL)
    only_task(instance).candidates.clear()
    assert "Nothing moves it any more" in text(as_(cast.admin).get("/widgets/workflows.stuck/"))


@pytest.mark.browser
@pytest.mark.req("G1", "U3", "I12")
@pytest.mark.parametrize("line", [pytest.param("", marks=[pytest.mark.filterwarnings(one) for one in NOISE])], ids=["desk"])
def test_approving_on_the_home_page_with_keys_and_undo(line: str, open_page: Any, live_portal: str, world: Any, begin: Any, cast: Any,
                                                      settings: Any) -> None:  # fmt: skip
    settings.UNDO_WINDOW = dt.timedelta(seconds=60)
    task = only_task(begin(APPROVAL))
    tab = open_page(cast.boss)
    tab.goto("/")
    opener = tab.page.get_by_role("link", name="Decide Pump set for Delta here")
    opener.focus()
    opener.press("Enter")
    desk = tab.page.get_by_role("region", name="Decide here")
    desk.get_by_role("button", name="Approve").first.wait_for()
    assert tab.page.url == tab.base + "/" and tab.findings() == []
    tab.page.keyboard.press("a")
    dialog = tab.page.locator("dialog[open]")
    if dialog.count():
        dialog.get_by_role("button", name="Approve").click()
    tab.page.locator("#home-desk [data-undo]").wait_for()
    until(lambda: Task.objects.get(pk=task.pk).state == Task.State.DECIDED, seconds=10)
    tab.settle()
    tab.page.locator("#widget-workflows-approvals").get_by_role("button", name="Undo").first.wait_for()
    tab.page.keyboard.press("z")
    until(lambda: Task.objects.get(pk=task.pk).is_open, seconds=10)
    desk.get_by_role("button", name="Close").click()
    assert tab.page.locator("#home-desk").is_hidden() and clocks.now() is not None
    assert tab.findings() == []
