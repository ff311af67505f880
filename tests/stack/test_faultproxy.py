"""The fault proxy does what its words say: a client sees the fault, and then a healthy system again."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from stack.services.faultproxy import FaultProxy

SIZE = 20_000


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        self.wfile.write(b"x" * SIZE)

    def log_message(self, *args: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *args: object) -> None:
        pass  # resets are what the test is about


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FaultProxy(server.server_port, seed=7) as between:
            yield between
        server.shutdown()


def _get(proxy: FaultProxy, read_timeout: float = 1) -> tuple[object, float]:
    began = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(proxy.url, timeout=(1, read_timeout))
            seen: object = (answer.status_code, len(answer.content))
        except requests.RequestException as error:
            seen = type(error).__name__
    return seen, time.monotonic() - began


HEALTHY = (200, SIZE)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({}, HEALTHY),
        ({"latency": 3}, "ReadTimeout"),
        ({"blackhole": True}, "ReadTimeout"),
        ({"reset": True}, "ConnectionError"),
        ({"cut_after": 5000}, "ChunkedEncodingError"),
        ({"refuse": True}, "ConnectionError"),
    ],
    ids=lambda value: "-".join(value) or "healthy" if isinstance(value, dict) else "",
)
def test_each_fault_is_seen_and_goes_away(proxy: FaultProxy, faults: dict, expected: object) -> None:
    proxy.set(**faults)
    assert _get(proxy)[0] == expected
    proxy.set()
    assert _get(proxy)[0] == HEALTHY


def test_latency_and_rate_take_time(proxy: FaultProxy) -> None:
    proxy.set(latency=0.4)
    seen, seconds = _get(proxy)
    assert seen == HEALTHY
    assert seconds > 0.35
    proxy.set(rate=20_000)
    seen, seconds = _get(proxy, read_timeout=5)
    assert seen == HEALTHY
    assert seconds > 0.9


def test_a_rate_of_resets_hits_some(proxy: FaultProxy) -> None:
    proxy.set(reset_rate=0.5)
    assert {str(_get(proxy)[0]) for _ in range(20)} == {str(HEALTHY), "ConnectionError"}


def test_open_connections_can_be_dropped(proxy: FaultProxy) -> None:
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(proxy.url, timeout=1).status_code == 200
        proxy.drop()
        assert session.get(proxy.url, timeout=1).status_code == 200  # on a new connection
        assert proxy.accepted == 2
