# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The inbox under a person's hands: keys, several at once, what others deal with, a connection that is lost, the phone."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock, kinds
from apps.notifications import services
from apps.notifications.models import Notification
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.notifications.test_inbox import Decide, Know
from tests.support.until import until

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]


@pytest.fixture
def filled(live_portal: str, cast: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Ana has the to-dos x and y and the messages a, b and c, newest first."""
    for kind in (Decide, Know):
        monkeypatch.setitem(kinds.KINDS, kind.key, kind())
    now = clock.now()
    for place, (kind, what) in enumerate((("decide", "x"), ("decide", "y"), ("know", "a"), ("know", "b"), ("know", "c"))):
        services.notify(kind=f"tests.{kind}", person_ids=[cast.ana.pk], params={"what": what, "number": "HT-1"}, ref=f"t:{what}",
                        now=now - dt.timedelta(seconds=place))  # fmt: skip
    return cast


def titles(tab: Any, selector: str = ".mrow") -> list[str]:
    return [text.strip() for text in tab.page.locator(f"{selector} .mt .clip").all_inner_texts()]


@pytest.mark.req("E13", "E14")
def test_the_keyboard_alone_reads_marks_and_puts_away(open_page: Any, filled: SimpleNamespace) -> None:
    tab = open_page(filled.ana)
    page, keys = tab.page, tab.page.keyboard
    tab.goto("/inbox/?tab=notices")
    assert titles(tab) == titles(tab, ".mrow.unread") == ["Know a", "Know b", "Know c"]
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("j")
    keys.press("x")
    assert page.inner_text("#batch [data-some]:visible >> nth=0") == "2 chosen"
    assert tab.findings() == []
    page.locator("#batch button").press("Enter")
    page.wait_for_selector("text=2 messages are marked as read.")
    assert titles(tab, ".mrow.unread") == ["Know b"]
    keys.press("j")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_selector(".rbody h2:text-is('Know b')")
    page.wait_for_selector(".mrow.unread", state="detached")  # what is read loses its dot
    until(lambda: not Notification.objects.filter(todo=False, read_at=None).exists(), what="read in the database")
    keys.press("e")
    page.wait_for_selector(".rbody h2:text-is('Know c')")  # on to the next
    keys.press("e")
    page.wait_for_selector(".rbody h2:text-is('Know a')")
    assert titles(tab) == ["Know a"]
    tab.goto("/inbox/")
    keys.press("j")
    keys.press("Enter")
    page.wait_for_selector(".rbody h2:text-is('Decide x')")
    keys.press("e")  # a to-do is not put away, it is done
    page.wait_for_selector("#toasts >> text=This waits for your decision")
    assert Notification.objects.filter(todo=True, state="OPEN").count() == 2
    assert tab.errors == []


@pytest.mark.req("E14", "D8", "D9")
def test_what_is_dealt_with_elsewhere_leaves_and_a_lost_connection_says_how_old_the_list_is(open_page: Any, filled: SimpleNamespace) -> None:
    tab = open_page(filled.ana, width=360, height=740)
    page = tab.page
    tab.goto("/inbox/")
    page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=15_000)
    services.resolve(ref="t:x", now=clock.now(), outcome="approved", by=filled.boss.pk)
    page.wait_for_selector(".mrow:has-text('Decide x')", state="detached", timeout=5_000)
    assert titles(tab) == ["Decide y"]
    assert page.inner_text(".mrows .grp .num") == "1"
    page.context.set_offline(True)
    page.wait_for_selector("[data-list-old]:visible >> text=As of today", timeout=12_000)
    assert [found for found in tab.findings() if "ERR_INTERNET_DISCONNECTED" not in found] == []
    services.resolve(ref="t:y", now=clock.now(), outcome="approved", by=filled.boss.pk)
    page.context.set_offline(False)
    page.wait_for_selector("#inbox-list >> text=Nothing to do", timeout=20_000)
    page.wait_for_selector("[data-list-old]", state="hidden")
    tab.errors.clear()  # what the browser says about the line that was cut
    tab.goto("/inbox/?tab=notices")
    page.tap(".mrow .open >> nth=0")
    page.wait_for_selector(".rbody h2:text-is('Know a')")
    assert not page.is_visible("#inbox-list")  # the phone shows the list or the message
    page.tap("a[aria-label='Back to the list']")
    page.wait_for_selector("#inbox-list >> visible=true")
    assert tab.findings() == []
