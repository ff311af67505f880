# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The inbox under a person's hands: keys, several at once, what others deal with, a connection that is lost, the phone."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock, kinds
from apps.notifications import services
from apps.notifications.models import Batch, Notification
from apps.workflows.models import Task
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.notifications.test_batches import cases  # noqa: F401 - fixture
from tests.notifications.test_inbox import Decide, Know
from tests.notifications.test_paging import fill
from tests.support.until import until
from tests.workflows.conftest import begin, world  # noqa: F401 - fixtures

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


def opened(page: Any, title: str) -> None:
    """The message stands in the reading pane and its page's scripts run: a key pressed before that is nobody's."""
    page.wait_for_selector(f".rbody h2:text-is('{title}')")
    page.wait_for_load_state("load")


def refreshed(page: Any) -> None:
    """The list has been replaced by what the server sends now."""
    page.evaluate("() => document.querySelector('#inbox-list .mfoot').setAttribute('data-before', '')")
    page.evaluate("() => document.body.dispatchEvent(new CustomEvent('atrium:notice'))")
    page.wait_for_selector("[data-before]", state="detached")


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
    assert page.inner_text("#batch [data-some] [aria-live]") == "2 chosen"
    assert tab.findings() == []
    page.locator("#batch button[value=read]").press("Enter")
    page.wait_for_selector("#toasts >> text=2 read.")
    assert titles(tab, ".mrow.unread") == ["Know b"]
    keys.press("z")  # one undo for both
    page.wait_for_selector("#toasts >> text=Undone.")
    assert titles(tab, ".mrow.unread") == ["Know a", "Know b", "Know c"]
    keys.press("j")
    keys.press("x")
    keys.press("h")  # with ticks it acts on all that are ticked
    page.wait_for_selector("#toasts >> text=1 snoozed.")
    until(lambda: titles(tab) == ["Know b", "Know c"], what="the snoozed one left")
    keys.press("z")
    until(lambda: titles(tab) == ["Know a", "Know b", "Know c"], what="it is back")
    keys.press("?")
    page.wait_for_selector("#inbox-keys[open] >> text=undo while the time runs")
    assert tab.findings() == []
    keys.press("Escape")
    keys.press("/")
    assert page.evaluate("() => document.activeElement.id") == "inbox-search"
    keys.type("know")
    refreshed(page)  # a push replaces the list: what somebody is typing stays, and so does the cursor
    keys.type(" b")
    assert page.input_value("#inbox-search") == "know b"
    keys.press("Enter")
    page.wait_for_url("**q=know*b*")
    assert titles(tab) == ["Know b"]
    page.go_back()
    keys.press("g")
    keys.press("h")  # home, not a snooze
    page.wait_for_url(tab.base + "/")
    keys.press("g")
    keys.press("i")
    page.wait_for_url("**/inbox/")
    tab.goto("/inbox/?tab=notices")
    keys.press("j")
    keys.press("j")
    keys.press("k")
    keys.press("j")
    keys.press("Enter")
    opened(page, "Know b")
    page.wait_for_selector(".mrow.unread:has-text('Know b')", state="detached")  # what is read loses its dot
    until(lambda: not Notification.objects.filter(params__what="b", read_at=None).exists(), what="read in the database")
    assert titles(tab) == ["Know a", "Know b", "Know c"]  # the list stays put
    keys.press("u")
    page.wait_for_selector("#toasts >> text=Marked as unread.")
    page.wait_for_selector(".mrow.unread:has-text('Know b')")
    page.wait_for_load_state("load")
    keys.press("j")
    keys.press("j")
    keys.press("Enter")
    opened(page, "Know b")
    keys.press("e")
    opened(page, "Know c")  # on to the next
    keys.press("e")
    opened(page, "Know a")
    assert titles(tab) == ["Know a"]
    assert tab.errors == []


