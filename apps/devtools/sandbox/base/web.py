"""The HTTP server of a sandbox system: loopback only, whole answers in one write, fault switches in front."""

from __future__ import annotations

import hmac
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from apps.devtools.sandbox.base.faults import Fault, Faults
from apps.devtools.sandbox.base.store import Refused

LARGEST = 1_000_000
HOSTS = {"localhost", "127.0.0.1", "[::1]"}
PAGE_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False, default=b"")

    def json(self) -> dict[str, Any]:
        """Raises Refused 400."""
        try:
            found = json.loads(self.body or b"{}", parse_float=str)
        except ValueError:
            raise Refused(400, "BAD_JSON", "The body is not JSON.") from None
        if not isinstance(found, dict):
            raise Refused(400, "BAD_JSON", "The body is not a JSON object.")
        return found

    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))

    def from_elsewhere(self) -> bool:
        """Whether a browser sends this for another site's page."""
        if self.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return True
        origin = self.headers.get("origin")
        return bool(origin) and urlsplit(origin).netloc != self.headers.get("host")


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


def moved(to: str, **headers: str) -> Answer:
    return Answer(303, headers={"Location": to, **{k.replace("_", "-"): v for k, v in headers.items()}})


class System(Protocol):
    """One of the two systems, as the server sees it."""

    service_key: str
    faults: Faults

    def operation(self, request: Request) -> str:
        """The name of what is asked for, for the fault switches; "" unknown."""
        ...

    def answer(self, request: Request) -> Answer: ...

    def refusal(self, request: Request, refused: Refused) -> Answer:
        """A refusal in this system's own shape."""
        ...


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one write: no waiting for the other side's acknowledgement
    server: SandboxServer

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: URLs may carry tickets."""

    def _serve(self) -> None:
        request = self._request()
        if request is None:
            return
        system = self.server.system
        fault = None if request.path == "/_faults" else system.faults.meet(request.path, system.operation(request))
        if request.path == "/_faults":
            self._write(self._switch(request))
        elif fault is not None and fault.mode == "down":
            self._hang_up()
        else:
            self._write(self._answer(request, fault))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the standard library

    def _request(self) -> Request | None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST:
            self.close_connection = True
            self._write(Answer(413))
            return None
        body = self.rfile.read(length)
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in HOSTS:
            self._write(Answer(421, b"this host is not served here", "text/plain"))
            return None
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)

    def _answer(self, request: Request, fault: Fault | None) -> Answer:
        system = self.server.system
        mode = fault.mode if fault else ""
        try:
            if fault is not None and mode == "slow":
                self.server.stopping.wait(fault.seconds)
            if mode == "error500":
                raise Refused(500, "INTERNAL", "Something broke inside.")
            if mode == "refuse":
                raise Refused(422, "REFUSED", "The system refuses this request.")
            answer = system.answer(request)
            if mode == "error_after_commit" and answer.status < 400:
                raise Refused(500, "INTERNAL", "Something broke inside, after the work was done.")
        except Refused as refused:
            return system.refusal(request, refused)
        except Exception as error:
            print(f"{request.method} {request.path}: {type(error).__name__}: {error}", flush=True)
            return system.refusal(request, Refused(500, "INTERNAL", "Something broke inside."))
        return answer

    def _switch(self, request: Request) -> Answer:
        system = self.server.system
        if not hmac.compare_digest(request.headers.get("authorization", ""), f"Bearer {system.service_key}"):
            return json_answer({"error": "the service key is missing"}, 401)
        try:
            if request.method == "POST":
                system.faults.add(request.json())
            elif request.method == "DELETE":
                system.faults.clear()
        except Refused as refused:
            return json_answer({"error": refused.message}, refused.status)
        return json_answer({"faults": system.faults.listed()})

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _write(self, answer: Answer) -> None:
        headers = {
            "Content-Type": answer.type,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **answer.headers,
        }
        if answer.type.startswith("text/html"):
            headers["Content-Security-Policy"] = PAGE_POLICY
        self.send_response_only(answer.status)
        for name, value in headers.items():
            self.send_header(name, value)
        try:
            self.end_headers()
            self.wfile.write(answer.body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True


class SandboxServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # idle kept connections must not hold up the end
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, port: int, system: System) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.system = system
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is nobody's business."""


def serve_until(server: SandboxServer, stop: threading.Event) -> None:
    """Serve until told to stop."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    while not stop.wait(1.0):
        if not thread.is_alive():
            break
    server.stopping.set()
    server.shutdown()
    server.server_close()
