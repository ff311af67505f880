"""The processes that are measured, each alone: their CPU clock and their memory, as the kernel counts them."""

from __future__ import annotations

import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def raise_file_limit() -> None:
    """Thousands of sockets; children inherit it."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_of(pid: int) -> float:
    """Seconds of CPU a process has used, all its threads, the kernel's share included."""
    return time.clock_gettime((~pid << 3) | 2)  # the kernel's clock id of another process


class Server:
    """A server process on a port of its own; ended by `end`."""

    def __init__(self, command: Sequence[str], port: int, log: pathlib.Path, environment: Mapping[str, str] | None = None) -> None:
        self.port = port
        self._log = log
        with log.open("a") as out:
            self._process = subprocess.Popen(
                list(command), cwd=ROOT, env={**os.environ, **(environment or {})}, stdout=out, stderr=subprocess.STDOUT
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_it_listens(self) -> None:
        """Raises RuntimeError with the end of its log when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the server on port {self.port} did not start:\n{self._log.read_text()[-2000:]}")

    def cpu(self) -> float:
        return cpu_of(self.pid)

    def memory(self) -> float:
        """Kilobytes that are really its own or its share (PSS)."""
        found = re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text(), re.MULTILINE)
        if found is None:
            raise RuntimeError("this kernel does not say what memory a process has")
        return float(found[1])

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
