"""A line to a system: a small HTTP server on this machine that passes questions on, remembers them, and breaks on purpose.

What stands behind it is a function: a running system (`onward`), or recorded answers (replay.py). `line.fault` is asked first; a fault writes to
the socket itself, so that what a connector meets is what a broken network gives, not what a library pretends.
"""

from __future__ import annotations

import contextlib
import http.client
import http.server
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

JSON = "application/json"
BLOCK = b"x" * 16384


@dataclass(frozen=True)
class Ask:
    """One question. `target`: path with its query; names of headers in small letters."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def of_json(status: int, value: Any, **headers: str) -> Answer:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), {"Content-Type": JSON, **given})


def of_html(status: int, **headers: str) -> Answer:
    """What a proxy says, or somebody's sign-in page. Not well-formed, as such pages are."""
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status, f"<html><head><title>{status}</title><body><h1>Somewhere else<br>".encode(), {"Content-Type": "text/html", **given})


Behind = Callable[[Ask], Answer]
Fault = Callable[["_Handler", Ask, Behind], None]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """The test looks at what was asked."""

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        ask = Ask(self.command, self.path, headers, self.rfile.read(length))
        line = self.server.line
        line.asks.append(ask)
        with contextlib.suppress(OSError):  # who asked went away
            if line.fault is not None:
                line.fault(self, ask, line.behind)
            else:
                self.write(line.behind(ask))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the standard library

    def head(self, answer: Answer, **headers: str) -> None:
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, **{name.replace("_", "-"): text for name, text in headers.items()}}.items():
            self.send_header(name, value)
        self.end_headers()

    def write(self, answer: Answer) -> None:
        self.head(answer, Content_Length=str(len(answer.body)))
        self.wfile.write(answer.body)
        self.wfile.flush()

    def reset(self) -> None:
        """RST instead of an orderly end."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, line: Line) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.line = line

    def handle_error(self, *args: Any) -> None:
        """Broken connections are what it is for."""

    def shutdown_request(self, request: Any) -> None:
        with contextlib.suppress(OSError):
            super().shutdown_request(request)


class Line:
    """`asks`: what was asked, in order. `fault`: None, or what happens to every question."""

    def __init__(self, behind: Behind, *, prefix: str = "") -> None:
        self.behind, self.prefix = behind, prefix
        self.asks: list[Ask] = []
        self.fault: Fault | None = None
        self.released = threading.Event()
        self._server = _Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}{prefix}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def clear(self) -> None:
        self.asks, self.fault = [], None

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def line_to(behind: Behind, *, prefix: str = "") -> Iterator[Line]:
    line = Line(behind, prefix=prefix)
    try:
        yield line
    finally:
        line.close()


@contextlib.contextmanager
def nobody() -> Iterator[str]:
    """An address at which nobody listens: the port is held, so that nobody else begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def onward(base_url: str, *, prefix: str = "") -> Behind:
    """To a running system. `prefix`: of the line's address, taken off; `base_url` may have a path of its own."""
    parts = urlsplit(base_url)

    def ask_it(ask: Ask) -> Answer:
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        kept = ("connection", "host", "accept-encoding", "content-length")
        headers = {name: value for name, value in ask.headers.items() if name not in kept}
        try:
            connection.request(ask.method, parts.path.rstrip("/") + ask.target.removeprefix(prefix), ask.body or None, {**headers, "Host": parts.netloc})
            answer = connection.getresponse()
            body = answer.read()
            names = ("Content-Type", "Retry-After", "Idempotency-Replayed", "Idempotent-Replayed", "X-Replayed")
            return Answer(answer.status, body, {name: value for name in names if (value := answer.getheader(name)) is not None})
        finally:
            connection.close()

    return ask_it


# --- faults -------------------------------------------------------------------------------------------------------------------------------


def says(answer: Answer) -> Fault:
    return lambda handler, ask, behind: handler.write(answer)


def resets(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """Asked, and no answer: nobody knows whether it was done."""
    handler.reset()


def loses(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """Done, and the answer lost."""
    behind(ask)
    handler.reset()


def cuts(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """The answer ends in its middle."""
    body = b'{"rows": [{"id": 1, "name": "Delta Water'
    handler.head(Answer(200, headers={"Content-Type": JSON}), Content_Length=str(2 * len(body)))
    handler.wfile.write(body)
    handler.reset()


def silent(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """Taken, and never answered: until the test is over."""
    handler.server.line.released.wait(60)
    handler.reset()


def drips(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """A byte now and then, so that no byte is late and the answer never ends."""
    handler.head(Answer(200, headers={"Content-Type": JSON}), Content_Length="1000000")
    while not handler.server.line.released.wait(0.02):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def floods(handler: _Handler, ask: Ask, behind: Behind) -> None:
    """An answer without an end."""
    handler.close_connection = True
    handler.head(Answer(200, headers={"Content-Type": JSON}), Connection="close")
    while not handler.server.line.released.is_set():
        handler.wfile.write(BLOCK)
