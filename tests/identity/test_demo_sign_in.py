"""The demo's sign-in, the live session row, sign-out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core import sessions
from apps.identity.models import Account, OidcSession
from apps.identity.services import end_sessions


@pytest.mark.req("X5")
def test_one_press_signs_in(cast: SimpleNamespace, client: Client) -> None:
    page = client.get("/sign-in/?next=/profile/")
    assert page.status_code == 200
    assert page.content.decode().count('name="login"') == 6
    answer = client.post("/sign-in/demo/", {"login": "ana", "next": "/profile/"})
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    row = OidcSession.objects.get()
    assert (row.session_key, row.account, row.issuer, row.id_token) == (
        client.session.session_key,
        cast.ana.account,
        "demo",
        "",
    )
    assert sessions.is_alive(row.session_key)
    assert client.get("/profile/").status_code == 200


def test_the_demo_sign_in_is_refused_elsewhere(cast: SimpleNamespace, client: Client, settings: Any) -> None:
    settings.DEMO_SIGN_IN = False
    assert client.get("/sign-in/").content.decode().count('name="login"') == 0
    assert client.post("/sign-in/demo/", {"login": "ana"}).status_code == 404
    assert OidcSession.objects.count() == 0


def test_a_demo_session_dies_with_the_demo(cast: SimpleNamespace, client: Client, sign_in: Any, settings: Any) -> None:
    sign_in(client, cast.ana)
    settings.DEMO_SIGN_IN = False
    assert client.get("/profile/")["Location"] == "/sign-in/?next=%2Fprofile%2F"


def test_unknown_people_and_foreign_addresses_are_refused(cast: SimpleNamespace, client: Client) -> None:
    assert client.post("/sign-in/demo/", {"login": "root"}).status_code == 404
    answer = client.post("/sign-in/demo/", {"login": "eve", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_demo_sign_in_needs_the_form_of_the_page(cast: SimpleNamespace) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/demo/", {"login": "ana"})
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
    assert OidcSession.objects.count() == 0


def test_sign_out_ends_everything_of_this_session(
    cast: SimpleNamespace,
    client: Client,
    sign_in: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    closed: list[str] = []
    told: list[dict[str, Any]] = []
    monkeypatch.setattr("apps.realtime.services.close", lambda *, session_keys: closed.extend(session_keys))
    monkeypatch.setattr("apps.jobs.services.publish", lambda **event: told.append(event))
    other = sign_in(Client(), cast.ana)
    sign_in(client, cast.ana)
    key = client.session.session_key
    assert client.get("/sign-out/").status_code == 405
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/sign-out/")
    assert (answer.status_code, answer["Location"]) == (302, "/oidc/signed-out/")
    assert closed == [key]
    assert [(event["event"], event["data"]["subject"], event["data"]["login"]) for event in told] == [
        ("identity.session.ended", cast.ana.subject, "ana")
    ]
    assert not sessions.is_alive(key)
    assert client.get("/profile/").status_code == 302
    assert other.get("/profile/").status_code == 200  # another device stays
    assert client.get("/oidc/signed-out/").status_code == 200
    assert Entry.objects.filter(action="identity.session.ended", object="identity.account:ana").count() == 1


def test_ending_an_account_ends_all_its_devices_with_the_next_request(
    cast: SimpleNamespace, client: Client, sign_in: Callable[..., Client], clock: dt.datetime
) -> None:
    first, second, stranger = sign_in(Client(), cast.ana), sign_in(Client(), cast.ana), sign_in(Client(), cast.eve)
    assert end_sessions(account_id=cast.ana.account.pk, reason="test", now=clock) == 2
    assert [c.get("/profile/").status_code for c in (first, second, stranger)] == [302, 302, 200]
    assert Account.objects.get(username="ana").session_epoch == 1


def test_a_session_without_its_row_is_signed_out(cast: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.ana)
    OidcSession.objects.all().delete()
    assert client.get("/profile/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_switched_off_account_and_a_switched_off_person(cast: SimpleNamespace, client: Client, sign_in: Any, clock: dt.datetime) -> None:
    from apps.directory import services as directory

    sign_in(client, cast.ana)
    directory.set_active(person_id=cast.ana.pk, active=False, now=clock)
    assert client.get("/profile/").status_code == 200  # the account still may sign out and read its own profile
    Account.objects.filter(username="ana").update(is_active=False)
    assert client.get("/profile/").status_code == 302
