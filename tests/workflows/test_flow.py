"""Tokens over rows and jobs: messages, timers, errors, incidents, joins."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from apps.core.errors import NotFound, NotPermitted
from apps.core.http import PermanentError, TransientError
from apps.jobs import selectors as jobs
from apps.notifications import selectors as notifications
from apps.workflows import selectors, services
from apps.workflows.models import Incident, InstanceEvent, ProcessInstance, Subscription, Task
from apps.workflows.registry import BpmnError, Ref, StepResult
from tests.workflows import build as b

pytestmark = pytest.mark.django_db
ONE = b.process(b.service("a", "erp.test"), b.line("start", "a", "end"))
TWO = b.process(b.service("a", "test.a"), b.service("c", "erp.test"), b.service("z", "test.b"), b.line("start", "a", "c", "z", "end"))
SHIPPED = b.process(
    b.catch("wait", "shipped"),
    b.service("a", "test.a"),
    b.xor("g", "f_more"),
    b.line("start", "wait", "a", "g"),
    b.flow("g", "end", "done == true"),
    b.flow("g", "wait", key="f_more"),
    messages=("shipped",),
)


def fresh(instance: ProcessInstance) -> ProcessInstance:
    instance.refresh_from_db()
    return instance


def topics(world: Any) -> list[str]:
    return [topic for topic, _key in world.calls]


@pytest.mark.req("P2")
def test_a_case_is_started_once_per_business_key(world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    one = begin(ONE)
    again = begin(ONE)
    other = begin(ONE, business_key="deal:2")
    assert again.pk == one.pk != other.pk
    run_jobs(now=clock)
    assert topics(world) == ["erp.test", "erp.test"]
    assert begin(ONE).pk == one.pk
    assert run_jobs(now=clock) == 0


def test_start_is_refused_without_a_definition_or_for_an_unknown_message(world: Any, begin: Any, cast: Any, clock: Any) -> None:
    start = {"business_key": "x", "title": "t", "variables": {}, "starter_id": cast.ana.pk, "now": clock}
    with pytest.raises(services.UnableToStart):
        services.start(process_key="nobody", **start)
    services.deploy(xml=ONE, now=clock)
    with pytest.raises(services.UnableToStart):
        services.start(process_key="p", message="what", **start)
    assert ProcessInstance.objects.count() == 0


def test_the_key_of_a_step_is_stable_over_retries_and_the_result_is_kept(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    answers = iter([TransientError("no answer", system="erp"), TransientError("no answer", system="erp"), None])

    def act(ctx: Any) -> StepResult:
        failure = next(answers)
        if failure:
            raise failure
        return StepResult({"order": "SO-1"}, (Ref("erp", "Sales order", "SO-1"),), "Order %(no)s written", {"no": "SO-1"})

    world.act = act
    instance = begin(ONE)
    for minutes in (0, 10, 20):
        run_jobs(now=clock + dt.timedelta(minutes=minutes))
    assert len({key for _topic, key in world.calls}) == 1
    assert world.calls[0][1] == f"{instance.pk}:t1:a:1"
    assert [ctx.attempt for ctx in world.contexts] == [1, 2, 3]
    assert (fresh(instance).state, instance.variables["order"]) == ("COMPLETED", "SO-1")
    line = InstanceEvent.objects.get(instance=instance, kind="step.completed")
    assert (line.text, line.params, line.refs[0]["id"], line.system) == ("Order %(no)s written", {"no": "SO-1"}, "SO-1", "erp")


@pytest.mark.req("P16", "I12")
def test_a_refused_step_is_an_incident_and_a_retry_goes_on_from_there(world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    broken = True

    def act(ctx: Any) -> Any:
        if ctx.node == "c" and broken:
            raise PermanentError("Supplier is not active", system="erp")
        return {}

    world.act = act
    instance = begin(TWO)
    run_jobs(now=clock)
    incident = Incident.objects.get(instance=instance)
    assert (incident.node, incident.message, incident.system, incident.is_open) == ("c", "Supplier is not active", "erp", True)
    assert topics(world) == ["test.a", "erp.test"]
    assert selectors.stuck() == []
    assert notifications.todo_count(cast.admin) == 1
    with pytest.raises(NotFound):
        services.retry_incident(incident_id=incident.pk, person=cast.eve, now=clock)
    broken = False
    services.retry_incident(incident_id=incident.pk, person=cast.admin, now=clock)
    assert notifications.todo_count(cast.admin) == 0
    run_jobs(now=clock)
    assert topics(world) == ["test.a", "erp.test", "erp.test", "test.b"]
    assert world.calls[1] == world.calls[2]
    assert fresh(instance).state == "COMPLETED"
    with pytest.raises(services.UnableToRepair):
        services.retry_incident(incident_id=incident.pk, person=cast.admin, now=clock)


def test_a_retry_that_fails_again_opens_a_new_incident(world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    def act(ctx: Any) -> Any:
        raise PermanentError("still no", system="erp")

    world.act = act
    instance = begin(ONE)
    run_jobs(now=clock)
    services.retry_incident(incident_id=Incident.objects.get().pk, person=cast.admin, now=clock)
    run_jobs(now=clock)
    assert sorted(Incident.objects.values_list("state", flat=True)) == ["OPEN", "RETRIED"]
    assert len({key for _topic, key in world.calls}) == 1
    assert fresh(instance).state == "ACTIVE"


def test_skipping_needs_a_reason_and_goes_on_without_the_step(world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    def act(ctx: Any) -> Any:
        if ctx.node == "c":
            raise PermanentError("no", system="erp")
        return {}

    world.act = act
    instance = begin(TWO)
    run_jobs(now=clock)
    incident = Incident.objects.get()
    with pytest.raises(Exception, match="Say why"):
        services.skip_incident(incident_id=incident.pk, person=cast.admin, reason=" ", now=clock)
    services.skip_incident(incident_id=incident.pk, person=cast.admin, reason="done by hand in the ERP", now=clock)
    run_jobs(now=clock)
    assert topics(world) == ["test.a", "erp.test", "test.b"]
    assert (fresh(instance).state, Incident.objects.get().state) == ("COMPLETED", "SKIPPED")


def test_an_error_boundary_takes_its_code_and_an_uncaught_one_is_an_incident(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    xml = b.process(
        b.service("a", "test.a"),
        b.boundary("bad", "a", b.on_error("BAD")),
        b.service("c", "test.b"),
        '<bpmn:endEvent id="other"/>',
        b.line("start", "a", "end"),
        b.line("bad", "c", "other"),
        '<bpmn:endEvent id="end"/>',
        errors=("BAD",),
    )

    def act(ctx: Any) -> Any:
        if ctx.node == "a":
            raise BpmnError(ctx.variables["code"], "refused", variables={"why": "x"})
        return {}

    world.act = act
    caught, uncaught = begin(xml, "deal:1", code="BAD"), begin(xml, "deal:2", code="WORSE")
    run_jobs(now=clock)
    assert (fresh(caught).state, caught.end_code, caught.variables["why"]) == ("COMPLETED", "other", "x")
    assert fresh(uncaught).state == "ACTIVE"
    assert Incident.objects.get().instance_id == uncaught.pk
    assert selectors.stuck() == []


@pytest.mark.req("P3")
def test_a_message_that_comes_early_is_kept_and_one_that_comes_twice_counts_once(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    send = {"message": "shipped", "business_key": "deal:1", "now": clock}
    assert services.correlate(**send, variables={"done": False}, message_id="e1") == 0  # before the case exists
    instance = begin(SHIPPED)
    assert services.correlate(**send, variables={"done": False}, message_id="e1") == 0
    run_jobs(now=clock)
    assert topics(world) == ["test.a"]
    assert Subscription.objects.filter(instance=instance).count() == 1
    assert services.correlate(**send, variables={"done": False}, message_id="e2") == 1
    assert services.correlate(**send, variables={"done": True}, message_id="e3") == 0  # the step runs: it is kept
    assert services.correlate(**send, variables={"done": True}, message_id="e3") == 0
    run_jobs(now=clock)
    assert topics(world) == ["test.a", "test.a", "test.a"]
    assert [key for _topic, key in world.calls] == [f"{instance.pk}:t1:a:{turn}" for turn in (1, 2, 3)]
    assert fresh(instance).state == "COMPLETED"
    assert services.correlate(**send, variables={}, message_id="e4") == 0


def test_a_timer_waits_and_fires_once(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    instance = begin(b.process(b.timer("pause", "PT1H"), b.service("a", "test.a"), b.line("start", "pause", "a", "end")))
    run_jobs(now=clock + dt.timedelta(minutes=59))
    assert world.calls == []
    assert selectors.stuck() == []
    run_jobs(now=clock + dt.timedelta(minutes=60))
    assert topics(world) == ["test.a"]
    assert fresh(instance).state == "COMPLETED"


BOUNDED = b.process(
    b.user("approve"),
    b.boundary("late", "approve", b.every("R2/PT1H"), interrupting=False),
    b.service("remind", "test.b"),
    '<bpmn:endEvent id="reminded"/>',
    b.boundary("gone", "approve", b.on_message("withdrawn")),
    '<bpmn:endEvent id="over"/>',
    b.boundary("expired", "approve", b.after("PT5H")),
    '<bpmn:endEvent id="too_late"/>',
    '<bpmn:endEvent id="end"/>',
    b.line("start", "approve", "end"),
    b.line("late", "remind", "reminded"),
    b.line("gone", "over"),
    b.line("expired", "too_late"),
    messages=("withdrawn",),
)


@pytest.mark.req("P5")
def test_boundaries_remind_withdraw_and_expire(world: Any, begin: Any, run_jobs: Any, clock: Any, cast: Any) -> None:
    reminded, withdrawn, expired = (begin(BOUNDED, f"deal:{number}") for number in (1, 2, 3))
    run_jobs(now=clock + dt.timedelta(hours=1))
    assert topics(world) == ["test.b"] * 3
    assert services.correlate(message="withdrawn", business_key="deal:2", variables={}, now=clock, message_id="w") == 1
    assert (fresh(withdrawn).state, withdrawn.end_code) == ("COMPLETED", "over")
    assert Task.objects.get(instance=withdrawn).state == "CANCELLED"
    run_jobs(now=clock + dt.timedelta(hours=4))
    assert topics(world) == ["test.b"] * 5  # twice each for the two that wait, and no third time
    run_jobs(now=clock + dt.timedelta(hours=5))
    assert {fresh(expired).end_code, fresh(reminded).end_code} == {"too_late"}
    assert notifications.todo_count(cast.boss) == 0
    assert jobs.pending(kind="workflows.").count() == 0


def test_a_timer_does_not_take_a_decision_out_of_its_undo_window(world: Any, begin: Any, approve: Any, run_jobs: Any, clock: Any) -> None:
    instance = begin(BOUNDED)
    at = clock + dt.timedelta(hours=5, seconds=-3)
    approve(Task.objects.get(instance=instance), now=at)
    run_jobs(now=clock + dt.timedelta(hours=5))
    assert Task.objects.get().state == "DECIDED"
    run_jobs(now=clock + dt.timedelta(hours=5, minutes=1))
    assert (Task.objects.get().state, fresh(instance).end_code) == ("COMPLETED", "end")


def test_a_join_waits_for_all_its_ways(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    instance = begin(
        b.process(
            b.both("fork"),
            b.both("join"),
            b.service("a", "test.a"),
            b.catch("wait", "shipped"),
            b.service("c", "test.c"),
            b.line("start", "fork", "a", "join", "c", "end"),
            b.line("fork", "wait", "join"),
            messages=("shipped",),
        )
    )
    run_jobs(now=clock)
    assert topics(world) == ["test.a"]
    assert selectors.stuck() == []
    services.correlate(message="shipped", business_key="deal:1", variables={}, now=clock)
    run_jobs(now=clock)
    assert topics(world) == ["test.a", "test.c"]
    assert fresh(instance).state == "COMPLETED"


def test_a_gateway_that_cannot_decide_holds_the_case_with_an_incident(world: Any, begin: Any, cast: Any, run_jobs: Any, clock: Any) -> None:
    xml = b.process(
        b.service("a", "test.a"),
        b.xor("g", "f_no"),
        b.line("start", "a", "g"),
        b.flow("g", "end", "amount &gt; 5", key="f_yes"),
        b.flow("g", "end", key="f_no"),
    )
    instance = begin(xml)
    run_jobs(now=clock)
    incident = Incident.objects.get()
    assert (incident.kind, incident.node) == ("workflows.gateway", "g")
    assert "amount" in incident.message
    assert selectors.stuck() == []
    services.retry_incident(incident_id=incident.pk, person=cast.admin, now=clock)
    again = Incident.objects.get(state="OPEN")
    instance.refresh_from_db()
    instance.variables = {"amount": 6}
    instance.save()
    services.retry_incident(incident_id=again.pk, person=cast.admin, now=clock)
    assert fresh(instance).state == "COMPLETED"


def test_terminate_and_error_ends_stop_everything_else(world: Any, begin: Any, run_jobs: Any, clock: Any, cast: Any) -> None:
    def xml(key: str, definition: str) -> str:
        return b.process(
            b.both("fork"),
            b.service("a", "test.a"),
            b.user("approve"),
            f'<bpmn:endEvent id="stop">{definition}</bpmn:endEvent>',
            '<bpmn:endEvent id="end"/>',
            b.line("start", "fork", "a", "stop"),
            b.line("fork", "approve", "end"),
            key=key,
            errors=("BAD",),
        )

    ended = begin(xml("p", "<bpmn:terminateEventDefinition/>"), "deal:1")
    failed = begin(xml("q", b.on_error("BAD")), "deal:2")
    run_jobs(now=clock)
    assert (fresh(ended).state, fresh(failed).state, failed.end_code) == ("COMPLETED", "FAILED", "BAD")
    assert set(Task.objects.values_list("state", flat=True)) == {"CANCELLED"}
    assert notifications.todo_count(cast.boss) == 0


@pytest.mark.req("P5")
def test_a_step_that_has_begun_outside_cannot_be_withdrawn(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    def act(ctx: Any) -> Any:
        with pytest.raises(services.UnableToWithdraw):
            services.withdraw(instance_id=ctx.instance_id, reason="x", now=clock)
        return {}

    world.act = act
    running = begin(ONE, "deal:1")
    run_jobs(now=clock)
    assert fresh(running).state == "COMPLETED"
    waiting = begin(ONE, "deal:2")
    services.withdraw(instance_id=waiting.pk, reason="x", now=clock)
    run_jobs(now=clock)
    assert (fresh(waiting).state, len(world.calls)) == ("WITHDRAWN", 1)


def test_a_business_incident_is_told_once_and_does_not_hold_the_case(world: Any, begin: Any, run_jobs: Any, clock: Any, cast: Any) -> None:
    instance = begin(SHIPPED)
    for _turn in range(2):
        services.raise_incident(
            instance_id=instance.pk,
            kind="business.reopened",
            message="The deal was reopened after %(order)s.",
            now=clock,
            person_ids=[cast.ana.pk, cast.boss.pk],
            params={"order": "SO-1"},
            system="crm",
            dedupe="r",
        )
    incident = Incident.objects.get()
    assert (notifications.todo_count(cast.ana), notifications.todo_count(cast.boss)) == (1, 1)
    services.correlate(message="shipped", business_key="deal:1", variables={"done": True}, now=clock)
    run_jobs(now=clock)
    assert fresh(instance).state == "COMPLETED"
    with pytest.raises(NotPermitted):
        services.retry_incident(incident_id=incident.pk, person=cast.ana, now=clock)
    services.resolve_incident(incident_id=incident.pk, person=cast.ana, note="seen", now=clock)
    assert (notifications.todo_count(cast.ana), notifications.todo_count(cast.boss)) == (0, 0)


def test_an_annotation_stands_once(world: Any, begin: Any, clock: Any) -> None:
    instance = begin(SHIPPED)
    for _turn in range(2):
        services.annotate(
            instance_id=instance.pk,
            kind="business.shipped",
            text="Shipped %(no)s",
            params={"no": "1"},
            system="erp",
            now=clock,
            refs=[Ref("erp", "Delivery note", "DN-1")],
            dedupe="1",
        )
    assert InstanceEvent.objects.get(kind="business.shipped").refs == [
        {"system": "erp", "label": "Delivery note", "id": "DN-1", "url": "", "resource": "", "field": "", "owner_id": ""}
    ]


def test_input_and_output_mappings_are_cel(world: Any, begin: Any, run_jobs: Any, clock: Any) -> None:
    mapping = (
        '<zeebe:ioMapping><zeebe:input source="=order.lines.map(l, l.q)" target="quantities"/>'
        '<zeebe:output source="=no" target="order_no"/></zeebe:ioMapping>'
    )
    world.act = lambda ctx: {"no": "SO-1", "secret": "x"}
    instance = begin(b.process(b.service("a", "test.a", mapping), b.line("start", "a", "end")), order={"lines": [{"q": 1}, {"q": 2}]})
    run_jobs(now=clock)
    assert world.contexts[0].inputs == {"quantities": [1, 2]}
    assert fresh(instance).variables == {"order": {"lines": [{"q": 1}, {"q": 2}]}, "order_no": "SO-1"}


def test_a_broken_candidates_rule_does_not_lose_the_case(world: Any, begin: Any, run_jobs: Any, clock: Any, cast: Any, monkeypatch: Any) -> None:
    from apps.workflows import registry

    def broken(instance: Any) -> Any:
        raise RuntimeError("bug")

    begin(b.process(b.service("a", "test.a"), b.user("approve"), b.line("start", "a", "approve", "end")))
    monkeypatch.setitem(registry.CANDIDATES, "test.boss", broken)
    for hours in range(0, 40, 2):
        run_jobs(now=clock + dt.timedelta(hours=hours))
    assert Incident.objects.get().node == "a"
    assert selectors.stuck() == []
    monkeypatch.undo()


def test_an_unknown_id_is_not_found(cast: Any, clock: Any) -> None:
    for call in (services.retry_incident, services.resolve_incident):
        extra = {"note": ""} if call is services.resolve_incident else {}
        with pytest.raises(NotFound):
            call(incident_id=uuid.uuid4(), person=cast.admin, now=clock, **extra)
    with pytest.raises(NotFound):
        services.withdraw(instance_id=uuid.uuid4(), reason="", now=clock)
