"""Keys of a person, and whose a key is."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from apps.core.access import decide
from apps.directory import selectors as directory
from apps.insight.models import Token
from apps.insight.policies import tokens as policies
from apps.notifications import selectors as notifications


@dataclass(frozen=True)
class Bearer:
    """Who asks with a key."""

    token: Token
    person: Any
    account: Any


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def tokens_of(person: Any) -> list[Token]:
    """All keys of this person, the newest first; those that open nothing any more, too."""
    return list(Token.objects.filter(person=person.pk).order_by("-created_at", "-pk"))


def bearer(secret: str, now: dt.datetime) -> Bearer | None:
    """None, alike for a key nobody has, one that ran out or was taken away, and one whose owner left, was switched off or may not have keys any more."""
    if not secret.startswith(policies.PREFIX) or len(secret) > 200:
        return None
    row = Token.objects.filter(sha256=digest(secret)).first()
    if row is None or policies.state(expires_at=row.expires_at, revoked_at=row.revoked_at, now=now) != "live":
        return None
    person = directory.people_by_id([row.person_id]).get(row.person_id)
    account = notifications.account_of(person) if person else None
    if person is None or not person.active or account is None or not account.is_active:
        return None
    return Bearer(row, person, account) if decide(person, "create", "insight.token", person.pk).allowed else None
