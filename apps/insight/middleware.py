"""Programs that ask with a personal key: reading alone, only what says that it may be read so, and under the rights its owner has now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from apps.core import clock
from apps.identity.services.locale import settle
from apps.insight.policies import tokens as policies
from apps.insight.selectors import tokens as selectors
from apps.insight.services import tokens as services

Handler = Callable[[HttpRequest], HttpResponse]
READS = {"GET", "HEAD"}
MINUTE = 60


class TokenMiddleware:
    """Stands between the session and the rights: a request with a key is its owner's, whatever cookies come with it. Sets `request.token`.

    Everything a key cannot do is refused before anything is looked at; a key that opens nothing is told nothing more than that.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.token = None  # type: ignore[attr-defined]
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return self.get_response(request)
        request.user = AnonymousUser()
        now = clock.now()
        refused = self._refusal(request, secret.strip(), now)
        if refused is not None:
            refused["Cache-Control"] = "private, no-store"
            return refused
        bearer = request.token  # type: ignore[attr-defined]
        response = self.get_response(request)
        if response.status_code < 400:
            services.touch_token(person=bearer.person, token=bearer.token, path=request.path, now=now)
        return response

    def _refusal(self, request: HttpRequest, secret: str, now: dt.datetime) -> HttpResponse | None:
        address = request.META.get("REMOTE_ADDR", "")
        if _count(f"insight:bad-key:{address}", now, peek=True) >= policies.BAD_PER_MINUTE:
            return _too_many(now)
        bearer = selectors.bearer(secret, now)
        if bearer is None:
            _count(f"insight:bad-key:{address}", now)
            response = _answer("bad_key", _("This key opens nothing."), 401)
            response["WWW-Authenticate"] = "Bearer"
            return response
        if request.method not in READS:
            return _answer("reads_only", _("A key reads; it changes nothing."), 405)
        if _count(f"insight:key:{bearer.token.pk}", now) > policies.PER_MINUTE:
            return _too_many(now)
        request.token, request.user = bearer, bearer.account  # type: ignore[attr-defined]
        settle(request, bearer.account)
        return None

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> HttpResponse | None:
        """Only views that name the scope, and only keys that have it."""
        bearer = request.token  # type: ignore[attr-defined]
        if bearer is None:
            return None
        scope = getattr(getattr(view, "cls", None), "key_scope", "")
        if scope and scope in bearer.token.scopes:
            return None
        return _answer("not_for_this_key", _("This key may not read this."), 403)


def _count(name: str, now: dt.datetime, *, peek: bool = False) -> int:
    """How many there were in this minute, this one included unless it is only looked at."""
    place = f"{name}:{int(now.timestamp()) // MINUTE}"
    if peek:
        return int(cache.get(place, 0))
    cache.add(place, 0, 2 * MINUTE)
    try:
        return int(cache.incr(place))
    except (ValueError, RedisError, OSError):  # it ran out in between, or the cache is away: nothing is counted then
        return 0


def _answer(code: str, message: str, status: int) -> HttpResponse:
    return JsonResponse({"error": {"code": code, "message": message, "details": {}}}, status=status)


def _too_many(now: dt.datetime) -> HttpResponse:
    response = _answer("too_many", _("Too many requests. Try again in a minute."), 429)
    response["Retry-After"] = str(MINUTE - int(now.timestamp()) % MINUTE)
    return response
