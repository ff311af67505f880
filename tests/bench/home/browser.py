"""A browser as far as the home page needs one: six connections, the page first, then each widget that the page says to ask for."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

CONNECTIONS = 6
AGAIN = 0.2  # seconds after which a widget that still waits is asked for again; a push would be sooner
PATIENCE = 30.0
WAITING = 'class="stack skel"'
ASKED = re.compile(r'hx-get="(/widgets/bench[^"]+)" hx-trigger="[^"]*load')


@dataclass(frozen=True)
class Visit:
    """Milliseconds until the first byte of the page and until every widget stood there; how many widgets were asked for one by one."""

    first: float
    all: float
    asked: int


class Browser:
    """`close` it; each thread that asks has a connection of its own."""

    def __init__(self, port: int, cookie: str) -> None:
        self._port, self._cookie = port, cookie
        self._of_thread = threading.local()
        self._lines: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        while self._lines:
            self._lines.pop().close()

    def get(self, path: str) -> tuple[float, str]:
        """(milliseconds until the first byte, body) over the connection of this thread."""
        line = getattr(self._of_thread, "line", None)
        if line is None:
            line = self._of_thread.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            self._lines.append(line)
        began = time.perf_counter()
        line.request("GET", path, headers={"Cookie": self._cookie, "Accept-Language": "en", "Host": f"localhost:{self._port}"})
        answer = line.getresponse()
        first = (time.perf_counter() - began) * 1000
        body = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"GET {path} answered {answer.status}")
        return first, body

    def visit(self, path: str = "/") -> Visit:
        """Open the page and wait for all of it."""
        began = time.perf_counter()
        first, body = self.get(path)
        wanted = ASKED.findall(body) if WAITING in body else []
        with _pool() as connections:
            list(connections.map(self._until_there, wanted))
        return Visit(first, (time.perf_counter() - began) * 1000, len(wanted))

    def _until_there(self, path: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while WAITING in self.get(path)[1]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{path} never came")
            time.sleep(AGAIN)


@contextmanager
def _pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        yield threads
