"""Keeping a session's tokens fresh, and trading them for a token of another API."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.crypto import UnableToDecrypt, decrypt, encrypt
from apps.core.errors import DomainError
from apps.identity import claims, selectors
from apps.identity.models import Account, ExchangedToken, OidcSession
from apps.identity.services import idp, standing
from apps.identity.services.sessions import ASK_AGAIN, end_sessions, token_fields

SCOPES = {
    "crm": ("crm", "crm-api"),
    "erp": ("tryton", "tryton-api"),
}  # ours -> the realm's audience and the scope that makes it available
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
SPARE = dt.timedelta(seconds=5)  # a token is used up this long before it runs out

FRESH, STALE, ENDED = "fresh", "stale", "ended"


class UnableToActAsPerson(DomainError):
    """There is no token with which an outside system would know the person."""

    code = "unable_to_act_as_person"


def keep_fresh(*, session_key: str, now: dt.datetime) -> str:
    """Ask the identity provider when the access token has run out. Returns fresh, stale (it does not answer; reading
    may go on) or ended.

    Two requests at once must not both use the refresh token (the second use ends the session there), so the row is
    locked while the provider is asked; time-outs are short and the second one finds the work done."""
    with transaction.atomic():
        row = OidcSession.objects.select_for_update().filter(pk=session_key).first()
        if row is None:
            return ENDED
        if not row.is_due(now):
            return FRESH
        outcome = _refreshed(row, now)
    if outcome == ENDED:
        end_sessions(session_key=session_key, reason="ended at the identity provider", now=now)
    return outcome


def _refreshed(row: OidcSession, now: dt.datetime) -> str:
    if row.via:
        return _asked(row, now)
    try:
        answer = idp.token_request({"grant_type": "refresh_token", "refresh_token": _opened(row, "refresh_token")})
        if answer.get("id_token"):
            idp.verified(claims.verify_refreshed, answer["id_token"], subject=row.subject, sid=row.sid, now=now)
    except idp.ProviderAway:
        return STALE if now - row.checked_at <= settings.OIDC_GRACE else ENDED
    except (idp.GrantEnded, claims.TokenRefused, UnableToDecrypt):
        return ENDED
    _keep(row, answer, now)
    return FRESH


def _asked(row: OidcSession, now: dt.datetime) -> str:
    """A session without tokens lives as long as the provider lets the person in."""
    try:
        if not standing.of(row.subject).lets_in(since=row.opened_at):
            return ENDED
    except idp.ProviderAway:
        return STALE if now - row.checked_at <= ASK_AGAIN + settings.OIDC_GRACE else ENDED
    row.checked_at, row.access_expires_at = now, now + ASK_AGAIN
    row.save(update_fields=["checked_at", "access_expires_at"])
    return FRESH


def _keep(row: OidcSession, answer: dict[str, Any], now: dt.datetime) -> None:
    for name, value in token_fields(row.session_key, answer, now).items():
        setattr(row, name, value)
    row.checked_at = now
    row.save()
    row.exchanged_tokens.all().delete()


def _opened(row: OidcSession, name: str) -> str:
    sealed = getattr(row, name)
    return decrypt(sealed, f"{name}:{row.session_key}") if sealed else ""


def id_token_of(row: OidcSession) -> str:
    """The clear ID token, for the sign-out hint; empty when there is none."""
    try:
        return _opened(row, "id_token")
    except UnableToDecrypt:
        return ""


def exchanged_token(*, account: Account, audience: str, now: dt.datetime) -> str:
    """A token with which "erp" or "crm" knows this person, from the session opened last; kept until it runs out.

    Network: never call it inside a transaction. Raises UnableToActAsPerson when the person has no live session or the
    provider refuses or does not answer."""
    row = selectors.newest_session(account)
    if row is None and selectors.came_by_chat(account):
        raise UnableToActAsPerson(_(
            "You came in from a chat product: ERP and CRM do not know you by that. Sign in with your company account, then repeat this."))
    if row is None or row.is_demo:
        raise UnableToActAsPerson(_("You are not signed in at the company’s sign-in service. Sign in again, then repeat this."))
    kept = ExchangedToken.objects.filter(session=row, audience=audience, expires_at__gt=now + SPARE).first()
    if kept is not None:
        return decrypt(kept.token, f"exchanged:{audience}:{row.pk}")
    if keep_fresh(session_key=row.pk, now=now) != FRESH:
        raise UnableToActAsPerson(_("The sign-in service does not answer. Nothing was changed. Try again in a minute."))
    row.refresh_from_db()
    return _exchange(row, audience, now)


def _exchange(row: OidcSession, audience: str, now: dt.datetime) -> str:
    client, scope = SCOPES[audience]
    try:
        answer = idp.token_request(
            {
                "grant_type": EXCHANGE,
                "subject_token": _opened(row, "access_token"),
                "subject_token_type": ACCESS,
                "requested_token_type": ACCESS,
                "audience": client,
                "scope": scope,
            }
        )
    except (idp.ProviderAway, idp.GrantEnded, UnableToDecrypt) as error:
        raise UnableToActAsPerson(_("The sign-in service gave no access to this system. Nothing was changed. Sign in again.")) from error
    token = str(answer["access_token"])
    ExchangedToken.objects.update_or_create(
        session=row,
        audience=audience,
        defaults={
            "token": encrypt(token, f"exchanged:{audience}:{row.pk}"),
            "expires_at": now + dt.timedelta(seconds=int(answer.get("expires_in", 60))),
        },
    )
    return token
