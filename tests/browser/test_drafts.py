"""A session that ends while somebody types: after signing in again the words are back in the form, not sent, and only for that person."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from apps.core import clock
from apps.identity.services import end_sessions
from tests.browser.conftest import session_of
from tests.support import shop

pytestmark = pytest.mark.browser
WORDS = "Hangzhou, Xihu district"


@pytest.fixture
def stocked(live_portal: str, cast: SimpleNamespace) -> SimpleNamespace:
    return shop.fill(cast)


def end(person: Any) -> None:
    assert end_sessions(account_id=person.account.pk, reason="test", now=clock.now()) == 1


def sign_in(tab: Any, person: Any, path: str) -> None:
    """As the sign-in page leaves it, in the same tab."""
    tab.page.wait_for_url("**/sign-in/**")
    assert f"next={path.replace('/', '%2F')}" in tab.page.url
    tab.page.wait_for_function("() => JSON.parse(sessionStorage.getItem('atrium:draft') || '{}').lost === true")
    tab.page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(person), "url": tab.base}])
    tab.page.goto(tab.base + path)


def test_a_form_sent_after_the_session_ended_is_filled_again(open_page: Any, stocked: SimpleNamespace) -> None:
    tab, path = open_page(stocked.ana), "/customers/c-0/edit/"
    tab.page.route_web_socket("**/ws/", lambda socket: None)  # the form hears of the end before the connection does
    tab.page.goto(tab.base + path)
    tab.page.fill("[name=city]", WORDS)
    end(stocked.ana)
    tab.page.locator("main form[method=post] button[type=submit] >> nth=-1").click()
    sign_in(tab, stocked.ana, path)
    tab.page.wait_for_selector("[data-kept]:visible")
    assert tab.page.input_value("[name=city]") == WORDS
    assert tab.page.evaluate("sessionStorage.getItem('atrium:draft')") is None
    tab.errors.clear()
    assert tab.findings() == []


def test_the_open_page_keeps_the_words_for_its_person_and_for_nobody_else(open_page: Any, stocked: SimpleNamespace) -> None:
    tab, path = open_page(stocked.ana), "/customers/c-0/edit/"
    tab.goto(path)
    tab.page.wait_for_selector('[data-live-state="live"]', timeout=15_000)
    tab.page.fill("[name=city]", WORDS)
    end(stocked.ana)  # the connection says so: the page leaves by itself
    sign_in(tab, stocked.boss, path)
    tab.page.wait_for_load_state()
    assert tab.page.input_value("[name=city]") != WORDS
    tab.page.wait_for_function("() => sessionStorage.getItem('atrium:draft') === null")
