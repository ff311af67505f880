"""Processes of the portal on the test database, for tests that kill them."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from urllib.parse import quote

from django.db import connection

ROOT = pathlib.Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test database, as DATABASE_URL for a child."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgresql://{given['USER']}:{quote(given['PASSWORD'])}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


class Child:
    """A process in its own group; always ended. It writes into a file: into a pipe that nobody empties it would stand still after 64 KB."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._said = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed by end()
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url(), **environment},
            stdout=self._said, stderr=subprocess.STDOUT, start_new_session=True,
        )

    def send(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def wait(self, seconds: float = 180) -> int:
        """The return code; -9 when it was killed."""
        return self.process.wait(seconds)

    def output(self) -> str:
        """What it wrote until now; all of it after its end."""
        size = os.fstat(self._said.fileno()).st_size
        return os.pread(self._said.fileno(), size, 0).decode(errors="replace")

    def end(self) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.process.wait(60)
        self._said.close()
