"""A stand-in for the identity provider: own RSA key, discovery, key set, token endpoint; no network.

It sits at the one seam where identity talks to the provider (apps.identity.services.idp), so everything above it is
the real code."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from apps.core.http import SLOW, Client, TransientError

ISSUER = "https://sign-on.example/realms/atrium"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
NEXT_KEY = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig"})


def signed(claims: dict[str, Any], *, typ: str | None = "JWT", key: Any = KEY, alg: str = "RS256", kid: str | None = "k1") -> str:
    """A token with exactly these claims; None leaves a header field out."""
    header = {"alg": alg, **({"typ": typ} if typ else {}), **({"kid": kid} if kid else {})}
    return jwt.encode(header, claims, key, algorithms=[alg], default_type=None)


def id_claims(subject: str = "s-1", **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": "portal", "azp": "portal", "typ": "ID", "sub": subject, "sid": "sid-1", "iat": now, "exp": now + 60,
        "auth_time": now, "acr": "1", "nonce": "n-1", "preferred_username": "ana", "name": "Chen An", "email": "ana@yunhe.example",
        "email_verified": True,
    }  # fmt: skip
    return _changed(claims, changes)


def logout_claims(subject: str = "s-1", **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": "portal", "typ": "Logout", "sub": subject, "sid": "sid-1", "iat": now, "exp": now + 120,
        "jti": "j-1", "events": {LOGOUT_EVENT: {}, "revoke_offline_access": True},
    }  # fmt: skip
    return _changed(claims, changes)


def _changed(claims: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**claims, **changes}
    return {name: value for name, value in merged.items() if value is not ...}  # ... leaves a claim out


class _Answer:
    def __init__(self, body: Any, status: int = 200) -> None:
        self.body, self.status_code, self.headers = body, status, {}

    def json(self) -> Any:
        return self.body


class FakeProvider:
    """`away`: does not answer. `slow`: takes requests and does not answer in time. `refusal`: OAuth error of the token endpoint. `calls`: what was
    asked. `keys`: published."""

    def __init__(self) -> None:
        self.away, self.slow, self.refusal, self.calls, self.keys = False, False, "", [], [KEY]
        self.issuer = ISSUER
        self.subject, self.sid, self.nonce, self.expires_in, self.serial = "s-1", "sid-1", "", 60, 0
        self.username, self.email = "ana", "ana@yunhe.example"
        self.id_changes: dict[str, Any] = {}
        self.id_token: str | None = None  # instead of a good one
        self.people: dict[str, dict[str, Any] | None] = {}  # subject: what its directory says beside "enabled"; None: it knows nobody of that name

    def request(self, method: str, url: str, **kwargs: Any) -> _Answer:
        """Stands for apps.core.http.Client.request."""
        form = dict(kwargs.get("data") or {})
        self.calls.append((method, urlsplit(url).path.rsplit("/", 1)[-1], form))
        if self.away or self.slow:
            raise TransientError("no answer", system="Keycloak", code=SLOW if self.slow else "")
        if url.endswith("openid-configuration"):
            return _Answer(self._discovery())
        if url.endswith("/certs"):
            return _Answer({"keys": [*(key.as_dict(private=False) for key in self.keys), {"kty": "RSA", "use": "enc", "kid": "e"}]})
        if url.endswith("/token"):
            return self._token(form)
        if "/admin/realms/atrium/users/" in url:
            return self._person(url.rsplit("/", 1)[-1], kwargs["headers"]["Authorization"])
        raise AssertionError(f"nobody serves {url}")

    def _person(self, subject: str, authorization: str) -> _Answer:
        from apps.core.http import PermanentError

        assert authorization == "Bearer own-token"
        found = self.people.get(subject, {})
        if found is None:
            raise PermanentError("not found", system="Keycloak", status=404)
        return _Answer({"id": subject, "username": "x", "enabled": True, "notBefore": 0, **found})

    def _discovery(self) -> dict[str, Any]:
        base = f"{ISSUER}/protocol/openid-connect"
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{base}/auth", "token_endpoint": f"{base}/token",
            "jwks_uri": f"{base}/certs", "end_session_endpoint": f"{base}/logout", "userinfo_endpoint": f"{base}/userinfo",
        }  # fmt: skip

    def _token(self, form: dict[str, str]) -> _Answer:
        if self.refusal:
            Client("", system="Keycloak")
            from apps.core.http import PermanentError

            raise PermanentError(self.refusal, system="Keycloak", status=400)
        self.serial += 1
        if form["grant_type"] == "client_credentials":
            return _Answer({"access_token": "own-token", "expires_in": 60})
        if form["grant_type"].endswith("token-exchange"):
            return _Answer({"access_token": f"exchanged-{form['audience']}-{self.serial}", "expires_in": self.expires_in})
        nonce = {"nonce": self.nonce} if form["grant_type"] == "authorization_code" else {"nonce": ...}
        claims = id_claims(self.subject, sid=self.sid, preferred_username=self.username, email=self.email, **{**nonce, **self.id_changes})
        return _Answer({
            "access_token": f"access-{self.serial}", "refresh_token": f"refresh-{self.serial}", "expires_in": self.expires_in,
            "id_token": self.id_token if self.id_token is not None else signed(claims), "token_type": "Bearer",
        })  # fmt: skip

    def count(self, path: str) -> int:
        return sum(1 for _method, called, _form in self.calls if called == path)

    def sign_on(self, client: Any, *, after: str = "/profile/", **callback: Any) -> Any:
        """The whole way of a browser: our button, the provider (which remembers the nonce), the callback. The
        callback's answer."""
        answer = client.post("/accounts/oidc/keycloak/login/", {"next": after})
        assert answer.status_code == 302, answer.content
        asked = {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}
        self.asked = asked
        self.nonce = asked["nonce"]
        query = {"state": asked["state"], "code": "c-1", "iss": ISSUER, **callback}
        query = {name: value for name, value in query.items() if value is not ...}
        return client.get("/accounts/oidc/keycloak/login/callback/", query)


def text(value: Any) -> str:
    return json.dumps(value)
