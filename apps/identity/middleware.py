"""Language and time zone of the person; and whether the signed-in session still lives."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from apps.core import clock
from apps.identity import selectors
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
        if request.user.is_authenticated:
            self._check(request)
        if request.user.is_authenticated:
            settle(request, request.user)
        return self.get_response(request)

    def _check(self, request: HttpRequest) -> None:
        now = clock.now()
        row = selectors.live_session(request.session.session_key or "")
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
