"""Broken steps: opened, tried again, skipped, dealt with."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.failpoints import declare, failpoint
from apps.jobs import services as jobs
from apps.workflows import policies
from apps.workflows.models import Incident
from apps.workflows.services import breaking, stepping

declare("workflows.incident_retried")


class UnableToRepair(DomainError):
    """The incident is over, or is not of the kind that can be tried again."""

    code = "unable_to_repair"


def raise_incident(*, instance_id: uuid.UUID, kind: str, message: str, person_ids: Iterable[uuid.UUID], now: dt.datetime,
                   params: Mapping[str, Any] | None = None, system: str = "", dedupe: str = "") -> Incident:
    """A business incident (e.g. "the deal was reopened after the order exists"): told to `person_ids` as a to-do, nothing is undone.

    `message`: a msgid with %(named)s from `params`. `dedupe`: once per instance and value.
    """
    with stepping.step(instance_id, now) as step:
        if dedupe:
            known = Incident.objects.filter(instance=step.instance, kind=kind, params__dedupe=dedupe).first()
            if known is not None:
                return known
        return breaking.open_incident(
            step.instance, now, kind=kind, message=message, system=system, person_ids=[person for person in person_ids if person],
            params={**(params or {}), **({"dedupe": dedupe} if dedupe else {})})


def _may_repair(person: Any, incident: Incident) -> bool:
    return bool(decide(person, "repair", "workflows.instance", incident.instance.starter_id).allowed)


def _open(incident_id: uuid.UUID, person: Any) -> Incident:
    """The open incident. A stranger learns nothing of it."""
    incident = Incident.objects.select_related("instance").filter(pk=incident_id).first()
    if incident is None or not (_may_repair(person, incident) or str(person.pk) in incident.person_ids):
        raise NotFound(_("There is no such incident, or you may not see it."))
    if not incident.is_open:
        raise UnableToRepair(_("This was dealt with already."), details={"state": incident.state})
    return incident


def retry_incident(*, incident_id: uuid.UUID, person: Any, now: dt.datetime) -> Incident:
    """Try the broken step again from there, with the same idempotency key; nothing before it is repeated."""
    incident = _open(incident_id, person)
    decide(person, "repair", "workflows.instance", incident.instance.starter_id).require(_("You may not repair a step. Ask your administrator."))
    with stepping.step(incident.instance_id, now) as step:
        incident = _open(incident_id, person)
        if not policies.can_retry(incident):
            raise UnableToRepair(_("There is no step to try again here. Deal with what it says, then mark it as dealt with."))
        breaking.close_incident(incident, now, state=Incident.State.RETRIED, person=person)
        token = step.token(incident.token)
        if incident.job_id is not None:
            _replay(incident.job_id, now)
        elif token is not None and token.held:
            step.move(lambda machine: machine.retry(incident.token))
        elif token is not None:
            _arm_again(step, incident)
    failpoint("workflows.incident_retried")
    return incident


def _replay(job_id: int, now: dt.datetime) -> None:
    try:
        jobs.replay(job_id=job_id, now=now)
    except jobs.UnableToCure:
        return  # somebody replayed it in the job list: it runs, with the same key


def _arm_again(step: stepping.Step, incident: Incident) -> None:
    """A timer whose time could not be computed."""
    token = step.machine.state.token(incident.token)
    node = step.process.nodes[token.node]
    for event in (node, *(step.process.nodes[key] for key in node.boundaries)):
        if event.timer:
            step.set_timer(token, event, 1)


def skip_incident(*, incident_id: uuid.UUID, person: Any, reason: str, now: dt.datetime, flow: str = "") -> Incident:
    """Go on as if the step had been done; the reason stands in the timeline and the audit. `flow`: the way to take out of a gateway."""
    incident = _open(incident_id, person)
    decide(person, "repair", "workflows.instance", incident.instance.starter_id).require(_("You may not repair a step. Ask your administrator."))
    if not reason.strip():
        raise InvalidInput(_("Say why it may be skipped."), details={"fields": {"reason": [_("Say why it may be skipped.")]}})
    with stepping.step(incident.instance_id, now) as step:
        incident = _open(incident_id, person)
        token = step.token(incident.token)
        node = step.process.nodes.get(incident.node)
        if token is None or node is None or node.kind == "user_task":
            raise UnableToRepair(_("There is no step to skip here."))
        breaking.close_incident(incident, now, state=Incident.State.SKIPPED, person=person, note=reason.strip())
        if incident.job_id is not None:
            _skip_job(incident.job_id, reason, now)
        if token.held:
            way = flow or node.default
            if way not in node.outgoing:
                raise UnableToRepair(_("Choose the way to take."), details={"flows": list(node.outgoing)})
            step.move(lambda machine: machine.force(incident.token, way))
        else:
            step.log("step.skipped", node=node, token=token, actor=person, text=reason.strip(), system=stepping.system_of(node))
            step.move(lambda machine: machine.complete(incident.token))
    return incident


def _skip_job(job_id: int, reason: str, now: dt.datetime) -> None:
    try:
        jobs.skip(job_id=job_id, reason=reason, now=now)
    except jobs.UnableToCure as error:
        raise UnableToRepair(_("The step is being tried again right now. Look again in a moment.")) from error


def resolve_incident(*, incident_id: uuid.UUID, person: Any, note: str, now: dt.datetime) -> Incident:
    """A business incident was looked at; its to-do disappears everywhere."""
    incident = _open(incident_id, person)
    if incident.holds_token:
        raise UnableToRepair(_("This one holds the case: try it again, or skip it with a reason."))
    with stepping.step(incident.instance_id, now):
        incident = _open(incident_id, person)
        breaking.close_incident(incident, now, state=Incident.State.RESOLVED, person=person, note=note.strip())
    return incident
