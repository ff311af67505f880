"""A person at a portal that signs on at the realm, without a real browser: follows the redirects, fills in the realm's form."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests


class PortalBrowser:
    """One device. `env`: lines of stack.env."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.portal, self.issuer, self.password = env["PORTAL_URL"], env["OIDC_ISSUER"], env["DEMO_PASSWORD"]
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **kwargs: Any) -> requests.Response:
        return self.session.get(urljoin(self.portal, path), allow_redirects=False, timeout=30, **kwargs)

    def post(self, path: str, data: Mapping[str, Any] | None = None, **kwargs: Any) -> requests.Response:
        headers = {"X-CSRFToken": self._cookie("atrium_csrf"), "Referer": self.portal + "/", **kwargs.pop("headers", {})}
        url = urljoin(self.portal, path)
        return self.session.post(url, data=data, headers=headers, allow_redirects=False, timeout=30, **kwargs)

    def _cookie(self, name: str) -> str:
        return next((str(cookie.value) for cookie in self.session.cookies if cookie.name == name), "")

    @property
    def session_key(self) -> str:
        return self._cookie("atrium_session")

    def _follow(self, answer: requests.Response) -> requests.Response:
        """Redirects as a browser follows them, Secure cookies on http://localhost included."""
        while answer.status_code in {301, 302, 303}:
            for cookie in self.session.cookies:
                cookie.secure = False
            target = urljoin(answer.url, answer.headers["Location"])
            answer = self.session.get(target, allow_redirects=False, timeout=30)
        for cookie in self.session.cookies:
            cookie.secure = False
        return answer

    def start(self, after: str = "/profile/") -> str:
        """Press the button; the URL of the realm's page."""
        self.get("/sign-in/")
        answer = self.post("/accounts/oidc/keycloak/login/", {"next": after})
        assert answer.status_code == 302, answer.status_code
        return urljoin(answer.url, answer.headers["Location"])  # the realm, or our own page that says why not

    def sign_in(self, login: str, *, tamper: Callable[[dict[str, str]], None] | None = None) -> requests.Response:
        """The whole way; the last answer (the page asked for, or a refusal)."""
        url = self.start()
        if tamper is not None:
            parts = urlsplit(url)
            query = dict(parse_qsl(parts.query))
            tamper(query)
            url = urlunsplit(parts._replace(query=urlencode(query)))
        page = self._follow(self.session.get(url, allow_redirects=False, timeout=30))
        form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
        if form is None or page.url.startswith(self.portal):
            return page  # signed on there already, or refused
        data = {"username": login, "password": self.password}
        return self._follow(self.session.post(html.unescape(form.group(1)), data=data, allow_redirects=False, timeout=30))

    def sign_out(self) -> requests.Response:
        """Sign out and follow to the last page."""
        return self._follow(self.post("/sign-out/"))

    def who(self) -> str:
        """The login of the person signed in; empty: nobody."""
        answer = self.get("/api/v1/me")
        return str(answer.json()["person"]["login"]) if answer.status_code == 200 else ""
