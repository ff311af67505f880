"""Links that lead from a mail to one decision. A link proves nothing about who holds it: it only says what it was made for, until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext as _

from apps.core.errors import DomainError
from apps.notifications.models import Delivery

SALT = "atrium.notifications.decide"
LASTS = dt.timedelta(days=7)


class UnableToFollow(DomainError):
    """The link was changed, is too old, or was made for somebody else. `details["why"]`: broken | expired | other."""

    code = "link_refused"
    status = 403


@dataclass(frozen=True)
class Link:
    delivery_id: str
    person_id: str
    version: str


def decide_url(row: Delivery, version: str, now: dt.datetime) -> str:
    """The signed address: bound to this delivery, its person, and the version of the card the mail showed."""
    until = int((now + LASTS).timestamp())
    token = signing.dumps([str(row.pk), str(row.notification.person_id), version, until], salt=SALT, compress=True)
    return f"{settings.PORTAL_URL}/mail/decide/{token}/"


def read(token: str, person: Any, now: dt.datetime) -> Link:
    """What the link was made for. Raises UnableToFollow."""
    try:
        delivery_id, person_id, version, until = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        raise UnableToFollow(_("This link is not complete. Copy it from the mail again, or open the portal."), details={"why": "broken"}) from error
    if str(person.pk) != person_id:
        raise UnableToFollow(_("This link was made for somebody else. A link of a mail cannot be passed on."), details={"why": "other"})
    if now.timestamp() >= until:
        raise UnableToFollow(_("This link is too old. What waits for you stands in your inbox."), details={"why": "expired"})
    return Link(delivery_id, person_id, version)
