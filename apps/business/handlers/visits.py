"""What customer visits hear, and what they plug into the engine."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.business import selectors, services
from apps.jobs import selectors as jobs
from apps.jobs.registry import JobContext, on
from apps.notifications.registry import answers_for
from apps.workflows.events import INSTANCE_WITHDRAWN
from apps.workflows.registry import Candidates, Card, Fact, brief, candidates, card, label


@on(INSTANCE_WITHDRAWN, name="business.visit_withdrawn")
def hear_withdrawal(ctx: JobContext) -> None:
    """Taken back on the page of requests."""
    with ctx.commit():
        if ctx.payload["process_key"] == services.visits.PROCESS:
            services.visits.case_withdrawn(instance_id=ctx.payload["instance_id"], reason=ctx.payload["reason"], now=ctx.now)


@candidates("visitor_manager")
def visitor_manager(instance: Any) -> Candidates:
    """The visitor's one active manager, by the rules of the sales loop."""
    return selectors.approver_of_person(instance.starter)


@card("customer_visit")
def customer_visit(instance: Any, now: dt.datetime) -> Card:
    visit = selectors.visit_by_id(instance.variables["visit_id"])
    if visit is None:
        raise LookupError(instance.business_key)
    return selectors.visit_card(visit, now)


@label("customer_visit")
def number_of(variables: Mapping[str, Any]) -> str:
    return str(variables.get("number") or "")


@brief("customer_visit")
def told_in_notices(instance: Any) -> tuple[Fact, ...]:
    visit = selectors.visit_by_id(instance.variables["visit_id"])
    return selectors.visit_brief(visit) if visit else ()


@answers_for(services.visits.TO_REPORT)
class Reports:
    """The visitor owes a report from the visit's end on. That it is over travels by job."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        return selectors.to_report(now)

    def moving(self, now: dt.datetime) -> Iterable[str]:
        return [f"{selectors.REPORT_REF}{job.payload['visit_id']}" for job in jobs.pending(kind=services.visits.DUE).filter(run_at__lte=now)]

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        services.visits.ask_again(ref=ref, person_ids=person_ids, now=now)
