"""Customer visits as people may see them, whose decision they are, and the card of that decision."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.business import policies
from apps.business.models import CustomerVisit
from apps.business.selectors.card import CHANNELS
from apps.business.selectors.paging import SIZE, Listed, listed
from apps.core.access import Masked, Projected, Raw, plan
from apps.core.errors import NotFound
from apps.directory import selectors as directory
from apps.records import selectors as records
from apps.workflows.registry import HAPPENED, Candidates, Card, Fact, Link, stamp

RESOURCE = "business.visit"
VIEWS = ("coming", "report", "all")
REPORT_REF = "visit-report:"
REASONS = {
    "many": gettext_noop("the visitor has several managers"),
    "none": gettext_noop("the visitor has no manager"),
    "self": gettext_noop("the visitor is the manager"),
    "inactive": gettext_noop("the visitor's manager is not active"),
    "unknown_seller": gettext_noop("nobody in the directory is the visitor"),
}
State = CustomerVisit.State
LIVE = (State.REQUESTED, State.APPROVED, State.RETURNED)


def report_ref(visit: CustomerVisit) -> str:
    """What the to-do of its report is about."""
    return f"{REPORT_REF}{visit.pk}"


def to_report(now: dt.datetime) -> list[tuple[uuid.UUID, str]]:
    """(visitor, ref) of every visit that is over and not reported."""
    over = CustomerVisit.objects.filter(state=CustomerVisit.State.APPROVED, ends_at__lte=now)
    return [(visit.visitor_id, report_ref(visit)) for visit in over]


def visit_by_id(visit_id: Any) -> CustomerVisit | None:
    """The row itself, for steps and handlers."""
    return CustomerVisit.objects.select_related("visitor", "customer_owner").filter(pk=visit_id).first()


def visits(person: Any, *, view: str = "all", now: dt.datetime, page: int = 1, size: int = SIZE) -> Listed:
    """`view`: coming (not over, soonest first) | report (over, the report is missing) | all (latest first)."""
    found = _visible(person)
    if view == "coming":
        found = found.filter(state__in=LIVE, ends_at__gt=now).order_by("starts_at", "pk")
    elif view == "report":
        found = found.filter(state=State.APPROVED, ends_at__lte=now).order_by("starts_at", "pk")
    else:
        found = found.order_by("-starts_at", "pk")
    return listed(found, page, size, lambda rows: _projected(person, rows))


def visit(person: Any, visit_id: uuid.UUID) -> Projected:
    """One visit. Raises NotFound: unknown and not visible answer alike."""
    rows = _projected(person, _visible(person).filter(pk=visit_id))
    if not rows:
        raise NotFound(_("There is no such visit, or you may not see it."))
    return rows[0]


def visits_of_customer(person: Any, customer_id: str, size: int = 8) -> list[Projected] | None:
    """The latest visits of a customer; None when this person may see none at all."""
    if not plan(person, "view", RESOURCE).allowed:
        return None
    found = _visible(person).filter(customer_id=customer_id).exclude(state=State.CANCELLED).order_by("-starts_at", "pk")
    return _projected(person, found[:size])


def visits_between(person: Any, start: dt.datetime, end: dt.datetime) -> list[Projected]:
    """Approved and reported visits that this person makes or joins."""
    if not plan(person, "view", RESOURCE).allowed:
        return []
    mine = Q(visitor_id=person.pk) | Q(pk__in=_joined(person))
    found = CustomerVisit.objects.filter(mine, state__in=(State.APPROVED, State.REPORTED), starts_at__lt=end, ends_at__gt=start)
    return _projected(person, _with_people(found).order_by("starts_at", "pk"))


def _joined(person: Any) -> QuerySet[Any]:
    return CustomerVisit.companions.through.objects.filter(person_id=person.pk).values("customervisit_id")


def _with_people(rows: QuerySet[CustomerVisit]) -> QuerySet[CustomerVisit]:
    return rows.select_related("visitor", "approver").prefetch_related("companions")


def _visible(person: Any) -> QuerySet[CustomerVisit]:
    """Those of the plan, those the person goes along to, and those the person decided."""
    rights = plan(person, "view", RESOURCE)
    rights.decision.require(_("You may not see customer visits."))
    mine = rights.q("visitor_id") | Q(pk__in=_joined(person)) | Q(approver_id=person.pk)
    return _with_people(CustomerVisit.objects.filter(mine))


def _projected(person: Any, rows: QuerySet[CustomerVisit]) -> list[Projected]:
    rights, names = plan(person, "view", RESOURCE), plan(person, "view", "crm.customer")
    return [rights.project(Raw(RESOURCE, _data(row, names), _owner_for(row, person))) for row in rows]


def _owner_for(row: CustomerVisit, person: Any) -> Any:
    """Who takes part sees a visit as the own one."""
    mine = person.pk == row.approver_id or any(one.pk == person.pk for one in row.companions.all())
    return person.pk if mine else row.visitor_id


def _data(row: CustomerVisit, names: Any) -> dict[str, Any]:
    known = names.allowed and names.may_read("name", row.customer_owner_id)
    return {
        "id": row.pk, "number": row.number, "customer_id": row.customer_id,
        "customer": row.customer_name if known else Masked("name", names.decision.chain), "visitor": row.visitor,
        "companions": sorted(row.companions.all(), key=lambda one: str(one.login)), "starts_at": row.starts_at, "ends_at": row.ends_at,
        "place": row.place, "purpose": row.purpose, "state": row.state, "approver": row.approver, "approved_at": row.approved_at,
        "reason": row.reason, "report": row.report, "reported_at": row.reported_at, "follow_up_id": row.follow_up_id,
        "business_key": row.business_key, "created_at": row.created_at, "owner_id": row.visitor_id,
    }  # fmt: skip


# --- the decision -----------------------------------------------------------------------------------------------------------------------------


def approver_of_person(person: Any) -> Candidates:
    """The person's one active manager from the directory; in every other case the named admin, with the reason."""
    fallback = directory.find_person_by_login(settings.FALLBACK_ADMIN)
    if fallback is None:
        return Candidates((), fallback=True, reason=gettext_noop("the named admin is not in the directory"))
    managers = directory.managers_of(person) if person else []
    chosen = policies.choose_approver(seller=person, managers=managers, fallback=fallback)
    return Candidates((chosen.person_id,), fallback=bool(chosen.reason), reason=REASONS.get(chosen.reason, ""))


