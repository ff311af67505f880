"""One morning of one person: the realm, the home page, what the page fetches by itself, its socket."""

from __future__ import annotations

import contextlib
import dataclasses
import html
import re
import socket
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from tests.bench.realtime import wire
from tests.support.portal_browser import PortalBrowser

FORM = re.compile(r'<form[^>]*action="([^"]+)"')
BY_ITSELF = re.compile(r'<[^>]*hx-get="([^"]+)"[^>]*hx-trigger="[^"]*\b(?:load(?! delay)|revealed|intersect)\b[^>]*>')
OPEN = b"HTTP/1.1 101"


@dataclasses.dataclass(frozen=True)
class Visit:
    """Seconds since the person wanted it: until the home page was there, and until all of it was. `error`: empty when all went well."""

    home: float
    all: float
    form: bool
    error: str = ""


class Visitor:
    """A device of its own."""

    def __init__(self, env: Mapping[str, str], login: str) -> None:
        self.browser = PortalBrowser(env)
        self.login = login
        self._socket: socket.socket | None = None

    def sign_on_before(self) -> None:
        """Signed on at the realm, from before; at the portal nobody."""
        self._home()
        ours = [cookie for cookie in self.browser.session.cookies if cookie.name.startswith("atrium_")]
        for cookie in ours:
            self.browser.session.cookies.clear(cookie.domain, cookie.path, cookie.name)

    def visit(self, wanted_at: float, *, form: bool) -> Visit:
        """`wanted_at`: of time.monotonic; waiting for a free thread counts."""
        home = 0.0
        try:
            page = self._home()
            home = time.monotonic() - wanted_at
            for path in BY_ITSELF.findall(page):
                answer = self.browser.get(html.unescape(path), headers={"HX-Request": "true"})
                if answer.status_code != 200:
                    raise RuntimeError(f"{path} answered {answer.status_code}")
            self._listen()
        except Exception as error:
            return Visit(home, time.monotonic() - wanted_at, form, f"{type(error).__name__}: {error}"[:200])
        return Visit(home, time.monotonic() - wanted_at, form)

    def _home(self) -> str:
        browser = self.browser
        url = browser.start("/")
        page = browser._follow(browser.session.get(url, allow_redirects=False, timeout=60))
        found = FORM.search(page.text)
        if found and not page.url.startswith(browser.portal):
            data = {"username": self.login, "password": browser.password}
            page = browser._follow(browser.session.post(html.unescape(found.group(1)), data=data, allow_redirects=False, timeout=60))
        if page.status_code != 200 or urlsplit(page.url).path != "/" or 'id="home-todos"' not in page.text:
            raise RuntimeError(f"no home page: {page.status_code} at {page.url[:80]}")
        return page.text

    def _listen(self) -> None:
        where = urlsplit(self.browser.portal)
        port = where.port or 80
        self._socket = socket.create_connection((where.hostname or "localhost", port), timeout=30)
        cookie = "; ".join(f"{one.name}={one.value}" for one in self.browser.session.cookies if one.name.startswith("atrium_"))
        self._socket.sendall(wire.request("/ws/", port, cookie))
        if not self._socket.recv(4096).startswith(OPEN):
            raise RuntimeError("no websocket")

    def leave(self) -> None:
        with contextlib.suppress(OSError):
            if self._socket:
                self._socket.close()
        self.browser.session.close()
