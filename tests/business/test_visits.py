"""A customer visit from the application to the follow-up in the CRM: its states, who may do what, and that the CRM has the report once."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.business import policies, selectors, services
from apps.business.models import CustomerVisit
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.core.http import TransientError
from apps.jobs.models import Job
from apps.notifications.models import Notification
from apps.notifications.selectors import drift
from apps.notifications.services import reconcile
from apps.workflows import services as workflows
from apps.workflows.models import ProcessInstance, Task

STATES = ("REQUESTED", "APPROVED", "RETURNED", "REJECTED", "CANCELLED", "REPORTED")
DAY = dt.timedelta(days=1)
REFUSED = "refused"
# state -> what happens -> the state after it
TABLE = {
    "REQUESTED": {"change": "REQUESTED", "rebook": "REQUESTED", "cancel": "CANCELLED", "report": REFUSED},
    "APPROVED": {"change": "APPROVED", "rebook": "REQUESTED", "cancel": "CANCELLED", "report": "REPORTED"},
    "RETURNED": {"change": "REQUESTED", "rebook": "REQUESTED", "cancel": "CANCELLED", "report": REFUSED},
    "REJECTED": {"change": REFUSED, "rebook": REFUSED, "cancel": REFUSED, "report": REFUSED},
    "CANCELLED": {"change": REFUSED, "rebook": REFUSED, "cancel": REFUSED, "report": REFUSED},
    "REPORTED": {"change": REFUSED, "rebook": REFUSED, "cancel": REFUSED, "report": REFUSED},
}


@pytest.fixture
def office(systems: SimpleNamespace, cast: SimpleNamespace, run_jobs: Any) -> SimpleNamespace:
    """Both systems loaded, processes published; `ask()` files a visit of ana to acc-C-001 tomorrow."""
    systems.load()
    services.publish_processes(now=systems.now)
    start = systems.now + DAY

    def ask(**changes: Any) -> CustomerVisit:
        given = {"person": cast.ana, "customer_id": "acc-C-001", "starts_at": start, "ends_at": start + dt.timedelta(hours=2), "place": "Hangzhou",
                 "purpose": "See the new pump house", "companion_ids": [cast.eve.pk], "now": systems.now, **changes}  # fmt: skip
        return services.request_visit(**given)

    def decide(visit: CustomerVisit, outcome: str = "APPROVED", by: Any = None) -> CustomerVisit:
        visit.refresh_from_db()
        person, task = by or cast.boss, Task.objects.get(instance_id=visit.instance_id)
        looked = workflows.look_at(task_id=task.pk, person=person, now=systems.now)
        workflows.complete_task(
            task_id=task.pk, person=person, outcome=outcome, comment="" if outcome == "APPROVED" else "Not this month",
            seen_version=looked.seen.version, acknowledged=[], form={}, now=systems.now,
        )  # fmt: skip
        run_jobs(now=systems.now + dt.timedelta(minutes=1))
        visit.refresh_from_db()
        return visit

    return SimpleNamespace(ask=ask, decide=decide, start=start, now=systems.now, crm=systems.crm, **vars(cast))


def brought_to(office: SimpleNamespace, state: str) -> CustomerVisit:
    visit = office.ask()
    if state in ("APPROVED", "REPORTED"):
        office.decide(visit)
    elif state in ("RETURNED", "REJECTED"):
        office.decide(visit, state)
    elif state == "CANCELLED":
        services.cancel_visit(person=office.ana, visit_id=visit.pk, now=office.now)
    if state == "REPORTED":
        services.report_visit(person=office.ana, visit_id=visit.pk, report="They want two pumps", now=office.start + DAY)
    visit.refresh_from_db()
    assert visit.state == state
    return visit


def act(office: SimpleNamespace, visit: CustomerVisit, happens: str) -> CustomerVisit:
    if happens == "cancel":
        return services.cancel_visit(person=office.ana, visit_id=visit.pk, now=office.now)
    if happens == "report":
        return services.report_visit(person=office.ana, visit_id=visit.pk, report="They want two pumps", now=office.start + DAY)
    start = visit.starts_at + (dt.timedelta(hours=1) if happens == "change" else 2 * DAY)
    return services.change_visit(person=office.ana, visit_id=visit.pk, starts_at=start, ends_at=start + dt.timedelta(hours=1), place="Ningbo",
                                 purpose=visit.purpose, companion_ids=[office.eve.pk], now=office.now)


def snapshot(visit: CustomerVisit) -> tuple[Any, ...]:
    rows = CustomerVisit.objects.filter(pk=visit.pk).values_list("state", "round", "starts_at", "place", "report", "updated_at")
    return (*rows[0], ProcessInstance.objects.count(), Notification.objects.count(), Entry.objects.count(), Job.objects.count())


@pytest.mark.req("D3")
@pytest.mark.parametrize("state", STATES)
def test_D3_every_state_allows_what_the_table_says(state: str, office: SimpleNamespace) -> None:
    for happens, after in TABLE[state].items():
        visit = brought_to(office, state)
        if after == REFUSED:
            before = snapshot(visit)
            with pytest.raises(services.UnableToChangeVisit):
                act(office, visit, happens)
            assert snapshot(visit) == before, (state, happens)
        else:
            assert act(office, visit, happens).state == after, (state, happens)


def test_the_rule_names_the_same_moves() -> None:
    decided = {("REQUESTED", "approve"): "APPROVED", ("REQUESTED", "reject"): "REJECTED", ("REQUESTED", "return"): "RETURNED"}
    moves = {(state, happens): after for state, row in TABLE.items() for happens, after in row.items() if after != REFUSED}
    moves.pop(("RETURNED", "change"))  # a returned visit is always asked for again
    assert dict(policies.VISIT_MOVES) == {**moves, **decided}


@pytest.mark.req("D3")
def test_D3_the_manager_approves_companions_are_told_and_it_stands_on_the_customer(office: SimpleNamespace) -> None:
    visit = office.ask()
    assert (visit.number, visit.customer_name) == ("BF-2611-001", "Blue Ocean Retail")
    task = Task.objects.get(instance_id=visit.instance_id)
    assert task.assignee.login == "boss"
    assert selectors.visits_between(office.eve, office.start - DAY, office.start + DAY) == []
    office.decide(visit)
    assert (visit.state, visit.approver.login) == ("APPROVED", "boss")
    (shown,) = selectors.visits_of_customer(office.ana, "acc-C-001") or []
    assert (shown["number"], shown["state"], shown["place"]) == ("BF-2611-001", "APPROVED", "Hangzhou")
    assert [row["number"] for row in selectors.visits_between(office.eve, office.start - DAY, office.start + DAY)] == ["BF-2611-001"]
    told = Notification.objects.filter(kind__startswith="business.visit").order_by("kind").values_list("person__login", "kind")
    assert list(told) == [("ana", "business.visit_decided"), ("eve", "business.visit_news")]


@pytest.mark.req("D3")
@pytest.mark.parametrize("lost", [False, True])
def test_D3_the_report_is_in_the_crm_exactly_once(lost: bool, office: SimpleNamespace, run_jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`lost`: the CRM took it, and its answer never came."""
    visit = brought_to(office, "APPROVED")
    before, later = len(office.crm.rows["follow_ups"]), office.start + DAY
    if lost:
        from apps.integrations import services as integrations

        send, times = integrations.invoke_action, []

        def answer_lost(**given: Any) -> dict[str, Any]:
            found = send(**given)
            times.append(given["key"])
            if len(times) == 1:
                raise TransientError("no answer", system="crm")
            return found

        monkeypatch.setattr("apps.business.tasks.visits.integrations.invoke_action", answer_lost)
    services.report_visit(person=office.ana, visit_id=visit.pk, report="They want two pumps", now=later)
    for minutes in (1, 30, 60):
        run_jobs(now=later + dt.timedelta(minutes=minutes))
    visit.refresh_from_db()
    rows = list(office.crm.rows["follow_ups"].values())[before:]
    assert [(row["customer_id"], row["channel"], row["subject"]) for row in rows] == [("acc-C-001", "visit", "BF-2611-001 See the new pump house")]
    assert rows[0]["body"] == "They want two pumps\n\nChen An, Wang Jun\n2026-11-24 09:12 – 2026-11-24 11:12, Hangzhou"
    assert visit.follow_up_id == rows[0]["id"]
    assert ProcessInstance.objects.get(pk=visit.instance_id).state == "COMPLETED"
    (shown,) = selectors.visits_of_customer(office.boss, "acc-C-001") or []
    assert shown["report"] == "They want two pumps"
    assert Entry.objects.filter(action="business.visit.follow_up_written").count() == 1


