"""Reading accounts and sessions."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import F, QuerySet

from apps.core import clock
from apps.identity.models import Account, OidcSession, digest_of

AT_ONCE = 500  # session keys in one read


def account_by_subject(issuer: str, subject: str) -> Account | None:
    """The account of this subject, or None: that person has not signed on yet."""
    return Account.objects.filter(issuer=issuer, subject=subject).first()


def _live() -> QuerySet[OidcSession]:
    return OidcSession.objects.filter(epoch=F("account__session_epoch"), account__is_active=True, expires_at__gt=clock.now())


def live_session(session_key: str) -> OidcSession | None:
    """The open portal session with its account; None when it was ended, has run out, or its account is switched off."""
    # Asked by every page: the fewer conditions, the sooner Django has put the question together, and that costs more than the answer.
    row = next(iter(OidcSession.objects.select_related("account").filter(pk=session_key)), None)
    return row if row is not None and row.lives(clock.now()) else None


def alive_among(session_keys: Collection[str]) -> set[str]:
    """Fills the port apps.core.sessions."""
    asked = [key for key in session_keys if key]
    parts = (asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE))
    return {key for part in parts for key in _live().filter(pk__in=part).values_list("pk", flat=True)}


def newest_session(account: Account) -> OidcSession | None:
    """The open session of an account that was opened last with the company account; one that a chat product began knows no tokens."""
    return _open(account).filter(via="").order_by("-opened_at").first()


def came_by_chat(account: Account) -> bool:
    """Whether a chat product began an open session of this account."""
    return _open(account).exclude(via="").exists()


def open_sessions(account: Account) -> list[OidcSession]:
    """Where this account is signed in, the newest first."""
    return list(_open(account).order_by("-opened_at"))


def living_names(account: Account) -> set[str]:
    """The names (`digest_of`) of the account's open sessions."""
    return {digest_of(key) for key in _live().filter(account=account).values_list("pk", flat=True)}


def _open(account: Account) -> QuerySet[OidcSession]:
    return OidcSession.objects.filter(account=account, epoch=account.session_epoch, expires_at__gt=clock.now())
