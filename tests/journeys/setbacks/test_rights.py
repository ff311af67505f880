"""Rights on the real systems: a customer edited in the portal is changed in BottleCRM, and by nobody else; what is another's stays another's."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.journeys.ledger import Row, rows
from tests.journeys.setbacks.office import LONG, Office, pick
from tests.support.signon import Realm, claims
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


def in_the_crm(office: Office, customer_id: str) -> Row:
    (row,) = rows(office.env["CRM_DATABASE_URL"], "select name, phone, city, updated_at from accounts where id = %s::uuid", customer_id)
    return row


def edits_audited(office: Office, customer_id: str, action: str) -> list[str]:
    sql = "select actor_login from audit_entry where action = %s and object = %s order by seq"
    return [row["actor_login"] for row in office.rows(sql, action, f"crm.customer:{customer_id}")]


def version_on_page(page: str) -> str:
    return page.split('name="version" value="', 1)[1].split('"', 1)[0]


@pytest.mark.req("A7", "E3", "E4", "S8")
def test_a_customer_is_changed_in_the_crm_by_its_seller_and_by_nobody_else(office: Office) -> None:
    mine, others = office.crm.account("C-003"), office.crm.account("C-004")
    edits, refusals = edits_audited(office, mine, "records.customer.edited"), edits_audited(office, others, "access.refused")
    ana, phone = office.at("ana"), f"+86 25 5550 {uuid.uuid4().int % 10000:04d}"
    form = ana.get(f"/customers/{mine}/edit/")
    assert form.status_code == 200
    saved = ana.post(f"/customers/{mine}/edit/", {"version": version_on_page(form.text), "phone": phone})
    assert (saved.status_code, saved.headers["Location"]) == (302, f"/customers/{mine}/")
    assert in_the_crm(office, mine)["phone"] == phone
    sql = "select actor, origin from portal_event where kind = 'account' and object_id = %s::uuid order by id desc limit 1"
    (event,) = rows(office.env["CRM_DATABASE_URL"], sql, mine)
    profile = "select p.id::text from profile p join users u on u.id = p.user_id join organization o on o.id = p.org_id where u.email = %s and o.id = %s::uuid"
    (ana_there,) = rows(office.env["CRM_DATABASE_URL"], profile, "ana@yunhe.example", office.env["CRM_ORG_ID"])
    assert event["actor"] == ana_there["id"] and event["origin"].startswith("person-"), "written as ana, not as the portal"
    assert ana.get(f"/api/v1/customers/{mine}").json()["phone"] == phone
    assert edits_audited(office, mine, "records.customer.edited") == [*edits, "ana"]
    # refused: a colleague's customer; a person without the right; nobody
    before = in_the_crm(office, others), in_the_crm(office, mine)
    assert ana.get(f"/customers/{others}/edit/").status_code == 403
    assert ana.post(f"/customers/{others}/edit/", {"version": "", "phone": "1", "name": "Mine now"}).status_code == 403
    for login in ("fin", "eve", "guest"):
        assert office.at(login).post(f"/customers/{mine}/edit/", {"version": "", "phone": "1"}).status_code == 403, login
    stale = ana.post(f"/customers/{mine}/edit/", {"version": version_on_page(form.text), "phone": "+86 25 0000 0000"})
    assert (stale.status_code, "Somebody changed this record meanwhile" in stale.text) == (409, True)
    assert (in_the_crm(office, others), in_the_crm(office, mine)) == before
    assert edits_audited(office, others, "access.refused") == [*refusals, "ana"]
    assert edits_audited(office, mine, "records.customer.edited") == [*edits, "ana"]


@pytest.mark.req("A2", "S8")
def test_anothers_task_does_not_exist_and_a_post_without_its_token_changes_nothing(office: Office) -> None:
    deal_id = office.won()
    task = office.task(f"deal:{deal_id}")
    card = office.look(task["id"])["card"]
    row = "select state, outcome, decided_by_id, updated_at from workflows_task where id = %s::uuid"
    before = office.rows(row, task["id"])
    body = {"outcome": "APPROVED", "seen_version": card["version"]}
    for login in ("ana", "eve", "fin"):
        browser = office.at(login)
        assert browser.get(f"/api/v1/tasks/{task['id']}").status_code == 404, login
        assert browser.get(f"/approvals/{task['id']}/").status_code == 404, login
        assert browser.post(f"/api/v1/tasks/{task['id']}/complete", json=body).status_code == 404, login
        assert browser.post(f"/approvals/{task['id']}/decide/", body).status_code == 404, login
        assert browser.post(f"/api/v1/tasks/{task['id']}/reassign", json={"to": login, "reason": "mine"}).status_code == 403, login
    unknown = office.at("ana").get(f"/api/v1/tasks/{uuid.uuid4()}")
    assert unknown.json() == office.at("ana").get(f"/api/v1/tasks/{task['id']}").json(), "the answer tells nothing"
    without = {"cookies": {"atrium_session": office.at("boss").session_key}, "timeout": 30, "allow_redirects": False}
    for path, form in ((f"/approvals/{task['id']}/decide/", {"data": body}), (f"/api/v1/tasks/{task['id']}/complete", {"json": body})):
        assert requests.post(office.portal.url + path, **form, **without).status_code == 403, path
    assert office.rows(row, task["id"]) == before
    assert office.erp(deal_id).orders == []


def forged(office: Office, sid: str, subject: str) -> dict[str, str]:
    """Logout tokens with everything right but who made them."""
    keys = requests.get(f"{office.env['OIDC_ISSUER']}/protocol/openid-connect/certs", timeout=10).json()["keys"]
    real = next(key for key in keys if key.get("use") == "sig" and key["alg"] == "RS256")
    own, now = RSAKey.generate_key(2048, {"kid": real["kid"], "use": "sig"}), int(time.time())
    body = {
        "iss": office.env["OIDC_ISSUER"], "aud": office.env["OIDC_CLIENT_ID"], "sub": subject, "sid": sid, "iat": now, "exp": now + 120,
        "jti": str(uuid.uuid4()), "typ": "Logout", "events": {LOGOUT_EVENT: {}},
    }  # fmt: skip
    public = RSAKey.import_key(real).as_pem(private=False)

    def unsigned(alg: str) -> str:
        return ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "logout+jwt", "kid": real["kid"]}, body))

    by_public_key = hmac.new(public, unsigned("HS256").encode(), hashlib.sha256).digest()
    return {
        "a key of one's own under the realm's name": jwt.encode({"alg": "RS256", "typ": "logout+jwt", "kid": real["kid"]}, body, own),
        "signed with the realm's public key": f"{unsigned('HS256')}.{encoded(by_public_key)}",
        "not signed": f"{unsigned('none')}.",
    }


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


@pytest.mark.req("A3", "S8")
def test_a_forged_logout_and_a_token_for_another_audience_open_and_end_nothing(office: Office) -> None:
    ana = office.at("ana")
    assert ana.who() == "ana"
    (session,) = office.rows("select sid, a.subject from identity_oidcsession s join identity_account a on a.id = s.account_id where session_key = %s",
                             ana.session_key)  # fmt: skip
    for case, token in forged(office, session["sid"], session["subject"]).items():
        answer = requests.post(f"{office.portal.url}/oidc/backchannel-logout/", data={"logout_token": token}, timeout=10)
        assert answer.status_code == 400, case
    assert ana.who() == "ana"
    realm = Realm(office.env)
    tokens = realm.sign_on("ana")
    crm, erp = realm.token_for(tokens, "crm"), realm.token_for(tokens, "tryton")
    assert (claims(crm)["aud"], claims(erp)["aud"]) == ("crm", "tryton")
    for token in (crm, erp, tokens["access_token"], tokens["id_token"]):
        bearer = {"Authorization": f"Bearer {token}"}
        for path in ("/api/v1/me", "/api/v1/tasks", "/api/v1/customers"):
            assert requests.get(office.portal.url + path, headers=bearer, timeout=30, allow_redirects=False).status_code == 401, path
    command = {"key": f"k-{uuid.uuid4()}", "command": "sale.cancel", "payload": {"id": 1}}
    for token in (crm, tokens["access_token"]):
        refused = requests.post(f"{office.env['ERP_URL']}/portal/command", json=command, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthenticated")
    account = office.crm.account("C-003")
    before = in_the_crm(office, account)
    for token in (erp, tokens["access_token"]):
        bearer = {"Authorization": f"Bearer {token}", "X-Portal-Org": office.env["CRM_ORG_ID"]}
        assert requests.patch(f"{office.env['CRM_URL']}/api/accounts/{account}/", json={"city": "Nowhere"}, headers=bearer, timeout=30).status_code == 401
    assert in_the_crm(office, account) == before


@pytest.mark.req("P3", "P15")
def test_P3_a_seller_without_a_manager_goes_to_the_admin_who_hands_over(office: Office) -> None:
    deal_id = office.won(customer="C-004", seller="boss")
    key, name = f"deal:{deal_id}", office.crm.name(deal_id)
    task = office.task(key, "admin")
    alert = office.told("admin", "workflows.task_fallback", name)
    assert alert["title"] == f"No approver found for {name}"
    assert alert["body"].startswith("the seller has no manager") and alert["url"] == f"/approvals/{task['id']}/"
    assert office.recipients("workflows.task_fallback", "business_key", key) == ["admin"]
    refused = office.at("admin").post(f"/api/v1/tasks/{task['id']}/reassign", json={"to": "boss", "reason": "knows the deal"})
    assert refused.status_code == 409, "never to the seller"
    given = office.at("admin").post(f"/api/v1/tasks/{task['id']}/reassign", json={"to": "fin", "reason": "Checks the margin"})
    assert (given.status_code, given.json()["assignee"]) == (200, "fin")
    assert (office.tasks(key, "admin"), [one["id"] for one in office.tasks(key, "fin")]) == ([], [task["id"]])
    assert [one["state"] for one in office.notices("admin", "workflows.task_fallback", name)] == ["RESOLVED"]
    office.approve(deal_id, "fin")
    office.ordered(deal_id)
    assert pick(office.erp(deal_id).orders[0], "state") == ("processing",)
    assert "approved by fin" in office.erp(deal_id).orders[0]["comment"]
    until(lambda: any("handed over to" in hop for hop in office.hops(key, "admin")), seconds=LONG, what="the timeline says who had it")
