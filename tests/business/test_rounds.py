"""A deal that leaves "won" and comes back; and an order whose answer was lost."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from apps.business import services
from apps.business.models import SalesLoop
from apps.business.tasks import loops as tasks
from apps.workflows.models import Incident, Task
from apps.workflows.registry import BpmnError, Card, Decision, Fact, Line, StepContext
from tests.support.shop import put

SECOND = dt.timedelta(seconds=1)


def rounds() -> list[tuple[str, str]]:
    return [(loop.business_key, loop.outcome) for loop in SalesLoop.objects.order_by("round")]


def test_a_deal_won_again_while_the_portal_was_busy_begins_the_next_round(won_deal: Any, clock: dt.datetime) -> None:
    """The CRM's clock counts: reopened and won again there, long before the portal came to close the first round."""
    deal, late = won_deal(), clock + 60 * SECOND
    services.start_loop(deal=deal, won_at=clock, now=clock)
    services.deal_left_won(deal_id="d-1", transition="reopened", event_id="e-2", now=late)
    assert rounds() == [("deal:d-1", "WITHDRAWN")]
    assert services.start_loop(deal=deal, won_at=clock + 2 * SECOND, now=late) is not None
    assert rounds() == [("deal:d-1", "WITHDRAWN"), ("deal:d-1:2", "")]
    assert sorted(Task.objects.values_list("state", flat=True)) == ["CANCELLED", "RESERVED"]


def test_the_same_winning_begins_one_round(won_deal: Any, clock: dt.datetime) -> None:
    deal = won_deal()
    services.start_loop(deal=deal, won_at=clock, now=clock)
    assert services.start_loop(deal=deal, won_at=clock, now=clock + SECOND) is None
    services.deal_left_won(deal_id="d-1", transition="lost", event_id="e-2", now=clock + SECOND)
    assert services.start_loop(deal=deal, won_at=clock, now=clock + 2 * SECOND) is None
    assert rounds() == [("deal:d-1", "WITHDRAWN")]


# --- the order ------------------------------------------------------------------------------------------------------------------------------


def context(loop: Any, now: dt.datetime, *, amount: str = "1200.00", attempt: int = 1) -> StepContext:
    card = Card(
        facts=(
            Fact("customer", "Customer", "crm", {"name": "Delta Water Group", "key": "C-001"}),
            Fact("amount", "Amount", "crm", {"amount": amount, "currency": "CNY"}, kind="money"),
        ),
        lines=(Line("P-1", "Pump", "2", "600", amount, "CNY"),),
        variables={"customer_key": "C-001"},
    )
    decision = Decision(
        task_id=uuid.uuid4(), node="approve", outcome="APPROVED", comment="", form={"payment_term_days": "30"}, card=card, decided_by="boss",
        decided_at=now, sha256="0",
    )  # fmt: skip
    return StepContext(
        instance_id=loop.instance_id, business_key=loop.business_key, variables={}, key="k-12345678", node="order", attempt=attempt, decided_by="boss",
        now=now, headers={}, inputs={}, decision=decision,
    )  # fmt: skip


class Erp:
    """Stands where the connected ERP stands; remembers what it was asked."""

    def __init__(self, *, knows: str = "", total: str = "1200.00") -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.knows, self.total = knows, total

    def invoke_action(self, *, action: str, data: dict[str, Any], **_more: Any) -> dict[str, Any]:
        self.asked.append((action, dict(data)))
        if action == "sale.find":
            return {"order_id": self.knows}
        return {"order_id": "7", "order_no": "SO-7", "state": "processing", "amount": self.total, "currency": "CNY"}

    def get_connection(self, system: str) -> str:
        return system

    def offers(self, connection: str, action: str) -> bool:
        return True


@pytest.fixture
def loop(won_deal: Any, clock: dt.datetime) -> Any:
    return services.start_loop(deal=won_deal(), won_at=clock, now=clock)


def test_what_was_approved_counts_not_what_was_won(loop: Any, clock: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines changed after the winning; the approver saw and approved the new amount."""
    erp = Erp(total="1800.00")
    monkeypatch.setattr(tasks, "integrations", erp)
    tasks.create_order(context(loop, clock, amount="1800.00"))
    loop.refresh_from_db()
    assert (str(loop.amount), loop.order_no, loop.customer_key) == ("1800.00", "SO-7", "C-001")
    assert [(line["sku"], line["quantity"], line["unit_price"]) for line in erp.asked[-1][1]["lines"]] == [("P-1", "2", "600")]


@pytest.mark.parametrize(("attempt", "knows", "expected"), [(1, "7", "withdrawn"), (2, "", "withdrawn"), (2, "7", "ordered")])
def test_a_deal_that_left_is_withdrawn_unless_its_order_was_written(
    attempt: int, knows: str, expected: str, loop: Any, clock: dt.datetime, monkeypatch: pytest.MonkeyPatch, cast: SimpleNamespace
) -> None:
    """A first try has written nothing. A later one asks the ERP: the order may be there and only the answer was lost."""
    put("deal", "d-1", now=clock + SECOND, name="Pumps for Delta", stage="Negotiation", stage_kind="open", owner_email="ana@yunhe.example")
    erp = Erp(knows=knows)
    monkeypatch.setattr(tasks, "integrations", erp)
    if expected == "withdrawn":
        with pytest.raises(BpmnError) as refused:
            tasks.create_order(context(loop, clock, attempt=attempt))
        assert (refused.value.code, refused.value.variables) == ("DEAL_WITHDRAWN", {"withdrawn_by": "reopened"})
        assert [action for action, _data in erp.asked] == (["sale.find"] if attempt > 1 else [])
        return
    tasks.create_order(context(loop, clock, attempt=attempt))
    loop.refresh_from_db()
    assert (loop.order_no, [action for action, _data in erp.asked]) == ("SO-7", ["sale.find", "sale.create"])
    assert [(one.kind, one.person_ids) for one in Incident.objects.all()] == [("business.deal_reopened", [str(cast.ana.pk), str(cast.boss.pk)])]
