"""Signing in and out."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from apps.core import clock, people
from apps.core.access import declare, public
from apps.core.requests import own_path
from apps.identity import registry
from apps.identity.claims import MAX_SIZE, TokenRefused
from apps.identity.models import DEMO_ISSUER
from apps.identity.services import account_for, idp, open_session
from apps.identity.services.logout import receive_logout_token
from apps.identity.services.tokens import id_token_of

BACKEND = "django.contrib.auth.backends.ModelBackend"


def safe_next(request: HttpRequest, value: str | None) -> str:
    """Only a path of this portal, else the home page."""
    return own_path(request, value) or settings.LOGIN_REDIRECT_URL


@public("the page that lets people in")
@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """The button to the identity provider, or the demo people, and the chat products; says so when sign-on is away. Whom a chat product let in may
    come here for the company account (`?company`)."""
    after = safe_next(request, request.GET.get("next"))
    if request.user.is_authenticated and not (request.oidc.via and "company" in request.GET):  # type: ignore[attr-defined]
        return HttpResponseRedirect(after)
    known = people.known_people(DEMO_ISSUER) if settings.DEMO_SIGN_IN else []
    demo = [(person, person.display_title(get_language() or "en")) for person in known]
    away = bool(settings.OIDC_ISSUER) and ("away" in request.GET or idp.is_open()) and not idp.probe()
    context = {"next": after, "demo_people": demo, "keycloak": bool(settings.OIDC_ISSUER), "away": away, "ways": registry.ways_in(request, after)}
    return render(request, "identity/sign_in.html", context, status=503 if away else 200)


@public("the demo sign-in; refused unless demo mode is on")
@never_cache
@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the demo people, without a password."""
    if not settings.DEMO_SIGN_IN:
        raise Http404
    known = {person.login: person for person in people.known_people(DEMO_ISSUER)}
    person = known.get(request.POST.get("login", ""))
    if person is None:
        raise Http404
    account = account_for(issuer=person.issuer, subject=person.subject, username=person.login, email=person.email, name=person.name)
    login(request, account, backend=BACKEND)
    open_session(session_key=str(request.session.session_key), account=account, now=clock.now())
    return HttpResponseRedirect(safe_next(request, request.POST.get("next")))


@declare("identity.profile", "view")
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the portal session here, then the session at the identity provider; the other systems' sessions end by the
    event."""
    row = request.oidc  # type: ignore[attr-defined]
    hint = id_token_of(row) if row is not None and not row.is_demo else ""
    logout(request)
    target = f"/oidc/signed-out/{'?chat=1' if row is not None and row.via else ''}"
    if hint:
        try:
            end = idp.discovery()["end_session_endpoint"]
        except (idp.ProviderAway, TokenRefused, KeyError):
            return HttpResponseRedirect(f"{target}?away=1")
        target = f"{end}?{urlencode({'id_token_hint': hint, 'post_logout_redirect_uri': settings.PORTAL_URL + target})}"
    response = HttpResponseRedirect(target)
    response["Referrer-Policy"] = "no-referrer"
    return response


@public("the page after signing out")
@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """Everything is closed; or: the identity provider did not answer, so its session ends by itself."""
    return render(request, "identity/signed_out.html", {"away": "away" in request.GET, "chat": "chat" in request.GET})


@public("the identity provider posts here; its signed token is the proof")
@csrf_exempt
@never_cache
@require_POST
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Back-Channel Logout 1.0. 200: acted upon (or unknown here); 400: not believed; 503: keys cannot
    be had now."""
    try:
        length = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = MAX_SIZE + 1
    if not 0 < length <= MAX_SIZE:
        return HttpResponse(status=400)
    try:
        receive_logout_token(token=request.POST.get("logout_token", ""), now=clock.now())
    except TokenRefused:
        return HttpResponse(status=400)
    except idp.ProviderAway:
        return HttpResponse(status=503)
    return HttpResponse(status=200)
