"""A warm home page is put together from what was drawn: it must not differ from one that is drawn anew, nor show what was true before."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from apps.access import services as access
from apps.core import clock
from apps.directory.models import Person
from apps.workspace import services
from apps.workspace.selectors.shell import Shell
from apps.workspace.templatetags.business import PLACE_OF_TOKEN
from tests.workspace.test_pages import text

pytestmark = pytest.mark.req("G1", "E1")
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w{64})"')
AGES = re.compile(r'<time datetime="[^"]+">[^<]*</time>|title="today [^"]+"')


def drawn(client: Client) -> str:
    """The page as it is, ages and tokens aside."""
    return AGES.sub("", TOKEN.sub("", client.get("/").content.decode()))


def test_a_warm_page_is_the_page_that_would_be_drawn(stocked: SimpleNamespace, as_: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = as_(stocked.ana)
    client.get("/?whole")
    first, warm = drawn(client), drawn(client)
    monkeypatch.setattr("apps.workspace.views.frames.KEPT_FOR", 0)
    cache.clear()
    client.get("/?whole")
    assert first == warm == drawn(client) and "<!--card" not in warm and PLACE_OF_TOKEN not in warm


def test_each_visit_gets_its_own_token_in_frame_and_cards(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    client.get("/?whole")
    pages = [client.get("/").content.decode() for _ in range(2)]
    tokens = [set(TOKEN.findall(page)) for page in pages]
    assert [len(found) for found in tokens] == [1, 1] and tokens[0] != tokens[1]  # masked anew for each answer
    checked = Client(enforce_csrf_checks=True)
    checked.cookies = client.cookies
    assert checked.post("/profile/quick/", {"theme": "dark", "next": "/", "csrfmiddlewaretoken": tokens[1].pop()}).status_code == 302


CHANGES = [
    ("theme", lambda who: _account(who, theme="dark"), 'data-theme="dark"'),
    ("language", lambda who: _account(who, language="zh-hans"), '<html lang="zh-Hans"'),
    ("density", lambda who: _account(who, density="compact"), 'data-density="compact"'),
    ("name", lambda who: _person(who, name="Chen Anna"), "Chen Anna"),
    ("a role more", lambda who: _role(who, "portal_admin"), 'href="/connections/"'),
    ("layout", lambda who: services.save_own(person=who, items=[{"key": "crm.closing", "x": 7, "y": 0, "w": 5, "h": 4}], now=clock.now()), "gx-7"),
]  # fmt: skip


def _role(person: Any, role: str) -> None:
    access.assign_role(actor=Person.objects.get(login="admin"), role=role, person_id=person.pk, now=clock.now())


def _account(person: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(person.account, name, value)
    person.account.save(update_fields=list(values))


def _person(person: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(person, name, value)
    person.save(update_fields=list(values))


@pytest.mark.parametrize(("what", "change", "sign"), CHANGES, ids=[change[0] for change in CHANGES])
def test_what_changes_is_seen_at_once(stocked: SimpleNamespace, as_: Any, what: str, change: Any, sign: str) -> None:
    client = as_(stocked.ana)
    assert sign not in drawn(client) == drawn(client)
    change(stocked.ana)
    assert sign in drawn(client)


def test_nobody_gets_the_frame_of_another(stocked: SimpleNamespace, as_: Any) -> None:
    ana, boss = as_(stocked.ana), as_(stocked.boss)
    drawn(ana)
    page = text(boss.get("/"))
    assert stocked.boss.name in page and stocked.ana.name not in drawn(boss).split('class="home-grid"')[0]


def test_a_message_to_the_person_is_shown_once(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    drawn(client)
    client.post("/home/reset/")
    assert ["arranged it" in drawn(client) for _ in range(2)] == [True, False]


def test_the_facts_of_the_frame_are_all_that_it_can_show(stocked: SimpleNamespace, rf: Any) -> None:
    request = rf.get("/")
    request.person, request.user = stocked.ana, stocked.ana.account
    shell = Shell(request)
    facts, rail = shell.facts, repr(shell.nav)
    assert shell.person_name in facts and repr(shell.theme) in facts
    request.user.density = "compact"
    compact = Shell(request).facts
    assert compact != facts
    _role(stocked.ana, "portal_admin")
    more = Shell(request)
    assert repr(more.nav) != rail and more.facts != compact  # the rail follows from what the rights rest on
