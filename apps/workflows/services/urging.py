"""Urging: whoever asked may remind those who have the task, now and then."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import DomainError, NotFound
from apps.core.templatetags.atrium import moment
from apps.notifications import services as notifications
from apps.workflows import selectors
from apps.workflows.models import ProcessInstance, Task
from apps.workflows.services import assigning, stepping
from apps.workflows.services.timeline import log

URGED = "workflows.task_urged"


class UnableToUrge(DomainError):
    """Nobody is asked now, or they were urged a short while ago. `details["next"]`: when it is possible again."""

    code = "unable_to_urge"


def urge(*, instance_id: uuid.UUID, person: Any, now: dt.datetime) -> Task:
    """Remind everybody who has the open task of one's own case. Raises NotFound, UnableToUrge."""
    found = ProcessInstance.objects.filter(pk=instance_id, starter=person.pk).first()
    if found is None:
        raise NotFound(_("There is no such case, or you may not see it."))
    with stepping.step(instance_id, now) as step:
        task = Task.objects.filter(instance=step.instance, state__in=Task.OPEN).order_by("created_at").first() if step.instance.is_active else None
        if task is None:
            raise UnableToUrge(_("Nobody is asked at the moment; the case goes on by itself."))
        task.instance = step.instance
        _require_time(task, now)
        people = [one.pk for one in task.candidates.all()]
        params = {**assigning.params_of(task), "asked_by": {"en": person.display("en"), "zh-hans": person.display("zh-hans")}}
        notifications.notify(kind=URGED, person_ids=people, params=params, ref=assigning.task_ref(task.pk), now=now)
        log(step.instance, "task.urged", now, node=task.node, token=task.token, actor=person, data={"task_id": str(task.pk)})
        audit.record(actor=person, action="workflows.task.urged", object=assigning.task_ref(task.pk), now=now,
                     data={"business_key": step.instance.business_key})
    return task


def _require_time(task: Task, now: dt.datetime) -> None:
    soonest = selectors.urge_possible(task)
    if soonest is not None and now < soonest:
        raise UnableToUrge(_("They were asked a short while ago. It is possible again %(moment)s.") % {"moment": moment(soonest)},
                           details={"next": soonest.isoformat()})
