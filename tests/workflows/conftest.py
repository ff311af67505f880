"""A world for the engine without business: rules, a card and service tasks that tests steer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from apps.workflows import registry, services
from apps.workflows.models import ProcessInstance, Task
from apps.workflows.registry import Candidates, Card, Fact, FormField, Line, Link, Obstacle, Option, StepContext, stamp


@dataclasses.dataclass
class World:
    """What the outside says and what was done to it. `calls`: (topic, key) of every run of a service task."""

    amount: str = "1000.00"
    on_hand: int = 10
    owed: int = 0
    customer: str = "Delta Water Group"
    erp_up: bool = True
    deciders: list[Any] = dataclasses.field(default_factory=list)
    fallback: bool = False
    reason: str = ""
    calls: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    contexts: list[StepContext] = dataclasses.field(default_factory=list)
    act: Callable[[StepContext], Any] = lambda ctx: {}
    cards_read: int = 0
    owner: str = ""
    obstacles: tuple[Obstacle, ...] = ()

    def card(self, now: dt.datetime) -> Card:
        self.cards_read += 1
        short = self.on_hand < 5
        over = self.owed > 500
        return Card(
            facts=(
                Fact(
                    key="customer",
                    label="Customer",
                    system="crm",
                    value={"name": self.customer},
                    as_of=stamp(now),
                    resource="crm.customer",
                    field="name",
                    owner_id=self.owner,
                ),
                Fact(key="amount", label="Amount", system="crm", kind="money", value={"amount": self.amount, "currency": "CNY"}, as_of=stamp(now)),
                Fact(
                    key="stock",
                    label="Stock",
                    system="erp",
                    kind="quantity",
                    value={"IH-200": {"available": str(self.on_hand)}},
                    state="short" if short else "ok",
                    pill="short" if short else "enough",
                    tone="warn" if short else "ok",
                    as_of=stamp(now),
                    ok=self.erp_up,
                    error="" if self.erp_up else "ERP did not answer",
                ),
                Fact(
                    key="limit",
                    label="Receivable",
                    system="erp",
                    kind="money",
                    value={"amount": str(self.owed), "currency": "CNY"},
                    state="over" if over else "within",
                    as_of=stamp(now),
                    resource="erp.receivable",
                    field="balance",
                    ok=self.erp_up,
                    error="" if self.erp_up else "ERP did not answer",
                ),
            ),
            lines=(Line("IH-200", "Pump", "2", "500.00", "1000.00", "CNY", stock_fact="stock"),),
            form=(
                FormField("payment_term_days", "Payment term", "choice", "60", (Option("30", "30"), Option("60", "60"), Option("90", "90"))),
                FormField("valid_until", "Valid until", "date", "2027-01-31", minimum="2026-11-23"),
                FormField("clauses", "Clauses", "text", "standard", required=False),
            ),
            links=(Link("crm", "Deal D-1", "/deals/1/"),),
            headline="Pump set",
            lines_as_of=stamp(now),
            obstacles=self.obstacles,
            variables={"is_short": short},
        )


@pytest.fixture
def world(cast: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(deciders=[cast.boss])

    def run(topic: str) -> Callable[[StepContext], Any]:
        def step(ctx: StepContext) -> Any:
            world.calls.append((topic, ctx.key))
            world.contexts.append(ctx)
            return world.act(ctx)

        return step

    for topic in ("test.a", "test.b", "test.c", "erp.test"):
        monkeypatch.setitem(registry.SERVICE_TASKS, topic, run(topic))
    monkeypatch.setitem(registry.CARDS, "test.card", lambda instance, now: world.card(now))
    monkeypatch.setitem(
        registry.CANDIDATES, "test.boss", lambda instance: Candidates(tuple(person.pk for person in world.deciders), world.fallback, world.reason)
    )
    return world


@pytest.fixture
def begin(cast: Any, clock: dt.datetime) -> Callable[..., ProcessInstance]:
    """begin(xml, business_key="deal:1", **variables): deploy and start, asked for by ana."""

    def start(xml: str, business_key: str = "deal:1", message: str = "", starter: Any = None, **variables: Any) -> ProcessInstance:
        definition = services.deploy(xml=xml, now=clock)
        return services.start(
            process_key=definition.key,
            business_key=business_key,
            title="Pump set for Delta",
            variables=variables,
            starter_id=(starter or cast.ana).pk,
            message=message,
            now=clock,
        )

    return start


@pytest.fixture
def approve(cast: Any, clock: dt.datetime) -> Callable[..., Task]:
    """approve(task, person=boss, outcome="APPROVED", ...): look at the card, then decide."""

    def decide(
        task: Task,
        person: Any = None,
        outcome: str = "APPROVED",
        comment: str = "",
        form: Any = None,
        acknowledged: Any = (),
        now: dt.datetime | None = None,
    ) -> Task:
        person = person or cast.boss
        seen = services.look_at(task_id=task.pk, person=person, now=now or clock).seen
        return services.complete_task(
            task_id=task.pk,
            person=person,
            outcome=outcome,
            comment=comment,
            seen_version=seen.version,
            acknowledged=acknowledged,
            form=form or {},
            now=now or clock,
        )

    return decide
