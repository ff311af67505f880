"""Every route says what it needs, and a person without rights gets nowhere."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from apps.access.middleware import AccessMiddleware
from apps.access.policies import OWN_ACCOUNT
from apps.access.registry import ACTION_WORDS, FIELD_WORDS, RESOURCE_WORDS, declared_of
from apps.audit.models import Entry
from apps.core.access import RESOURCES, Declared, declare

METHODS = ("get", "post", "put", "patch", "delete")


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry


SAMPLES = {
    "int": "1", "uuid": "00000000-0000-4000-8000-000000000000", "slug": "x", "str": "x", "path": "x/y", "provider_id": "keycloak",
}  # fmt: skip


def sample(route: str) -> str:
    """A path that the route matches."""

    def fill(match: re.Match[str]) -> str:
        kind, _colon, name = match.group(1).rpartition(":")
        return SAMPLES.get(name) or SAMPLES.get(kind or "str", "x")

    return "/" + re.sub(r"<([^>]+)>", fill, route).lstrip("^").rstrip("$")


ALL = sorted(routes(), key=lambda pair: pair[0])


def needs(entry: URLPattern) -> dict[str, Declared | None]:
    return {method: declared_of(entry.callback, method) for method in METHODS}


def test_the_sweep_sees_the_portal() -> None:
    paths = {route for route, _entry in ALL}
    assert {"", "sign-in/", "profile/", "access/", "api/v1/me", "oidc/backchannel-logout/"} <= paths


@pytest.mark.parametrize("route", [route for route, _entry in ALL])
def test_every_route_declares_a_known_resource_and_action(route: str) -> None:
    entry = dict(ALL)[route]
    for method, declared in needs(entry).items():
        assert declared is not None, f"{route} ({method}) declares nothing: put @declare(resource, action) on it"
        if declared.public:
            assert len(declared.public) > 10, f"{route}: say why it is public"
        else:
            assert declared.action in RESOURCES[declared.resource][0], f"{route}: {declared}"


def test_every_consumer_declares_a_known_resource_and_action() -> None:
    from apps.realtime.routing import websocket_urlpatterns

    assert websocket_urlpatterns
    for entry in websocket_urlpatterns:
        consumer = getattr(entry.callback, "consumer_class", entry.callback)
        declared = getattr(consumer, "access", None)
        assert declared is not None, f"{entry.pattern} declares nothing"
        assert declared.public or declared.action in RESOURCES[declared.resource][0]


def test_an_undeclared_view_does_not_run(rf: RequestFactory) -> None:
    ran: list[int] = []

    def view(request: Any) -> HttpResponse:
        ran.append(1)
        return HttpResponse()

    guard = AccessMiddleware(lambda request: HttpResponse())
    with pytest.raises(ImproperlyConfigured):
        guard.process_view(rf.get("/x"), view, (), {})
    assert ran == []


def test_a_method_of_a_class_may_need_more_than_the_class() -> None:
    @declare("access.role", "view")
    class View:
        def get(self) -> None: ...

        @declare("access.role", "manage")
        def post(self) -> None: ...

    def as_view() -> None: ...

    as_view.view_class = View  # type: ignore[attr-defined]
    found = {method: declared_of(as_view, method) for method in ("GET", "POST", "HEAD")}
    assert {name: one.action for name, one in found.items() if one} == {"GET": "view", "POST": "manage", "HEAD": "view"}


def closed(entry: URLPattern, method: str) -> bool:
    declared = declared_of(entry.callback, method)
    return declared is not None and not declared.public and declared.resource not in OWN_ACCOUNT


SWEEP = [(route, method) for route, entry in ALL for method in METHODS if closed(entry, method)]


@pytest.mark.req("A9")
def test_a_guest_is_refused_everywhere(cast: SimpleNamespace, client: Client, sign_in: Any) -> None:
    """All closed routes, all methods: 403 with the designed page or JSON, never a value; nothing is written."""
    sign_in(client, cast.guest)
    before = Entry.objects.count()
    wrong = []
    for route, method in SWEEP:
        answer = getattr(client, method)(sample(route))
        if answer.status_code != 403:
            wrong.append((method, route, answer.status_code))
        elif route.startswith("api/"):
            assert answer.json()["error"]["code"] == "not_permitted"
        else:
            assert "Not permitted" in answer.content.decode()
    assert wrong == []
    assert Entry.objects.count() == before


def test_nobody_is_sent_to_the_sign_in_page(cast: SimpleNamespace, client: Client) -> None:
    wrong = []
    for route, method in SWEEP:
        answer = getattr(client, method)(sample(route))
        good = answer.status_code == 401 if route.startswith("api/") else answer.get("Location", "").startswith("/sign-in/")
        if not good:
            wrong.append((method, route, answer.status_code))
    assert wrong == []


def test_forms_need_the_token_of_the_page(cast: SimpleNamespace, sign_in: Any) -> None:
    """A signed-in administrator's browser, driven by another site: every writing route refuses."""
    client = sign_in(Client(enforce_csrf_checks=True), cast.admin)
    before = Entry.objects.count()
    wrong = []
    for route, entry in ALL:
        exempt = getattr(entry.callback, "csrf_exempt", False) and not hasattr(entry.callback, "cls")
        for method in ("post", "put", "patch", "delete"):
            declared = declared_of(entry.callback, method)
            if exempt or declared is None or (hasattr(entry.callback, "cls") and declared.public):
                continue
            body = {"data": {}, "content_type": "application/json"} if route.startswith("api/") else {}
            answer = getattr(client, method)(sample(route), **body)
            if answer.status_code not in {403, 405}:
                wrong.append((method, route, answer.status_code))
    assert wrong == []
    assert Entry.objects.count() == before


def test_routes_without_csrf_are_few_and_public(cast: SimpleNamespace) -> None:
    exempt = {route for route, entry in ALL if getattr(entry.callback, "csrf_exempt", False) and not hasattr(entry.callback, "cls")}
    assert {route for route in exempt if not route.startswith("hooks/<")} == {"oidc/backchannel-logout/"}
    for route in exempt:
        declared = declared_of(dict(ALL)[route].callback, "post")
        assert declared is not None
        assert declared.public


def test_there_is_no_user_parameter(cast: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.guest)
    for name in ("user", "person", "as", "account", "login"):
        answer = client.get("/access/", {name: str(cast.admin.pk)}, headers={"X-User": "admin", "Remote-User": "admin"})
        assert answer.status_code == 403
    assert uuid.UUID(client.get("/api/v1/me", {"person": str(cast.admin.pk)}).json()["person"]["id"]) == cast.guest.pk


@pytest.mark.req("I12")
def test_every_declared_right_has_words() -> None:
    declared = {found for _route, entry in ALL for found in needs(entry).values() if found is not None and found.resource}
    resources = {found.resource for found in declared} | set(RESOURCES)
    actions = {found.action for found in declared} | {action for known, _fields in RESOURCES.values() for action in known}
    fields = {field for _actions, known in RESOURCES.values() for field in known}
    assert (resources - set(RESOURCE_WORDS), actions - set(ACTION_WORDS), fields - set(FIELD_WORDS)) == (set(), set(), set())
