"""Reading accounts and sessions."""

from __future__ import annotations

from django.db.models import F

from apps.core import clock
from apps.identity.models import Account, OidcSession


def account_by_subject(issuer: str, subject: str) -> Account | None:
    """The account of this subject, or None: that person has not signed on yet."""
    return Account.objects.filter(issuer=issuer, subject=subject).first()


def live_session(session_key: str) -> OidcSession | None:
    """The open portal session with its account; None when it was ended, has run out, or its account is switched off."""
    return (
        OidcSession.objects.select_related("account")
        .filter(pk=session_key, epoch=F("account__session_epoch"), account__is_active=True, expires_at__gt=clock.now())
        .first()
    )


def is_alive(session_key: str) -> bool:
    """Fills the port apps.core.sessions."""
    return bool(session_key) and live_session(session_key) is not None


def newest_session(account: Account) -> OidcSession | None:
    """The open session of an account that was opened last."""
    return OidcSession.objects.filter(account=account, epoch=account.session_epoch, expires_at__gt=clock.now()).order_by("-opened_at").first()
