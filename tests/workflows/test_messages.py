"""What the engine's messages offer, and how a difference reads."""

from __future__ import annotations

from typing import Any

import pytest

from apps.core.http import PermanentError
from apps.workflows import policies
from apps.workflows.engine.cards import Fact
from apps.workflows.kinds import IncidentOpened
from apps.workflows.models import Incident, ProcessInstance
from tests.workflows import build as b
from tests.workflows.test_decisions import APPROVAL, only_task
from tests.workflows.test_pages import as_, version_in, words  # noqa: F401 - fixture


@pytest.mark.req("E14", "P16")
@pytest.mark.django_db
def test_a_failed_step_is_repaired_from_the_message_itself(as_: Any, world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:  # noqa: F811
    world.act = lambda ctx: (_ for _ in ()).throw(PermanentError("Supplier is not active", system="erp"))
    begin(b.process(b.service("a", "erp.test"), b.line("start", "a", "end")))
    run_jobs(now=clock)
    incident, admin = Incident.objects.get(), as_(cast.admin)
    (item,) = admin.get("/api/v1/notifications").json()["items"]
    page = admin.get(f"/inbox/{item['id']}/").content.decode()
    assert "Supplier is not active" in page
    assert f'action="/incidents/{incident.pk}/retry/"' in page
    world.act = lambda ctx: {}
    admin.post(f"/incidents/{incident.pk}/retry/")
    run_jobs(now=clock)
    assert ProcessInstance.objects.get().state == "COMPLETED"
    assert admin.get("/api/v1/notifications").json()["items"] == []
    text = words(admin.get(f"/inbox/{item['id']}/"))
    assert "Retry" not in text and "retried by you" in text


@pytest.mark.parametrize(
    ("kind", "buttons"),
    [
        ("workflows.step_failed", [("Retry", "post"), ("Open the timeline", "get")]),
        ("workflows.no_approver", [("Open the timeline", "get")]),
        ("business.deal_lost", [("Mark as dealt with", "post"), ("Open the timeline", "get")]),
    ],
)
def test_a_message_offers_only_what_helps(kind: str, buttons: list[tuple[str, str]]) -> None:
    params = {"kind": kind, "incident_id": "7", "business_key": "deal:1"}
    assert [(one.label, one.method) for one in IncidentOpened().actions(params)] == buttons


def lines(*rows: tuple[str, str, str]) -> Fact:
    value = [{"sku": sku, "quantity": quantity, "unit_price": price, "currency": "CNY"} for sku, quantity, price in rows]
    return Fact("lines", "Order lines", "crm", value, kind="lines")


@pytest.mark.req("D5")
def test_of_two_lists_of_lines_only_what_differs_is_shown() -> None:
    kept = [("B", "12", "494"), ("C", "1", "3200")]
    told = policies.difference(None, lines(("A", "5", "58000"), *kept), lines(("A", "5", "58100"), *kept))
    assert (told["old"], told["new"]) == ("A 5 × ¥58,000", "A 5 × ¥58,100")
    told = policies.difference(None, lines(*kept), lines(*kept, ("D", "2", "10")))
    assert (told["old"], told["new"]) == ("–", "D 2 × ¥10")


@pytest.mark.req("D5", "D9")
@pytest.mark.django_db
def test_page_pane_and_api_refuse_what_moved_with_the_same_difference(as_: Any, world: Any, begin: Any, cast: Any) -> None:  # noqa: F811
    task = only_task(begin(APPROVAL))
    client = as_(cast.boss)
    seen = version_in(client.get(f"/approvals/{task.pk}/"))
    world.amount = "900.00"
    sent = {"outcome": "APPROVED", "seen_version": seen, "comment": "half a sentence"}
    for pane in ("", "1"):
        answer = client.post(f"/approvals/{task.pk}/decide/", {**sent, "pane": pane}, headers={"HX-Request": "true"})
        assert answer.status_code == 409
        assert "<del>¥1,000</del>" in answer.content.decode() and "<ins>¥900</ins>" in answer.content.decode()
        assert "half a sentence" in answer.content.decode()  # nothing typed is lost
    error = client.post(f"/api/v1/tasks/{task.pk}/complete", sent, content_type="application/json").json()["error"]
    assert [(one["fact"], one["old"], one["new"]) for one in error["details"]["diff"]] == [("amount", "¥1,000", "¥900")]
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("RESERVED", "")
    world.amount, world.on_hand = "1000.00", 7  # back again, and something that is not watched moved
    assert client.post(f"/api/v1/tasks/{task.pk}/complete", sent, content_type="application/json").status_code == 200