@pytest.mark.req("E13", "E14")
def test_a_key_acts_on_the_message_that_has_the_focus_not_on_the_one_that_is_open(open_page: Any, filled: SimpleNamespace) -> None:
    tab = open_page(filled.ana)
    page, keys = tab.page, tab.page.keyboard
    services.mark_read(person=filled.ana, notification_id=Notification.objects.get(params__what="c").pk, now=clock.now())
    tab.goto("/inbox/?tab=notices")
    keys.press("j")
    keys.press("Enter")
    opened(page, "Know a")
    keys.press("j")
    keys.press("e")
    page.wait_for_selector("#toasts >> text=1 done.")
    until(lambda: titles(tab) == ["Know a", "Know c"], what="the one with the focus left")
    assert page.evaluate("() => document.activeElement.closest('.mrow').innerText").find("Know c") >= 0  # on to the next
    keys.press("u")
    page.wait_for_selector("#toasts >> text=1 unread.")
    page.wait_for_selector(".mrow.unread:has-text('Know c')")
    assert page.evaluate("() => document.activeElement.closest('.mrow').innerText").find("Know c") >= 0  # it stays with it
    assert Notification.objects.filter(params__what="c", read_at=None).exists()
    keys.press("h")
    until(lambda: titles(tab) == ["Know a"], what="the next one snoozed")
    assert page.inner_text(".rbody h2") == "Know a"
    assert [note.params["what"] for note in Notification.objects.filter(todo=False, state="OPEN", snoozed_until=None)] == ["a"]
    tab.goto("/inbox/?tab=snoozed")
    keys.press("j")
    keys.press("Enter")
    opened(page, "Know c")
    keys.press("e")  # not while it is snoozed
    page.wait_for_selector("#toasts >> text=This is snoozed. Take it back into the inbox first.")
    page.locator(".mrow input[type=checkbox]").check()
    assert tab.findings() == []
    page.get_by_role("button", name="Back to the inbox", exact=True).click()
    page.wait_for_selector("#toasts >> text=1 is back in the inbox.")
    keys.press("z")
    until(lambda: titles(tab) == ["Know c"], what="it sleeps again")
    tab.goto("/inbox/")
    keys.press("j")
    keys.press("j")
    keys.press("e")  # the list cannot finish a to-do: the one with the focus is opened
    opened(page, "Decide y")
    keys.press("k")
    keys.press("Enter")
    opened(page, "Decide x")
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
    opened(page, "Know a")
    assert not page.is_visible("#inbox-list")  # the phone shows the list or the message
    page.tap("a[aria-label='Back to the list']")
    page.wait_for_selector("#inbox-list >> visible=true")
    assert tab.findings() == []


