"""Human tasks: hand over."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.workflows import events, policies
from apps.workflows.models import Incident, Task
from apps.workflows.services import assigning, breaking, stepping
from apps.workflows.services.timeline import log


class UnableToReassign(DomainError):
    """The task is decided, or the new person is the requester, inactive, without the right to decide, or has it already."""

    code = "unable_to_reassign"


def reassign(*, task_id: uuid.UUID, person: Any, to: Any, reason: str, now: dt.datetime) -> Task:
    """Hand a task over for good (right workflows.instance reassign). Never to the requester. Raises NotFound, NotPermitted, UnableToReassign."""
    found = Task.objects.select_related("instance").filter(pk=task_id).first()
    if found is None or not policies.may_see_task(found, person):
        raise NotFound(_("There is no such task, or you may not see it."))
    decide(person, "reassign", "workflows.instance", found.instance.starter_id).require(
        _("You may not hand over tasks. Ask your administrator."))
    if not reason.strip():
        raise InvalidInput(_("Say why you hand it over."), details={"fields": {"reason": [_("Say why you hand it over.")]}})
    with stepping.step(found.instance_id, now) as step:
        task = Task.objects.select_related("assignee").get(pk=task_id)
        task.instance = step.instance
        _require_fit(task, to)
        before = sorted(task.candidates.values_list("login", flat=True))
        task.candidates.set([to])
        task.state, task.assignee, task.fallback_reason, task.updated_at = Task.State.RESERVED, to, "", now
        task.save(update_fields=["state", "assignee", "fallback_reason", "updated_at"])
        notifications.resolve(ref=assigning.task_ref(task.pk), now=now, outcome="reassigned", by=person.pk)
        notifications.resolve(ref=f"{assigning.task_ref(task.pk)}:fallback", now=now, outcome="reassigned", by=person.pk)
        for incident in Incident.objects.filter(
                instance=step.instance, token=task.token, kind="workflows.no_approver", state=Incident.State.OPEN):
            breaking.close_incident(incident, now, state=Incident.State.RESOLVED, person=person)
        assigning.announce(task, [to], now)
        jobs.publish(event=events.TASK_REASSIGNED, now=now, order_key=str(step.instance.pk), data={
            "task_id": str(task.pk), "instance_id": str(step.instance.pk), "business_key": step.instance.business_key, "node": task.node,
            "to_id": str(to.pk)})
        log(step.instance, "task.reassigned", now, node=task.node, token=task.token, actor=person, text=reason.strip(), data={
            "task_id": str(task.pk), "to": str(to.pk)})
        audit.record(actor=person, action="workflows.task.reassigned", object=assigning.task_ref(task.pk), now=now, data={
            "business_key": step.instance.business_key, "from": before, "to": to.login, "reason": reason.strip()})
    return task


def _require_fit(task: Task, to: Any) -> None:
    if not task.is_open or not task.instance.is_active:
        raise UnableToReassign(_("This task is no longer open."))
    if to.pk == task.instance.starter_id:
        raise UnableToReassign(_("The requester never decides on the own request. Choose somebody else."))
    if not to.active:
        raise UnableToReassign(_("This person does not work here any more. Choose somebody else."))
    if not policies.may_act(to):
        raise UnableToReassign(_("This person may not decide on tasks. Choose somebody else."))
    if task.assignee_id == to.pk:
        raise UnableToReassign(_("This person has it already."))
