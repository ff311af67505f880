# ruff: noqa: F811 - fixtures of other tests are imported by name
"""Count = truth: the badge is what one can act on now, whatever happens; a lie is found, put right and told."""

from __future__ import annotations

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from apps.access import services as access
from apps.access.models import Assignment, Grant, Role
from apps.audit import selectors as audit
from apps.core import kinds
from apps.core.errors import NotPermitted
from apps.directory import services as directory
from apps.jobs.selectors import pending
from apps.notifications import registry, selectors, services
from apps.notifications.models import Notification
from apps.notifications.selectors import Drift
from apps.workflows import services as workflows
from apps.workflows.models import Task
from tests.notifications.walk import CASE, Company, server
from tests.workflows.build import line, process, user
from tests.workflows.conftest import World, approve, begin, world  # noqa: F401 - fixtures

STEPS, LOOK_EVERY = 10_000, 100
ONE = process(user("check"), line("start", "check", "end"))


@pytest.mark.req("E13", "E14", "D9")
@pytest.mark.timeout(240)
def test_10000_steps_leave_no_drift_and_every_device_shows_what_the_server_has(world: World, cast: SimpleNamespace, clock: dt.datetime) -> None:
    workflows.deploy(xml=CASE, now=clock)
    company = Company(cast, world.deciders, seed=20261123, now=clock)
    for number in range(STEPS):
        company.step()
        if number % LOOK_EVERY == 0:
            assert company.settle() == [], number
            assert selectors.drift(company.now) == frozenset(), number
    assert company.settle(reconnect=True) == []
    assert selectors.drift(company.now) == frozenset()
    assert services.reconcile(now=company.now).found == ()
    for device in company.devices:
        assert device.shown == server(device.person, company.now)
        assert len(device.shown) == selectors.todo_count(device.person, company.now)
    assert min(company.did.values()) > 10 and company.refused < STEPS / 3  # the walk was a walk
    assert sum(device.fetches for device in company.devices) < STEPS / 2  # and devices asked when they were told to


@pytest.fixture
def told(begin: Any, cast: SimpleNamespace, world: World) -> Notification:
    """One task of boss and fin; boss's to-do."""
    world.deciders = [cast.boss, cast.fin]
    begin(ONE)
    return Notification.objects.get(person=cast.boss, todo=True)


def lies(now: dt.datetime) -> set[tuple[str, str]]:
    return {(one.what, one.ref.partition(":")[0]) for one in selectors.drift(now)}


@pytest.mark.req("E14")
@pytest.mark.parametrize("lie", ["GHOST", "MISSING", "DOUBLE"])
def test_a_lie_is_found_put_right_audited_and_told(told: Notification, cast: SimpleNamespace, clock: dt.datetime, lie: str) -> None:
    assert lies(clock) == set()
    if lie == "GHOST":
        Task.objects.update(state=Task.State.CANCELLED)
    elif lie == "MISSING":
        told.delete()
    else:
        told.pk = None
        told._state.adding = True
        told.id = uuid.uuid4()
        told.save()
    assert lies(clock) == {(lie, "workflows.task")}
    with pytest.raises(CommandError):
        call_command("check_counts")
    assert lies(clock) == {(lie, "workflows.task")}  # looking changes nothing
    report = services.reconcile(now=clock)
    assert report.cured and report.counts == {lie: 2 if lie == "GHOST" else 1}
    assert lies(clock) == set()
    assert selectors.todo_count(cast.boss, clock) == (0 if lie == "GHOST" else 1)
    (entry,) = audit.entries(action="notifications.drift.cured")
    assert entry.data[lie] == report.counts[lie]
    row = Notification.objects.get(kind=services.DRIFTED)
    assert row.person_id == cast.admin.pk
    assert selectors.rendered(row, cast.admin).title == "To-do lists differed from what can be done, and were put right"
    call_command("check_counts")


@pytest.mark.req("E14")
def test_who_may_not_decide_any_more_has_nothing_to_do(told: Notification, cast: SimpleNamespace, clock: dt.datetime) -> None:
    from apps.access import services as access
    from apps.access.models import Assignment

    for given in Assignment.objects.exclude(role__code="portal_admin"):
        access.revoke_role(assignment_id=given.pk, actor=cast.admin, now=clock)
    assert lies(clock) == {("GHOST", "workflows.task")}
    services.reconcile(now=clock)
    assert (selectors.todo_count(cast.boss, clock), selectors.todo_count(cast.fin, clock)) == (0, 0)


