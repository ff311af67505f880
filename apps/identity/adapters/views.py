"""Sign-in and its callback, with our adapter in place of allauth's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock
from apps.core.access import public
from apps.identity import claims
from apps.identity.services import idp


class KeycloakAdapter(OpenIDConnectOAuth2Adapter):
    """Discovery from our cache; the ID token is verified in full: signature, algorithm, issuer, audience, nonce,
    times."""

    state: dict[str, Any] | None = None

    @property
    def openid_config(self) -> dict[str, Any]:
        try:
            return idp.discovery()
        except (idp.ProviderAway, claims.TokenRefused) as error:
            raise OAuth2Error(str(error)) from error

    def get_access_token_data(self, request: HttpRequest, app: Any, client: Any, pkce_code_verifier: str | None = None) -> dict[str, Any]:
        """Trade the code for tokens. The person comes from the provider this moment, so it is asked whatever happened to others before."""
        form = {
            "grant_type": "authorization_code",
            "code": request.GET["code"],
            "redirect_uri": client.callback_url,
            "code_verifier": pkce_code_verifier or "",
        }
        try:
            answer = idp.token_request(form, read=idp.EXCHANGE_READ, insist=True)
        except (idp.ProviderAway, idp.GrantEnded) as error:
            raise OAuth2Error(f"no tokens for this code: {error}") from error
        self.did_fetch_access_token = True
        return answer

    def complete_login(self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """The sign-in of a verified ID token. Raises OAuth2Error, which becomes the "sign-in did not work" page."""
        response, state = kwargs["response"], self.state or {}
        wanted = state.get("data") or {}
        try:
            found = idp.verified(
                claims.verify_id_token,
                str(response.get("id_token", "")),
                nonce=state.get("nonce"),
                now=clock.now(),
                max_age=wanted.get("max_age"),
                acr=wanted.get("acr"),
                subject=wanted.get("sub"),
            )
        except (claims.TokenRefused, idp.ProviderAway) as error:
            raise OAuth2Error(f"ID token refused: {error}") from error
        login = self.get_provider().sociallogin_from_response(request, {"id_token": found})
        login.oidc = {"claims": found, "tokens": response}
        return login


class Callback(OAuth2CallbackView):
    """Hands the stashed state (with the nonce) to the adapter."""

    def _get_state(self, request: HttpRequest, provider: Any) -> tuple[Any, HttpResponse | None]:
        state, response = super()._get_state(request, provider)
        self.adapter.state = state
        if state and request.GET.get("iss") not in (None, settings.OIDC_ISSUER):
            raise OAuth2Error("the answer names another issuer")
        return state, response


def _adapter(request: HttpRequest, provider_id: str) -> KeycloakAdapter:
    if not settings.OIDC_ISSUER:
        raise Http404
    adapter = KeycloakAdapter(request, provider_id)
    try:
        adapter.get_provider()
    except SocialApp.DoesNotExist as error:
        raise Http404 from error
    return adapter


@public("starts a sign-on")
@never_cache
@require_POST
def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Send the browser to the identity provider, unless that does not answer."""
    adapter = _adapter(request, provider_id)
    if not idp.probe():
        query = {"away": "1", **({"next": request.POST["next"]} if request.POST.get("next") else {})}
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode(query)}")
    return _guarded(request, adapter, OAuth2LoginView)


@public("the identity provider sends the browser back here")
@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Complete the sign-on."""
    return _guarded(request, _adapter(request, provider_id), Callback)


def _guarded(request: HttpRequest, adapter: KeycloakAdapter, view: Any) -> HttpResponse:
    """Run allauth's view; what is refused on the way becomes the "sign-in did not work" page."""
    try:
        return view.adapter_view(adapter)(request)
    except OAuth2Error as error:
        return render_authentication_error(request, adapter.get_provider(), exception=error)
