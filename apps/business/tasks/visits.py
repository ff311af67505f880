"""Steps of a customer visit, and the timer that asks for its report."""

from __future__ import annotations

from django.utils.translation import gettext_noop

from apps.business import selectors, services
from apps.business.models import CustomerVisit
from apps.core.clock import company_zone
from apps.directory import selectors as directory
from apps.integrations import services as integrations
from apps.jobs.registry import JobContext, task
from apps.workflows.registry import Ref, StepContext, StepResult, service_task


def _visit(ctx: StepContext) -> CustomerVisit:
    visit = selectors.visit_by_id(ctx.variables["visit_id"])
    if visit is None:
        raise LookupError(f"no visit {ctx.business_key}")
    return visit


@service_task("visit.decided")
def take_decision(ctx: StepContext) -> StepResult:
    """The visit becomes what was decided; visitor and companions are told."""
    if ctx.decision is None:
        raise LookupError(f"no decision in {ctx.business_key}")
    decider = directory.find_person_by_login(ctx.decision.decided_by)
    services.visits.take_decision(
        visit=_visit(ctx), instance_id=ctx.instance_id, outcome=ctx.decision.outcome, reason=ctx.decision.comment,
        decider_id=decider.pk if decider else None, decided_at=ctx.decision.decided_at, now=ctx.now,
    )  # fmt: skip
    if ctx.decision.outcome == "APPROVED":
        return StepResult(text=gettext_noop("On the calendar; companions are invited"))
    return StepResult(text=gettext_noop("The visitor was told"))


@service_task("crm.visit.follow_up")
def write_follow_up(ctx: StepContext) -> StepResult:
    """The report becomes one follow-up of the customer: the CRM answers a repeat of the step's key with the first one."""
    visit = _visit(ctx)
    result = integrations.invoke_action(
        system="crm", action="follow_up.create", key=ctx.key, now=ctx.now,
        data={"customer_id": visit.customer_id, "channel": "visit", "subject": f"{visit.number} {visit.purpose}"[:200], "body": _body(visit)},
    )  # fmt: skip
    ident = str(result["external_id"])
    services.visits.record_follow_up(visit=visit, follow_up_id=ident, now=ctx.now)
    integrations.request_read(connection="crm", stream=integrations.stream_of(system="crm", kind="follow_up"), external_id=ident, now=ctx.now)
    return StepResult(
        refs=(Ref("crm", gettext_noop("Follow-up"), ident, f"/customers/{visit.customer_id}/"),),
        text=gettext_noop("The report stands in the CRM as a follow-up, 0 fields typed twice"),
    )


def _body(visit: CustomerVisit) -> str:
    """The report, and under it who was where and when: the follow-up itself is written by the service account."""
    zone = company_zone()
    who = ", ".join(one.name for one in (visit.visitor, *visit.companions.order_by("login")))
    when = f"{visit.starts_at.astimezone(zone):%Y-%m-%d %H:%M} – {visit.ends_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return f"{visit.report}\n\n{who}\n{when}, {visit.place}"


@task(services.visits.DUE)
def ask_for_report(ctx: JobContext) -> None:
    """The visit is over."""
    with ctx.commit():
        services.visits.ask_for_report(visit_id=ctx.payload["visit_id"], now=ctx.now)
