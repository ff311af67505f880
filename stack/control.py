"""The supervisor's control socket: one JSON line in, one JSON line out. For the same account only."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

Request = dict[str, Any]


class ControlRefused(RuntimeError):
    """The supervisor said no; the message is its reason."""


class Server:
    def __init__(self, path: Path, answer: Callable[[Request], dict[str, Any]]) -> None:
        self._path = path
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        self._socket.bind(str(path))
        self._socket.listen(16)

    def start(self) -> None:
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._path.unlink(missing_ok=True)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rw") as stream:
            try:
                reply = {"ok": True, **self._answer(json.loads(stream.readline()))}
            except Exception as failure:  # whatever it was, the caller is waiting for a line
                reply = {"ok": False, "error": str(failure) or type(failure).__name__}
            try:
                stream.write(json.dumps(reply) + "\n")
                stream.flush()
            except OSError:
                pass  # the caller has gone


def ask(path: Path, request: Request, timeout: float = 180) -> dict[str, Any]:
    """Sends one request. Raises ControlRefused, or OSError when no supervisor listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        with connection.makefile("rw") as stream:
            stream.write(json.dumps(request) + "\n")
            stream.flush()
            reply = json.loads(stream.readline() or '{"ok": false, "error": "the supervisor ended"}')
    if not reply.pop("ok"):
        raise ControlRefused(reply["error"])
    return reply
