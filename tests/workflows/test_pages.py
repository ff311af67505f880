"""Pages of tasks and cases, as the cast sees them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.test import Client

from apps.core.http import PermanentError
from apps.directory import services as directory
from apps.workflows import services
from apps.workflows.models import DecisionSnapshot, Incident, ProcessInstance, SeenCard, Task
from tests.workflows import build as b
from tests.workflows.test_decisions import APPROVAL, only_task, state_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_(sign_in: Any, travel: Any, clock: Any) -> Any:
    """as_(person): a client signed in as that person, at the fixed moment."""
    travel(clock)
    return lambda person, **options: sign_in(Client(**options), person)


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def version_in(response: Any) -> str:
    found = re.search(r'name="seen_version" value="([0-9a-f]{16})"', response.content.decode())
    assert found
    return found.group(1)


@pytest.mark.req("D4", "D5")
def test_the_approver_sees_the_card_decides_and_can_undo(as_: Any, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any, travel: Any) -> None:
    world.owner = str(cast.ana.pk)
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    assert "Pump set for Delta" in words(client.get("/approvals/"))
    page = client.get(f"/approvals/{task.pk}/")
    text = words(page)
    for part in ("Decision card", "Delta Water Group", "¥1,000", "IH-200", "Payment term", "Evidence version", "Approve", "Reject", "Return"):
        assert part in text
    answer = client.post(
        f"/approvals/{task.pk}/decide/",
        {
            "outcome": "APPROVED",
            "seen_version": version_in(page),
            "comment": "fine",
            "term-payment_term_days": "90",
            "term-valid_until": "2027-01-31",
            "term-clauses": "standard",
        },
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    text = words(answer)
    assert "What the approver saw" in text
    assert "unchanged since the decision" in text
    assert "Undo" in text
    assert 'data-left="10.00"' in answer.content.decode()
    undone = client.post(f"/approvals/{task.pk}/undo/", headers={"HX-Request": "true"})
    assert "Approve" in words(undone)
    task.refresh_from_db()
    assert task.state == "RESERVED"
    client.post(f"/approvals/{task.pk}/decide/", {"outcome": "REJECTED", "seen_version": version_in(undone), "reason-rejected": "too cheap"})
    run_jobs(now=clock + dt.timedelta(minutes=1))
    travel(clock + dt.timedelta(minutes=1))
    text = words(client.get(f"/approvals/{task.pk}/"))
    assert "too cheap" in text
    assert "data-undo" not in client.get(f"/approvals/{task.pk}/").content.decode()
    assert "Pump set for Delta" in words(client.get("/done/"))


@pytest.mark.req("D9")
def test_what_changed_is_shown_and_must_be_seen_before_approving(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    first = client.get(f"/approvals/{task.pk}/")
    world.amount = "900.00"
    again = client.get(f"/approvals/{task.pk}/")
    text = words(again)
    assert "Changed since you looked" in text
    assert "¥1,000 ¥900" in text
    assert version_in(again) == version_in(first)
    before = state_of(task)
    refused = client.post(
        f"/approvals/{task.pk}/decide/",
        {"outcome": "APPROVED", "seen_version": version_in(again), "comment": "my words", "term-payment_term_days": "30"},
        headers={"HX-Request": "true"},
    )
    assert refused.status_code == 409
    text = words(refused)
    assert "Something changed since you looked" in text
    assert "my words" in text
    assert '<option value="30" selected>' in refused.content.decode()
    assert state_of(task) == before
    new = SeenCard.objects.exclude(version=version_in(first)).get().version
    seen = client.get(f"/approvals/{task.pk}/?seen={new}")
    assert "Changed since you looked" not in words(seen)
    assert version_in(seen) == new
    answer = client.post(f"/approvals/{task.pk}/decide/", {"outcome": "APPROVED", "seen_version": new})
    assert (answer.status_code, answer["Location"]) == (302, f"/approvals/{task.pk}/")


def test_a_system_that_is_down_is_acknowledged_on_the_card(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    world.erp_up = False
    client = as_(cast.boss)
    page = client.get(f"/approvals/{task.pk}/")
    assert "ERP does not answer. I decide on this older value." in words(page)
    post = {"outcome": "APPROVED", "seen_version": version_in(page)}
    assert client.post(f"/approvals/{task.pk}/decide/", post).status_code == 409
    assert client.post(f"/approvals/{task.pk}/decide/", {**post, "acknowledge": ["stock", "limit"]}).status_code == 302


def test_missing_words_and_wrong_terms_come_back_with_the_form(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    seen = version_in(client.get(f"/approvals/{task.pk}/"))
    before = state_of(task)
    page = client.post(f"/approvals/{task.pk}/decide/", {"outcome": "REJECTED", "seen_version": seen})
    assert page.status_code == 422
    assert "Say why" in words(page)
    page = client.post(f"/approvals/{task.pk}/decide/", {"outcome": "APPROVED", "seen_version": seen, "term-valid_until": "2020-01-01"})
    assert page.status_code == 422
    assert "Not before 2026-11-23." in words(page)
    assert state_of(task) == before


@pytest.mark.req("A6", "X3")
def test_an_id_of_another_persons_task_is_not_found_and_nothing_changes(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    for person in (cast.ana, cast.fin, cast.eve):
        client = as_(person)
        for address in ("", "pane/", "state/"):
            assert client.get(f"/approvals/{task.pk}/{address}").status_code == 404
        for address in ("decide/", "undo/"):
            assert client.post(f"/approvals/{task.pk}/{address}", {"outcome": "APPROVED"}).status_code == 404
        assert client.post(f"/approvals/{task.pk}/reassign/", {"to": str(person.pk), "reason": "x"}).status_code == 403
    assert as_(cast.guest).get(f"/approvals/{task.pk}/").status_code == 403
    assert Client().get(f"/approvals/{task.pk}/").status_code == 302
    assert as_(cast.boss).get(f"/approvals/{uuid.uuid4()}/").status_code == 404
    assert state_of(task) == before


@pytest.mark.req("X3")
def test_a_post_without_its_token_is_refused(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss, enforce_csrf_checks=True)
    seen = version_in(client.get(f"/approvals/{task.pk}/"))
    before = state_of(task)
    for address, data in (("decide/", {"outcome": "APPROVED", "seen_version": seen}), ("undo/", {}), ("reassign/", {})):
        assert client.post(f"/approvals/{task.pk}/{address}", data).status_code == 403
    assert state_of(task) == before


@pytest.mark.req("A9")
def test_facts_are_masked_for_a_viewer_whose_role_may_not_read_them(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    world.owed, world.deciders = 212400, [cast.eve]
    task = only_task(begin(APPROVAL))
    page = as_(cast.eve).get(f"/approvals/{task.pk}/")
    assert "212,400" not in page.content.decode()
    assert "212400" not in page.content.decode()
    assert "••••" in words(page)
    world.owed = 0
    again = as_(cast.eve).get(f"/approvals/{task.pk}/")
    assert "Changed since you looked" in words(again)
    assert "212" not in re.sub(r"[0-9a-f-]{16,}", "", words(again)).replace("212 m", "")


def test_the_admin_hands_over_from_the_page(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.admin)
    page = client.get(f"/approvals/{task.pk}/")
    assert "Not yours to decide" in words(page)
    assert str(cast.ana.pk) not in page.content.decode().split('id="reassign"')[1]
    assert client.post(f"/approvals/{task.pk}/reassign/", {"to": str(cast.fin.pk), "reason": ""}).status_code == 422
    assert client.post(f"/approvals/{task.pk}/reassign/", {"to": "nobody", "reason": "x"}).status_code == 422
    assert client.post(f"/approvals/{task.pk}/reassign/", {"to": str(cast.ana.pk), "reason": "x"}).status_code == 409
    assert client.post(f"/approvals/{task.pk}/reassign/", {"to": str(cast.fin.pk), "reason": "away"}).status_code == 302
    task.refresh_from_db()
    assert task.assignee == cast.fin


def test_a_fallback_says_why(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    world.deciders = []
    task = only_task(begin(APPROVAL))
    assert "no approver was found" in words(as_(cast.admin).get(f"/approvals/{task.pk}/"))


def test_the_pane_of_the_inbox_decides_too(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    pane = client.get(f"/approvals/{task.pk}/pane/")
    assert "<html" not in pane.content.decode()
    answer = client.post(f"/approvals/{task.pk}/decide/", {"outcome": "APPROVED", "seen_version": version_in(pane), "pane": "1"})
    assert answer.status_code == 200
    assert "in-pane" in answer.content.decode()
    assert client.get(f"/approvals/{task.pk}/state/").json() == {"state": "DECIDED", "mine": False}


def test_requests_are_listed_and_withdrawn_by_their_starter_only(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    instance = begin(APPROVAL)
    assert "Pump set for Delta" in words(as_(cast.ana).get("/requests/"))
    assert "Pump set for Delta" not in words(as_(cast.boss).get("/requests/"))
    assert as_(cast.boss).post(f"/requests/{instance.pk}/withdraw/").status_code == 403
    assert as_(cast.eve).post(f"/requests/{instance.pk}/withdraw/").status_code == 404
    instance.refresh_from_db()
    assert instance.state == "ACTIVE"
    assert as_(cast.ana).post(f"/requests/{instance.pk}/withdraw/").status_code == 302
    instance.refresh_from_db()
    assert instance.state == "WITHDRAWN"
    assert "Withdrawn" in words(as_(cast.ana).get(f"/loop/{instance.business_key}/"))
    assert "No decision is needed any more" in words(as_(cast.boss).get(f"/approvals/{only_task(instance).pk}/"))


@pytest.mark.req("P16", "E14")
def test_the_timeline_tells_who_when_and_ids_and_retries_a_failed_step(
    as_: Any, world: Any, begin: Any, cast: Any, approve: Any, run_jobs: Any, clock: Any
) -> None:
    broken = True

    def act(ctx: Any) -> Any:
        if broken:
            raise PermanentError("Supplier is not active", system="erp")
        from apps.workflows.registry import Ref, StepResult

        return StepResult(refs=(Ref("erp", "Sales order", "SO-20869", "/orders/1/"),), text="Order written")

    world.act = act
    instance = begin(APPROVAL)
    approve(only_task(instance), comment="once")
    run_jobs(now=clock + dt.timedelta(minutes=1))
    for person in (cast.ana, cast.boss):
        text = words(as_(person).get("/loop/deal:1/"))
        assert "Supplier is not active" in text
        assert "approve: approved" in text
        assert "Retry" not in text
    assert as_(cast.eve).get("/loop/deal:1/").status_code == 404
    assert as_(cast.ana).get("/loop/deal:9/").status_code == 404
    incident = Incident.objects.get()
    assert as_(cast.ana).post(f"/incidents/{incident.pk}/retry/").status_code == 403
    admin = as_(cast.admin)
    assert "Retry" in words(admin.get("/loop/deal:1/"))
    broken = False
    assert admin.post(f"/incidents/{incident.pk}/retry/").status_code == 302
    run_jobs(now=clock + dt.timedelta(minutes=2))
    page = admin.get("/loop/deal:1/", headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    text = words(page)
    assert "SO-20869" in text
    assert "Order written" in text
    assert "The case ended" in text
    assert f"{instance.pk}:t1:write:1" in words(admin.get("/loop/deal:1/?detail=technical"))


def test_a_broken_step_is_skipped_with_a_reason_from_the_page(as_: Any, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    def act(ctx: Any) -> Any:
        raise PermanentError("no", system="erp")

    world.act = act
    instance = begin(b.process(b.service("a", "erp.test"), b.line("start", "a", "end")))
    run_jobs(now=clock)
    incident = Incident.objects.get()
    admin = as_(cast.admin)
    admin.post(f"/incidents/{incident.pk}/skip/", {"reason": ""})
    instance.refresh_from_db()
    assert instance.state == "ACTIVE"
    admin.post(f"/incidents/{incident.pk}/skip/", {"reason": "done by hand"})
    instance.refresh_from_db()
    assert instance.state == "COMPLETED"
    assert "done by hand" in words(admin.get("/loop/deal:1/"))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_renders_in_both_languages(language: str, as_: Any, world: Any, begin: Any, cast: Any, approve: Any) -> None:
    instance = begin(APPROVAL)
    task = only_task(instance)
    client = as_(cast.boss)
    client.cookies["atrium_language"] = language
    pages = ["/approvals/", f"/approvals/{task.pk}/", f"/approvals/{task.pk}/pane/", "/requests/", "/done/", "/loop/deal:1/"]
    assert [client.get(address).status_code for address in pages] == [200] * 6
    approve(task)
    assert [client.get(address).status_code for address in pages] == [200] * 6
    DecisionSnapshot.objects.update(document="{}")
    assert ProcessInstance.objects.count() == 1


def test_an_altered_card_is_told(as_: Any, world: Any, begin: Any, cast: Any, approve: Any) -> None:
    task = approve(only_task(begin(APPROVAL)))
    snapshot = DecisionSnapshot.objects.get()
    DecisionSnapshot.objects.update(document=snapshot.document.replace("1000.00", "9000.00"))
    assert "does not match its proof" in words(as_(cast.boss).get(f"/approvals/{task.pk}/"))


def test_a_person_who_left_sees_nothing(as_: Any, world: Any, begin: Any, cast: Any, clock: Any) -> None:
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    directory.set_active(person_id=cast.boss.pk, active=False, now=clock)
    assert client.get(f"/approvals/{task.pk}/").status_code == 403
    assert services is not None
    assert Task.objects.get().state == "RESERVED"


def test_lists_ask_the_database_equally_often_for_one_row_and_for_many(as_: Any, world: Any, begin: Any, cast: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count(client: Any, address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    ana, boss, admin = as_(cast.ana), as_(cast.boss), as_(cast.admin)
    begin(APPROVAL, "deal:0")
    for client in (ana, boss, admin):
        client.get("/approvals/")
    one = [count(ana, "/requests/"), count(boss, "/approvals/"), count(admin, "/approvals/")]
    for number in range(1, 9):
        begin(APPROVAL, f"deal:{number}")
    many = [count(ana, "/requests/"), count(boss, "/approvals/"), count(admin, "/approvals/")]
    assert many == one
    assert max(many) <= 20
