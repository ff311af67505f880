"""Writing over the API: it goes to the system as the person, comes back as the system has it, and a refusal changes nothing anywhere."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from apps.audit.models import Entry
from apps.core.http import TransientError
from apps.jobs.models import Job
from apps.records.models import Record

Json = dict[str, Any]


def state(systems: SimpleNamespace) -> Json:
    """Everything a write could change."""
    records = list(Record.objects.order_by("pk").values("external_id", "data", "version", "state", "deleted_at"))
    outside = copy.deepcopy((systems.crm.rows, systems.erp.rows, systems.crm.effects, systems.erp.effects))
    return {"records": records, "outside": outside, "jobs": Job.objects.count()}


def patch(client: Any, path: str, body: Json) -> Any:
    return client.patch(f"/api/v1/{path}", body, content_type="application/json")


def post(client: Any, path: str, body: Json) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


def test_an_edit_is_written_as_the_person_and_read_back(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    seen = Record.objects.get(external_id="acc-C-001").version
    answer = patch(as_(cast.ana), "customers/acc-C-001", {"changes": {"phone": "0571-999"}, "version": seen})
    assert (answer.status_code, answer.json()["phone"]) == (200, "0571-999")
    assert loaded.crm.rows["customers"]["acc-C-001"]["phone"] == "0571-999"
    assert [actor.login for actor in loaded.crm.actors] == ["ana"]
    row = Record.objects.get(external_id="acc-C-001")
    assert (row.data["phone"], row.version) == ("0571-999", loaded.crm.rows["customers"]["acc-C-001"]["version"])
    entry = Entry.objects.filter(action="records.customer.edited").get()
    assert (entry.actor_id, entry.data) == (cast.ana.pk, {"fields": ["phone"]})  # names of fields, never private values
    assert "0571-999" not in str(entry.data)


def test_what_did_not_change_is_not_sent(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    answer = patch(as_(cast.ana), "customers/acc-C-001", {"changes": {"city": "Hangzhou", "name": " Blue Ocean Retail "}})
    assert answer.status_code == 200
    assert [call for call in loaded.crm.calls if call.startswith("customer.update")] == []


def test_a_deal_is_won_in_the_crm_and_shows_it(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    answer = post(as_(cast.ana), "deals/d-1/move", {"to": "won"})
    assert (answer.status_code, answer.json()["stage_kind"]) == (200, "won")
    assert loaded.crm.rows["deals"]["d-1"]["stage_kind"] == "won"
    assert Record.objects.get(external_id="d-1").state == "won"


def test_a_shipment_goes_on_by_the_warehouse(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    answer = post(as_(cast.eve), "shipments/s1/advance", {"to": "picked"})
    assert (answer.status_code, answer.json()["state"]) == (200, "picked")
    assert loaded.erp.rows["shipments"]["s1"]["state"] == "picked"
    assert [actor.login for actor in loaded.erp.actors] == ["eve"]


def test_a_follow_up_is_added_and_read_back(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    answer = post(as_(cast.ana), "customers/acc-C-001/follow-ups", {"channel": "visit", "subject": "At the plant", "body": "Two pumps"})
    assert answer.status_code == 201
    assert (answer.json()["subject"], answer.json()["customer_id"]) == ("At the plant", "acc-C-001")
    listed = as_(cast.boss).get("/api/v1/customers/acc-C-001/follow-ups").json()
    assert [row["subject"] for row in listed["results"]] == ["At the plant"]


REFUSED: dict[str, tuple[str, str, str, Json, int]] = {
    "an edit of somebody else's customer": ("ana", "patch", "customers/acc-C-002", {"changes": {"city": "X"}}, 403),
    "an edit by finance": ("fin", "patch", "customers/acc-C-001", {"changes": {"city": "X"}}, 403),
    "an edit by the administrator": ("admin", "patch", "customers/acc-C-001", {"changes": {"city": "X"}}, 403),
    "an edit by nobody in particular": ("guest", "patch", "customers/acc-C-001", {"changes": {"city": "X"}}, 403),
    "an edit of a customer that is none": ("ana", "patch", "customers/acc-X", {"changes": {"city": "X"}}, 404),
    "an e-mail address that is none": ("ana", "patch", "customers/acc-C-001", {"changes": {"email": "nonsense"}}, 422),
    "a name that is empty": ("ana", "patch", "customers/acc-C-001", {"changes": {"name": "  "}}, 422),
    "a field that is not for editing": ("ana", "patch", "customers/acc-C-001", {"changes": {"owner_email": "eve@yunhe.example"}}, 422),
    "winning a colleague's deal": ("ana", "post", "deals/d-2/move", {"to": "won"}, 403),
    "winning by finance": ("fin", "post", "deals/d-1/move", {"to": "won"}, 403),
    "moving a deal that is none": ("ana", "post", "deals/d-99/move", {"to": "won"}, 404),
    "shipping by sales": ("ana", "post", "shipments/s1/advance", {"to": "picked"}, 403),
    "shipping by the director": ("boss", "post", "shipments/s1/advance", {"to": "picked"}, 403),
    "a step that is none": ("eve", "post", "shipments/s1/advance", {"to": "teleported"}, 422),
    "more than the note says": ("eve", "post", "shipments/s1/advance", {"to": "done", "quantities": {"P-1001": "3"}}, 422),
    "less than nothing": ("eve", "post", "shipments/s1/advance", {"to": "done", "quantities": {"P-1001": "-1"}}, 422),
    "another product than the note says": ("eve", "post", "shipments/s1/advance", {"to": "done", "quantities": {"P-1002": "1"}}, 422),
    "a follow-up by the warehouse": ("eve", "post", "customers/acc-C-001/follow-ups", {"subject": "x"}, 403),
    "a follow-up without a subject": ("ana", "post", "customers/acc-C-001/follow-ups", {"subject": " "}, 422),
}


def test_a_refusal_changes_nothing_and_asks_no_system(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    before = state(loaded)
    for what, (login, method, path, body, status) in REFUSED.items():
        answer = {"patch": patch, "post": post}[method](as_(getattr(cast, login)), path, body)
        assert (answer.status_code, set(answer.json())) == (status, {"error"}), (what, answer.content)
        assert answer.json()["error"]["message"], what
        assert state(loaded) == before, what
        assert [call for call in loaded.crm.calls + loaded.erp.calls if not call.startswith("feed")] == [], what


def test_a_newer_version_is_not_written_over(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    seen = Record.objects.get(external_id="acc-C-001").version
    loaded.crm.put("customers", "acc-C-001", quiet=True, city="Ningbo")
    before = state(loaded)
    answer = patch(as_(cast.ana), "customers/acc-C-001", {"changes": {"city": "Suzhou"}, "version": seen})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "changed_meanwhile")
    assert state(loaded) == before
    assert loaded.crm.rows["customers"]["acc-C-001"]["city"] == "Ningbo"


def test_the_systems_own_words_reach_the_person(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    before = state(loaded)
    answer = patch(as_(cast.ana), "customers/acc-C-001", {"changes": {"name": "taken"}})
    assert "Name: already in use" in answer.json()["error"]["message"]
    assert answer.status_code in (409, 422, 400)
    assert state(loaded) == before


def test_no_answer_claims_nothing(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    loaded.crm.fail = [TransientError("the CRM did not answer", system="crm")]
    before = state(loaded)
    answer = patch(as_(cast.ana), "customers/acc-C-001", {"changes": {"city": "Suzhou"}})
    assert answer.status_code in (502, 503)
    after = state(loaded)
    assert (after["records"], after["outside"]) == (before["records"], before["outside"])


def test_an_own_deal_by_another_seller_of_the_department_is_seen_and_not_moved(loaded: SimpleNamespace, cast: SimpleNamespace, as_: Any) -> None:
    client = as_(cast.ana)
    assert client.get("/api/v1/deals/d-2").status_code == 200
    assert post(client, "deals/d-2/move", {"to": "lost"}).status_code == 403
    assert loaded.crm.rows["deals"]["d-2"]["stage_kind"] == "open"