@pytest.mark.req("D3")
def test_D3_another_day_is_asked_for_again_and_the_old_approval_counts_no_more(office: SimpleNamespace) -> None:
    visit = brought_to(office, "APPROVED")
    first = visit.instance_id
    act(office, visit, "rebook")
    visit.refresh_from_db()
    assert (visit.state, visit.round, visit.business_key, visit.approver) == ("REQUESTED", 2, f"visit:{visit.pk}:2", None)
    assert ProcessInstance.objects.get(pk=first).state == "WITHDRAWN"
    assert Task.objects.get(instance_id=visit.instance_id).assignee.login == "boss"
    services.visits.case_withdrawn(instance_id=first, reason="late", now=office.now)  # the event of the old case comes late
    visit.refresh_from_db()
    assert visit.state == "REQUESTED"


@pytest.mark.req("D3")
def test_D3_on_the_same_day_an_open_approval_shows_the_difference(office: SimpleNamespace) -> None:
    visit = office.ask()
    task = Task.objects.get(instance_id=visit.instance_id)
    looked = workflows.look_at(task_id=task.pk, person=office.boss, now=office.now)
    act(office, visit, "change")
    with pytest.raises(workflows.StaleCard) as refused:
        workflows.complete_task(task_id=task.pk, person=office.boss, outcome="APPROVED", comment="", seen_version=looked.seen.version,
                                acknowledged=[], form={}, now=office.now)
    assert {row["fact"] for row in refused.value.details["diff"]} == {"starts_at", "place"}  # it ends as before


