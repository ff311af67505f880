"""Sign-on, refresh, back-channel logout, token exchange: the real code on a stand-in provider."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client

from apps.audit.models import Entry
from apps.core import sessions
from apps.core.http import TransientError
from apps.identity.models import Account, ExchangedToken, OidcSession, SeenLogout
from apps.identity.services import UnableToActAsPerson, exchanged_token, idp, logout, tokens
from tests.identity.conftest import ANA as SUBJECT
from tests.identity.test_claims import BAD_LOGOUT
from tests.support.jwks import ISSUER, NEXT_KEY, OTHER_KEY, FakeProvider, id_claims, logout_claims, signed


def later(seconds: float) -> dt.datetime:
    return dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)


@pytest.mark.req("A3")
def test_sign_on_keeps_what_logout_and_refresh_need(ana: FakeProvider, client: Client) -> None:
    answer = ana.sign_on(client)
    assert (answer.status_code, answer["Location"]) == (302, "/profile/")
    asked = ana.asked
    assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", "portal", "S256")
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    assert len(asked["nonce"]) >= 32
    _method, _path, form = next(call for call in ana.calls if call[1] == "token")
    assert len(form["code_verifier"]) >= 43
    row = OidcSession.objects.get()
    assert (row.session_key, row.sid, row.issuer, row.subject, row.acr) == (
        client.session.session_key, "sid-1", ISSUER, SUBJECT, "1",
    )  # fmt: skip
    for name in ("id_token", "access_token", "refresh_token"):
        sealed = getattr(row, name)
        assert sealed.startswith("1:")
        assert "refresh-1" not in sealed
        assert not sealed.startswith("ey")
    assert Account.objects.get().username == "ana"
    assert client.get("/api/v1/me").json()["person"]["login"] == "ana"
    assert client.get("/profile/")["Cache-Control"] == "private, no-store"


def test_the_visitor_cannot_steer_the_request(ana: FakeProvider, client: Client) -> None:
    answer = client.post("/accounts/oidc/keycloak/login/?auth_params=prompt%3Dnone%26nonce%3Dmine&scope=crm-api", {})
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked["nonce"] != ["mine"]
    assert "prompt" not in asked
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}


BAD_SIGN_ON: dict[str, dict[str, Any]] = {
    "another sign-in's nonce": {"id_changes": {"nonce": "mine"}},
    "no nonce": {"id_changes": {"nonce": ...}},
    "token for another audience": {"id_changes": {"aud": "crm"}},
    "another issuer": {"id_changes": {"iss": "https://evil.example"}},
    "run out": {"id_changes": {"exp": 1}},
    "an access token": {"id_changes": {"typ": "Bearer"}},
    "no ID token": {"id_token": ""},
    "forged": {"id_token": signed(id_claims(SUBJECT), key=OTHER_KEY)},
    "unknown key": {"id_token": signed(id_claims(SUBJECT), key=NEXT_KEY, kid="k2")},
    "code refused": {"refusal": "invalid_grant"},
}


@pytest.mark.req("A3")
@pytest.mark.parametrize("case", BAD_SIGN_ON)
def test_a_sign_on_that_does_not_fit_changes_nothing(ana: FakeProvider, client: Client, case: str) -> None:
    for name, value in BAD_SIGN_ON[case].items():
        setattr(ana, name, value)
    answer = ana.sign_on(client)
    assert answer.status_code == 401
    assert "Sign-in did not work" in answer.content.decode()
    assert (OidcSession.objects.count(), Account.objects.count()) == (0, 0)
    assert client.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    "query",
    [{"state": "guessed"}, {"state": ...}, {"code": ...}, {"iss": "https://evil.example"}, {"error": "server_error", "code": ...}],
)
def test_a_callback_that_nobody_asked_for_is_refused(ana: FakeProvider, client: Client, query: dict[str, Any]) -> None:
    assert ana.sign_on(client, **query).status_code == 401
    assert (OidcSession.objects.count(), ana.count("token")) == (0, 0)


def test_a_callback_of_another_browser_or_a_second_time_is_refused(ana: FakeProvider, client: Client) -> None:
    ana.sign_on(client)
    query = {"state": ana.asked["state"], "code": "c-1", "iss": ISSUER}
    path = "/accounts/oidc/keycloak/login/callback/"
    assert client.get(path, query).status_code == 401
    assert Client().get(path, query).status_code == 401
    assert OidcSession.objects.count() == 1


def test_login_is_a_post_with_the_form_of_the_page(ana: FakeProvider) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.get("/accounts/oidc/keycloak/login/").status_code == 405
    assert client.post("/accounts/oidc/keycloak/login/").status_code == 403
    assert client.get("/accounts/oidc/unknown/login/callback/").status_code == 404
    assert ana.calls == []


def test_the_discovery_document_must_name_our_issuer(ana: FakeProvider, client: Client) -> None:
    ana.issuer = "https://evil.example/realms/atrium"
    answer = client.post("/accounts/oidc/keycloak/login/", {})
    assert answer.status_code == 401
    assert OidcSession.objects.count() == 0


def test_e_mail_and_username_join_nothing(ana: FakeProvider, client: Client) -> None:
    """Another subject with ana's address and name is a stranger: new account, no person, nothing to see."""
    ana.sign_on(client)
    ana.subject, ana.sid = "somebody-else", "sid-2"
    stranger = Client()
    assert ana.sign_on(stranger).status_code == 302
    assert list(Account.objects.order_by("joined_at").values_list("subject", flat=True)) == [SUBJECT, "somebody-else"]
    me = stranger.get("/api/v1/me").json()
    assert (me["person"], me["roles"], me["may"]) == (None, [], {})
    answer = stranger.get("/access/")
    assert answer.status_code == 403
    assert "nobody in the directory has this account" in answer.content.decode()


