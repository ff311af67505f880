"""Processes of the portal on the test database, for tests that kill them."""

from __future__ import annotations

import os
import pathlib
import select
import signal
import subprocess
import sys
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
    """A process in its own group; always ended."""

    def __init__(self, *command: str, **environment: str) -> None:
        self._heard = ""
        self.process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**os.environ, "DATABASE_URL": database_url(), **environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )

    def send(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def wait(self, seconds: float = 60) -> int:
        """The return code; -9 when it was killed."""
        return self.process.wait(seconds)

    def so_far(self) -> str:
        """What a living process wrote until now."""
        number = self.process.stdout.fileno() if self.process.stdout else -1
        while number >= 0 and select.select([number], [], [], 0)[0] and (text := os.read(number, 65536).decode()):
            self._heard += text
        return self._heard

    def output(self) -> str:
        """All it wrote; after its end."""
        return self._heard + (self.process.stdout.read() if self.process.stdout else "")

    def end(self) -> None:
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)
            self.process.wait(10)
        if self.process.stdout:
            self.process.stdout.close()
