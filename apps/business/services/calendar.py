"""The secret link to the own calendar: made, made anew, taken away. Each is audited; the secret itself is shown once and never kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.business.models import CalendarLink
from apps.core.access import decide

RESOURCE = "business.calendar"
TOUCH_EVERY = dt.timedelta(hours=1)


def make_calendar_link(*, person: Any, now: dt.datetime) -> str:
    """A new secret; the one before opens nothing any more. Returns the secret. Raises NotPermitted."""
    decide(person, "edit", RESOURCE, person.pk).require(_("You may not share your calendar."))
    token = secrets.token_urlsafe(32)
    digest = hashlib.sha256(token.encode()).hexdigest()
    with transaction.atomic():
        _link, made = CalendarLink.objects.update_or_create(
            person_id=person.pk, defaults={"token_sha256": digest, "created_at": now, "used_at": None},
        )  # fmt: skip
        _audit(person, "made" if made else "renewed", now)
    return token


def revoke_calendar_link(*, person: Any, now: dt.datetime) -> bool:
    """The link opens nothing from now on. False: there was none."""
    with transaction.atomic():
        gone, _rows = CalendarLink.objects.filter(person_id=person.pk).delete()
        if gone:
            _audit(person, "revoked", now)
    return bool(gone)


def touch_calendar_link(*, person: Any, now: dt.datetime) -> None:
    """It was used; written once an hour."""
    CalendarLink.objects.filter(person_id=person.pk).exclude(used_at__gt=now - TOUCH_EVERY).update(used_at=now)


def _audit(person: Any, verb: str, now: dt.datetime) -> None:
    audit.record(actor=person, action=f"business.calendar_link.{verb}", object=f"directory.person:{person.login}", data={}, now=now)
