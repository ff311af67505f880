"""Deciding from a mail: the link shows, only its person decides, and what moved is refused as on the web."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client

from apps.notifications import selectors as notifications
from apps.notifications.models import Delivery, Notification
from apps.workflows import services
from apps.workflows.models import Task
from apps.workflows.services import assigning
from tests.notifications.conftest import mailbox  # noqa: F401 - fixture
from tests.support.mailbox import text_of
from tests.workflows.test_decisions import APPROVAL, only_task, state_of
from tests.workflows.test_pages import as_, words  # noqa: F401 - fixture

pytestmark = pytest.mark.django_db
SECOND, WEEK = dt.timedelta(seconds=1), dt.timedelta(days=7)


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


@pytest.fixture
def undone(mailed: tuple[Task, str], approve: Any, cast: Any, clock: Any, run_jobs: Any) -> tuple[Task, str]:
    """The mail of boss (and fin); boss approved on the web and took it back. The link is that of the first mail."""
    task, path = mailed
    task.candidates.add(cast.fin)
    assigning.announce(task, [cast.fin], clock)
    approve(task)
    run_jobs(now=clock + SECOND)
    services.undo_completion(task_id=task.pk, person=cast.boss, now=clock + 2 * SECOND)
    task.refresh_from_db()
    return task, path


def ended(person: Any, language: str = "en") -> list[str]:
    rows = Notification.objects.filter(person=person, kind="workflows.task_assigned").exclude(state="OPEN").order_by("closed_at", "created_at")
    return [notifications.rendered(row, person, language).ended for row in rows]


@pytest.mark.req("E14", "D9")
def test_after_an_undo_no_message_says_that_it_is_decided(undone: tuple[Task, str], cast: Any) -> None:
    assert (ended(cast.boss), ended(cast.fin)) == (["undone by you"], ["already undone by Lin Wei"])
    assert (ended(cast.boss, "zh-hans"), ended(cast.fin, "zh-hans")) == (["您已撤销"], ["林薇 已撤销"])
    assert [notifications.todo_count(person) for person in (cast.boss, cast.fin)] == [1, 1]


@pytest.mark.req("E14", "D4", "D9")
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_link_of_the_first_mail_leads_to_what_is_open_again(undone: tuple[Task, str], as_: Any, cast: Any, language: str) -> None:  # noqa: F811
    task, path = undone
    cast.boss.account.language = language
    cast.boss.account.save(update_fields=["language"])
    client = as_(cast.boss)
    shown = client.get(path)
    assert (shown.status_code, 'name="outcome" value="APPROVED"' in shown.content.decode()) == (200, True)
    assert {"en": "that was undone: it waits for your decision again.", "zh-hans": "该审批已撤销：此事项仍待您审批。"}[language] in words(shown)
    assert client.post(path, {"outcome": "APPROVED", "version": version_in(shown), "comment": "after all"}).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.comment, task.decided_by) == ("DECIDED", "after all", cast.boss)
    assert {"en": "approved by you", "zh-hans": "您已批准"}[language] in words(client.get(path))
    assert notifications.todo_count(cast.boss) == 0


@pytest.mark.req("E14", "D5", "D9")
def test_what_moved_is_refused_after_an_undo_too(undone: tuple[Task, str], as_: Any, cast: Any, world: Any) -> None:  # noqa: F811
    task, path = undone
    client = as_(cast.boss)
    version = version_in(client.get(path))
    world.amount, before = "900.00", state_of(task)
    answer = client.post(path, {"outcome": "APPROVED", "version": version})
    assert (answer.status_code, state_of(task)) == (409, before)
    assert "<del>¥1,000</del>" in answer.content.decode() and "<ins>¥900</ins>" in answer.content.decode()


@pytest.mark.req("E14", "D9")
@pytest.mark.parametrize(("_case", "told"), [("decided by another", "already approved by He Jing"), ("handed over", "already handed over by Guo Peng")])
def test_the_link_of_the_first_mail_says_how_it_stands_after_the_undo(
    _case: str, told: str, undone: tuple[Task, str], as_: Any, cast: Any, clock: Any, approve: Any  # noqa: F811
) -> None:
    task, path = undone
    if _case == "handed over":
        services.reassign(task_id=task.pk, person=cast.admin, to=cast.eve, reason="away", now=clock + 3 * SECOND)
    else:
        approve(task, person=cast.fin, now=clock + 3 * SECOND)
    shown, before = words(as_(cast.boss).get(path)), state_of(task)
    assert told in shown and "What was decided after this mail was undone." in shown and "nothing is left to do" not in shown
    assert as_(cast.boss).post(path, {"outcome": "APPROVED", "version": "0" * 16}).status_code in {403, 404, 409}
    assert state_of(task) == before


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
    task, path = mailed
    services.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="on leave", now=clock)
    before = state_of(task)
    client = as_(cast.boss)
    assert "already handed over by Guo Peng" in words(client.get(path))
    assert client.post(path, {"outcome": "APPROVED", "version": "0" * 16}).status_code in {403, 404, 409}
    assert state_of(task) == before
