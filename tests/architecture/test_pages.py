"""Every page of the URL table is one of those that the browser looks at, or named here with the reason why not."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from django.urls import resolve

from tests.access.test_routes import ALL
from tests.browser.test_every_page import OUTSIDE, PAGES

TESTS = Path(__file__).resolve().parents[1]
# Pages that need a case, a letter or a visitor from outside first: axe asks them there.
ELSEWHERE = {
    "approvals/<uuid:task_id>/": "workflows/test_browser.py",
    "loop/<path:business_key>/": "workflows/test_browser.py",
    "mail/decide/<str:token>/": "workflows/test_mail_browser.py",
    "inbox/<uuid:notification_id>/": "notifications/test_inbox_browser.py",
    "inbox/batches/<uuid:batch_id>/": "notifications/test_inbox_browser.py",
    "chat/<slug:vendor>/connect/": "notifications/test_arrivals_browser.py",
    "announcements/<uuid:announcement_id>/edit/": "browser/test_every_page.py",  # the form of announcements/new/
}
# A piece of a page, a file, or a way that ends in another page.
NO_PAGE = {
    "accounts/oidc/<str:provider_id>/login/callback/", "announcements/people/", "approvals/<uuid:task_id>/pane/", "approvals/<uuid:task_id>/state/",
    "board/customers/files/<uuid:file_id>/", "board/menu/", "board/prints/<uuid:print_id>/file/", "board/prints/news/", "calendar/feed/<str:token>.ics",
    "chat/<slug:vendor>/", "chat/<slug:vendor>/back/", "copies/<str:business_key>/", "copies/people/", "events/", "home/messages/", "home/todos/",
    "hooks/<slug:vendor>/chat/", "inbox/<uuid:notification_id>/state/", "manifest.webmanifest", "search/quick/", "shell/todo-count/",
    "shipments/<str:shipment_id>/state/", "sw.js", "visits/customers/", "visits/people/", "widgets/", "widgets/<str:key>/",
}  # fmt: skip


def answers_get(view: Any) -> bool:
    """Whether Django's method decorators, wherever they stand among the others, let a GET through."""
    while view is not None:
        names = view.__code__.co_freevars if hasattr(view, "__code__") else ()
        if "request_method_list" in names:
            return "GET" in view.__closure__[names.index("request_method_list")].cell_contents
        view = getattr(view, "__wrapped__", None)
    return True


def pages_of_the_portal() -> set[str]:
    return {route for route, entry in ALL if not route.startswith("api/") and answers_get(entry.callback)}


def looked_at() -> set[str]:
    made: defaultdict[str, str] = defaultdict(lambda: "00000000-0000-4000-8000-000000000000")
    paths = [path for pages in PAGES.values() for path, status in pages if status != 404]
    return {resolve(path.partition("?")[0].format_map(made)).route for path in (*paths, *OUTSIDE)}


@pytest.mark.req("I12")
def test_every_page_is_looked_at_or_named() -> None:
    pages = pages_of_the_portal()
    assert {"", "approvals/<uuid:task_id>/", "board/meter/"} <= pages and "profile/quick/" not in pages
    assert pages - looked_at() == set(ELSEWHERE) | NO_PAGE


def test_what_is_said_to_be_looked_at_elsewhere_has_its_place() -> None:
    assert [place for place in ELSEWHERE.values() if not (TESTS / place).is_file()] == []
