"""The same through the API, with the same rights."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from apps.core.http import PermanentError
from apps.workflows.models import Incident
from tests.workflows.test_decisions import APPROVAL, only_task, state_of
from tests.workflows.test_pages import as_  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


@pytest.mark.req("G6", "D9")
def test_decide_with_the_version_seen_then_undo(as_: Any, world: Any, begin: Any, cast: Any) -> None:  # noqa: F811
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    listed = client.get("/api/v1/tasks").json()
    assert [(one["id"], one["title"], one["may_decide"]) for one in listed] == [(str(task.pk), "Pump set for Delta", True)]
    detail = client.get(f"/api/v1/tasks/{task.pk}").json()
    assert {fact["key"]: fact["value"] for fact in detail["card"]["facts"]}["amount"] == "¥1,000"
    assert detail["card"]["terms"]["payment_term_days"] == "60"
    body = {"outcome": "APPROVED", "seen_version": detail["card"]["version"], "form": {"payment_term_days": "90"}}
    world.amount = "900.00"
    before = state_of(task)
    stale = client.post(f"/api/v1/tasks/{task.pk}/complete", body, content_type="application/json")
    assert stale.status_code == 409
    error = stale.json()["error"]
    assert (error["code"], [(one["fact"], one["old"], one["new"]) for one in error["details"]["diff"]]) == (
        "stale_card",
        [("amount", "¥1,000", "¥900")],
    )
    assert state_of(task) == before
    done = client.post(f"/api/v1/tasks/{task.pk}/complete", {**body, "seen_version": error["details"]["version"]}, content_type="application/json")
    assert (done.status_code, done.json()["state"]) == (200, "DECIDED")
    undone = client.post(f"/api/v1/tasks/{task.pk}/undo", content_type="application/json")
    assert (undone.status_code, undone.json()["state"]) == (200, "RESERVED")


@pytest.mark.req("A6")
def test_strangers_get_404_and_the_unprivileged_403(as_: Any, world: Any, begin: Any, cast: Any) -> None:  # noqa: F811
    instance = begin(APPROVAL)
    task = only_task(instance)
    before = state_of(task)
    body = {"outcome": "APPROVED", "seen_version": "x"}
    for person in (cast.ana, cast.fin):
        client = as_(person)
        assert client.get("/api/v1/tasks").json() == []
        assert client.get(f"/api/v1/tasks/{task.pk}").status_code == 404
        assert client.post(f"/api/v1/tasks/{task.pk}/complete", body, content_type="application/json").status_code == 404
        assert client.post(f"/api/v1/tasks/{task.pk}/undo", content_type="application/json").status_code == 404
        answer = client.post(f"/api/v1/tasks/{task.pk}/reassign", {"to": "fin", "reason": "x"}, content_type="application/json")
        assert answer.status_code == 403
        assert client.post(f"/api/v1/incidents/{uuid.uuid4()}/retry", content_type="application/json").status_code == 403
    assert as_(cast.guest).get("/api/v1/tasks").status_code == 403
    assert as_(cast.eve).get(f"/api/v1/process-instances/{instance.pk}/timeline").status_code == 404
    assert as_(cast.eve).get("/api/v1/process-instances?business_key=deal:1").json() == []
    assert state_of(task) == before


@pytest.mark.req("P16")
def test_the_timeline_and_the_retry_of_an_incident(as_: Any, world: Any, begin: Any, cast: Any, approve: Any, run_jobs: Any, clock: Any) -> None:  # noqa: F811
    broken = True

    def act(ctx: Any) -> Any:
        if broken:
            raise PermanentError("no", system="erp")
        return {}

    world.act = act
    instance = begin(APPROVAL)
    approve(only_task(instance))
    run_jobs(now=clock + dt.timedelta(minutes=1))
    found = as_(cast.ana).get("/api/v1/process-instances?business_key=deal:1").json()
    assert [(one["id"], one["state"], one["starter"]) for one in found] == [(str(instance.pk), "ACTIVE", "ana")]
    timeline = as_(cast.ana).get(f"/api/v1/process-instances/{instance.pk}/timeline").json()
    assert [hop["title"] for hop in timeline["hops"] if hop["state"] == "bad"] == ["Stopped: write"]
    assert [phase["state"] for phase in timeline["phases"]] == ["done", "done", "fail"]
    incident = Incident.objects.get()
    broken = False
    answer = as_(cast.admin).post(f"/api/v1/incidents/{incident.pk}/retry", content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "RETRIED")
    run_jobs(now=clock + dt.timedelta(minutes=2))
    instance.refresh_from_db()
    assert instance.state == "COMPLETED"


def test_hand_over_by_login(as_: Any, world: Any, begin: Any, cast: Any) -> None:  # noqa: F811
    task = only_task(begin(APPROVAL))
    client = as_(cast.admin)
    for body, status in (({"to": "nobody", "reason": "x"}, 422), ({"to": "ana", "reason": "x"}, 409), ({"to": "fin", "reason": "away"}, 200)):
        assert client.post(f"/api/v1/tasks/{task.pk}/reassign", body, content_type="application/json").status_code == status
    task.refresh_from_db()
    assert task.assignee == cast.fin
