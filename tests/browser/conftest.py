"""Chromium against the portal. `live_portal` serves it; `open_page(person, …)` is a tab signed in as that person that keeps a record of errors."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.checks import Tab
from tests.browser.servers import ThreadServer, close_other_connections

# Playwright's sync API keeps an event loop in the main thread; without this every query of a browser test would be refused.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("ATRIUM_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-sync",
    "--disable-component-update",
    "--no-first-run",
    "--disable-quic",
    "--font-render-hinting=none",
]


_running: list[Any] = []  # the one browser of this process; other folders import the fixture, and each import is a fixture of its own


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """One browser for all tests; each tab has its own profile."""
    from playwright.sync_api import sync_playwright

    if _running:
        yield _running[0]
        return
    assert CHROMIUM, "no Chromium: apt-get install chromium, or set ATRIUM_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=ARGS)
        _running.append(browser)
        yield browser
        _running.clear()
        browser.close()


@pytest.fixture
def live_portal(transactional_db: None, settings: Any) -> Iterator[str]:
    """URL of the portal on the test database. transactional_db: rows are committed, so that the server sees them."""
    from portal.asgi import application

    server = ThreadServer(application)
    settings.CSRF_TRUSTED_ORIGINS = [server.url]
    server.start()
    yield server.url
    server.stop()  # before the flush: an open request would block it
    close_other_connections()


@pytest.fixture
def open_page(chromium: Any, live_portal: str) -> Iterator[Callable[..., Tab]]:
    """open_page(person, language="en", theme="light", width=1440, height=900) -> Tab. person None: nobody is signed in."""
    from django.conf import settings

    contexts: list[Any] = []

    def make(person: Any = None, *, language: str = "en", theme: str = "light", width: int = 1440, height: int = 900) -> Tab:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale="zh-CN" if language.startswith("zh") else "en-GB",
            timezone_id="Asia/Shanghai",
            has_touch=width < 600,
            is_mobile=width < 600,
            reduced_motion="reduce",
        )
        contexts.append(context)
        cookies = [
            {"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_portal},
            {"name": "atrium_theme", "value": theme, "url": live_portal},
        ]
        if person is not None:
            cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": session_of(person), "url": live_portal})
        context.add_cookies(cookies)
        return Tab(context.new_page(), live_portal)

    yield make
    for context in contexts:
        context.close()


def session_of(person: Any) -> str:
    """A real session row of this person, as the sign-in leaves it."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from apps.core import clock
    from apps.identity.services import open_session

    store = SessionStore()
    store[SESSION_KEY] = str(person.account.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = person.account.get_session_auth_hash()
    store.create()
    open_session(session_key=store.session_key, account=person.account, now=clock.now())
    return str(store.session_key)


# What Django's and WhiteNoise's ASGI code say about themselves while a real server runs in this process; none of it is ours to change.
NOISE = (
    "ignore:.*StreamingHttpResponse must consume synchronous iterators.*",
    "ignore:Unclosed file.*:ResourceWarning",
    "ignore:unclosed.*:ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "live_portal" in getattr(item, "fixturenames", ()):
            for line in NOISE:
                item.add_marker(pytest.mark.filterwarnings(line))
