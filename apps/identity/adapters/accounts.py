"""Which account a sign-in belongs to: the one of its issuer and subject, and no other. And what happens around a
sign-in."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.signals import user_logged_in
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from apps.core import clock
from apps.identity.services import account_for, end_sessions, open_session

logger = logging.getLogger(__name__)


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """allauth's questions about accounts, answered by apps.identity.services."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find or make the account of (issuer, subject); there is no sign-up, and e-mail addresses join nothing."""
        claims = sociallogin.oidc["claims"]
        account = account_for(
            issuer=claims["iss"],
            subject=claims["sub"],
            username=str(claims.get("preferred_username") or claims["sub"]),
            email=str(claims.get("email") or ""),
            name=str(claims.get("name") or ""),
        )
        if not account.is_active:
            raise ImmediateHttpResponse(failed(request, "locked"))
        known = sociallogin.account
        if known.pk is None or known.user_id != account.pk or known.uid != claims["sub"] or known.extra_data:
            sociallogin.account, _made = SocialAccount.objects.update_or_create(
                provider=known.provider,
                uid=claims["sub"],
                defaults={"user": account, "extra_data": {}},
            )
        sociallogin.user = account

    def list_apps(self, request: HttpRequest, provider: Any = None, client_id: Any = None) -> list[Any]:
        """Asked once a request: allauth asks at each of its steps, and the answer is a row of the database."""
        kept = vars(request).setdefault("_apps_of_providers", {}) if request is not None else {}
        if (provider, client_id) not in kept:
            kept[provider, client_id] = super().list_apps(request, provider, client_id)
        return list(kept[provider, client_id])

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never reached: pre_social_login has made the account."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> None:
        """Our page instead of allauth's; the reason goes to the log, never a token."""
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(HttpResponseRedirect(settings.LOGIN_URL))
        logger.warning("sign-on refused: %s", exception or error)
        raise ImmediateHttpResponse(failed(request, "refused"))


def failed(request: HttpRequest, reason: str) -> HttpResponse:
    """The page after a sign-on that did not work; 401."""
    return render(request, "identity/sign_on_failed.html", {"reason": reason}, status=401)


@receiver(user_logged_in, dispatch_uid="identity.open_session")
def remember(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    """After Django has changed the session key: remember which session at the provider this one belongs to."""
    oidc = getattr(kwargs.get("sociallogin"), "oidc", None)
    if oidc:
        before = getattr(request, "oidc", None)
        if before is not None and before.pk != request.session.session_key:  # a chat product had let this browser in
            end_sessions(session_key=before.pk, reason="signed on with the company account", now=clock.now())
        open_session(
            session_key=str(request.session.session_key),
            account=user,
            now=clock.now(),
            claims=oidc["claims"],
            tokens=oidc["tokens"],
        )


@receiver(user_logged_out, dispatch_uid="identity.end_session")
def forget(request: HttpRequest, **kwargs: Any) -> None:
    """Whatever signs out (sign-out, another person signing in on top): the session row, its sockets and the other
    systems' sessions end."""
    key = getattr(request.session, "session_key", None)
    if key:
        end_sessions(session_key=key, reason="signed out", now=clock.now())
