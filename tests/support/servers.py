"""PostgreSQL and Redis for tests: their own servers on free ports, started when first wanted, gone at the end.

python -m tests.support.servers pg redis -- COMMAND...     runs a command with DATABASE_URL and REDIS_URL set
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "stack" / "services" / "services.py"


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Servers:
    """Servers in a folder of their own; PostgreSQL with fsync on, since crashes are tested on it."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="atrium-servers-"))
        self.environment = {
            **os.environ,
            "ATRIUM_STATE": str(self.folder),
            "ATRIUM_PG_DURABLE": "1",
            "TMPDIR": str(self.folder),
            "ATRIUM_PG_PORT": str(free_port()),
            "ATRIUM_REDIS_PORT": str(free_port()),
        }

    @classmethod
    def around(cls) -> Servers:
        """The servers that `main` started around this process."""
        servers = cls.__new__(cls)
        servers.folder, servers.environment = pathlib.Path(os.environ["ATRIUM_TEST_SERVERS"]), dict(os.environ)
        return servers

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), *arguments],
            env={**self.environment, "TMPDIR": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"servers for tests: {done.stdout}{done.stderr}")
        return done.stdout

    def start(self) -> dict[str, str]:
        """Start; the values DATABASE_URL and REDIS_URL of those that were wanted."""
        self._call("up", *self.names)
        values = dict(line.split("=", 1) for line in self._call("env").splitlines())
        wanted = {"pg": "DATABASE_URL", "redis": "REDIS_URL"}
        given = ("ATRIUM_STATE", "ATRIUM_PG_DURABLE", "ATRIUM_PG_PORT", "ATRIUM_REDIS_PORT")
        return {
            **{wanted[name]: values[wanted[name]] for name in self.names},
            **{name: self.environment[name] for name in given},
            "ATRIUM_TEST_SERVERS": str(self.folder),
            "DATABASE_CONN_MAX_AGE": "0",  # threads that end take no open connection with them
        }

    def kill(self, name: str) -> None:
        """End it without warning (PostgreSQL: immediate)."""
        pid_file = self.folder / ("pg/data/postmaster.pid" if name == "pg" else "redis/redis.pid")
        os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT if name == "pg" else signal.SIGKILL)

    def start_again(self, name: str) -> None:
        """On the same port, with the same data."""
        self._call("up", name)

    def restart(self, name: str) -> None:
        """Kill and start again."""
        self.kill(name)
        self.start_again(name)

    def stop(self) -> None:
        self._call("down", *self.names)
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running(*names: str) -> Iterator[dict[str, str]]:
    """Servers for the length of a block."""
    servers = Servers(*names)
    try:
        yield servers.start()
    finally:
        servers.stop()


def main(arguments: list[str]) -> int:
    """Run a command with servers of its own; its exit code."""
    cut = arguments.index("--")
    with running(*arguments[:cut]) as values:
        return subprocess.run(arguments[cut + 1 :], env={**os.environ, **values}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
