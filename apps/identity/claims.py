"""What tokens of the identity provider say, and when they are believed. Pure: keys come in, claims or TokenRefused
come out."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Container, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = ["RS256"]  # pinned: the token's own word about its algorithm counts for nothing
LEEWAY = 60  # seconds two clocks may differ
MAX_SIZE = 16_384
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"


class TokenRefused(Exception):
    """The token is not believed. The message names the check, never the token."""


class UnknownKey(TokenRefused):
    """Signed by a key we do not hold (yet)."""


def signing_keys(jwks: Mapping[str, Any]) -> KeySet:
    """Only the keys made for signing: the set holds an encryption key as well."""
    return KeySet.import_key_set({"keys": [key for key in jwks.get("keys", []) if key.get("use") == "sig"]})


def verify_id_token(
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client_id: str,
    nonce: str | None,
    now: dt.datetime,
    max_age: int | None = None,
    acr: Container[str] | None = None,
    subject: str | None = None,
) -> dict[str, Any]:
    """Claims of an ID token for this very sign-in. Raises TokenRefused."""
    claims = _decoded(token, keys, typ="jwt", issuer=issuer, client_id=client_id, now=now)
    _require(claims.get("typ") == "ID", "not an ID token")
    _require(claims.get("azp") in (None, client_id), "given to another client")
    _require(bool(claims.get("sub")), "no subject")
    _require(bool(nonce) and secrets.compare_digest(str(claims.get("nonce", "")), str(nonce)), "another sign-in's nonce")
    _require(subject is None or claims["sub"] == subject, "another person")
    if max_age is not None:
        _require(now.timestamp() - _number(claims, "auth_time") <= max_age + LEEWAY, "signed on too long ago")
    if acr is not None:
        _require(str(claims.get("acr")) in acr, "signed on too weakly")
    return claims


def verify_refreshed(token: str, keys: KeySet, *, issuer: str, client_id: str, subject: str, sid: str, now: dt.datetime) -> dict[str, Any]:
    """Claims of the ID token that came with a refresh: same person, same session; it carries no nonce of ours to
    compare."""
    claims = _decoded(token, keys, typ="jwt", issuer=issuer, client_id=client_id, now=now)
    _require(claims.get("typ") == "ID" and claims.get("azp") in (None, client_id), "not our ID token")
    _require(claims.get("sub") == subject and claims.get("sid", sid) == sid, "another session")
    return claims


def verify_logout_token(token: str, keys: KeySet, *, issuer: str, client_id: str, now: dt.datetime) -> dict[str, Any]:
    """Claims of a back-channel logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Raises
    TokenRefused."""
    claims = _decoded(token, keys, typ="logout+jwt", issuer=issuer, client_id=client_id, now=now)
    events = claims.get("events")
    _require(isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict), "no logout event")
    _require("nonce" not in claims, "a logout token has no nonce")
    _require(isinstance(claims.get("jti"), str) and 0 < len(claims["jti"]) <= 255, "no usable jti")
    _require(any(isinstance(claims.get(name), str) and claims[name] for name in ("sid", "sub")), "neither sid nor sub")
    return claims


def _decoded(token: str, keys: KeySet, *, typ: str, issuer: str, client_id: str, now: dt.datetime) -> dict[str, Any]:
    _require(isinstance(token, str) and 0 < len(token) <= MAX_SIZE, "empty or oversized")
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        refusal = UnknownKey if _kid_is_unknown(token, keys) else TokenRefused
        raise refusal(f"not signed by the provider ({type(error).__name__})") from error
    _require(str(decoded.header.get("typ", "")).lower() == typ, "wrong kind of token")
    _require(bool(decoded.header.get("kid")), "no key id")
    claims = dict(decoded.claims)
    _require(claims.get("iss") == issuer, "another issuer")
    audience = claims.get("aud")
    _require(audience == client_id or audience == [client_id], "made for somebody else")
    moment = now.timestamp()
    _require(_number(claims, "exp") > moment - LEEWAY, "run out")
    _require(_number(claims, "iat") <= moment + LEEWAY, "from the future")
    return claims


def _kid_is_unknown(token: str, keys: KeySet) -> bool:
    """True for a key id we do not hold. The header is read without belief: it only decides whether to fetch the keys
    again."""
    try:
        kid = jwt_header(token).get("kid")
    except (ValueError, TypeError):
        return False
    return isinstance(kid, str) and all(key.kid != kid for key in keys.keys)


def jwt_header(token: str) -> dict[str, Any]:
    """The unverified header."""
    import base64
    import json

    part = token.split(".", 1)[0]
    header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(header, dict):
        raise ValueError("no header")
    return header


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"no {name}")
    return float(value)


def _require(condition: bool, why: str) -> None:
    if not condition:
        raise TokenRefused(why)
