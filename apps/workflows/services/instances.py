"""Starting, waking, withdrawing process instances, and the lines of their timeline."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import DomainError
from apps.core.failpoints import declare, failpoint
from apps.core.locks import hold
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.realtime import services as realtime
from apps.workflows import events
from apps.workflows.models import InboxMessage, InstanceEvent, ProcessDefinition, ProcessInstance, Subscription, Task
from apps.workflows.registry import Ref
from apps.workflows.services import assigning, stepping
from apps.workflows.services.timeline import log

declare("workflows.instance_created", "workflows.started", "workflows.message_stored", "workflows.message_taken", "workflows.withdrawn")
WITHDRAWN_BY_STARTER = gettext_noop("Taken back by the one who asked.")


class UnableToStart(DomainError):
    """There is no published definition of that key, or it has no start for that message."""

    code = "unable_to_start"


class UnableToWithdraw(DomainError):
    """It is over already, a step is acting outside right now, or the person may not."""

    code = "unable_to_withdraw"


def start(*, process_key: str, business_key: str, title: str, variables: Mapping[str, Any], starter_id: uuid.UUID | None, now: dt.datetime,
          message: str = "", subject: Mapping[str, str] | None = None) -> ProcessInstance:
    """Begin a case. One per (process key, business key): a repeat returns the existing one and changes nothing.

    `starter_id`: the requester, who never may decide. `message`: name of the start message; "" = the plain start.
    `subject`: {"resource", "field", "owner_id"}, the rule that may mask the title.
    """
    existing = ProcessInstance.objects.filter(process_key=process_key, business_key=business_key).first()
    if existing is not None:
        return existing
    definition = ProcessDefinition.objects.filter(key=process_key, state=ProcessDefinition.State.PUBLISHED).order_by("-version").first()
    if definition is None:
        raise UnableToStart(_("No process “%(key)s” is published. Ask your administrator.") % {"key": process_key})
    begin = stepping.process_of(definition).start(message)
    if begin is None:
        raise UnableToStart(_("The process “%(key)s” does not start with “%(message)s”.") % {"key": process_key, "message": message or "–"})
    try:
        with transaction.atomic():
            _hold(business_key)
            instance = ProcessInstance.objects.create(
                definition=definition, process_key=process_key, business_key=business_key, title=title, subject=dict(subject or {}),
                variables=dict(variables), starter_id=starter_id, created_at=now, updated_at=now)
            failpoint("workflows.instance_created")
            with stepping.step(instance.pk, now) as step:
                _announce_start(step.instance, begin.name, begin.system or _system_of_message(begin.message), now)
                step.move(lambda machine: machine.begin(begin))
    except IntegrityError:
        # another transaction began the same case between our look and our insert
        twin = ProcessInstance.objects.filter(process_key=process_key, business_key=business_key).first()
        if twin is None:
            raise
        return twin
    failpoint("workflows.started")
    instance.refresh_from_db()
    return instance


def _hold(business_key: str) -> None:
    """A case that begins and a message for it that comes at the same moment must see each other; SQLite has one writer anyway.

    Not needed, and not taken, once the case is there: then both hold its row.
    """
    hold(f"workflows:{business_key}")


def _system_of_message(message: str) -> str:
    word = message.partition(".")[0]
    return word if word in stepping.SYSTEMS else "oa"


def _announce_start(instance: ProcessInstance, name: str, system: str, now: dt.datetime) -> None:
    log(instance, "instance.started", now, actor=instance.starter, system=system, data={
        "name": name, "definition": str(instance.definition), "business_key": instance.business_key})
    audit.record(actor=None, action="workflows.instance.started", object=f"workflows.instance:{instance.pk}", now=now, data={
        "business_key": instance.business_key, "definition": str(instance.definition),
        "starter": instance.starter.login if instance.starter else ""})
    jobs.publish(event=events.INSTANCE_STARTED, now=now, order_key=str(instance.pk), key=f"{instance.pk}:started", data={
        "instance_id": str(instance.pk), "process_key": instance.process_key, "business_key": instance.business_key,
        "starter_id": str(instance.starter_id) if instance.starter_id else None})


def correlate(*, message: str, business_key: str, variables: Mapping[str, Any], now: dt.datetime, message_id: str = "") -> int:
    """Give a message to the case of that business key. Returns how many waiting tokens took it (0 or 1).

    0: nothing waits for it now; it is kept and taken by the first catch of that name that opens. The same `message_id` counts once.
    """
    with transaction.atomic():
        if not ProcessInstance.objects.filter(business_key=business_key).exists():
            _hold(business_key)
        stored = InboxMessage(business_key=business_key, message=message, message_id=message_id, variables=dict(variables), received_at=now)
        if message_id:
            # the unique index judges: a second one with this id is not stored, and has no effect
            InboxMessage.objects.bulk_create([stored], ignore_conflicts=True)
            if InboxMessage.objects.get(business_key=business_key, message=message, message_id=message_id).consumed_at is not None:
                return 0
        else:
            stored.save(force_insert=True)
        failpoint("workflows.message_stored")
        taken = 0
        for instance_id in ProcessInstance.objects.filter(
                business_key=business_key, state=ProcessInstance.State.ACTIVE).order_by("created_at").values_list("pk", flat=True):
            taken = taken or _deliver(instance_id, message, now)
    failpoint("workflows.message_taken")
    return taken


def _deliver(instance_id: uuid.UUID, message: str, now: dt.datetime) -> int:
    """Look again under the instance's lock: a catch that opened meanwhile has taken the message itself."""
    with stepping.step(instance_id, now) as step:
        wait = Subscription.objects.filter(instance=step.instance, message=message).order_by("created_at", "id").first()
        oldest = InboxMessage.objects.filter(
            business_key=step.instance.business_key, message=message, consumed_at=None).order_by("id").first()
        if wait is None or oldest is None or not step.instance.is_active:
            return 0
        step.move(lambda _machine: stepping.consume(step, wait, oldest))
    return 1


