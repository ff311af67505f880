"""Sessions that end at the identity provider: told by it (back channel), or found out by asking (reconcile)."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.db import transaction
from keycloak import KeycloakAdmin, KeycloakOpenIDConnection
from keycloak.exceptions import KeycloakError

from apps.core.http import TransientError
from apps.identity import claims
from apps.identity.models import DEMO_ISSUER, OidcSession, SeenLogout
from apps.identity.services import idp, standing
from apps.identity.services.sessions import end_sessions

logger = logging.getLogger(__name__)
WORKER_TIMEOUT = 5
SETTLE = dt.timedelta(seconds=10)  # a session opened just now may not be listed yet


def receive_logout_token(*, token: str, now: dt.datetime) -> int:
    """Act on a back-channel logout token; returns how many portal sessions ended (none: it was unknown here, which is
    fine).

    Raises TokenRefused for a token that is not believed or was seen before, ProviderAway when there are no keys to
    check it with. With a `sid` only that session ends, although the token names the subject too: other devices stay
    signed in."""
    found = idp.verified(claims.verify_logout_token, token, now=now)
    with transaction.atomic():
        SeenLogout.objects.filter(expires_at__lt=now).delete()
        keep_until = now + dt.timedelta(seconds=max(600, found["exp"] - now.timestamp() + 2 * claims.LEEWAY))
        _row, new = SeenLogout.objects.get_or_create(issuer=found["iss"], jti=found["jti"], defaults={"expires_at": keep_until})
        if not new:
            raise claims.TokenRefused("seen before")
        if found.get("sid"):
            return _end_one(found, now)
        return end_sessions(issuer=found["iss"], subject=found["sub"], reason="ended at the identity provider", now=now)


def _end_one(found: dict[str, Any], now: dt.datetime) -> int:
    """The session that is named, and those that a chat product began for the same person: the provider cannot name these, and who signs out there
    means to be out. Coming back in the chat product is one touch."""
    reason = "ended at the identity provider"
    subjects = {found["sub"]} if found.get("sub") else set(
        OidcSession.objects.filter(issuer=found["iss"], sid=found["sid"]).values_list("subject", flat=True))
    ended = end_sessions(issuer=found["iss"], sid=found["sid"], reason=reason, now=now)
    by_chat = OidcSession.objects.filter(issuer=found["iss"], subject__in=subjects).exclude(via="").values_list("pk", flat=True)
    return ended + sum(end_sessions(session_key=key, reason=reason, now=now) for key in list(by_chat))


def reconcile_sessions(*, now: dt.datetime) -> int:
    """End portal sessions whose session at the provider is gone: the push is sent once and not repeated. Returns how
    many ended.

    For a worker: network. Raises TransientError when the provider does not answer; then nothing is ended.
    """
    if not settings.OIDC_ISSUER:
        return 0
    held: dict[str, list[OidcSession]] = defaultdict(list)
    by_chat: dict[str, list[OidcSession]] = defaultdict(list)
    for row in OidcSession.objects.exclude(issuer=DEMO_ISSUER).filter(issuer=settings.OIDC_ISSUER, opened_at__lt=now - SETTLE):
        (by_chat if row.via else held)[row.subject].append(row)
    ended = _reconcile_by_chat(by_chat, now)
    admin = _admin() if held else None
    for subject, rows in held.items():
        living = _living(admin, subject)
        for row in rows:
            if row.sid not in living:
                ended += end_sessions(session_key=row.pk, reason="gone at the identity provider", now=now)
    return ended


def _reconcile_by_chat(held: dict[str, list[OidcSession]], now: dt.datetime) -> int:
    """Sessions that the provider does not list: it is asked about their people. Raises ProviderAway."""
    ended = 0
    for subject, rows in held.items():
        found = standing.of(subject)
        for row in rows:
            if not found.lets_in(since=row.opened_at):
                ended += end_sessions(session_key=row.pk, reason="not let in by the identity provider", now=now)
    return ended


def _admin() -> KeycloakAdmin:
    base, _, realm = settings.OIDC_ISSUER.partition("/realms/")
    connection = KeycloakOpenIDConnection(
        server_url=base,
        realm_name=realm,
        client_id=settings.OIDC_ADMIN_CLIENT_ID,
        client_secret_key=settings.OIDC_ADMIN_CLIENT_SECRET,
        timeout=WORKER_TIMEOUT,
        max_retries=0,
    )
    return KeycloakAdmin(connection=connection)


def _living(admin: KeycloakAdmin | None, subject: str) -> set[str]:
    assert admin is not None
    try:
        return {str(session["id"]) for session in admin.get_sessions(user_id=subject)}
    except KeycloakError as error:
        if getattr(error, "response_code", None) == 404:
            return set()  # the person is gone there
        raise TransientError("the identity provider did not list sessions", system=idp.SYSTEM) from error
