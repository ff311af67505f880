"""Making keys and taking them away. Each is audited; the secret is told once and never kept."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.access import decide
from apps.core.errors import InvalidInput, NotFound
from apps.insight.models import Token
from apps.insight.policies import tokens as policies
from apps.insight.selectors.tokens import digest

TOUCH_EVERY = dt.timedelta(hours=1)


def make_token(*, person: Any, name: str, scopes: Sequence[str], days: int, now: dt.datetime) -> tuple[Token, str]:
    """The key and its secret, which is told here and never again. Raises NotPermitted, InvalidInput."""
    decide(person, "create", "insight.token", person.pk).require(_("You may not make keys for programs."))
    secret = policies.PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        live = Token.objects.select_for_update().filter(person=person.pk, revoked_at=None, expires_at__gt=now)
        found = policies.problems(name=name, scopes=scopes, days=days, live=len(live))
        if found:
            raise InvalidInput(_("The key cannot be made like this."), details={"fields": {field: [str(one) for one in said] for field, said in found.items()}})
        row = Token.objects.create(
            person_id=person.pk, name=name.strip(), scopes=sorted(set(scopes)), sha256=digest(secret), ending=secret[-4:], created_at=now,
            expires_at=now + dt.timedelta(days=days))
        _audit(person, "made", row, now, {"name": row.name, "scopes": row.scopes, "expires_at": row.expires_at.isoformat()})
    return row, secret


def revoke_token(*, person: Any, token_id: uuid.UUID, now: dt.datetime) -> Token:
    """It opens nothing from now on; twice is once. Raises NotPermitted, NotFound (another person's, too)."""
    decide(person, "view", "insight.token", person.pk).require(_("You may not look at keys for programs."))
    with transaction.atomic():
        row = Token.objects.select_for_update().filter(pk=token_id, person=person.pk).first()
        if row is None:
            raise NotFound(_("There is no such key."))
        if row.revoked_at is None:
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            _audit(person, "revoked", row, now, {"name": row.name})
    return row


def touch_token(*, person: Any, token: Token, path: str, now: dt.datetime) -> None:
    """It was used; written and audited once an hour."""
    with transaction.atomic():
        if Token.objects.filter(pk=token.pk).exclude(used_at__gt=now - TOUCH_EVERY).update(used_at=now):
            _audit(person, "used", token, now, {"name": token.name, "path": path[:200]})


def _audit(person: Any, verb: str, row: Token, now: dt.datetime, data: dict[str, Any]) -> None:
    audit.record(actor=person, action=f"insight.key.{verb}", object=f"insight.key:{row.pk}", data=data, now=now)
