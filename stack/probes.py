"""Questions whether something answers yet. Short, quiet, without proxies."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_ok(url: str, timeout: float = 3) -> bool:
    """True when a GET answers with a status below 400."""
    try:
        with _OPENER.open(url, timeout=timeout) as answer:
            return answer.status < 400
    except (OSError, urllib.error.URLError, ValueError):
        return False


def redis_ok(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def tcp_ok(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
    except OSError:
        return False
    return True


def wait_until(probe: Callable[[], bool], *, seconds: float, every: float = 0.1, still_worth: Callable[[], bool] = lambda: True) -> bool:
    """Asks again and again; False when the time is up or when it is not worth waiting any more."""
    end = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > end or not still_worth():
            return False
        time.sleep(every)
    return True


def call_json(method: str, url: str, *, token: str = "", form: dict[str, str] | None = None, body: Any = None, timeout: float = 20) -> Any:
    """One HTTP call with a JSON answer (None when empty). Raises urllib.error.URLError."""
    data = urllib.parse.urlencode(form).encode() if form is not None else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, method=method)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with _OPENER.open(request, timeout=timeout) as answer:
        text = answer.read()
    return json.loads(text) if text else None
