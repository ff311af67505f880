"""Contract templates."""

import datetime as dt
from typing import Any

from django.db import transaction

from apps.audit import services as audit
from apps.business.models import ContractTemplate


def upsert_template(*, code: str, fields: dict[str, Any], now: dt.datetime, person: Any = None) -> ContractTemplate:
    """Make or change the template of that code. `fields`: model fields by name. Audited when something changed."""
    with transaction.atomic():
        template = ContractTemplate.objects.select_for_update().filter(code=code).first()
        if template and all(getattr(template, name) == value for name, value in fields.items()):
            return template
        template = template or ContractTemplate(code=code, created_at=now)
        for name, value in fields.items():
            setattr(template, name, value)
        template.updated_at = now
        template.full_clean()
        template.save()
        audit.record(
            actor=person,
            action="business.template.saved",
            object=f"template:{code}",
            data={name: str(value) for name, value in fields.items()},
            now=now,
        )
        return template
