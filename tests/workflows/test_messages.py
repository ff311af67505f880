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
from tests.workflows.test_pages import as_, words  # noqa: F401 - fixture


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
