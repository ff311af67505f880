"""Language and time zone of the person; and whether the signed-in session still lives."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare

from apps.core import clock
from apps.identity import selectors
from apps.identity.models import Account
from apps.identity.services import tokens
from apps.identity.services.locale import settle

Handler = Callable[[HttpRequest], HttpResponse]


class PersonalLocaleMiddleware:
    """Activates the account's language and time zone; without an account the cookie, the browser's wish, and the
    company's zone.

    Stands before the authentication middleware (messages and refusals must be translated too), so it cannot know the
    account yet: LiveSessionMiddleware settles both again as soon as it does.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        settle(request, None)
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        translation.deactivate()
        return response


class LiveSessionMiddleware:
    """Signs out whoever has no live session row; asks the identity provider when the access token has run out.

    Sets `request.oidc` (OidcSession or None) and `request.stale_identity` (the provider does not answer: reading goes
    on for a while, AccessMiddleware refuses the rest)."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.oidc, request.stale_identity = None, False  # type: ignore[attr-defined]
        if SESSION_KEY in request.session:
            self._check(request)
        if request.user.is_authenticated:
            settle(request, request.user)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now = clock.now()
        row = selectors.live_session(request.session.session_key or "")
        if row is not None and _is_of(request, row.account):
            request._cached_user = row.account  # type: ignore[attr-defined]  # where Django keeps it: it does not read the account once more
        if not request.user.is_authenticated:
            return
        alive = row is not None and row.account_id == request.user.pk and not (row.is_demo and not settings.DEMO_SIGN_IN)
        if alive and row is not None and row.is_due(now):
            outcome = tokens.keep_fresh(session_key=row.pk, now=now)
            alive = outcome != tokens.ENDED
            request.stale_identity = outcome == tokens.STALE  # type: ignore[attr-defined]
        if not alive:
            logout(request)
            request.user = AnonymousUser()
            return
        request.oidc = row  # type: ignore[attr-defined]


def _is_of(request: HttpRequest, account: Account) -> bool:
    """Whether the session names this account and was opened under its present secret: what Django asks of the account that it reads itself."""
    session = request.session
    if session.get(SESSION_KEY) != str(account.pk) or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return False
    return constant_time_compare(session.get(HASH_SESSION_KEY, ""), account.get_session_auth_hash())
