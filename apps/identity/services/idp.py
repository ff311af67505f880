"""Talking to the identity provider: discovery and keys with a last good copy, the token endpoint, and a breaker so
that a hung provider costs one request and not all. Network only; no database."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings

from apps.core import clock
from apps.core.http import SLOW, Client, PermanentError, TransientError
from apps.identity.claims import TokenRefused, UnknownKey, signing_keys

CACHE_FOR = dt.timedelta(minutes=10)
BREAKER = dt.timedelta(seconds=10)
KEYS_AGAIN = dt.timedelta(seconds=10)
CONNECT, READ = 1.0, 2.0  # inside a request; workers may wait longer
EXCHANGE_READ = 10.0  # a code can be traded once: giving up early costs the person the whole sign-on
PROBE_AGAIN = dt.timedelta(seconds=1)
ONLY_SLOW = dt.timedelta(seconds=30)  # since it last answered anybody; after that one that takes requests and answers none is away
SYSTEM = "Keycloak"


class ProviderAway(TransientError):
    """The identity provider does not answer, or did not a moment ago."""


class GrantEnded(PermanentError):
    """The token endpoint refused the grant: the session there is over."""


@dataclass
class _Known:
    """What was fetched, and when."""

    config: dict[str, Any] | None = None
    config_at: dt.datetime | None = None
    jwks: dict[str, Any] | None = None
    jwks_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    answered_at: dt.datetime | None = None
    probed_at: dt.datetime | None = None
    there: bool = True  # what the last probe said
    lock: threading.Lock = field(default_factory=threading.Lock)


_known = _Known()


def forget() -> None:
    """Drop everything fetched (tests)."""
    _known.config = _known.config_at = _known.jwks = _known.jwks_at = _known.failed_at = None
    _known.answered_at = _known.probed_at = None
    _known.there = True


class _Tokens(Client):
    """The provider's HTTP: its words for a refusal are the OAuth error code."""

    def words(self, response: requests.Response) -> str:
        try:
            answer = response.json()
        except ValueError:
            return super().words(response)
        return str(answer.get("error", "")) if isinstance(answer, dict) else super().words(response)


@functools.cache
def _client(read: float = READ) -> Client:
    """Kept: its connections are used again."""
    return _Tokens("", system=SYSTEM, connect_timeout=CONNECT, read_timeout=read)


def is_open() -> bool:
    """The breaker: True for 10 s after a failure, during which nobody tries."""
    return _known.failed_at is not None and clock.now() - _known.failed_at < BREAKER


def _guarded(call: Callable[[], requests.Response], *, insist: bool = False) -> requests.Response:
    """`insist`: try although the breaker is open, and leave it alone when nothing comes: what is slow for one is not away for all."""
    if is_open() and not insist:
        raise ProviderAway("the identity provider did not answer a moment ago", system=SYSTEM)
    try:
        response = call()
    except TransientError as error:
        if not insist:
            _known.failed_at = clock.now()
        raise ProviderAway(error.message, system=SYSTEM, code=error.code) from error
    _known.failed_at, _known.answered_at = None, clock.now()
    return response


def discovery() -> dict[str, Any]:
    """The provider's document, at most 10 minutes old, else the last good copy. Raises ProviderAway without any copy.

    The issuer it names must be the configured one, character by character.
    """
    now = clock.now()
    if _known.config is not None and _known.config_at is not None and now - _known.config_at < CACHE_FOR:
        return _known.config
    try:
        return _read(now)
    except (ProviderAway, PermanentError, ValueError) as error:
        if _known.config is not None:
            return _known.config
        raise ProviderAway("the identity provider does not answer", system=SYSTEM) from error


def _read(now: dt.datetime, *, read: float = READ, insist: bool = False) -> dict[str, Any]:
    url = f"{settings.OIDC_ISSUER}/.well-known/openid-configuration"
    found = _guarded(lambda: _client(read).request("GET", url), insist=insist).json()
    if found.get("issuer") != settings.OIDC_ISSUER:
        raise TokenRefused("the provider names another issuer")
    _known.config, _known.config_at = found, now
    return dict(found)