@pytest.mark.req("E14", "D8")
def test_a_quarantined_record_stands_with_the_one_who_answers_for_it(systems: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> None:
    from apps.integrations.events import Problem
    from apps.integrations.models import Connection, QuarantineItem
    from apps.integrations.services.quarantine import hold, release

    crm = Connection.objects.get(key="crm")
    given: dict[str, Any] = {"stream": "deals", "kind": "deal", "external_id": "d-9", "live": True, "now": clock}
    hold(connection=crm, raw={"name": "Bad"}, record=None, problems=[Problem("deal_without_lines", "lines", {})], **given)
    assert lies(clock) == set()  # the news is on its way
    run_jobs(now=clock)
    assert lies(clock) == set()
    assert selectors.todo_count(cast.admin, clock) == 1
    Notification.objects.all().delete()
    assert lies(clock) == {("MISSING", "quarantine")}
    services.reconcile(now=clock)
    assert selectors.todo_count(cast.admin, clock) == 1
    release(connection=crm, stream="deals", external_id="d-9", outcome="cured", now=clock)
    assert QuarantineItem.objects.filter(state="OPEN").count() == 0 and lies(clock) == set()
    run_jobs(now=clock)
    assert (lies(clock), selectors.todo_count(cast.admin, clock)) == (set(), 0)


def test_every_kind_of_to_do_has_an_owner() -> None:
    assert {kind.key for kind in kinds.KINDS.values() if kind.todo and not kind.key.startswith("tests.")} == set(registry.OWNERS)
    with pytest.raises(ValueError, match="owner already"):
        registry.answers_for(next(iter(registry.OWNERS)))(object)


@pytest.mark.req("E14")
def test_the_reconciler_runs_by_itself(told: Notification, clock: dt.datetime, run_jobs: Any) -> None:
    from apps.jobs import selectors as jobs
    from apps.jobs import services as queue

    queue.arm_periodic(now=clock)
    told.delete()
    job = jobs.get(f"every:{services.RECONCILE}")
    assert job is not None and job.repeat_seconds == 600
    run_jobs(now=clock)
    assert lies(clock) == set()


@pytest.mark.req("E13", "D9")
def test_a_role_that_is_taken_ends_the_todos_only_it_could_act_on(told: Notification, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> None:
    run_jobs(now=clock)
    deciding = [grant.role_id for grant in Grant.objects.filter(resource="workflows.task") if "act" in grant.actions]
    for code in Role.objects.filter(pk__in=deciding).values_list("code", flat=True):
        access.assign_role(actor=cast.admin, role=code, person_id=cast.fin.pk, now=clock)
    held = list(Assignment.objects.filter(role__in=deciding).exclude(person=cast.fin))
    later = clock + dt.timedelta(seconds=5)
    for one in held:
        access.revoke_role(actor=cast.admin, assignment_id=one.pk, now=later)
    run_jobs(now=later)  # by the event, not by the look of every ten minutes
    told.refresh_from_db()
    assert (told.state, told.closed_at, selectors.todo_count(cast.boss, later)) == ("RESOLVED", later, 0)
    assert selectors.todo_count(cast.fin, later) == 1 and Task.objects.get().state in Task.OPEN
    assert not Notification.objects.filter(kind=services.DRIFTED).exists()  # no fault: nobody is alarmed
    for one in held:
        access.assign_role(actor=cast.admin, role=one.role.code, person_id=one.person_id, org_unit_id=one.org_unit_id, now=later)
    run_jobs(now=later)
    assert selectors.todo_count(cast.boss, later) == 1 and selectors.drift(later) == frozenset()


@pytest.mark.req("E13", "D9", "A12")
def test_a_role_that_runs_out_and_a_person_that_moves_or_leaves_end_their_todos_without_an_alarm(
    begin: Any, world: World, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, travel: Any
) -> None:
    deciding = [grant.role_id for grant in Grant.objects.filter(resource="workflows.task") if "act" in grant.actions]
    code = Role.objects.filter(pk__in=deciding).values_list("code", flat=True)[0]
    at = [clock + dt.timedelta(minutes=minute) for minute in range(6)]

    def open_todos(person: Any, moment: dt.datetime) -> int:
        travel(moment)
        run_jobs(now=moment)
        return selectors.todo_count(person, moment)

    access.assign_role(actor=cast.admin, role=code, person_id=cast.guest.pk, valid_to=at[1], now=clock)
    world.deciders = [cast.boss, cast.guest]
    travel(clock)
    begin(ONE)
    assert [open_todos(cast.guest, moment) for moment in (clock, at[1] - dt.timedelta(seconds=1), at[1])] == [1, 1, 0]
    unit = directory.upsert_unit(code="judges", name="Judges")
    access.assign_role(actor=cast.admin, role=code, org_unit_id=unit.pk, now=at[1])
    fields = {"login": cast.guest.login, "issuer": cast.guest.issuer, "subject": cast.guest.subject, "name": cast.guest.name}
    directory.upsert_person(**fields, org_unit=unit, now=at[2])
    assert open_todos(cast.guest, at[2]) == 1
    directory.upsert_person(**fields, org_unit=cast.guest.org_unit, now=at[3])
    assert open_todos(cast.guest, at[3]) == 0
    directory.upsert_person(**fields, org_unit=unit, now=at[4])
    assert open_todos(cast.guest, at[4]) == 1
    directory.set_active(person_id=cast.guest.pk, active=False, now=at[5])
    assert open_todos(cast.guest, at[5]) == 0 and selectors.drift(at[5]) == frozenset()
    assert not Notification.objects.filter(kind=services.DRIFTED).exists()


@pytest.mark.req("E13", "D9")
def test_two_changes_of_rights_at_once_tell_a_person_once(
    told: Notification, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_jobs(now=clock)
    for code in ("finance", "sales"):
        access.assign_role(actor=cast.admin, role=code, person_id=cast.guest.pk, now=clock)
    waiting = list(pending(kind="notifications.follow_rights").values_list("order_key", flat=True))
    assert len(waiting) == 2 and len(set(waiting)) == 1 and waiting[0]  # one after the other
    # and should two look at the same moment: what the other told of meanwhile is not told of again
    seen = frozenset({Drift("MISSING", told.kind, told.person_id, told.ref)})
    monkeypatch.setattr("apps.notifications.services.truth.selectors.drift", lambda _now: seen)
    services.follow_rights(now=clock)
    assert Notification.objects.filter(ref=told.ref, person_id=told.person_id, state="OPEN").count() == 1


@pytest.mark.req("E13")
def test_a_refused_change_of_rights_tells_nobody(told: Notification, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> None:
    run_jobs(now=clock)
    one = Assignment.objects.order_by("pk")[0]
    with pytest.raises(NotPermitted):
        access.revoke_role(actor=cast.ana, assignment_id=one.pk, now=clock)
    assert not pending(kind="notifications.follow_rights").exists() and selectors.todo_count(cast.boss, clock) == 1