def test_taken_back_on_the_page_of_requests_it_is_cancelled(office: SimpleNamespace, run_jobs: Any) -> None:
    visit = office.ask()
    workflows.withdraw(instance_id=visit.instance_id, reason="changed my mind", person=office.ana, now=office.now)
    run_jobs(now=office.now + dt.timedelta(minutes=1))
    visit.refresh_from_db()
    assert visit.state == "CANCELLED"


def test_when_it_is_over_the_report_is_a_todo_until_it_is_written(office: SimpleNamespace, run_jobs: Any) -> None:
    visit = brought_to(office, "APPROVED")
    run_jobs(now=visit.ends_at - dt.timedelta(minutes=1))
    assert not Notification.objects.filter(kind="business.visit_to_report").exists()
    run_jobs(now=visit.ends_at + dt.timedelta(minutes=1))
    (todo,) = Notification.objects.filter(kind="business.visit_to_report")
    over = visit.ends_at + dt.timedelta(minutes=1)
    assert (todo.person.login, todo.state, todo.todo) == ("ana", "OPEN", True)
    assert drift(over) == frozenset()
    Notification.objects.filter(kind="business.visit_to_report").delete()
    assert [(one.what, one.kind) for one in drift(over)] == [("MISSING", "business.visit_to_report")]
    assert len(reconcile(now=over).found) == 1 and drift(over) == frozenset()
    (todo,) = Notification.objects.filter(kind="business.visit_to_report")
    act(office, visit, "report")
    todo.refresh_from_db()
    assert todo.state != "OPEN" and drift(over) == frozenset()


@pytest.mark.req("D3", "P3")
def test_without_one_manager_the_named_admin_decides(office: SimpleNamespace) -> None:
    from apps.directory import services as directory

    directory.set_manager(person=office.ana, managers=[], now=office.now)
    task = Task.objects.get(instance_id=office.ask().instance_id)
    assert (task.assignee.login, task.fallback_reason) == ("admin", "the visitor has no manager")