def probe() -> bool:
    """Is the provider there? Asked before somebody is sent to it: at most 1 s, at most once a second, and not when it has just answered.

    An open breaker is no answer: it may be one slow request that opened it, and nobody could sign on for ten seconds. Nor is a slow answer while others
    get theirs: in a morning rush everybody waits a little at the provider, and nobody is turned away here.
    """
    if not settings.OIDC_ISSUER:
        return False
    now = clock.now()
    if _known.answered_at is not None and not is_open() and now - _known.answered_at < PROBE_AGAIN:
        return True
    last = _known.probed_at
    if last is not None and now - last < PROBE_AGAIN and (_known.failed_at is None or _known.failed_at <= last):
        return _known.there
    _known.probed_at = now
    _known.there = _asked(now)
    if not _known.there:
        _known.failed_at = now
    return _known.there


def _asked(now: dt.datetime) -> bool:
    try:
        _read(now, read=1.0, insist=True)
    except ProviderAway as error:
        return error.code == SLOW and _known.answered_at is not None and now - _known.answered_at < ONLY_SLOW
    except (PermanentError, ValueError):
        return False
    except TokenRefused:
        return True  # it is there; the sign-on itself says what is wrong with it
    return True


def _jwks(*, again: bool) -> dict[str, Any]:
    now = clock.now()
    age = now - _known.jwks_at if _known.jwks_at else None
    if _known.jwks is not None and age is not None and age < (KEYS_AGAIN if again else CACHE_FOR):
        return _known.jwks
    with _known.lock:
        try:
            found = _guarded(lambda: _client().request("GET", discovery()["jwks_uri"])).json()
        except (ProviderAway, PermanentError, ValueError):
            if _known.jwks is None:
                raise
            return _known.jwks
        _known.jwks, _known.jwks_at = found, now
    return dict(found)


def verified(check: Callable[..., dict[str, Any]], token: str, **expected: Any) -> dict[str, Any]:
    """Run one of apps.identity.claims' checks with the provider's keys; on an unknown key id fetch them again, at
    most every 10 s."""
    common: dict[str, Any] = {"issuer": settings.OIDC_ISSUER, "client_id": settings.OIDC_CLIENT_ID, **expected}
    try:
        return check(token, signing_keys(_jwks(again=False)), **common)
    except UnknownKey:
        return check(token, signing_keys(_jwks(again=True)), **common)


def token_request(form: Mapping[str, str], *, read: float = READ, insist: bool = False) -> dict[str, Any]:
    """One POST to the token endpoint. `insist`: also while the breaker is open. Raises GrantEnded when refused, ProviderAway when not answered."""
    body = {**form, "client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    url = discovery()["token_endpoint"]
    try:
        answer = _guarded(lambda: _client(read).request("POST", url, data=body), insist=insist).json()
    except PermanentError as error:
        raise GrantEnded(error.message, system=SYSTEM, status=error.status, code=error.message) from error
    except ValueError as error:
        raise ProviderAway("the identity provider answered nonsense", system=SYSTEM) from error
    return dict(answer)


def own_token(client_id: str, secret: str) -> dict[str, Any]:
    """A token of one of the portal's own clients, for nobody's sake. Raises ProviderAway, also when it is refused: nobody can do anything about it."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    try:
        answer = dict(_guarded(lambda: _client().request("POST", discovery()["token_endpoint"], data=form)).json())
        return {**answer, "access_token": str(answer["access_token"])}
    except (PermanentError, LookupError, ValueError, TypeError) as error:
        raise ProviderAway("the identity provider gave the portal no token of its own", system=SYSTEM) from error


def administered(url: str, token: str) -> dict[str, Any]:
    """One read of the provider's own API. Raises PermanentError kinds, ProviderAway."""
    response = _guarded(lambda: _client().request("GET", url, headers={"Authorization": f"Bearer {token}"}))
    try:
        return dict(response.json())
    except (ValueError, TypeError) as error:
        raise ProviderAway("the identity provider answered nonsense", system=SYSTEM) from error
