"""The decision: who may, what is compared, what is frozen, what can be undone."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.conf import settings

from apps.access import services as access
from apps.access.models import Assignment
from apps.audit import selectors as audit
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.directory import services as directory
from apps.insight.models import Fact as BoardFact
from apps.jobs import selectors as jobs
from apps.notifications import selectors as notifications
from apps.workflows import policies, selectors, services
from apps.workflows.models import DecisionSnapshot, Incident, InstanceEvent, SeenCard, Task
from apps.workflows.registry import Obstacle
from tests.workflows import build as b

pytestmark = pytest.mark.django_db
APPROVAL = b.process(
    b.user("approve"),
    b.xor("g", "f_no"),
    b.service("write", "erp.test"),
    b.service("tell", "test.b"),
    b.line("start", "approve", "g"),
    b.flow("g", "write", 'outcome == "APPROVED"'),
    b.flow("g", "tell", key="f_no"),
    b.line("write", "end"),
    b.line("tell", "end"),
)


def only_task(instance: Any) -> Task:
    return Task.objects.get(instance=instance)


def state_of(task: Task) -> tuple[Any, ...]:
    """All that a decision could change."""
    task.refresh_from_db()
    task.instance.refresh_from_db()
    return (
        task.state,
        task.outcome,
        task.assignee_id,
        task.instance.rev,
        task.instance.state,
        DecisionSnapshot.objects.count(),
        jobs.pending().count(),
        InstanceEvent.objects.count(),
    )


@pytest.mark.req("D4", "P3", "E12")
def test_the_task_reaches_the_inbox_of_its_candidate(world: Any, begin: Any, cast: Any) -> None:
    task = only_task(begin(APPROVAL))
    assert (task.state, task.assignee) == ("RESERVED", cast.boss)
    assert list(selectors.tasks_for(cast.boss)) == [task]
    assert [list(selectors.tasks_for(person)) for person in (cast.ana, cast.fin, cast.admin)] == [[], [], []]
    assert notifications.todo_count(cast.boss) == 1


def test_several_candidates_share_a_ready_task_and_the_first_decides(world: Any, begin: Any, approve: Any, cast: Any) -> None:
    world.deciders = [cast.boss, cast.fin]
    task = only_task(begin(APPROVAL))
    assert (task.state, task.assignee, task.candidates.count()) == ("READY", None, 2)
    assert (notifications.todo_count(cast.boss), notifications.todo_count(cast.fin)) == (1, 1)
    approve(task)
    assert (notifications.todo_count(cast.boss), notifications.todo_count(cast.fin)) == (0, 0)
    before = state_of(task)
    with pytest.raises(services.UnableToComplete) as refused:
        approve(task, person=cast.fin, outcome="REJECTED", comment="no")
    assert "Already decided by" in str(refused.value)
    assert refused.value.details["by"] == "boss"
    assert state_of(task) == before


@pytest.mark.req("E1")
@pytest.mark.parametrize("_case", ["nobody", "only the requester", "inactive", "without the right", "the rule says so"])
def test_without_an_approver_the_named_admin_steps_in_with_an_alert(_case: str, world: Any, begin: Any, cast: Any, clock: Any) -> None:
    world.deciders = {"nobody": [], "only the requester": [cast.ana], "inactive": [cast.boss], "the rule says so": [],
                      "without the right": [cast.guest]}[_case]  # fmt: skip
    if _case == "inactive":
        directory.set_active(person_id=cast.boss.pk, active=False, now=clock)
    if _case == "the rule says so":
        world.fallback, world.reason = True, "The seller is the manager."
    task = only_task(begin(APPROVAL))
    assert list(task.candidates.all()) == [cast.admin]
    assert task.fallback_reason == (world.reason or "The rule found nobody who may decide.")
    kinds = {row.kind for row in notifications.inbox(cast.admin, now=clock)}
    assert kinds == {"workflows.task_assigned", "workflows.task_fallback"}
    assert notifications.todo_count(cast.admin) == 1


def test_when_even_the_admin_is_the_requester_it_is_an_incident_never_a_silent_pass(
    world: Any, begin: Any, cast: Any, clock: Any, approve: Any
) -> None:
    world.deciders = []
    instance = begin(APPROVAL, starter=cast.admin)
    task = only_task(instance)
    assert task.candidates.count() == 0
    incident = Incident.objects.get(instance=instance)
    assert incident.kind == "workflows.no_approver"
    assert selectors.stuck() == []
    services.reassign(task_id=task.pk, person=cast.admin, to=cast.boss, reason="manager is new", now=clock)
    incident.refresh_from_db()
    assert incident.state == "RESOLVED"
    approve(task)


@pytest.mark.req("E1", "A6")
def test_the_requester_never_decides_even_when_the_rule_or_an_admin_says_so(world: Any, begin: Any, cast: Any, clock: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    with pytest.raises(services.UnableToReassign):
        services.reassign(task_id=task.pk, person=cast.admin, to=cast.ana, reason="away", now=clock)
    assert state_of(task) == before
    task.candidates.add(cast.ana)  # as a faulty import might
    with pytest.raises(NotPermitted):
        approve(task, person=cast.ana)
    assert state_of(task) == before
    assert list(selectors.tasks_for(cast.ana)) == []


@pytest.mark.req("A6", "X3")
def test_a_stranger_cannot_see_decide_undo_or_hand_over(world: Any, begin: Any, cast: Any, clock: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    for person in (cast.ana, cast.fin, cast.eve, cast.guest):
        with pytest.raises(NotFound):
            selectors.task_for(person, task.pk)
        with pytest.raises(NotFound):
            services.complete_task(
                task_id=task.pk, person=person, outcome="APPROVED", comment="", seen_version="", acknowledged=[], form={}, now=clock
            )
        with pytest.raises(NotFound):
            services.look_at(task_id=task.pk, person=person, now=clock)
        with pytest.raises(NotFound):
            services.reassign(task_id=task.pk, person=person, to=cast.fin, reason="x", now=clock)
    assert state_of(task) == before
    assert SeenCard.objects.count() == 0
    assert world.cards_read == 0


@pytest.mark.req("A6", "E14")
def test_a_task_is_not_handed_to_somebody_who_may_not_decide(world: Any, begin: Any, cast: Any, clock: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    with pytest.raises(services.UnableToReassign, match="may not decide"):
        services.reassign(task_id=task.pk, person=cast.admin, to=cast.guest, reason="away", now=clock)
    assert state_of(task) == before
    assert [notifications.todo_count(person) for person in (cast.boss, cast.guest)] == [1, 0]
    assert audit.entries(action="workflows.task.reassigned").count() == 0


@pytest.mark.req("E14", "D9")
def test_a_task_that_opens_again_is_told_to_those_who_may_still_decide(world: Any, begin: Any, approve: Any, cast: Any, clock: Any) -> None:
    world.deciders = [cast.boss, cast.fin]
    task = only_task(begin(APPROVAL))
    approve(task)
    access.assign_role(actor=cast.admin, role="employee", person_id=cast.boss.pk, now=clock)
    (held,) = Assignment.objects.filter(role__code="employee", person=None)
    access.revoke_role(actor=cast.admin, assignment_id=held.pk, now=clock)
    services.undo_completion(task_id=task.pk, person=cast.boss, now=clock)
    assert [notifications.todo_count(person) for person in (cast.boss, cast.fin)] == [1, 0]
    assert notifications.drift(clock) == frozenset()


def test_the_admin_sees_a_task_and_hands_it_over_but_does_not_decide_it(world: Any, begin: Any, cast: Any, clock: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    with pytest.raises(NotPermitted):
        approve(task, person=cast.admin)
    services.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="boss is away", now=clock)
    assert (notifications.todo_count(cast.boss), notifications.todo_count(cast.fin)) == (0, 1)
    with pytest.raises(NotFound):
        approve(task)
    approve(task, person=cast.fin)
    assert audit.entries(action="workflows.task.reassigned").get().data["to"] == "fin"


@pytest.mark.req("E9")
def test_a_task_that_was_handed_over_waits_for_its_new_person_on_the_board(world: Any, begin: Any, cast: Any, clock: Any, run_jobs: Any) -> None:
    def waiting() -> list[tuple[Any, Any]]:
        run_jobs(now=clock)
        return list(BoardFact.objects.filter(stream="task.open", replaced_at=None).values_list("owner", "department"))

    task = only_task(begin(APPROVAL))
    assert waiting() == [(cast.boss.pk, cast.boss.org_unit_id)]
    services.reassign(task_id=task.pk, person=cast.admin, to=cast.fin, reason="boss is away", now=clock)
    assert waiting() == [(cast.fin.pk, cast.fin.org_unit_id)]


@pytest.mark.req("P5", "D5")
def test_approval_waits_out_the_undo_window_then_the_token_moves(world: Any, begin: Any, approve: Any, cast: Any, clock: Any, run_jobs: Any) -> None:
    instance = begin(APPROVAL)
    task = approve(only_task(instance), form={"payment_term_days": "90"}, comment="once")
    assert (task.state, task.effective_at) == ("DECIDED", clock + settings.UNDO_WINDOW)
    run_jobs(now=clock + dt.timedelta(seconds=9))
    assert world.calls == []
    run_jobs(now=clock + dt.timedelta(seconds=10))
    task.refresh_from_db()
    instance.refresh_from_db()
    assert (task.state, instance.state) == ("COMPLETED", "COMPLETED")
    assert [topic for topic, _key in world.calls] == ["erp.test"]
    decision = world.contexts[0].decision
    assert (decision.outcome, decision.decided_by, decision.form["payment_term_days"], decision.comment) == ("APPROVED", "boss", "90", "once")
    assert world.contexts[0].variables["is_short"] is False
    assert world.contexts[0].decided_by == "boss"


@pytest.mark.req("P5")
def test_undo_inside_the_window_leaves_no_trace_outside_and_the_task_open(
    world: Any, begin: Any, approve: Any, cast: Any, clock: Any, run_jobs: Any
) -> None:
    instance = begin(APPROVAL)
    task = approve(only_task(instance))
    assert notifications.todo_count(cast.boss) == 0
    services.undo_completion(task_id=task.pk, person=cast.boss, now=clock + dt.timedelta(seconds=9))
    run_jobs(now=clock + dt.timedelta(hours=1))
    task.refresh_from_db()
    assert (task.state, task.outcome, world.calls) == ("RESERVED", "", [])
    assert notifications.todo_count(cast.boss) == 1
    assert selectors.stuck() == []
    approve(task, outcome="REJECTED", comment="too cheap", now=clock + dt.timedelta(hours=1))
    run_jobs(now=clock + dt.timedelta(hours=2))
    assert [topic for topic, _key in world.calls] == ["test.b"]
    assert sorted(DecisionSnapshot.objects.values_list("state", "outcome")) == [("APPLIED", "REJECTED"), ("UNDONE", "APPROVED")]


@pytest.mark.parametrize("_case", ["too late", "somebody else", "not decided"])
def test_undo_is_refused(_case: str, world: Any, begin: Any, approve: Any, cast: Any, clock: Any) -> None:
    task = only_task(begin(APPROVAL))
    if _case != "not decided":
        approve(task)
    person = cast.admin if _case == "somebody else" else cast.boss
    at = clock + dt.timedelta(seconds=10 if _case == "too late" else 1)
    before = state_of(task)
    with pytest.raises(services.UnableToUndo):
        services.undo_completion(task_id=task.pk, person=person, now=at)
    assert state_of(task) == before


def test_a_double_submit_is_one_decision(world: Any, begin: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    approve(task)
    before = state_of(task)
    assert approve(task).pk == task.pk
    assert state_of(task) == before


@pytest.mark.parametrize("outcome", ["REJECTED", "RETURNED"])
def test_rejecting_and_returning_need_words(outcome: str, world: Any, begin: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    with pytest.raises(InvalidInput) as refused:
        approve(task, outcome=outcome, comment="  ")
    assert list(refused.value.details["fields"]) == ["comment"]
    assert state_of(task) == before


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"payment_term_days": "45"}, "payment_term_days"),
        ({"valid_until": "2020-01-01"}, "valid_until"),
        ({"valid_until": "soon"}, "valid_until"),
        ({"valid_until": ""}, "valid_until"),
        ({"amount": "1"}, "amount"),
        ({"clauses": "x" * 4001}, "clauses"),
    ],
)
def test_terms_outside_what_the_card_offers_are_refused(form: Any, field: str, world: Any, begin: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    before = state_of(task)
    with pytest.raises(InvalidInput) as refused:
        approve(task, form=form)
    assert list(refused.value.details["fields"]) == [field]
    assert state_of(task) == before


MOVES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "amount": ({"amount": "900.00"}, [("amount", "¥1,000", "¥900")]),
    "stock turns short": ({"on_hand": 3}, [("stock", "IH-200: 10", "IH-200: 3")]),
    "receivable crosses the limit": ({"owed": 501}, [("limit", "••••", "••••")]),
}


NO_PRODUCT = Obstacle(
    "product_unknown:2", "Line %(line)s: the ERP has no product %(sku)s.", "Correct it in the CRM.", {"line": 2, "sku": "X-9"}, "/deals/1/",
    resource="crm.deal", field="lines")  # fmt: skip


@pytest.mark.req("D8", "D9")
def test_what_cannot_be_carried_out_is_not_approved_but_may_be_rejected_or_returned(
    world: Any, begin: Any, approve: Any, cast: Any, clock: Any
) -> None:
    tasks = [only_task(begin(APPROVAL, business_key=f"deal:{number}")) for number in (1, 2, 3)]
    seen = services.look_at(task_id=tasks[0].pk, person=cast.boss, now=clock).seen
    world.obstacles = (NO_PRODUCT,)
    before, frozen = state_of(tasks[0]), DecisionSnapshot.objects.count()
    decide = {"task_id": tasks[0].pk, "person": cast.boss, "outcome": "APPROVED", "comment": "", "acknowledged": [], "form": {}, "now": clock}
    with pytest.raises(services.Obstructed) as refused:
        services.complete_task(**decide, seen_version=seen.version)  # it was fine when the person looked
    assert refused.value.status == 409
    assert refused.value.details["obstacles"] == [
        {"key": "product_unknown:2", "text": "Line 2: the ERP has no product X-9.", "cure": "Correct it in the CRM.", "url": "/deals/1/"}]
    with pytest.raises(services.Obstructed):
        services.complete_task(**decide, seen_version=refused.value.details["version"])  # knowing it does not help
    assert (state_of(tasks[0]), DecisionSnapshot.objects.count(), world.calls) == (before, frozen, [])
    assert approve(tasks[1], outcome="REJECTED", comment="no such pump").state == "DECIDED"
    assert approve(tasks[2], outcome="RETURNED", comment="correct line 2").state == "DECIDED"
    world.obstacles = ()
    assert approve(tasks[0]).state == "DECIDED"


def test_an_obstacle_tells_nothing_that_its_reader_may_not_see(world: Any, begin: Any, cast: Any, clock: Any) -> None:
    hidden = policies.obstacle(cast.guest, NO_PRODUCT)
    assert hidden == {
        "key": "product_unknown:2", "text": "Something in it cannot be carried out; your role does not see the value.", "cure": "", "url": ""}


@pytest.mark.req("D5", "D9")
@pytest.mark.parametrize("_case", MOVES)
def test_a_watched_fact_that_moved_refuses_the_decision_with_the_difference(_case: str, world: Any, begin: Any, cast: Any, clock: Any) -> None:
    changes, diff = MOVES[_case]
    task = only_task(begin(APPROVAL))
    seen = services.look_at(task_id=task.pk, person=cast.boss, now=clock).seen
    for name, value in changes.items():
        setattr(world, name, value)
    before = state_of(task)
    decide = {"task_id": task.pk, "person": cast.boss, "outcome": "APPROVED", "comment": "", "acknowledged": [], "form": {}, "now": clock}
    with pytest.raises(services.StaleCard) as refused:
        services.complete_task(**decide, seen_version=seen.version)
    assert [(line["fact"], line["old"], line["new"]) for line in refused.value.details["diff"]] == diff or _case.startswith("receivable")
    assert refused.value.details["diff"][0]["fact"] == diff[0][0]
    assert state_of(task) == before
    services.complete_task(**decide, seen_version=refused.value.details["version"])
    task.refresh_from_db()
    assert task.state == "DECIDED"


@pytest.mark.parametrize("changes", [{"on_hand": 7}, {"owed": 400}, {"customer": "Delta Water Group Ltd"}])
def test_a_move_that_is_not_watched_passes(changes: Any, world: Any, begin: Any, cast: Any, clock: Any) -> None:
    task = only_task(begin(APPROVAL))
    seen = services.look_at(task_id=task.pk, person=cast.boss, now=clock).seen
    for name, value in changes.items():
        setattr(world, name, value)
    services.complete_task(
        task_id=task.pk, person=cast.boss, outcome="APPROVED", comment="", seen_version=seen.version, acknowledged=[], form={}, now=clock
    )
    task.refresh_from_db()
    assert task.state == "DECIDED"


def test_a_version_that_this_person_never_saw_is_refused(world: Any, begin: Any, cast: Any, clock: Any) -> None:
    world.deciders = [cast.boss, cast.fin]
    task = only_task(begin(APPROVAL))
    seen = services.look_at(task_id=task.pk, person=cast.fin, now=clock).seen
    before = state_of(task)
    for version in ("", "0" * 16, seen.version):
        with pytest.raises(services.StaleCard):
            services.complete_task(
                task_id=task.pk, person=cast.boss, outcome="APPROVED", comment="", seen_version=version, acknowledged=[], form={}, now=clock
            )
        SeenCard.objects.filter(person=cast.boss).delete()
    assert state_of(task) == before


@pytest.mark.req("D9", "X5")
def test_a_fact_of_a_system_that_is_down_must_be_acknowledged(world: Any, begin: Any, approve: Any) -> None:
    task = only_task(begin(APPROVAL))
    world.erp_up = False
    before = state_of(task)
    with pytest.raises(services.Unacknowledged) as refused:
        approve(task, acknowledged=["stock"])
    assert refused.value.details["facts"] == ["limit"]
    assert state_of(task) == before
    approve(task, acknowledged=["stock", "limit"])
    frozen = json.loads(DecisionSnapshot.objects.get().document)
    assert frozen["acknowledged"] == ["limit", "stock"]


@pytest.mark.req("D5")
def test_the_frozen_card_tells_what_was_seen_and_a_touched_one_fails_its_proof(
    world: Any, begin: Any, approve: Any, clock: Any, run_jobs: Any
) -> None:
    task = approve(only_task(begin(APPROVAL)), form={"payment_term_days": "30"})
    world.on_hand, world.amount = 1, "1.00"
    run_jobs(now=clock + dt.timedelta(minutes=1))
    snapshot = DecisionSnapshot.objects.get(task=task)
    decision = selectors.decision_of(snapshot)
    stock = decision.card.fact("stock")
    assert stock is not None
    assert (stock.value, stock.as_of) == ({"IH-200": {"available": "10"}}, clock.isoformat())
    assert json.loads(snapshot.document)["changed_terms"] == ["payment_term_days"]
    assert selectors.is_intact(snapshot)
    touched = DecisionSnapshot.objects.get(task=task)
    touched.document = touched.document.replace('"available":"10"', '"available":"99"')
    assert not selectors.is_intact(touched)
    import hashlib

    touched.sha256 = hashlib.sha256(touched.document.encode()).hexdigest()
    assert not selectors.is_intact(touched)  # the audit chain holds the true digest


def test_a_decision_by_somebody_whose_right_was_taken_is_refused(world: Any, begin: Any, approve: Any, cast: Any, clock: Any) -> None:
    task = only_task(begin(APPROVAL))
    directory.set_active(person_id=cast.boss.pk, active=False, now=clock)
    cast.boss.refresh_from_db()
    with pytest.raises(NotFound):
        approve(task)
    assert access is not None


@pytest.mark.req("P5")
def test_a_withdrawal_inside_the_undo_window_drops_the_decision(world: Any, begin: Any, approve: Any, cast: Any, clock: Any, run_jobs: Any) -> None:
    instance = begin(APPROVAL)
    task = approve(only_task(instance))
    services.withdraw(instance_id=instance.pk, reason="The deal was reopened.", now=clock)
    run_jobs(now=clock + dt.timedelta(minutes=1))
    task.refresh_from_db()
    instance.refresh_from_db()
    assert (task.state, instance.state, world.calls) == ("CANCELLED", "WITHDRAWN", [])
    assert DecisionSnapshot.objects.get().state == "WITHDRAWN"
    assert [row.kind for row in notifications.inbox(cast.boss, now=clock)] == ["workflows.instance_withdrawn"]
    with pytest.raises(services.UnableToWithdraw):
        services.withdraw(instance_id=instance.pk, reason="again", now=clock)


def test_only_the_starter_or_a_repairer_withdraws(world: Any, begin: Any, cast: Any, clock: Any) -> None:
    instance = begin(APPROVAL)
    for person in (cast.boss, cast.fin, cast.guest):
        with pytest.raises(NotPermitted):
            services.withdraw(instance_id=instance.pk, reason="x", person=person, now=clock)
    services.withdraw(instance_id=instance.pk, reason="x", person=cast.ana, now=clock)
