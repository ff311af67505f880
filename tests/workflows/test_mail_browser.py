# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The card behind a mail's link on the phone, by keyboard, in both languages and themes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.utils import timezone

from apps.workflows import services
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.notifications.conftest import mailbox  # noqa: F401 - fixture
from tests.workflows.test_decisions import APPROVAL, only_task
from tests.workflows.test_mail_decisions import path_in

pytestmark = [pytest.mark.browser, pytest.mark.req("E14", "X2"), *(pytest.mark.filterwarnings(line) for line in NOISE)]


@pytest.fixture
def clock() -> dt.datetime:
    return timezone.now()


def test_a_mail_is_decided_on_the_phone_by_keyboard(
    live_portal: str, open_page: Any, mailbox: Any, world: Any, begin: Any, run_jobs: Any, clock: dt.datetime, cast: Any
) -> None:
    world.on_hand = 2
    task = only_task(begin(APPROVAL))
    run_jobs(now=clock)
    path, found = path_in(mailbox.mails[0]), []
    world.amount = "900.00"
    for language, theme, width in (("zh-hans", "dark", 360), ("en", "light", 1440)):
        cast.boss.account.language, cast.boss.account.theme = language, theme
        cast.boss.account.save()
        tab = open_page(cast.boss, language=language, theme=theme, width=width, height=780)
        tab.goto(path)
        tab.shot(f"mail_decide.boss.{language}.{theme}.{width}", full=True)
        found += tab.findings()
    assert found == []
    page = tab.page
    assert page.get_by_role("button", name="Approve").is_disabled()
    page.get_by_role("link", name="I have seen it").press("Enter")
    page.wait_for_url(re.compile(r"seen="))
    page.get_by_label("Your comment").press_sequentially("from the train")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("approved by you").wait_for()
    task.refresh_from_db()
    assert (task.outcome, task.comment) == ("APPROVED", "from the train")
    services.undo_completion(task_id=task.pk, person=cast.boss, now=task.decided_at)
    tab.goto(path)
    page.get_by_text("it waits for your decision again").wait_for()
    tab.shot("mail_decide.boss.undone", full=True)
    assert tab.findings() == []
    stranger = open_page(cast.ana)
    stranger.goto(path, status=403)
    assert stranger.findings() == []
