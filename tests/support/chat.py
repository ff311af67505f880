"""The three chat products beside the test: each its own process, as it is started for a demonstration."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
from django.test import Client

from apps.devtools.sandbox.chat.__main__ import keys

SERVICE_KEY = "chat-of-the-tests"
VENDORS = ("wecom", "dingtalk", "welink")
PAGES = {"wecom": "/connect/oauth2/authorize", "dingtalk": "/oauth2/auth", "welink": "/connect/oauth2/sns_authorize"}


class Product:
    """A running product, and the hands of its users."""

    def __init__(self, vendor: str, url: str) -> None:
        self.vendor, self.url = vendor, url
        known = keys(SERVICE_KEY)
        self.settings = {"url": url, "id": known.id, "secret": known.secret, "agent": known.agent, "token": known.token, "aes_key": known.aes_key,
                         "corp": known.corp, "oapi_url": url, "sign_in_url": url + PAGES[vendor]}

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        session = requests.Session()
        session.trust_env = False
        with session:
            answer = session.request(method, self.url + path, headers={"Authorization": f"Bearer {SERVICE_KEY}"}, timeout=10, **given)
            assert answer.status_code < 300, answer.text
            return answer.json()

    def shown(self, user: str) -> list[dict[str, Any]]:
        """What this user sees, oldest first."""
        return list(self._ask("GET", "/_shown", params={"user": user})["shown"])

    def cards(self, user: str) -> list[dict[str, Any]]:
        return [one for one in self.shown(user) if one["kind"] == "card"]

    def texts(self, user: str) -> list[str]:
        return [one["shown"]["text"] for one in self.shown(user) if one["kind"] == "text"]

    def fault(self, **switch: Any) -> None:
        self._ask("POST", "/_faults", json=switch)

    def press(self, user: str, button: str, *, reason: str = "") -> dict[str, Any]:
        """The callback that pressing this button of the newest card sends."""
        return dict(self._ask("POST", "/_press", json={"user": user, "button": button, "reason": reason}))

    def hold(self, user: str, *, nonsense: bool = False) -> None:
        """This user has the telephone from now on. `nonsense`: what the product says makes no sense."""
        self._ask("POST", "/_hold", json={"user": user, "nonsense": nonsense})

    def code(self, user: str, *, app: str = "", corp: str = "") -> str:
        """A code as the product gives it for this user; for our app and company, or for another."""
        return str(self._ask("POST", "/_code", json={"user": user, "app": app, "corp": corp})["code"])

    def mend(self) -> None:
        """No fault is on any more."""
        self._ask("DELETE", "/_faults")

    def say(self, user: str, text: str) -> dict[str, Any]:
        return dict(self._ask("POST", "/_say", json={"user": user, "text": text}))


def call(product: Product, signed: dict[str, Any], client: Client | None = None) -> tuple[int, float]:
    """Deliver a callback to the portal; (status, seconds until it was answered)."""
    began = time.monotonic()
    answer = (client or Client(enforce_csrf_checks=True)).post(
        f"/hooks/{product.vendor}/chat/", signed["body"], content_type=signed["type"], query_params=signed["query"], headers=signed["headers"])
    return answer.status_code, time.monotonic() - began


@contextmanager
def running(vendor: str) -> Iterator[Product]:
    argv = [sys.executable, "-m", "apps.devtools.sandbox.chat", "--vendor", vendor, "--port", "0", "--service-key", SERVICE_KEY]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "ready at " in line
        yield Product(vendor, line.split("ready at ")[1].strip())
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