BAD = {
    "customer": ({"customer_id": "acc-none"}, "customer_id"),
    "no customer": ({"customer_id": ""}, "customer_id"),
    "past": ({"starts_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)}, "starts_at"),
    "order": ({"ends_at": dt.datetime(2026, 11, 2, tzinfo=dt.UTC)}, "ends_at"),
    "three weeks": ({"ends_at": dt.datetime(2026, 12, 24, tzinfo=dt.UTC)}, "ends_at"),
    "nowhere": ({"place": "  "}, "place"),
    "for nothing": ({"purpose": ""}, "purpose"),
    "a stranger": ({"companion_ids": ["00000000-0000-4000-8000-000000000000"]}, "companions"),
    "nonsense": ({"companion_ids": ["x"]}, "companions"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_filed(case: str, office: SimpleNamespace) -> None:
    changes, field = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        office.ask(**changes)
    assert field in refused.value.details["fields"]
    assert (CustomerVisit.objects.count(), ProcessInstance.objects.count()) == (0, 0)


@pytest.mark.req("D3", "A9")
def test_A9_who_may_not_ask_files_nothing_and_who_is_no_party_sees_nothing(office: SimpleNamespace) -> None:
    for person in (office.eve, office.fin, office.guest):
        with pytest.raises(NotPermitted):
            office.ask(person=person)
    assert CustomerVisit.objects.count() == 0
    visit = office.ask()
    before = snapshot(visit)
    for person in (office.fin, office.eve, office.boss):
        with pytest.raises(NotFound):
            services.cancel_visit(person=person, visit_id=visit.pk, now=office.now)
        with pytest.raises(NotFound):
            services.change_visit(person=person, visit_id=visit.pk, starts_at=visit.starts_at, ends_at=visit.ends_at, place="x", purpose="y",
                                  now=office.now)  # fmt: skip
    assert snapshot(visit) == before
    seen = {one.login: [row["number"] for row in selectors.visits(one, now=office.now).rows] for one in (office.ana, office.boss, office.eve, office.fin)}
    assert seen == {"ana": ["BF-2611-001"], "boss": ["BF-2611-001"], "eve": ["BF-2611-001"], "fin": []}
    assert selectors.visits_of_customer(office.guest, "acc-C-001") is None


@pytest.mark.req("D3", "A9")
def test_A9_a_companion_without_customers_sees_the_visit_and_not_the_name(office: SimpleNamespace) -> None:
    office.ask()
    (row,) = selectors.visits(office.eve, now=office.now).rows
    assert (str(row["customer"]), row["place"]) == ("••••", "Hangzhou")


@pytest.mark.req("D3")
def test_the_page_files_a_visit_and_shows_mistakes(office: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, office.ana)
    found = client.get("/visits/customers/?customer_q=blue").content.decode()
    assert "Blue Ocean Retail" in found and "Moon Lake" not in found
    form = {"customer_id": "acc-C-001", "starts_at": "2026-11-24T14:00", "ends_at": "2026-11-24T13:00", "place": "Hangzhou", "purpose": "Look"}
    refused = client.post("/visits/new/", form)
    assert refused.status_code == 422 and "It ends before it begins." in refused.content.decode()
    done = client.post("/visits/new/", {**form, "ends_at": "2026-11-24T15:00", "companions": [str(office.eve.pk)]}, follow=True)
    visit = CustomerVisit.objects.get()
    assert (visit.starts_at, [one.login for one in visit.companions.all()]) == (dt.datetime(2026, 11, 24, 6, tzinfo=dt.UTC), ["eve"])
    assert done.redirect_chain[-1][0] == f"/visits/{visit.pk}/" and "Waits for approval" in done.content.decode()
    assert "Look" in client.get("/customers/acc-C-001/").content.decode()


@pytest.mark.req("D3")
def test_the_api_does_the_same(office: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, office.ana)
    body = {"customer_id": "acc-C-001", "starts_at": office.start.isoformat(), "ends_at": (office.start + DAY).isoformat(), "place": "Hangzhou",
            "purpose": "Look", "companion_ids": [str(office.eve.pk)]}  # fmt: skip
    made = client.post("/api/v1/visits", body, content_type="application/json")
    assert (made.status_code, made.json()["state"], made.json()["customer"]) == (201, "REQUESTED", "Blue Ocean Retail")
    ident = made.json()["id"]
    moved = client.put(f"/api/v1/visits/{ident}", {**body, "place": "Ningbo"}, content_type="application/json")
    assert (moved.status_code, moved.json()["place"]) == (200, "Ningbo")
    early = client.post(f"/api/v1/visits/{ident}/report", {"report": "x"}, content_type="application/json")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "unable_to_change_visit")
    assert client.post(f"/api/v1/visits/{ident}/cancel", {}, content_type="application/json").json()["state"] == "CANCELLED"
    assert client.get("/api/v1/visits").json()["total"] == 1
