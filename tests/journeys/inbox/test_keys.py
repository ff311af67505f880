"""The keys of the message center, on messages that came from Tryton and BottleCRM: by keyboard alone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.erp import TrytonUser
from tests.journeys.inbox.desk import Desk
from tests.journeys.people import WITHIN_TEN_SECONDS, Somebody, somebody
from tests.journeys.setbacks.office import LONG
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.stack, pytest.mark.timeout(600)]


def tab_to(page: Page, wanted: Locator) -> None:
    """As far as the Tab key leads, and no further: what cannot be reached by it is not there for everybody."""
    for _press in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"the Tab key never comes to {wanted}")


def titles(page: Page, selector: str = ".mrow") -> list[str]:
    return [text.strip() for text in page.locator(f"{selector} .mt .clip").all_inner_texts()]


def shows(page: Page, *wanted: str, selector: str = ".mrow") -> None:
    until(lambda: titles(page, selector) == list(wanted), what=f"the list shows {wanted}; it shows {titles(page, selector)}")


def lost_deals(desk: Desk, word: str) -> list[str]:
    """Three deals of ana's that BottleCRM set to lost, newest first as her list shows them."""
    names = [f"{word} {number}" for number in (1, 2, 3)]
    for name in names:
        deal_id = desk.crm.deal(customer="C-003", name=name, lines=[("P-1017", "1", "130")])
        desk.crm.set_stage(deal_id, "CLOSED_LOST")
        desk.told("ana", "crm_bottle.deal_changed", name)
    return [f"{name} was set to lost" for name in reversed(names)]


@pytest.mark.req("E11", "E13", "E14", "I12")
def test_E13_messages_of_the_crm_are_read_marked_put_away_and_snoozed_by_keys_alone(chromium: Any, desk: Desk) -> None:
    word = f"Keys {uuid.uuid4().hex[:6]}"
    newest, middle, oldest = lost_deals(desk, word)
    desk.portal.start_web(UNDO_WINDOW_SECONDS="300")  # whatever else runs on this machine: what is put away can be taken back
    try:
        with somebody(chromium, desk.portal.url, "ana") as ana:
            ana.sign_in_at_keycloak(desk.env["DEMO_PASSWORD"])
            to_the_messages(ana, word)
            page, keys = ana.page, ana.page.keyboard
            shows(page, newest, middle, oldest)
            keys.press("j")
            keys.press("j")
            keys.press("k")  # back on the first
            keys.press("Enter")
            page.wait_for_url("**/inbox/*-*/**", wait_until="load")
            expect(page.locator(".rbody h2")).to_have_text(newest)
            shows(page, middle, oldest, selector=".mrow.unread")
            keys.press("u")
            expect(page.locator("#toasts")).to_contain_text("Marked as unread.")
            page.wait_for_load_state("load")  # the next keys are for this page's scripts
            shows(page, newest, middle, oldest, selector=".mrow.unread")
            chosen_and_back(page, newest, middle, oldest)
            one_by_one(page, middle, oldest)
            keys.press("?")
            expect(page.locator("#inbox-keys")).to_contain_text("undo while the time runs")
            keys.press("Escape")
            expect(page.locator("#inbox-keys")).to_be_hidden()
            assert ana.problems == []
    finally:
        desk.portal.start_web()
    states = {one["title"]: (one["state"], bool(one["snoozed_until"])) for name in (1, 2, 3)
              for one in desk.notices("ana", "crm_bottle.deal_changed", f"{word} {name}")}  # fmt: skip
    assert states == {newest: ("DISMISSED", False), middle: ("OPEN", True), oldest: ("OPEN", False)}


def to_the_messages(who: Somebody, word: str) -> None:
    """From the home page to what is to be read, looked for by a word."""
    page, keys = who.page, who.page.keyboard
    page.wait_for_load_state("load")
    keys.press("g")
    keys.press("i")
    page.wait_for_url("**/inbox/")
    tab_to(page, page.locator(".at-tabs a", has_text="To read"))
    keys.press("Enter")
    page.wait_for_url("**tab=notices**")
    keys.press("/")
    keys.type(word)
    keys.press("Enter")
    page.wait_for_url("**q=**")
    page.wait_for_load_state("load")


def chosen_and_back(page: Page, newest: str, middle: str, oldest: str) -> None:
    """X chooses, H snoozes what is chosen, Z brings it back as it was."""
    keys = page.keyboard
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("x")
    expect(page.locator("#batch [data-some] [aria-live]")).to_have_text("2 chosen")
    keys.press("h")
    expect(page.locator("#toasts")).to_contain_text("2 snoozed.")
    until(lambda: len(titles(page)) == 1, what="both have left")
    keys.press("z")
    expect(page.locator("#toasts")).to_contain_text("Undone.")
    shows(page, newest, middle, oldest)
    shows(page, newest, middle, oldest, selector=".mrow.unread")


def one_by_one(page: Page, middle: str, oldest: str) -> None:
    """Without a tick E and H put the open message away and go on to the next one."""
    keys = page.keyboard
    keys.press("j")
    keys.press("Enter")
    page.wait_for_url("**/inbox/*-*/**", wait_until="load")
    keys.press("e")
    expect(page.locator(".rbody h2")).to_have_text(middle)
    page.wait_for_load_state("load")
    keys.press("h")
    expect(page.locator(".rbody h2")).to_have_text(oldest)
    page.wait_for_load_state("load")
    shows(page, oldest)


@pytest.mark.req("E10", "E13", "E14")
def test_E10_an_invoice_of_the_erp_sleeps_until_tryton_says_that_it_is_paid(chromium: Any, desk: Desk) -> None:
    deal_id = desk.won(customer="C-001")
    desk.approve(deal_id)
    desk.ordered(deal_id)
    (invoice,) = until(lambda: desk.erp(deal_id).invoices, seconds=LONG, what="the invoice")
    number = str(invoice["number"])
    desk.told("fin", "erp_tryton.invoiced", number)
    posted = f"Invoice {number} over ¥1,200 was posted"
    with somebody(chromium, desk.portal.url, "fin") as fin:
        fin.sign_in_at_keycloak(desk.env["DEMO_PASSWORD"])
        to_the_messages(fin, number)
        page, keys = fin.page, fin.page.keyboard
        shows(page, posted)
        keys.press("j")
        keys.press("Enter")
        expect(page.locator(".rbody h2")).to_have_text(posted)
        tab_to(page, page.locator("[popovertarget=snooze-menu]"))
        keys.press("Enter")
        tab_to(page, page.locator("#snooze-menu button[value=change]"))
        keys.press("Enter")
        expect(page.locator("#toasts")).to_contain_text("Snoozed until the system reports a change.")
        shows(page)
        page.wait_for_function("() => document.body.dataset.live === 'live'", timeout=30_000)
        assert [one["wakes_on_change"] for one in desk.notices("fin", "erp_tryton.invoiced", number)] == [True]
        TrytonUser(desk.env, "fin").pay(int(invoice["id"]))
        woken = page.locator(".mrow.unread", has_text=posted)
        expect(woken).to_have_count(1, timeout=6 * WITHIN_TEN_SECONDS)  # by itself: the page was not touched
        expect(page.locator(".mrow.unread", has_text=f"Invoice {number} was paid")).to_have_count(1, timeout=6 * WITHIN_TEN_SECONDS)
        assert fin.problems == []
    (slept,) = desk.notices("fin", "erp_tryton.invoiced", number)
    assert (slept["wakes_on_change"], slept["snoozed_until"], slept["unread"]) == (False, None, True)
