"""The life of a customer visit: asked for, decided, moved, cancelled, reported. Right, change, audit, process and messages in one transaction.

The functions that steps of the process call may run twice with the same facts and leave the same rows.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.audit import services as audit
from apps.business import policies, selectors
from apps.business.models import CustomerVisit
from apps.business.policies.visits import COMPANIONS, REPORT
from apps.core.access import decide
from apps.core.clock import company_today
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.locks import hold
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.realtime import services as realtime
from apps.records import selectors as records
from apps.workflows import selectors as workflow_selectors
from apps.workflows import services as workflows

PROCESS = "customer_visit"
REPORTED = "visit.reported"
DUE = "business.visit_due"
TO_REPORT = "business.visit_to_report"
REPORT_WITHIN = dt.timedelta(days=2)
RESOURCE = "business.visit"
State = CustomerVisit.State
MOVED = gettext_noop("The visit moved to another day and is asked for again.")
CANCELLED = gettext_noop("The visit was cancelled.")


class UnableToChangeVisit(DomainError):
    """The visit is in a state in which this cannot be done."""

    code = "unable_to_change_visit"


def request_visit(*, person: Any, customer_id: str, starts_at: dt.datetime | None, ends_at: dt.datetime | None, place: str, purpose: str,
                  companion_ids: Iterable[Any] = (), now: dt.datetime) -> CustomerVisit:
    """Ask for a visit of a customer that this person may see. Raises NotPermitted, InvalidInput (fields)."""
    decide(person, "create", RESOURCE, person.pk).require(_("You may not ask for customer visits."))
    companions = _companions(person, companion_ids)
    begin, end = _sound(starts_at, ends_at, place, purpose, now, more={} if customer_id else {"customer_id": "empty"})
    seen = records.customer(person, customer_id)
    known = records.raw("customer", external_id=str(seen["id"])) if seen else None
    if known is None:
        raise InvalidInput(_("Some fields need another value."), details={"fields": {"customer_id": [_("Choose a customer from the list.")]}})
    with transaction.atomic():
        visit = CustomerVisit(
            id=uuid.uuid4(), number=_next_number(now), visitor=person, customer_id=str(known.data["id"]),
            customer_key=str(known.data.get("key") or ""), customer_name=str(known.data["name"])[:255], customer_owner_id=known.owner_id,
            starts_at=begin, ends_at=end, place=place.strip(), purpose=purpose.strip(), created_at=now, updated_at=now,
        )  # fmt: skip
        visit.business_key = f"visit:{visit.pk}"
        visit.save(force_insert=True)
        visit.companions.set(companions)
        _begin_case(visit, now)
        _record(person, visit, "requested", now, {"customer": visit.customer_id, "starts_at": visit.starts_at.isoformat()})
    return visit


def change_visit(*, person: Any, visit_id: Any, starts_at: dt.datetime | None, ends_at: dt.datetime | None, place: str, purpose: str,
                 companion_ids: Iterable[Any] = (), now: dt.datetime) -> CustomerVisit:
    """Move or reword a visit. On its day it stays what it is (an open approval shows the difference); on another day it is asked for again.

    Raises NotFound, InvalidInput, UnableToChangeVisit."""
    companions = _companions(person, companion_ids)
    with transaction.atomic():
        visit = _own(person, visit_id)
        rebooked = visit.state == State.RETURNED or not (starts_at and policies.same_day(visit.starts_at, starts_at))
        state = _after(visit, "rebook" if rebooked else "change")
        begin, end = _sound(starts_at, ends_at, place, purpose, now)
        before = set(visit.companions.values_list("pk", flat=True))
        visit.starts_at, visit.ends_at, visit.place, visit.purpose = begin, end, place.strip(), purpose.strip()
        visit.updated_at = now
        if rebooked:
            _begin_next_round(visit, person, state, now)
        visit.save()
        visit.companions.set(companions)
        if visit.state == State.APPROVED:
            _remind_of_report(visit, now)
        _tell_companions(visit, before | {one.pk for one in companions}, "moved", now)
        _record(person, visit, "rebooked" if rebooked else "changed", now, {"starts_at": visit.starts_at.isoformat(), "round": visit.round})
    return visit


def cancel_visit(*, person: Any, visit_id: Any, reason: str = "", now: dt.datetime) -> CustomerVisit:
    """Call it off: an open approval is taken back, companions are told. Raises NotFound, UnableToChangeVisit."""
    with transaction.atomic():
        visit = _own(person, visit_id)
        visit.state, visit.reason, visit.updated_at = _after(visit, "cancel"), reason.strip()[:500], now
        visit.save(update_fields=["state", "reason", "updated_at"])
        _withdraw_case(visit, person, CANCELLED, now)
        _tell_companions(visit, visit.companions.values_list("pk", flat=True), "cancelled", now)
        _record(person, visit, "cancelled", now, {"reason": visit.reason})
    return visit


def report_visit(*, person: Any, visit_id: Any, report: str, now: dt.datetime) -> CustomerVisit:
    """Write what came of it. The process then makes the follow-up in the CRM, once. Raises NotFound, InvalidInput, UnableToChangeVisit."""
    text = report.strip()
    if not text or len(text) > REPORT:
        words = _("Say what came of the visit.") if not text else _("This is too long.")
        raise InvalidInput(_("Some fields need another value."), details={"fields": {"report": [words]}})
    with transaction.atomic():
        visit = _own(person, visit_id)
        state = _after(visit, "report")
        if visit.starts_at > now:
            raise UnableToChangeVisit(_("The visit has not begun yet. Write the report when you have been there."))
        visit.state, visit.report, visit.reported_at, visit.updated_at = state, text, now, now
        visit.save(update_fields=["state", "report", "reported_at", "updated_at"])
        workflows.correlate(message=REPORTED, business_key=visit.business_key, variables={}, message_id="report", now=now)
        notifications.resolve(ref=_report_ref(visit), outcome="reported", by=person.pk, now=now)
        _record(person, visit, "reported", now, {})
    return visit


# --- what the process does --------------------------------------------------------------------------------------------------------------------


def take_decision(*, visit: CustomerVisit, instance_id: Any, outcome: str, reason: str, decider_id: Any, decided_at: dt.datetime,
                  now: dt.datetime) -> CustomerVisit:
    """The decision took effect. A case that is no longer the visit's (it moved meanwhile) changes nothing."""
    happens = {"APPROVED": "approve", "RETURNED": "return"}.get(outcome, "reject")
    with transaction.atomic():
        visit = CustomerVisit.objects.select_for_update().get(pk=visit.pk)
        state = policies.next_state(visit.state, happens)
        if visit.instance_id != instance_id or state is None:
            return visit
        visit.state, visit.reason, visit.approver_id, visit.updated_at = state, reason[:500], decider_id, now
        visit.approved_at = decided_at if outcome == "APPROVED" else None
        visit.save(update_fields=["state", "reason", "approver", "approved_at", "updated_at"])
        notifications.notify(kind="business.visit_decided", person_ids=[visit.visitor_id], ref=_ref(visit), now=now,
                             params={**params_of(visit), "outcome": outcome, "reason": reason}, dedupe=f"decided:{visit.business_key}")
        if state == State.APPROVED:
            _remind_of_report(visit, now)
            _tell_companions(visit, visit.companions.values_list("pk", flat=True), "invited", now)
        _push(visit, now)
    return visit