def withdraw(*, instance_id: uuid.UUID, reason: str, now: dt.datetime, person: Any = None) -> ProcessInstance:
    """Take the case back: open tasks are cancelled and their people told, a decision inside its undo window is dropped, timers and waits end.

    `person`: who does it (the starter, or one with workflows.instance repair); None: the outside system's event did. `reason`: a msgid.
    Raises UnableToWithdraw when the case is over or a step is already acting outside.
    """
    with stepping.step(instance_id, now) as step:
        instance = step.instance
        if person is not None and person.pk != instance.starter_id:
            decide(person, "repair", "workflows.instance", instance.starter_id).require(_("Only the one who started it may withdraw it."))
        if not instance.is_active:
            raise UnableToWithdraw(_("It is over already; there is nothing to withdraw."))
        told = _people_of_open_tasks(instance)
        _stop_steps(step)
        step.reason = reason
        step.move(lambda machine: machine.cancel())
        instance.state, instance.end_reason = ProcessInstance.State.WITHDRAWN, reason[:500]
        log(instance, "instance.withdrawn", now, actor=person, text=reason)
        audit.record(actor=person, action="workflows.instance.withdrawn", object=f"workflows.instance:{instance.pk}", now=now, data={
            "business_key": instance.business_key, "reason": reason})
        jobs.publish(event=events.INSTANCE_WITHDRAWN, now=now, order_key=str(instance.pk), key=f"{instance.pk}:withdrawn", data={
            "instance_id": str(instance.pk), "process_key": instance.process_key, "business_key": instance.business_key, "reason": reason})
        notifications.notify(kind="workflows.instance_withdrawn", person_ids=told, ref=f"workflows.instance:{instance.pk}", now=now,
                             params={**assigning.case_params(instance), "reason": reason})
    failpoint("workflows.withdrawn")
    return instance


def _people_of_open_tasks(instance: ProcessInstance) -> list[uuid.UUID]:
    states = [*Task.OPEN, Task.State.DECIDED]
    rows = Task.objects.filter(instance=instance, state__in=states).values_list("candidates", flat=True)
    return sorted({person for person in rows if person})


def _stop_steps(step: stepping.Step) -> None:
    """A step that has begun may have had its effect: then a withdrawal would be a lie."""
    for token in step.machine.state.tokens:
        if step.process.nodes[token.node].kind == "service_task" and not jobs.cancel(key=stepping.step_key(step.instance.pk, token)):
            raise UnableToWithdraw(_("A step is already acting in another system. Wait until it is done; then deal with what it made."))


def annotate(*, instance_id: uuid.UUID, kind: str, text: str, now: dt.datetime, params: Mapping[str, Any] | None = None,
             data: Mapping[str, Any] | None = None, system: str = "", refs: Iterable[Ref] = (), dedupe: str = "") -> InstanceEvent:
    """A business event on the timeline, e.g. "Shipped, SO-12". `text`: a msgid with %(named)s from `params`; `dedupe`: once per instance."""
    with transaction.atomic():
        instance = ProcessInstance.objects.select_for_update().get(pk=instance_id)
        if dedupe:
            known = InstanceEvent.objects.filter(instance=instance, kind=kind, data__dedupe=dedupe).first()
            if known is not None:
                return known
        event = log(instance, kind, now, system=system, text=text, params=dict(params or {}), refs=[asdict(ref) for ref in refs],
                    data={**(data or {}), **({"dedupe": dedupe} if dedupe else {})})
        realtime.broadcast(hint={"t": "instance", "id": str(instance.pk)}, now=now)
    return event