def visit_brief(row: CustomerVisit) -> tuple[Fact, ...]:
    """What a notice says beside its title."""
    return (_customer(row), _when(row))


def visit_card(row: CustomerVisit, now: dt.datetime) -> Card:
    """Who, when, where, why; what the CRM knows of the last contact; what else is on the visitor's calendar then. Reads our tables only."""
    people = [one.display("en") for one in row.companions.order_by("login")]
    facts = (
        _customer(row),
        _when(row),
        Fact("ends_at", gettext_noop("Until"), "oa", stamp(row.ends_at), stamp(now), kind="moment"),
        Fact("place", gettext_noop("Where"), "oa", row.place, stamp(now)),
        Fact("purpose", gettext_noop("Purpose"), "oa", row.purpose, stamp(now)),
        Fact("companions", gettext_noop("Companions"), "oa", people, stamp(now), kind="list"),
        _last_contact(row),
        _clashes(row, now),
    )
    owner = str(row.customer_owner_id or "")
    links = (
        Link("crm", row.customer_name, url=f"/customers/{row.customer_id}/", resource="crm.customer", field="name", owner_id=owner),
        Link("oa", row.number, url=f"/visits/{row.pk}/"),
    )
    return Card(facts=facts, links=links, headline=row.customer_name)


def _customer(row: CustomerVisit) -> Fact:
    as_of = records.as_of("customer", external_id=row.customer_id)
    return Fact("customer", gettext_noop("Customer"), "crm", row.customer_name, stamp(as_of), note=row.customer_key, resource="crm.customer",
                field="name", owner_id=str(row.customer_owner_id or ""), url=f"/customers/{row.customer_id}/", state=HAPPENED)


def _when(row: CustomerVisit) -> Fact:
    return Fact("starts_at", gettext_noop("When"), "oa", stamp(row.starts_at), stamp(row.updated_at), kind="moment", state=HAPPENED)


def _last_contact(row: CustomerVisit) -> Fact:
    last = records.latest_follow_up(customer_id=row.customer_id)
    found = dict(last.data) if last else {}
    return Fact(
        "follow_up", gettext_noop("Last follow-up"), "crm", str(found.get("subject") or ""), str(found.get("occurred_at") or ""), state=HAPPENED,
        note=CHANNELS.get(str(found.get("channel") or ""), "") if last else gettext_noop("none is known"), resource="crm.follow_up", field="subject",
        owner_id=str(row.customer_owner_id or ""),
    )  # fmt: skip


def _clashes(row: CustomerVisit, now: dt.datetime) -> Fact:
    """Other visits of the visitor at the same time, by number."""
    others = CustomerVisit.objects.filter(visitor_id=row.visitor_id, state__in=(State.REQUESTED, State.APPROVED), starts_at__lt=row.ends_at,
                                          ends_at__gt=row.starts_at).exclude(pk=row.pk)
    numbers = list(others.order_by("number").values_list("number", flat=True))
    return Fact(
        "clashes", gettext_noop("At the same time"), "oa", numbers, stamp(now), kind="list", tone="warn" if numbers else "ok",
        pill=gettext_noop("another visit") if numbers else gettext_noop("free"),
    )  # fmt: skip
