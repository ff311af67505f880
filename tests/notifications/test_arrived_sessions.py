"""What becomes of a session that began in a chat product."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock as wall
from apps.identity import selectors as accounts
from apps.identity.models import OidcSession
from apps.identity.services import UnableToActAsPerson, digest_of, end_sessions, exchanged_token, logout, tokens
from apps.jobs.models import Job
from apps.notifications.services import chats, preferences
from tests.notifications.arriving import ONE, USER, begun, come
from tests.support.jwks import logout_claims, signed

pytestmark = [pytest.mark.django_db, pytest.mark.req("X1")]


@pytest.fixture
def came(open_way: SimpleNamespace, client: Client) -> SimpleNamespace:
    assert come(client, open_way.product).status_code == 302
    return SimpleNamespace(**vars(open_way), client=client, row=OidcSession.objects.get())


def _logout_all(came: SimpleNamespace) -> None:
    logout.receive_logout_token(token=signed(logout_claims(came.cast.ana.subject, sid=...), typ="logout+jwt"), now=wall.now())


def _logout_elsewhere(came: SimpleNamespace) -> None:
    logout.receive_logout_token(token=signed(logout_claims(came.cast.ana.subject, sid="sid-of-her-desk"), typ="logout+jwt"), now=wall.now())


def _disabled_there(came: SimpleNamespace) -> None:
    came.provider.people[came.cast.ana.subject] = {"enabled": False}
    OidcSession.objects.update(opened_at=wall.now() - dt.timedelta(minutes=1))
    assert logout.reconcile_sessions(now=wall.now()) == 1


def _sessions_ended_there(came: SimpleNamespace) -> None:
    came.provider.people[came.cast.ana.subject] = {"notBefore": int(wall.now().timestamp()) + 1}
    OidcSession.objects.update(opened_at=wall.now() - dt.timedelta(minutes=1))
    assert logout.reconcile_sessions(now=wall.now()) == 1


def _revoked(came: SimpleNamespace) -> None:
    assert end_sessions(account_id=came.cast.ana.account.pk, reason="an administrator", now=wall.now()) == 1


def _switched_off(came: SimpleNamespace) -> None:
    preferences.set_company(actor=came.cast.admin, changes={"sign_in": []}, now=wall.now())


def _unbound(came: SimpleNamespace) -> None:
    assert chats.unbind(person=came.cast.ana, vendor=came.vendor, actor=came.cast.ana, now=wall.now())


def _bound_to_another_user(came: SimpleNamespace) -> None:
    chats.bind(person=came.cast.ana, vendor=came.vendor, user_id="another", actor=came.cast.admin, now=wall.now())


def _ended_from_another_device(came: SimpleNamespace) -> None:
    other = Client()
    assert come(other, came.product).status_code == 302
    assert other.delete(f"/api/v1/me/sessions/{digest_of(came.row.pk)}").status_code == 204
    assert other.delete(f"/api/v1/me/sessions/{digest_of(came.row.pk)}").status_code == 404
    assert other.get("/inbox/").status_code == 200


def _signed_out(came: SimpleNamespace) -> None:
    assert came.client.post("/sign-out/")["Location"] == "/oidc/signed-out/?chat=1"


@ONE
@pytest.mark.req("A3")
@pytest.mark.parametrize("how", [_logout_all, _logout_elsewhere, _disabled_there, _sessions_ended_there, _revoked, _switched_off, _unbound,
                                 _bound_to_another_user, _ended_from_another_device, _signed_out])  # fmt: skip
def test_such_a_session_ends_as_every_other(came: SimpleNamespace, how: Callable[[SimpleNamespace], None]) -> None:
    how(came)
    assert not OidcSession.objects.filter(pk=came.row.pk).exists()
    assert came.client.get("/inbox/").status_code == 302
    entry = Entry.objects.filter(action="identity.session.ended").latest("seq")
    assert (entry.object, entry.data["via"]) == ("identity.account:ana", came.vendor)
    told = Job.objects.filter(payload__data__session=digest_of(came.row.pk)) | Job.objects.filter(payload__session=digest_of(came.row.pk))
    assert told.exists()  # the event that silences its devices


@ONE
def test_other_peoples_sessions_are_not_ended_by_name(came: SimpleNamespace, sign_in: Any) -> None:
    boss = sign_in(Client(), came.cast.boss)
    assert boss.delete(f"/api/v1/me/sessions/{digest_of(came.row.pk)}").status_code == 404
    boss.post("/profile/sessions/end/", {"name": digest_of(came.row.pk)})
    assert came.client.get("/inbox/").status_code == 200


@ONE
def test_the_provider_is_asked_again_and_again_about_the_person(came: SimpleNamespace, travel: Any) -> None:
    asked = came.provider.count(came.cast.ana.subject)
    assert came.client.get("/inbox/").status_code == 200
    assert came.provider.count(came.cast.ana.subject) == asked  # not with every page
    start = wall.now()
    travel(start + dt.timedelta(minutes=6))
    assert came.client.get("/inbox/").status_code == 200
    assert came.provider.count(came.cast.ana.subject) == asked + 1
    came.provider.away = True
    travel(start + dt.timedelta(minutes=12))
    assert came.client.get("/inbox/").status_code == 200  # reading goes on for a while
    assert came.client.post("/inbox/read/").status_code == 503
    travel(start + dt.timedelta(minutes=25))
    assert came.client.get("/inbox/").status_code == 302
    assert not OidcSession.objects.exists()


@ONE
def test_a_person_disabled_there_is_out_with_the_next_question(came: SimpleNamespace, travel: Any) -> None:
    came.provider.people[came.cast.ana.subject] = {"enabled": False}
    travel(wall.now() + dt.timedelta(minutes=6))
    assert came.client.get("/inbox/").status_code == 302
    assert tokens.keep_fresh(session_key=came.row.pk, now=wall.now()) == tokens.ENDED


@ONE
@pytest.mark.req("A3")
def test_erp_and_crm_need_the_company_account_and_the_page_says_so(came: SimpleNamespace) -> None:
    ana, client = came.cast.ana, came.client
    with pytest.raises(UnableToActAsPerson, match="You came in from a chat product"):
        exchanged_token(account=ana.account, audience="crm", now=wall.now())
    answer = client.post("/open/crm/")
    assert "You came in from a chat product." in answer.content.decode()
    assert 'href="/sign-in/?company=1"' in answer.content.decode()
    assert "Continue with company account" in client.get("/sign-in/", {"company": "1"}).content.decode()
    assert client.get("/sign-in/")["Location"] == "/"
    came.provider.subject = ana.subject
    before = came.row.pk
    assert came.provider.sign_on(client, after="/profile/")["Location"] == "/profile/"
    row = OidcSession.objects.get()  # one browser, one session
    assert (row.via, row.sid, row.pk != before) == ("", "sid-1", True)
    assert exchanged_token(account=ana.account, audience="crm", now=wall.now()).startswith("exchanged-crm")
    assert client.get(f"/chat/{came.vendor}/", {"to": "/calendar/"})["Location"] == "/calendar/"  # who is in is not asked again


@ONE
def test_a_newer_chat_session_does_not_hide_the_company_account(open_way: SimpleNamespace, client: Client) -> None:
    open_way.provider.subject = open_way.cast.ana.subject
    open_way.provider.sign_on(client)
    assert come(Client(), open_way.product).status_code == 302
    assert len(accounts.open_sessions(open_way.cast.ana.account)) == 2
    assert exchanged_token(account=open_way.cast.ana.account, audience="erp", now=wall.now()).startswith("exchanged-tryton")


@ONE
def test_somebody_elses_session_in_the_same_browser_is_ended(open_way: SimpleNamespace, client: Client, sign_in: Any) -> None:
    state = begun(client, open_way.vendor)["state"]
    sign_in(client, open_way.cast.boss)
    before = client.session.session_key
    session = client.session
    session["chat_states"] = [[state, open_way.vendor, "/", wall.now().isoformat()]]
    session.save()
    name = "authCode" if open_way.vendor == "dingtalk" else "code"
    assert client.get(f"/chat/{open_way.vendor}/back/", {name: open_way.product.code(USER), "state": state}).status_code == 302
    row = OidcSession.objects.get()
    assert (row.account, row.pk != before) == (open_way.cast.ana.account, True)