def record_follow_up(*, visit: CustomerVisit, follow_up_id: str, now: dt.datetime) -> None:
    """The CRM has the report as a follow-up."""
    with transaction.atomic():
        if CustomerVisit.objects.filter(pk=visit.pk, follow_up_id="").update(follow_up_id=follow_up_id[:120], updated_at=now):
            audit.record(actor=visit.visitor, action="business.visit.follow_up_written", object=f"{RESOURCE}:{visit.number}",
                         data={"follow_up": follow_up_id, "customer": visit.customer_id}, now=now)
            _push(visit, now)


def case_withdrawn(*, instance_id: Any, reason: str, now: dt.datetime) -> None:
    """The case was taken back on the page of requests: the visit is cancelled with it. A case of an earlier round changes nothing."""
    with transaction.atomic():
        visit = CustomerVisit.objects.select_for_update().filter(instance_id=instance_id).first()
        state = policies.next_state(visit.state, "cancel") if visit else None
        if visit is None or state is None:
            return
        visit.state, visit.updated_at = state, now
        visit.save(update_fields=["state", "updated_at"])
        _tell_companions(visit, visit.companions.values_list("pk", flat=True), "cancelled", now)
        _record(visit.visitor, visit, "cancelled", now, {"reason": reason})


def ask_for_report(*, visit_id: Any, now: dt.datetime) -> None:
    """The visit is over: its report is a to-do of the visitor. One that moved, was cancelled or is reported asks for nothing."""
    visit = CustomerVisit.objects.filter(pk=visit_id, state=State.APPROVED, ends_at__lte=now).first()
    if visit is not None:
        notifications.notify(kind=TO_REPORT, person_ids=[visit.visitor_id], ref=_report_ref(visit), params=params_of(visit), now=now,
                             due_at=now + REPORT_WITHIN, dedupe=f"report:{visit.business_key}")


