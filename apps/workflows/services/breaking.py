"""Incidents as they open and vanish inside a step."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from apps.access import selectors as access
from apps.audit import services as audit
from apps.directory import selectors as directory
from apps.jobs import services as jobs
from apps.notifications import services as notifications
from apps.workflows import events
from apps.workflows.models import Incident, ProcessInstance
from apps.workflows.services.timeline import log

LONGEST = 1000


def incident_ref(incident_id: uuid.UUID) -> str:
    """The name under which notices of an incident are closed."""
    return f"workflows.incident:{incident_id}"


def repairers() -> list[uuid.UUID]:
    """Who is told of a broken step: those who may repair, else the named administrator."""
    found = [person.pk for person in access.who_may("repair", "workflows.instance")]
    if not found:
        named = directory.find_person_by_login(settings.FALLBACK_ADMIN)
        found = [named.pk] if named else []
    return found


def open_incident(instance: ProcessInstance, now: dt.datetime, *, kind: str, message: str, node: str = "", token: str = "",
                  params: Mapping[str, Any] | None = None, system: str = "", job_id: int | None = None, job_key: str = "",
                  person_ids: Iterable[uuid.UUID] | None = None) -> Incident:
    """Open it (a token that has one already keeps it), put it on the timeline, tell people. Call while the instance is locked."""
    same = Incident.objects.filter(instance=instance, token=token, node=node, state=Incident.State.OPEN) if token else Incident.objects.none()
    existing = same.first()
    if existing is not None:
        same.update(message=message[:LONGEST], system=system, job_id=job_id, job_key=job_key)
        existing.refresh_from_db()
        return existing
    people = list(dict.fromkeys(person_ids)) if person_ids is not None else repairers()
    incident = Incident.objects.create(
        instance=instance, token=token, node=node, kind=kind, message=message[:LONGEST], params=dict(params or {}), system=system,
        job_id=job_id, job_key=job_key, person_ids=[str(person) for person in people], opened_at=now)
    log(instance, "incident.opened", now, node=node, token=token, system=system, text=incident.message, params=incident.params,
        data={"incident_id": str(incident.pk), "kind": kind})
    audit.record(actor=None, action="workflows.incident.opened", object=incident_ref(incident.pk), now=now, data={
        "business_key": instance.business_key, "kind": kind, "node": node})
    jobs.publish(event=events.INCIDENT_OPENED, now=now, order_key=str(instance.pk), key=f"{incident_ref(incident.pk)}:opened", data={
        "incident_id": str(incident.pk), "instance_id": str(instance.pk), "business_key": instance.business_key, "kind": kind, "node": node})
    tell_incident(incident, people, now)
    return incident


def tell_incident(incident: Incident, person_ids: Iterable[uuid.UUID], now: dt.datetime) -> None:
    """The to-do of an open incident, to these people."""
    instance = incident.instance
    notifications.notify(kind="workflows.incident_opened", person_ids=person_ids, ref=incident_ref(incident.pk), now=now, params={
        "incident_id": str(incident.pk), "instance_id": str(instance.pk), "business_key": instance.business_key, "label": instance.label,
        "title": instance.title, "subject": instance.subject, "kind": incident.kind, "message": incident.message, "params": incident.params,
        "system": incident.system})


def tell_incident_again(*, incident_id: uuid.UUID, person_ids: Iterable[uuid.UUID], now: dt.datetime) -> None:
    """The to-do for some of its people who do not have it, in the caller's transaction."""
    tell_incident(Incident.objects.select_related("instance").get(pk=incident_id), person_ids, now)


def close_incident(incident: Incident, now: dt.datetime, *, state: str, person: Any = None, note: str = "") -> None:
    """End it; its to-dos vanish everywhere."""
    incident.state, incident.resolved_at, incident.resolved_by, incident.note = state, now, person, note[:500]
    incident.save(update_fields=["state", "resolved_at", "resolved_by", "note"])
    notifications.resolve(ref=incident_ref(incident.pk), now=now, outcome=state.lower(), by=person.pk if person else None)
    log(incident.instance, "incident.closed", now, node=incident.node, token=incident.token, actor=person, text=note,
        data={"incident_id": str(incident.pk), "state": state})
    audit.record(actor=person, action=f"workflows.incident.{state.lower()}", object=incident_ref(incident.pk), now=now, data={
        "business_key": incident.instance.business_key, "kind": incident.kind, "note": note})
    jobs.publish(event=events.INCIDENT_RESOLVED, now=now, order_key=str(incident.instance_id), key=f"{incident_ref(incident.pk)}:closed", data={
        "incident_id": str(incident.pk), "instance_id": str(incident.instance_id), "business_key": incident.instance.business_key,
        "state": state})


def drop_for_token(instance: ProcessInstance, token_id: str, now: dt.datetime) -> None:
    """The token is gone, so nothing is held any more."""
    for incident in Incident.objects.filter(instance=instance, token=token_id, state=Incident.State.OPEN):
        close_incident(incident, now, state=Incident.State.RESOLVED)