@pytest.mark.req("E13", "E14")
def test_several_are_approved_together_and_undone_with_one_key(open_page: Any, live_portal: str, cases: Any, cast: SimpleNamespace) -> None:
    found = cases(4)
    found.odd["deal:0"] = {"amount": "600000"}
    for language, theme, width in (("en", "light", 1440), ("zh-hans", "dark", 360)):
        tab = open_page(cast.boss, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        page = tab.page
        cast.boss.account.language = language
        cast.boss.account.theme = theme
        cast.boss.account.save(update_fields=["language", "theme"])
        tab.goto("/inbox/")
        for number in range(4):
            page.locator(".mrow input[type=checkbox]").nth(number).check()
        tab.shot(f"inbox_chosen.{language}.{width}")
        assert tab.findings() == []
        page.click("#batch button[value=approved]")
        page.wait_for_selector("#batch-check[open] [data-held] li")
        assert page.locator("[data-held] li").count() == 1
        page.mouse.move(0, 0)
        tab.settle()
        page.wait_for_function("() => [...document.querySelectorAll('.btn')].every((one) => getComputedStyle(one).opacity === '1')")  # no longer busy
        tab.shot(f"inbox_check.{language}.{width}")
        assert tab.findings() == []
        page.click("#batch-check [type=submit]")
        page.wait_for_selector("[data-batch-undo]")
        until(lambda page=page: page.locator(".mrow").count() == 1, what="three have left")  # type: ignore[misc]
        assert not page.is_visible("#batch-check")
        tab.shot(f"inbox_undo.{language}.{width}")
        assert tab.findings() == []
        page.keyboard.press("z")
        until(lambda page=page: page.locator(".mrow").count() == 4, what="all four are back")  # type: ignore[misc]
        assert Task.objects.filter(state__in=Task.OPEN).count() == 4
        tab.goto(f"/inbox/batches/{Batch.objects.latest('created_at').pk}/")
        tab.shot(f"inbox_batch.{language}.{width}")
        assert tab.findings() == []
        tab.goto("/inbox/")
        page.click("[popovertarget=inbox-views]")
        page.fill("#inbox-views input[name=name]", f"Mine {width}")
        tab.shot(f"inbox_views.{language}.{width}")
        assert tab.findings() == []
        page.press("#inbox-views input[name=name]", "Enter")
        page.wait_for_selector(f"#inbox-views a:has-text('Mine {width}')", state="attached")
        page.click(".mrow .open >> nth=0")
        page.click("[popovertarget=snooze-menu]")
        tab.settle()
        tab.shot(f"inbox_snooze.{language}.{width}")
        assert tab.findings() == []
        page.context.close()


@pytest.mark.req("E14", "U3")
def test_where_websockets_are_blocked_events_keep_the_list_true(open_page: Any, filled: SimpleNamespace) -> None:
    tab = open_page(filled.ana)
    page, opened, streams = tab.page, [], []
    page.route_web_socket("**/ws/", lambda socket: (opened.append(socket.url), socket.close(code=1011)))
    page.on("request", lambda request: streams.append(request.url) if "/events/" in request.url else None)
    tab.goto("/inbox/")
    page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=30_000)
    assert len(opened) >= 2 and len(streams) >= 1  # sockets were tried first, then the stream of events
    services.resolve(ref="t:x", now=clock.now(), outcome="approved", by=filled.boss.pk)
    page.wait_for_selector(".mrow:has-text('Decide x')", state="detached", timeout=5_000)
    assert titles(tab) == ["Decide y"]
    page.wait_for_function("() => document.querySelector('[data-todo-number]').textContent === '1'", timeout=5_000)
    assert len(streams) == 1  # one stream, not one a hint
    fill(filled.ana, clock.now(), 44)
    tab.goto("/inbox/")
    assert page.locator(".mrow").count() == 30
    page.click("#inbox-more a")
    page.wait_for_function("() => document.querySelectorAll('.mrow').length === 45")
    groups = page.locator("[data-inbox] section").evaluate_all("all => all.map(one => one.dataset.group)")
    assert len(groups) == len(set(groups))  # what continues a group stands in it
    assert page.locator("#inbox-more").count() == 0
    page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=30_000)
    services.resolve(ref="t:y", now=clock.now(), outcome="approved", by=filled.boss.pk)
    page.wait_for_selector(".mrow:has-text('Decide y')", state="detached", timeout=5_000)
    assert page.locator(".mrow").count() == 44  # a refresh keeps the pages that were opened
    assert tab.findings() == []


@pytest.mark.req("E13", "E14")
def test_one_message_put_away_comes_back_with_one_key_and_several_are_snoozed_by_a_menu(open_page: Any, filled: SimpleNamespace) -> None:
    tab = open_page(filled.ana, width=1280)
    page, keys = tab.page, tab.page.keyboard
    tab.goto("/inbox/?tab=notices")
    for key, words in (("e", "1 done."), ("h", "1 snoozed.")):
        page.click(".mrow .open >> nth=0")
        opened(page, "Know a")
        with page.expect_navigation():
            keys.press(key)
        page.wait_for_selector(f"[data-batch-undo] >> text={words}")
        assert titles(tab) == ["Know b", "Know c"]
        tab.settle()
        assert tab.findings() == []
        keys.press("z")
        page.wait_for_selector("#toasts >> text=Undone.")
        until(lambda: titles(tab) == ["Know a", "Know b", "Know c"], what="it is back")
        tab.goto("/inbox/?tab=notices")
    for number in (0, 2):
        page.locator(".mrow input[type=checkbox]").nth(number).check()
    page.click("[popovertarget=batch-snooze]")
    tab.shot("inbox_batch_snooze.en.1280")
    page.locator("#batch-snooze").get_by_role("button", name="In 1 hour").click()
    page.wait_for_selector("#toasts >> text=2 snoozed.")
    until(lambda: titles(tab) == ["Know b"], what="both left")
    assert not page.is_visible("#batch-snooze") and tab.errors == []