def ask_again(*, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
    """A to-do that was lost, in the caller's transaction. `ref`: as the message has it."""
    visit = CustomerVisit.objects.get(pk=ref.partition(":")[2])
    notifications.notify(kind=TO_REPORT, person_ids=person_ids, ref=ref, params=params_of(visit), now=now, due_at=now + REPORT_WITHIN)


# --- steps ------------------------------------------------------------------------------------------------------------------------------------


def params_of(visit: CustomerVisit) -> dict[str, Any]:
    """What messages about a visit store."""
    return {
        "visit_id": str(visit.pk), "number": visit.number, "customer_name": visit.customer_name, "owner_id": str(visit.customer_owner_id or ""),
        "starts_at": visit.starts_at.isoformat(), "place": visit.place, "visitor_id": str(visit.visitor_id),
    }  # fmt: skip


def _ref(visit: CustomerVisit) -> str:
    return f"visit:{visit.pk}"


_report_ref = selectors.report_ref


def _own(person: Any, visit_id: Any) -> CustomerVisit:
    """The person's own visit, locked. Somebody else's does not exist for this."""
    visit = CustomerVisit.objects.select_for_update().filter(pk=visit_id, visitor=person.pk).first()
    if visit is None or not decide(person, "create", RESOURCE, person.pk).allowed:
        raise NotFound(_("There is no such visit, or it is not yours to change."))
    return visit


def _after(visit: CustomerVisit, happens: str) -> str:
    state = policies.next_state(visit.state, happens)
    if state is None:
        words = {
            State.REQUESTED: _("It waits for approval first."), State.REJECTED: _("It was rejected. Ask for a new visit."),
            State.CANCELLED: _("It was cancelled. Ask for a new visit."), State.REPORTED: _("Its report is written; it is over."),
            State.RETURNED: _("It was returned. Change it and ask again."),
        }  # fmt: skip
        raise UnableToChangeVisit(words.get(State(visit.state), _("This cannot be done now.")))
    return state


def _companions(person: Any, ids: Iterable[Any]) -> list[Any]:
    wanted = list(dict.fromkeys(str(one) for one in ids))
    try:
        found = directory.people_by_id([uuid.UUID(one) for one in wanted])
    except ValueError:
        found = {}
    chosen = [one for one in found.values() if one.active and one.pk != person.pk]
    if len(chosen) != len(wanted) or len(wanted) > COMPANIONS:
        raise InvalidInput(_("Some fields need another value."), details={"fields": {"companions": [_("Choose colleagues from the list, not yourself.")]}})
    return chosen


def _sound(starts_at: dt.datetime | None, ends_at: dt.datetime | None, place: str, purpose: str, now: dt.datetime,
           more: Mapping[str, str] | None = None) -> tuple[dt.datetime, dt.datetime]:
    """Begin and end of a visit that says all it must; InvalidInput else."""
    found = {**(more or {}), **policies.problems_of_visit(starts_at=starts_at, ends_at=ends_at, place=place.strip(), purpose=purpose.strip(), now=now)}
    words = {
        "empty": _("Fill this in."), "past": _("Choose a moment that is still to come."), "order": _("It ends before it begins."),
        "long": _("This is too long."),
    }  # fmt: skip
    if found or starts_at is None or ends_at is None:
        raise InvalidInput(_("Some fields need another value."), details={"fields": {name: [words[code]] for name, code in found.items()}})
    return starts_at, ends_at


def _next_number(now: dt.datetime) -> str:
    """BF-YYMM-nnn, counted in the company's month; one at a time draws until its transaction ends."""
    prefix = f"BF-{company_today(now):%y%m}-"
    hold(f"business:visit_no:{prefix}")
    numbers = CustomerVisit.objects.filter(number__startswith=prefix).values_list("number", flat=True)
    return f"{prefix}{max((int(number.rsplit('-', 1)[1]) for number in numbers), default=0) + 1:03d}"


def _begin_case(visit: CustomerVisit, now: dt.datetime) -> None:
    instance = workflows.start(
        process_key=PROCESS, business_key=visit.business_key, title=visit.customer_name, starter_id=visit.visitor_id, now=now,
        variables={"visit_id": str(visit.pk), "number": visit.number, "customer_id": visit.customer_id},
        subject={"resource": "crm.customer", "field": "name", "owner_id": str(visit.customer_owner_id or "")},
    )  # fmt: skip
    visit.instance_id = instance.pk
    visit.save(update_fields=["instance_id"])


def _begin_next_round(visit: CustomerVisit, person: Any, state: str, now: dt.datetime) -> None:
    """What was decided counts for the old day: the next approval is a case of its own."""
    _withdraw_case(visit, person, MOVED, now)
    visit.round, visit.state = visit.round + 1, state
    visit.business_key, visit.approved_at, visit.approver, visit.reason = f"visit:{visit.pk}:{visit.round}", None, None, ""
    visit.save()
    _begin_case(visit, now)


def _withdraw_case(visit: CustomerVisit, person: Any, reason: str, now: dt.datetime) -> None:
    """While the case is still the visit's. Raises UnableToWithdraw while a step acts; a case that is over needs nothing."""
    notifications.resolve(ref=_report_ref(visit), outcome="withdrawn", by=person.pk, now=now)
    if visit.instance_id and workflow_selectors.get_instance(visit.instance_id).is_active:
        workflows.withdraw(instance_id=visit.instance_id, reason=reason, person=person, now=now)


def _remind_of_report(visit: CustomerVisit, now: dt.datetime) -> None:
    """One timer for each end; one that is no longer the visit's end asks for nothing."""
    key = f"visit-due:{visit.business_key}:{visit.ends_at.isoformat()}"
    jobs.enqueue(kind=DUE, payload={"visit_id": str(visit.pk)}, key=key, run_at=max(visit.ends_at, now), now=now)


def _tell_companions(visit: CustomerVisit, person_ids: Iterable[Any], what: str, now: dt.datetime) -> None:
    """Companions hear of what is settled: an approved visit, and of one that is no longer."""
    if what == "moved" and visit.state not in (State.APPROVED, State.REQUESTED):
        return
    notifications.notify(kind="business.visit_news", person_ids=sorted(set(person_ids), key=str), ref=_ref(visit), now=now,
                         params={**params_of(visit), "what": what}, dedupe=f"{what}:{visit.business_key}:{visit.starts_at.isoformat()}")


def _record(person: Any, visit: CustomerVisit, verb: str, now: dt.datetime, data: Mapping[str, Any]) -> None:
    audit.record(actor=person, action=f"business.visit.{verb}", object=f"{RESOURCE}:{visit.number}", data=dict(data), now=now)
    _push(visit, now)


def _push(visit: CustomerVisit, now: dt.datetime) -> None:
    people = {visit.visitor_id, *visit.companions.values_list("pk", flat=True)}
    realtime.push(person_ids=sorted(people, key=str), hint={"t": "visit", "id": str(visit.pk)}, now=now)
