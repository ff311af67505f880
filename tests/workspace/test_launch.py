"""Start something: each person sees what the own roles let them begin, and no more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.workflows import selectors as workflows
from apps.workflows.registry import STARTABLES, Startable, startable

MAY = {
    "ana": ["business.visit", "business.contract"],
    "boss": ["business.visit", "business.announcement", "business.contract"],
    "fin": [],
    "eve": [],
    "admin": ["business.announcement"],
    "guest": [],
}


@pytest.mark.req("E1", "A9")
def test_E1_everybody_is_offered_what_the_own_roles_allow(cast: SimpleNamespace) -> None:
    ours = {key for key in STARTABLES if key in {name for row in MAY.values() for name in row}}
    assert {login: [one.key for one in workflows.startables(getattr(cast, login)) if one.key in ours] for login in MAY} == MAY


@pytest.mark.req("E1")
def test_E1_page_and_widget_lead_there_and_every_beginning_opens(cast: SimpleNamespace, as_: Any) -> None:
    client = as_(cast.boss)
    for path in ("/start/", "/widgets/workspace.quick_launch/"):
        shown = client.get(path).content.decode()
        assert 'href="/visits/new/"' in shown and 'href="/announcements/new/"' in shown, path
    for one in workflows.startables(cast.boss):
        assert client.get(one.url).status_code == 200, one.key
    assert "Nothing to start" in as_(cast.eve).get("/start/").content.decode()
    assert as_(cast.guest).get("/start/").status_code == 403


def test_a_key_is_offered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        startable(Startable("business.visit", "x", "y", "/", "home", "business.visit"))


@pytest.mark.req("E1")
def test_the_api_offers_the_same(cast: SimpleNamespace, as_: Any) -> None:
    found = as_(cast.boss).get("/api/v1/startables").json()
    assert [(one["key"], one["url"]) for one in found if one["key"] == "business.visit"] == [("business.visit", "/visits/new/")]
