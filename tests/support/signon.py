"""Signing on at the realm as a person, without a browser: authorization code with PKCE, then tokens for the outside
systems."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import secrets
import urllib.parse
from collections.abc import Mapping
from typing import Any

import requests

CALLBACK = "/accounts/oidc/keycloak/login/callback/"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class Realm:
    """The realm of a running stack (its env lines)."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.issuer = env["OIDC_ISSUER"]
        self.portal = env["PORTAL_URL"]
        self.password = env["DEMO_PASSWORD"]
        self.client = (env["OIDC_CLIENT_ID"], env["OIDC_CLIENT_SECRET"])
        self.oidc = f"{self.issuer}/protocol/openid-connect"

    def sign_on(self, login: str, password: str = "") -> dict[str, Any]:
        """The token endpoint's answer (access_token, refresh_token, id_token). Raises PermissionError when refused."""
        with _session() as session:
            verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            query = {
                "client_id": self.client[0],
                "response_type": "code",
                "redirect_uri": self.portal + CALLBACK,
                "scope": "openid",
                "state": state,
                "nonce": secrets.token_urlsafe(16),
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
            page = session.get(f"{self.oidc}/auth", params=query, timeout=20)
            page.raise_for_status()
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            assert form, "the realm shows no sign-on form"
            for cookie in session.cookies:
                cookie.secure = False  # browsers send Secure cookies to http://localhost, requests does not
            answer = session.post(
                html.unescape(form.group(1)),
                data={"username": login, "password": password or self.password},
                allow_redirects=False,
                timeout=20,
            )
            if answer.status_code != 302:
                raise PermissionError(f"sign-on of {login} refused ({answer.status_code})")
            back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(answer.headers["location"]).query))
            assert back["state"] == state
            form_data = {
                "grant_type": "authorization_code",
                "code": back["code"],
                "redirect_uri": self.portal + CALLBACK,
                "code_verifier": verifier,
            }
            tokens = session.post(f"{self.oidc}/token", auth=self.client, data=form_data, timeout=20)
            tokens.raise_for_status()
            result: dict[str, Any] = tokens.json()
            return result

    def token_for(self, tokens: Mapping[str, Any], audience: str) -> str:
        """The person's token for an outside system: `crm` or `tryton`."""
        form = {
            "grant_type": EXCHANGE,
            "subject_token": tokens["access_token"],
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": ACCESS_TOKEN,
            "audience": audience,
            "scope": f"{audience}-api",
        }
        with _session() as session:
            answer = session.post(f"{self.oidc}/token", auth=self.client, data=form, timeout=20)
        answer.raise_for_status()
        return str(answer.json()["access_token"])


def claims(token: str) -> dict[str, Any]:
    """The claims of a token, unchecked."""
    part = token.split(".")[1]
    result: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return result


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy on the way to localhost
    return session
