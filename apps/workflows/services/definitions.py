"""Publishing process files."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import DomainError
from apps.workflows import registry
from apps.workflows.engine import checks, process
from apps.workflows.models import ProcessDefinition


class InvalidDefinition(DomainError):
    """The process file is refused. `details["problems"]`: [{"element", "message"}], each naming the element's id."""

    code = "invalid_definition"
    status = 422


def deploy(*, xml: str, now: dt.datetime) -> ProcessDefinition:
    """Publish a process file: checked, compiled, given the next version. The content in force again returns that version.

    Raises InvalidDefinition when an element is outside the subset, or names a topic, rule or card nobody registered.
    """
    known = checks.Known(registry.SERVICE_TASKS, registry.CANDIDATES, registry.CARDS)
    compiled, problems = checks.compile_file(xml, known)
    if compiled is None:
        raise InvalidDefinition(
            _("The process file is refused. First problem: %(element)s: %(message)s") % {
                "element": problems[0].element or "–", "message": problems[0].message},
            details={"problems": [{"element": problem.element, "message": problem.message} for problem in problems]})
    checksum = hashlib.sha256(xml.encode()).hexdigest()
    try:
        return _publish(compiled, xml, checksum, now)
    except IntegrityError:
        return _publish(compiled, xml, checksum, now)  # another deployment took the version number: look again


def _publish(compiled: process.Process, xml: str, checksum: str, now: dt.datetime) -> ProcessDefinition:
    with transaction.atomic():
        # the last number first: whoever publishes between the two reads is then either found, or in the way of our number
        last = ProcessDefinition.objects.filter(key=compiled.key).order_by("-version").values_list("version", flat=True).first() or 0
        published = ProcessDefinition.objects.select_for_update().filter(key=compiled.key, state=ProcessDefinition.State.PUBLISHED)
        current = published.order_by("-version").first()
        if current is not None and current.checksum == checksum:
            return current
        published.update(state=ProcessDefinition.State.RETIRED, updated_at=now)
        definition = ProcessDefinition.objects.create(
            key=compiled.key, version=last + 1, name=compiled.name, bpmn_xml=xml, compiled=process.to_json(compiled), checksum=checksum,
            created_at=now, updated_at=now)
        audit.record(actor=None, action="workflows.definition.published", object=f"workflows.definition:{definition.pk}", now=now,
                     data={"key": definition.key, "version": definition.version, "checksum": checksum})
    return definition
