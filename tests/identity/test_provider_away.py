"""An identity provider that is away, slow or back again: who may go on, who is turned away, and when it is asked."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock
from apps.identity.models import OidcSession
from apps.identity.services import idp
from tests.identity.test_sign_on import later
from tests.support.jwks import ISSUER, FakeProvider


@pytest.mark.req("A3")
def test_away_means_reading_for_a_while_and_no_change(ana: FakeProvider, signed_on: Client, travel: Any, company: SimpleNamespace) -> None:
    from apps.access import services as access

    access.seed_assignment(role="portal_admin", person=company.people["ana"], now=clock.now())
    ana.away = True
    travel(later(61))
    page = signed_on.get("/access/people/")
    assert page.status_code == 200
    assert "The sign-in service does not answer." in page.content.decode()
    before = Entry.objects.count()
    refused = signed_on.post("/access/cells/", {"cell": "sales|access.role|all|action|view|act"})
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    assert "You can go on reading" in refused.content.decode()
    api = signed_on.post("/api/v1/roles/sales/actions", {}, content_type="application/json")
    assert (api.status_code, api.json()["error"]["code"]) == (503, "sign_on_away")
    assert Entry.objects.count() == before
    travel(later(5 * 60 + 30))
    assert signed_on.get("/access/people/").status_code == 302  # the grace is over
    assert OidcSession.objects.count() == 0


def test_a_hung_provider_costs_one_request_and_not_all(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    ana.away = True
    travel(later(61))
    for _ in range(10):
        assert signed_on.get("/profile/").status_code == 200
    assert len(ana.calls) == 1
    travel(later(72))
    ana.away = False
    assert signed_on.get("/profile/").status_code == 200
    assert ana.count("token") == 2
    assert OidcSession.objects.get().checked_at >= later(60)


@pytest.mark.req("A3")
def test_one_slow_answer_keeps_nobody_else_from_signing_on(ana: FakeProvider, signed_on: Client, travel: Any) -> None:
    ana.away = True
    travel(later(61))
    assert signed_on.get("/profile/").status_code == 200
    assert idp.is_open()  # the refresh of one person was not answered
    ana.away = False
    other = Client()
    assert ana.sign_on(other)["Location"] == "/profile/"
    assert other.get("/profile/").status_code == 200
    assert not idp.is_open()


@pytest.mark.req("A3")
def test_a_code_is_traded_also_while_others_are_refused_and_a_late_answer_opens_nothing(ana: FakeProvider, client: Client) -> None:
    idp._known.failed_at = clock.now()
    form = {"grant_type": "authorization_code", "code": "c-1"}
    with pytest.raises(idp.ProviderAway):
        idp.token_request(form)
    ana.nonce = "n"
    idp._known.config, idp._known.config_at = ana._discovery(), clock.now()
    assert idp.token_request(form, insist=True)["access_token"] == "access-1"
    assert not idp.is_open()
    ana.away = True
    with pytest.raises(idp.ProviderAway):
        idp.token_request(form, insist=True)
    assert not idp.is_open()


def test_whether_it_is_there_is_asked_once_a_second_and_not_when_it_has_just_answered(ana: FakeProvider, client: Client, travel: Any) -> None:
    travel(later(0))
    assert idp.probe() and idp.probe()
    assert len(ana.calls) == 1
    travel(later(2))
    ana.away = True
    assert not idp.probe() and not idp.probe()
    assert len(ana.calls) == 2
    travel(later(4))
    ana.away = False
    assert idp.probe()
    assert len(ana.calls) == 3


def test_what_failed_after_the_last_look_is_looked_at_again(ana: FakeProvider, client: Client, travel: Any) -> None:
    travel(later(0))
    idp._known.failed_at = clock.now() - dt.timedelta(seconds=5)  # a request was slow
    assert idp.probe() and not idp.is_open()
    ana.away = True
    travel(later(0.5))
    with pytest.raises(idp.ProviderAway):
        idp.token_request({"grant_type": "refresh_token", "refresh_token": "r"})
    assert not idp.probe()
    calls = len(ana.calls)
    assert not idp.probe() and len(ana.calls) == calls


def test_slow_is_not_away_while_it_answered_somebody_within_half_a_minute(ana: FakeProvider, client: Client, travel: Any) -> None:
    travel(later(0))
    assert idp.probe()
    ana.slow = True
    travel(later(20))
    assert idp.probe() and idp.probe() and not idp.is_open()
    assert client.post("/accounts/oidc/keycloak/login/", {}).headers["Location"].startswith(f"{ISSUER}/protocol/openid-connect/auth")
    travel(later(31))
    assert not idp.probe() and idp.is_open()
    assert client.post("/accounts/oidc/keycloak/login/", {}).headers["Location"] == "/sign-in/?away=1"
    ana.slow = False
    travel(later(33))
    assert idp.probe()


def test_sign_in_says_when_sign_on_is_away(ana: FakeProvider, client: Client, travel: Any) -> None:
    ana.away = True
    answer = client.post("/accounts/oidc/keycloak/login/", {"next": "/profile/"})
    assert answer["Location"] == "/sign-in/?away=1&next=%2Fprofile%2F"
    page = client.get(answer["Location"])
    assert page.status_code == 503
    assert "The sign-in service does not answer." in page.content.decode()
    ana.away = False
    travel(later(11))
    assert client.get("/sign-in/?away=1").status_code == 200
