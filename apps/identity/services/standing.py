"""What the identity provider says of a person, asked without that person: for sessions that it did not begin itself. Network only; no database."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.conf import settings

from apps.core import clock
from apps.core.http import AuthError, PermanentError
from apps.identity.services import idp

SPARE = 10  # seconds that a token is dropped before it runs out
_held: dict[str, Any] = {"token": "", "until": 0.0}
_lock = threading.Lock()


@dataclass(frozen=True)
class Standing:
    """`enabled`: may sign on. `not_before`: when all sessions of the person were ended there, else None."""

    enabled: bool
    not_before: dt.datetime | None = None

    def lets_in(self, *, since: dt.datetime | None = None) -> bool:
        """Whether the person may be here; with `since`, whether a session begun then may go on."""
        return self.enabled and (since is None or self.not_before is None or self.not_before < since.replace(microsecond=0))


def forget() -> None:
    """Drop the token (tests)."""
    _held.update(token="", until=0.0)


def of(subject: str) -> Standing:
    """Asks the provider's directory. Somebody it does not know (any more) is not let in. Raises ProviderAway: no answer, or one that says nothing."""
    base, _sep, realm = settings.OIDC_ISSUER.partition("/realms/")
    url = f"{base}/admin/realms/{realm}/users/{quote(subject, safe='')}"
    try:
        answer = idp.administered(url, _token(again=False))
    except AuthError:
        answer = idp.administered(url, _token(again=True))
    except PermanentError as error:
        if error.status == 404:
            return Standing(False)
        raise idp.ProviderAway(error.message, system=idp.SYSTEM) from error
    if str(answer.get("id", "")) != subject:
        raise idp.ProviderAway("the identity provider answered about somebody else", system=idp.SYSTEM)
    moment = answer.get("notBefore") or 0
    return Standing(answer.get("enabled") is True, dt.datetime.fromtimestamp(moment, dt.UTC) if isinstance(moment, int) and moment > 0 else None)


def _token(*, again: bool) -> str:
    """The token of the client that may read people, kept until it runs out. Raises ProviderAway."""
    with _lock:
        now = clock.now().timestamp()
        if again or not _held["token"] or _held["until"] <= now:
            answer = idp.own_token(settings.OIDC_ADMIN_CLIENT_ID, settings.OIDC_ADMIN_CLIENT_SECRET)
            _held.update(token=str(answer["access_token"]), until=now + max(0, int(answer.get("expires_in", 60)) - SPARE))
        return str(_held["token"])
