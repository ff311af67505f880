"""allauth's OpenID Connect provider for Keycloak: adds the nonce, ignores the visitor's wishes, believes only
verified ID tokens."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse

from apps.identity.adapters.views import KeycloakAdapter


class KeycloakProvider(OpenIDConnectProvider):
    """The provider with a nonce per sign-in; extra keyword arguments of redirect() are kept in the session with the
    state."""

    oauth2_adapter_class = KeycloakAdapter

    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, str]:
        """Drop the visitor's ?auth_params=."""
        return self.get_auth_params()

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        """Drop the visitor's ?scope=."""
        return self.get_scope()

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """None: e-mail addresses join nothing here."""
        return []

    def redirect(self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any) -> HttpResponse:
        nonce = secrets.token_urlsafe(32)
        kwargs["nonce"] = nonce
        kwargs["auth_params"] = {**(kwargs.get("auth_params") or self.get_auth_params()), "nonce": nonce}
        return super().redirect(request, process, next_url=next_url, data=data, **kwargs)


provider_classes = [KeycloakProvider]
