"""Sign-on, sign-out, revocation and outage on the real Keycloak."""

from __future__ import annotations

import datetime as dt
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.support.portal_browser import PortalBrowser
from tests.support.signon import Realm, claims
from tests.support.stack import PORTAL_PYTHON, REPO, PortalProcesses, RealStack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.req("A3"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def portal(real_stack: RealStack) -> Iterator[PortalProcesses]:
    with real_stack.portal(workers=1) as processes:
        yield processes


@pytest.fixture
def admin(real_stack: RealStack) -> KeycloakAdmin:
    base, _, realm = real_stack.env["OIDC_ISSUER"].partition("/realms/")
    connection = KeycloakOpenIDConnection(
        server_url=base,
        realm_name=realm,
        client_id=real_stack.env["OIDC_ADMIN_CLIENT_ID"],
        client_secret_key=real_stack.env["OIDC_ADMIN_CLIENT_SECRET"],
        timeout=10,
        max_retries=0,
    )
    return KeycloakAdmin(connection=connection)


def database(stack: RealStack, sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def rows(stack: RealStack) -> int:
    return int(database(stack, "select count(*) from identity_oidcsession")[0][0])


def make_due(stack: RealStack, browser: PortalBrowser) -> None:
    """The access token runs out now instead of in a minute."""
    database(
        stack,
        "update identity_oidcsession set access_expires_at = now() - interval '1 second' where session_key = %s",
        browser.session_key,
    )


def signed_in(stack: RealStack, login: str) -> PortalBrowser:
    browser = PortalBrowser(stack.env)
    assert browser.sign_in(login).status_code == 200
    assert browser.who() == login
    return browser


def test_the_people_sign_on_and_are_who_they_are(real_stack: RealStack, portal: PortalProcesses) -> None:
    for login in ("ana", "boss", "fin", "eve", "admin", "guest"):
        browser = signed_in(real_stack, login)
        assert browser.get("/access/").status_code == (200 if login == "admin" else 403)
        sealed = database(
            real_stack,
            "select refresh_token, id_token, sid from identity_oidcsession where session_key = %s",
            browser.session_key,
        )[0]
        assert sealed[0].startswith("1:")
        assert sealed[1].startswith("1:")
        assert sealed[2]
        assert browser.sign_out().url.startswith(f"{portal.url}/oidc/signed-out/")


@pytest.mark.parametrize("what", ["nonce", "state", "challenge"])
def test_a_changed_sign_on_request_is_refused(real_stack: RealStack, portal: PortalProcesses, what: str) -> None:
    before = rows(real_stack)

    def tamper(query: dict[str, str]) -> None:
        if what == "challenge":
            query["code_challenge"] = "x" * 43
        else:
            query[what] = "changed-on-the-way"

    browser = PortalBrowser(real_stack.env)
    answer = browser.sign_in("ana", tamper=tamper)
    assert answer.status_code == 401
    assert "Sign-in did not work" in answer.text
    assert browser.who() == ""
    assert rows(real_stack) == before


def test_a_callback_taken_to_another_browser_is_refused(real_stack: RealStack, portal: PortalProcesses) -> None:
    """The code of one browser, played by another one, signs nobody in."""
    mine, thief = PortalBrowser(real_stack.env), PortalBrowser(real_stack.env)
    url = mine.start()
    thief.start()
    answer = thief.session.get(
        f"{portal.url}/accounts/oidc/keycloak/login/callback/",
        params={"code": "stolen", "state": url.split("state=")[1].split("&")[0], "iss": real_stack.env["OIDC_ISSUER"]},
        timeout=20,
    )
    assert answer.status_code == 401
    assert thief.who() == ""


def test_sign_out_ends_the_session_at_the_realm_too(real_stack: RealStack, portal: PortalProcesses, admin: KeycloakAdmin) -> None:
    subject = admin.get_user_id("ana")
    browser = signed_in(real_stack, "ana")
    key = browser.session_key
    sid = database(real_stack, "select sid from identity_oidcsession where session_key = %s", key)[0][0]
    assert sid in {session["id"] for session in admin.get_sessions(subject)}
    page = browser.sign_out()
    assert (page.status_code, page.url.split("?")[0]) == (200, f"{portal.url}/oidc/signed-out/")
    assert sid not in {session["id"] for session in admin.get_sessions(subject)}
    replay = requests.get(f"{portal.url}/api/v1/me", cookies={"atrium_session": key}, timeout=10)
    assert replay.status_code == 401


def test_ending_a_session_at_the_realm_ends_it_here_and_closes_its_socket(
    real_stack: RealStack, portal: PortalProcesses, admin: KeycloakAdmin
) -> None:
    subject = admin.get_user_id("ana")
    first, second = signed_in(real_stack, "ana"), signed_in(real_stack, "ana")
    sid = database(real_stack, "select sid from identity_oidcsession where session_key = %s", first.session_key)[0][0]
    url = portal.url.replace("http", "ws", 1) + "/ws/"
    with connect(url, additional_headers={"Cookie": f"atrium_session={first.session_key}"}, origin=portal.url) as socket:
        socket.send('{"since": 0}')
        started = time.monotonic()
        admin.connection.raw_delete(f"/admin/realms/{admin.connection.realm_name}/sessions/{sid}", isOffline=False)
        with pytest.raises(ConnectionClosed):
            while time.monotonic() - started < 8:
                socket.recv(timeout=8)
        assert time.monotonic() - started < 8
    assert first.who() == ""
    assert second.who() == "ana"
    started = time.monotonic()
    admin.user_logout(subject)
    until(lambda: second.who() == "", seconds=8, what="the second device signed out")


def test_a_refresh_rotates_and_notices_what_was_missed(real_stack: RealStack, portal: PortalProcesses, admin: KeycloakAdmin) -> None:
    browser = signed_in(real_stack, "boss")
    make_due(real_stack, browser)
    before = database(real_stack, "select refresh_token from identity_oidcsession where session_key = %s", browser.session_key)
    assert browser.who() == "boss"
    after = database(
        real_stack,
        "select refresh_token, access_expires_at > now() from identity_oidcsession where session_key = %s",
        browser.session_key,
    )
    assert after[0][0] != before[0][0]
    assert after[0][1]
    portal.parts["test-web"].stop()  # the push is lost: nobody hears it, and it is not repeated
    admin.user_logout(admin.get_user_id("boss"))
    portal.start_web()
    assert browser.who() == "boss"
    make_due(real_stack, browser)
    assert browser.who() == ""


def test_reconcile_ends_what_a_lost_push_left_behind(real_stack: RealStack, portal: PortalProcesses, admin: KeycloakAdmin) -> None:
    gone, stays = signed_in(real_stack, "eve"), signed_in(real_stack, "fin")
    portal.parts["test-web"].stop()
    admin.user_logout(admin.get_user_id("eve"))
    portal.start_web()
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    database(real_stack, "update identity_oidcsession set opened_at = %s", long_ago)
    database(real_stack, "update jobs_job set run_at = now() where key = 'every:identity.reconcile'")
    until(lambda: gone.who() == "", seconds=75, every=0.5, what="reconcile")
    assert stays.who() == "fin"


def test_forged_and_foreign_tokens_end_nothing(real_stack: RealStack, portal: PortalProcesses) -> None:
    """Genuine tokens of the realm that are no logout tokens, and one that is nobody's."""
    browser = signed_in(real_stack, "ana")
    realm = Realm(real_stack.env)
    tokens = realm.sign_on("ana")
    other_audience = realm.token_for(tokens, "crm")
    assert claims(other_audience)["aud"] == "crm"
    before = rows(real_stack)
    for token in (tokens["id_token"], tokens["access_token"], tokens["refresh_token"], other_audience, "a.b.c", ""):
        answer = requests.post(f"{portal.url}/oidc/backchannel-logout/", data={"logout_token": token}, timeout=10)
        assert answer.status_code == 400
        assert "no-store" in answer.headers["Cache-Control"]
    assert rows(real_stack) == before
    assert browser.who() == "ana"


def test_a_token_for_an_api_names_that_api_alone(real_stack: RealStack, portal: PortalProcesses) -> None:
    signed_in(real_stack, "ana")
    code = (
        "import django; django.setup()\n"
        "from apps.core import clock\n"
        "from apps.identity.models import Account\n"
        "from apps.identity.services import exchanged_token\n"
        "account = Account.objects.get(username='ana')\n"
        "for audience in ('crm', 'erp'): print(exchanged_token(account=account, audience=audience, now=clock.now()))\n"
    )
    env = real_stack.portal_env(DJANGO_SETTINGS_MODULE="portal.settings")
    out = subprocess.run([str(PORTAL_PYTHON), "-c", code], env=env, cwd=REPO, capture_output=True, text=True, timeout=60, check=True)
    crm, erp = (claims(token) for token in out.stdout.split())
    assert (crm["aud"], erp["aud"]) == ("crm", "tryton")
    assert crm["sub"] == erp["sub"] == "66f6a719-7b41-54c5-a1db-a74845f3296b"


def test_reading_goes_on_without_the_realm_and_changing_does_not(real_stack: RealStack, portal: PortalProcesses) -> None:
    browser = signed_in(real_stack, "admin")
    assert browser.get("/access/").status_code == 200
    real_stack.kill("keycloak")
    try:
        make_due(real_stack, browser)
        page = browser.get("/access/")
        assert page.status_code == 200
        assert "The sign-in service does not answer." in page.text
        before = database(real_stack, "select count(*) from audit_entry")
        refused = browser.post("/access/cells/", {"cell": "sales|access.role|all|action|view|act"})
        assert refused.status_code == 503
        assert database(real_stack, "select count(*) from audit_entry") == before
        stranger = PortalBrowser(real_stack.env)
        stranger.get("/sign-in/")
        away = stranger.post("/accounts/oidc/keycloak/login/")
        assert away.headers["Location"].startswith("/sign-in/?away=1")
        assert stranger.get(away.headers["Location"]).status_code == 503
    finally:
        real_stack.start("keycloak")
    until(lambda: "does not answer" not in browser.get("/access/").text, seconds=30, every=0.5, what="sign-on is back")
    assert browser.who() == "admin"
    assert signed_in(real_stack, "ana").who() == "ana"


def test_a_hung_realm_costs_one_slow_request(real_stack: RealStack, portal: PortalProcesses) -> None:
    browser = signed_in(real_stack, "ana")
    real_stack.pause("keycloak")
    try:
        make_due(real_stack, browser)
        took = []
        for _ in range(5):
            started = time.monotonic()
            assert browser.get("/profile/").status_code == 200
            took.append(time.monotonic() - started)
    finally:
        real_stack.cont("keycloak")
        until(lambda: PortalBrowser(real_stack.env).get("/sign-in/").status_code == 200, seconds=60, every=0.5, what="sign-on is back")
    assert took[0] < 8
    assert sorted(took[1:])[1] < 1.5
