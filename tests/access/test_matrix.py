"""The rights matrix and assignments: pages and API; audited; effective with the next request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.access import selectors, services
from apps.access.models import Assignment, FieldRule, Grant
from apps.audit.models import Entry
from apps.core import clock
from apps.core.access import decide, plan
from apps.core.errors import NotPermitted

CELL = "warehouse|access.role|all|action|view|act"


@pytest.fixture
def admin(cast: SimpleNamespace, sign_in: Any) -> Client:
    return sign_in(Client(), cast.admin)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("system", ["crm", "erp", "oa"])
def test_the_matrix_shows_each_role_and_right(admin: Client, system: str, language: str) -> None:
    answer = admin.get(f"/access/?system={system}", HTTP_ACCEPT_LANGUAGE=language)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert ("门户管理员" if language == "zh-hans" else "Portal administrator") in text
    if system == "oa":
        assert 'value="portal_admin|access.role|all|action|manage|none"' in text
        assert f'value="{CELL}"' in text


def test_a_press_acts_with_the_next_request_and_is_audited(cast: SimpleNamespace, admin: Client, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.eve)
    assert client.get("/access/").status_code == 403
    answer = admin.post("/access/cells/", {"cell": CELL}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert 'value="warehouse|access.role|all|action|view|none"' in answer.content.decode()
    assert client.get("/access/").status_code == 200
    assert client.post("/access/cells/", {"cell": CELL}).status_code == 403
    entry = Entry.objects.get(action="access.actions.set")
    assert (entry.actor_login, entry.object) == ("admin", "access.role:warehouse")
    assert entry.data == {"resource": "access.role", "scope": "all", "from": [], "to": ["view"]}


def test_a_press_works_without_script(admin: Client) -> None:
    answer = admin.post("/access/cells/", {"cell": CELL})
    assert (answer.status_code, answer["Location"]) == (302, "/access/?scope=all&system=oa")


def test_twice_the_same_press_is_one_change(admin: Client) -> None:
    for _ in range(2):
        admin.post("/access/cells/", {"cell": CELL})
    assert Entry.objects.filter(action="access.actions.set").count() == 1


@pytest.mark.parametrize(
    "cell",
    ["", "x", "warehouse|nothing|all|action|view|act", "warehouse|access.role|every|action|view|act",
     "warehouse|access.role|all|action|fly|act", "nobody|access.role|all|action|view|act",
     "warehouse|access.role|all|field|salary|edit", "warehouse|access.role|all|field|*|royal"],
)  # fmt: skip
def test_a_press_on_nothing_changes_nothing(admin: Client, cell: str) -> None:
    before = selectors.epoch()
    answer = admin.post("/access/cells/", {"cell": cell}, headers={"HX-Request": "true"})
    assert 400 <= answer.status_code < 500
    assert selectors.epoch() == before
    assert not Entry.objects.filter(action__in=["access.actions.set", "access.level.set"]).exists()


def test_nobody_can_lock_everybody_out(cast: SimpleNamespace, admin: Client) -> None:
    answer = admin.post("/access/cells/", {"cell": "portal_admin|access.role|all|action|manage|none"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "Nobody could change rights any more" in answer.content.decode()
    assert decide(cast.admin, "manage", "access.role").allowed
    only = Assignment.objects.get(role__code="portal_admin")
    assert admin.post(f"/access/people/{only.pk}/revoke/").status_code == 422
    assert Assignment.objects.filter(pk=only.pk).exists()


def test_a_role_is_given_and_taken(cast: SimpleNamespace, admin: Client, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.eve)
    assert admin.get("/access/people/").status_code == 200
    answer = admin.post("/access/people/assign/", {"role": "portal_admin", "whom": f"person:{cast.eve.pk}"})
    assert answer.status_code == 302
    assert client.get("/access/").status_code == 200
    given = Assignment.objects.get(role__code="portal_admin", person_id=cast.eve.pk)
    admin.post(f"/access/people/{given.pk}/revoke/", headers={"HX-Request": "true"})
    assert client.get("/access/").status_code == 403
    said = list(Entry.objects.filter(actor_login="admin").order_by("id").values_list("action", "object", "data_json"))
    assert said == [
        ("access.role.assigned", "access.role:portal_admin", '{"to":"person:eve","until":""}'),
        ("access.role.revoked", "access.role:portal_admin", '{"from":"person:eve"}'),
    ]


def test_a_role_for_a_department_reaches_everybody_below(cast: SimpleNamespace, admin: Client) -> None:
    unit = cast.ana.org_unit.parent
    admin.post("/access/people/assign/", {"role": "warehouse", "whom": f"unit:{unit.pk}"})
    holders = [login for login in vars(cast) if "warehouse" in [role.code for role in selectors.roles_of(getattr(cast, login))]]
    assert holders == ["ana", "boss", "fin", "eve", "admin"]


def test_an_end_in_the_past_or_a_stranger_is_refused(cast: SimpleNamespace, admin: Client) -> None:
    before = Assignment.objects.count()
    for data in (
        {"role": "sales", "whom": f"person:{cast.eve.pk}", "until": "2020-01-01"},
        {"role": "sales", "whom": "person:00000000-0000-0000-0000-000000000000"},
        {"role": "sales", "whom": "everybody"},
        {"role": "king", "whom": f"person:{cast.eve.pk}"},
    ):
        assert 400 <= admin.post("/access/people/assign/", data).status_code < 500
    assert Assignment.objects.count() == before


def test_a_right_that_ran_out_is_gone(cast: SimpleNamespace, travel: Any) -> None:
    import datetime as dt

    end = clock.now() + dt.timedelta(days=1)
    services.assign_role(actor=cast.admin, role="portal_admin", person_id=cast.eve.pk, valid_to=end, now=clock.now())
    assert decide(cast.eve, "view", "access.role").allowed
    travel(end)
    assert not decide(cast.eve, "view", "access.role").allowed


def test_services_ask_for_the_right_themselves(cast: SimpleNamespace) -> None:
    before = (Assignment.objects.count(), Grant.objects.count(), FieldRule.objects.count(), Entry.objects.count())
    now = clock.now()
    for person in (cast.ana, cast.boss, cast.fin, cast.eve, cast.guest, None):
        with pytest.raises(NotPermitted):
            services.assign_role(actor=person, role="portal_admin", person_id=cast.ana.pk, now=now)
        with pytest.raises(NotPermitted):
            services.set_actions(actor=person, role="sales", resource="access.role", scope="all", actions=["manage"], now=now)
        with pytest.raises(NotPermitted):
            services.set_level(actor=person, role="sales", resource="access.role", scope="all", field="*", level="edit", now=now)
        with pytest.raises(NotPermitted):
            services.revoke_role(actor=person, assignment_id=Assignment.objects.first().pk, now=now)  # type: ignore[union-attr]
    assert (Assignment.objects.count(), Grant.objects.count(), FieldRule.objects.count(), Entry.objects.count()) == before


def test_the_api_does_the_same(cast: SimpleNamespace, admin: Client, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.eve)
    assert client.get("/api/v1/roles").json()["error"]["code"] == "not_permitted"
    body = {"role": "portal_admin", "person": str(cast.eve.pk)}
    assert client.post("/api/v1/assignments", body, content_type="application/json").status_code == 403
    made = admin.post("/api/v1/assignments", body, content_type="application/json")
    assert made.status_code == 201
    assert (made.json()["role"], made.json()["person"]) == ("portal_admin", "eve")
    roles = {role["code"]: role for role in client.get("/api/v1/roles").json()}
    assert list(roles) == ["employee", "sales", "sales_manager", "finance", "warehouse", "portal_admin"]
    me = client.get("/api/v1/me").json()
    assert (me["person"]["login"], me["roles"]) == ("eve", ["employee", "warehouse", "portal_admin"])
    body = {"resource": "access.role", "scope": "own", "actions": ["view"]}
    assert admin.post("/api/v1/roles/sales/actions", body, content_type="application/json").status_code == 200
    assert plan(cast.ana, "view", "access.role").allowed
    assert admin.delete(f"/api/v1/assignments/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/roles").status_code == 403
    answer = admin.delete(f"/api/v1/assignments/{made.json()['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_i_can_read_what_i_may_do(cast: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, cast.ana)
    text = client.get("/access/mine/").content.decode()
    assert "Customers" in text
    assert "Ask for access: Guo Peng" in text
    sign_in(client, cast.guest)
    assert "You hold no role" in client.get("/access/mine/").content.decode()