def test_another_person_on_the_same_browser_ends_the_first_session(ana: FakeProvider, client: Client) -> None:
    ana.sign_on(client)
    first = client.session.session_key
    ana.subject, ana.sid, ana.username = "d2f75a84-4e8f-5666-995a-9f7d0dd56819", "sid-9", "boss"
    ana.sign_on(client)
    assert not sessions.is_alive(first)
    assert client.get("/api/v1/me").json()["person"]["login"] == "boss"
    assert OidcSession.objects.count() == 1


def test_a_switched_off_account_is_not_let_in(ana: FakeProvider, client: Client) -> None:
    ana.sign_on(client)
    client.post("/sign-out/")
    Account.objects.update(is_active=False)
    assert "switched off" in ana.sign_on(client).content.decode()
    assert OidcSession.objects.count() == 0


# --- refresh --------------------------------------------------------------------------------------------------------


def test_inside_its_time_the_provider_is_not_asked(ana: FakeProvider, signed_on: Client) -> None:
    assert signed_on.get("/profile/").status_code == 200
    assert ana.calls == []


def test_a_due_session_is_refreshed_once_and_the_token_rotates(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    travel(later(61))
    assert signed_on.get("/profile/").status_code == 200
    assert signed_on.get("/profile/").status_code == 200
    assert [form["refresh_token"] for _m, path, form in ana.calls if path == "token"] == ["refresh-1"]
    travel(later(122))
    signed_on.get("/profile/")
    assert [form["refresh_token"] for _m, path, form in ana.calls if path == "token"] == ["refresh-1", "refresh-2"]


def test_an_ended_grant_ends_the_session(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    key = signed_on.session.session_key
    ana.refusal = "invalid_grant"
    travel(later(61))
    assert signed_on.get("/profile/").status_code == 302
    assert not sessions.is_alive(key)
    assert OidcSession.objects.count() == 0
    assert Entry.objects.filter(action="identity.session.ended").count() == 1


def test_a_refresh_for_somebody_else_ends_the_session(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    ana.subject = "somebody-else"
    travel(later(61))
    assert signed_on.get("/profile/").status_code == 302
    assert OidcSession.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_use_a_refresh_token_once(ana: FakeProvider, client: Client) -> None:
    ana.sign_on(client)
    ana.calls.clear()
    key = client.session.session_key
    outcomes: list[str] = []

    def refresh() -> None:
        try:
            outcomes.append(tokens.keep_fresh(session_key=key, now=later(61)))
        finally:
            connection.close()

    threads = [threading.Thread(target=refresh) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == ["fresh"] * 4
    assert ana.count("token") == 1


def test_new_keys_are_fetched_when_a_token_names_them(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    ana.keys = [NEXT_KEY]
    ana.id_token = signed(id_claims(SUBJECT, nonce=...), key=NEXT_KEY, kid="k2")
    travel(later(61))
    assert signed_on.get("/profile/").status_code == 200
    assert ana.count("certs") == 1


# --- logout -----------------------------------------------------------------------------------------------------------


@pytest.mark.req("A3")
def test_sign_out_goes_on_to_the_provider_with_the_hint(ana: FakeProvider, signed_on: Client, settings: Any) -> None:
    answer = signed_on.post("/sign-out/")
    target = urlsplit(answer["Location"])
    query = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{ISSUER}/protocol/openid-connect/logout"
    assert query["post_logout_redirect_uri"] == [f"{settings.PORTAL_URL}/oidc/signed-out/"]
    assert query["id_token_hint"][0].startswith("ey")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert OidcSession.objects.count() == 0


def test_sign_out_works_while_the_provider_is_away(ana: FakeProvider, signed_on: Client) -> None:
    ana.away = True
    idp.forget()
    answer = signed_on.post("/sign-out/")
    assert answer["Location"] == "/oidc/signed-out/?away=1"
    assert "ends later by itself" in signed_on.get(answer["Location"]).content.decode()
    assert OidcSession.objects.count() == 0


def devices(ana: FakeProvider) -> list[Client]:
    clients = []
    for number in (1, 2, 3):
        ana.sid = f"sid-{number}"
        clients.append(Client())
        assert ana.sign_on(clients[-1]).status_code == 302
    return clients


def push(token: str, client: Client | None = None) -> int:
    answer = (client or Client()).post("/oidc/backchannel-logout/", {"logout_token": token})
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code


@pytest.mark.req("A3")
def test_a_logout_token_with_sid_ends_one_device_and_closes_its_sockets(
    ana: FakeProvider, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    closed: list[str] = []
    monkeypatch.setattr("apps.realtime.services.close", lambda *, session_keys: closed.extend(session_keys))
    clients = devices(ana)
    key = clients[1].session.session_key
    with django_capture_on_commit_callbacks(execute=True):
        assert push(signed(logout_claims(SUBJECT, sid="sid-2"), typ="logout+jwt")) == 200
    assert closed == [key]
    assert [c.get("/profile/").status_code for c in clients] == [200, 302, 200]


def test_a_logout_token_without_sid_ends_all_devices(ana: FakeProvider) -> None:
    clients = devices(ana)
    assert push(signed(logout_claims(SUBJECT, sid=...), typ="logout+jwt")) == 200
    assert [c.get("/profile/").status_code for c in clients] == [302, 302, 302]


def test_a_logout_token_counts_once_and_for_unknown_sessions_too(ana: FakeProvider) -> None:
    clients = devices(ana)
    token = signed(logout_claims("nobody", sid="sid-unknown"), typ="logout+jwt")
    assert [push(token), push(token)] == [200, 400]
    assert SeenLogout.objects.count() == 1
    assert [c.get("/profile/").status_code for c in clients] == [200, 200, 200]


@pytest.mark.req("A3")
@pytest.mark.parametrize("case", BAD_LOGOUT)
def test_a_forged_logout_token_ends_nothing(ana: FakeProvider, signed_on: Client, case: str) -> None:
    token = BAD_LOGOUT[case]()
    before = Entry.objects.count()
    assert push(token) == 400
    assert signed_on.get("/profile/").status_code == 200
    assert (SeenLogout.objects.count(), OidcSession.objects.count(), Entry.objects.count()) == (0, 1, before)


def test_the_back_channel_takes_posts_only_and_waits_for_keys(ana: FakeProvider, signed_on: Client) -> None:
    assert Client().get("/oidc/backchannel-logout/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/oidc/backchannel-logout/").status_code == 400
    idp.forget()
    ana.away = True
    assert push(signed(logout_claims(SUBJECT), typ="logout+jwt")) == 503
    assert OidcSession.objects.count() == 1


class FakeAdmin:
    def __init__(self, living: dict[str, list[str]] | Exception) -> None:
        self.living = living

    def get_sessions(self, user_id: str) -> list[dict[str, str]]:
        if isinstance(self.living, Exception):
            raise self.living
        return [{"id": sid} for sid in self.living.get(user_id, [])]


def test_reconcile_ends_what_is_gone_there(ana: FakeProvider, monkeypatch: pytest.MonkeyPatch, run_jobs: Any) -> None:
    from keycloak.exceptions import KeycloakConnectionError

    clients = devices(ana)
    monkeypatch.setattr(logout, "_admin", lambda: FakeAdmin(KeycloakConnectionError("away")))
    with pytest.raises(TransientError):
        logout.reconcile_sessions(now=later(20))
    monkeypatch.setattr(logout, "_admin", lambda: FakeAdmin({SUBJECT: ["sid-1", "sid-3"]}))
    assert logout.reconcile_sessions(now=later(0)) == 0  # too fresh to judge
    assert [c.get("/profile/").status_code for c in clients] == [200, 200, 200]
    assert logout.reconcile_sessions(now=later(20)) == 1
    assert [c.get("/profile/").status_code for c in clients] == [200, 302, 200]


# --- acting as the person -------------------------------------------------------------------------------------------


def test_a_token_for_an_api_is_kept_until_it_runs_out(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    account = Account.objects.get()
    first = exchanged_token(account=account, audience="crm", now=later(0))
    assert first == exchanged_token(account=account, audience="crm", now=later(10))
    form = next(form for _m, path, form in ana.calls if path == "token")
    assert (form["audience"], form["scope"], form["subject_token"]) == ("crm", "crm-api", "access-1")
    assert "exchanged" not in ExchangedToken.objects.get().token
    assert exchanged_token(account=account, audience="erp", now=later(10)).startswith("exchanged-tryton-")
    assert exchanged_token(account=account, audience="crm", now=later(58)) != first


def test_without_a_live_session_nobody_acts_as_the_person(ana: FakeProvider, signed_on: Client) -> None:
    account = Account.objects.get()
    ana.refusal = "invalid_request"
    with pytest.raises(UnableToActAsPerson):
        exchanged_token(account=account, audience="crm", now=later(0))
    ana.refusal, ana.away = "", True
    with pytest.raises(UnableToActAsPerson):
        exchanged_token(account=account, audience="crm", now=later(0))
    signed_on.post("/sign-out/")
    with pytest.raises(UnableToActAsPerson, match="Sign in again"):
        exchanged_token(account=account, audience="crm", now=later(0))
