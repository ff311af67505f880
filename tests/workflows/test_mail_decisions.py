"""Deciding from a mail: the link shows, only its person decides, and what moved is refused as on the web."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from apps.notifications.models import Delivery
from apps.workflows.models import Task
from tests.notifications.conftest import mailbox  # noqa: F401 - fixture
from tests.support.mailbox import text_of
from tests.workflows.test_decisions import APPROVAL, only_task, state_of
from tests.workflows.test_pages import as_, words  # noqa: F401 - fixture

pytestmark = pytest.mark.django_db
WEEK = dt.timedelta(days=7)


@pytest.fixture
def mailed(mailbox: Any, world: Any, begin: Any, run_jobs: Any, clock: Any) -> tuple[Task, str]:  # noqa: F811
    """The task, and the path of the link in boss's mail."""
    task = only_task(begin(APPROVAL))
    run_jobs(now=clock)
    return task, path_in(mailbox.mails[0])


def path_in(mail: Any) -> str:
    found = re.search(r"http://localhost:8000(/mail/decide/\S+)", text_of(mail))
    assert found
    return found.group(1)


def version_in(response: Any) -> str:
    found = re.search(r'name="version" value="([0-9a-f]{16})"', response.content.decode())
    assert found
    return found.group(1)


@pytest.mark.req("E14", "X1")
def test_the_mail_shows_the_facts_as_its_reader_may_see_them(mailbox: Any, world: Any, begin: Any, run_jobs: Any, clock: Any, cast: Any) -> None:  # noqa: F811
    world.deciders, world.owed = [cast.boss, cast.eve], 300
    only_task(begin(APPROVAL))
    run_jobs(now=clock)
    told = {str(mail["To"]): text_of(mail) for mail in mailbox.mails}
    assert "Amount: ¥1,000 (CRM)" in told["boss@yunhe.example"] and "Receivable: ¥300 (ERP)" in told["boss@yunhe.example"]
    assert "Receivable: •••• (ERP)" in told["eve@yunhe.example"] and "300" not in told["eve@yunhe.example"]


@pytest.mark.req("E14", "D4")
def test_opening_the_link_decides_nothing_and_the_button_does(
    as_: Any, mailed: tuple[Task, str], cast: Any, run_jobs: Any, clock: Any, mailbox: Any  # noqa: F811
) -> None:
    task, path = mailed
    before, client = state_of(task), as_(cast.boss)
    for method in ("get", "head", "get"):
        assert getattr(client, method)(path).status_code == 200
    assert state_of(task) == before
    answer = client.post(path, {"outcome": "APPROVED", "version": version_in(client.get(path)), "comment": "by mail"})
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    task.refresh_from_db()
    assert (task.state, task.outcome, task.comment, task.decided_by) == ("DECIDED", "APPROVED", "by mail", cast.boss)
    assert "approved by you" in words(client.get(path))
    run_jobs(now=clock)
    assert Delivery.objects.get(channel="email").state == "CLOSED"
    again = client.post(path, {"outcome": "REJECTED", "comment": "no"})
    task.refresh_from_db()
    assert (again.status_code, task.outcome, len(mailbox.mails)) == (409, "APPROVED", 1)


@pytest.mark.req("E14", "A9")
@pytest.mark.parametrize(("_case", "status", "told"), [
    ("nobody is signed in", 302, ""),
    ("another person", 403, "This link was made for somebody else."),
    ("no person of ours", 403, "Not permitted"),
    ("changed", 403, "This link is not complete."),
    ("too old", 403, "This link is too old."),
    ("no token of the page", 403, ""),
])  # fmt: skip
def test_a_link_alone_opens_nothing(
    _case: str, status: int, told: str, as_: Any, mailed: tuple[Task, str], cast: Any, clock: Any, travel: Any  # noqa: F811
) -> None:
    task, path = mailed
    person = {"another person": cast.ana, "no person of ours": cast.guest}.get(_case, cast.boss)
    if _case == "too old":
        travel(clock + WEEK)
    client = Client() if _case == "nobody is signed in" else as_(person, enforce_csrf_checks=_case == "no token of the page")
    if _case == "changed":
        path = path[:30] + ("B" if path[30] == "A" else "A") + path[31:]
    before = state_of(task)
    if _case != "no token of the page":
        shown = client.get(path)
        assert (shown.status_code, told in words(shown)) == (status, True)
        assert "Pump set" not in words(shown)
    posted = client.post(path, {"outcome": "APPROVED", "version": "0" * 16})
    assert (posted.status_code, state_of(task)) == (status, before)


@pytest.mark.req("E14", "D5", "D9")
def test_what_moved_since_the_mail_is_refused_with_the_difference(as_: Any, mailed: tuple[Task, str], world: Any, cast: Any) -> None:  # noqa: F811
    task, path = mailed
    client = as_(cast.boss)
    mailed_version = version_in(client.get(path))
    world.on_hand = 9  # not watched as long as it is enough
    assert version_in(client.get(path)) == mailed_version and "Changed since" not in words(client.get(path))
    world.amount, before = "900.00", state_of(task)
    answer = client.post(path, {"outcome": "APPROVED", "version": mailed_version, "comment": "half a sentence"})
    text = answer.content.decode()
    assert (answer.status_code, state_of(task)) == (409, before)
    assert "<del>¥1,000</del>" in text and "<ins>¥900</ins>" in text and "half a sentence" in text
    seen = re.search(r'href="([^"]+\?seen=[0-9a-f]{16})"', text)
    assert seen
    newer = client.get(seen.group(1))
    assert "Changed since" not in words(newer)
    assert client.post(path, {"outcome": "APPROVED", "version": version_in(newer)}).status_code == 302
    task.refresh_from_db()
    assert task.state == "DECIDED"


def test_a_refusal_needs_words_and_a_system_that_is_down_must_be_acknowledged(
    as_: Any, mailed: tuple[Task, str], world: Any, cast: Any  # noqa: F811
) -> None:
    task, path = mailed
    client, before = as_(cast.boss), state_of(task)
    version = version_in(client.get(path))
    assert client.post(path, {"outcome": "REJECTED", "version": version}).status_code == 422
    world.erp_up = False
    refused = client.post(path, {"outcome": "APPROVED", "version": version})
    assert refused.status_code == 409 and "ERP does not answer. I decide on this older value." in words(refused)
    assert state_of(task) == before
    done = client.post(path, {"outcome": "APPROVED", "version": version, "acknowledge": ["stock", "limit"]})
    assert done.status_code == 302


def test_a_mail_of_a_task_handed_over_meanwhile_says_so(as_: Any, mailed: tuple[Task, str], cast: Any, clock: Any) -> None:  # noqa: F811
    from apps.workflows import services

    task, path = mailed
    services.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="on leave", now=clock)
    before = state_of(task)
    client = as_(cast.boss)
    assert "already handed over by Guo Peng" in words(client.get(path))
    assert client.post(path, {"outcome": "APPROVED", "version": "0" * 16}).status_code in {403, 404, 409}
    assert state_of(task) == before
