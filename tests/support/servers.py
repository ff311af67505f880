"""PostgreSQL and Redis for tests: their own servers on free ports, started when first wanted, gone at the end.

python -m tests.support.servers -- COMMAND...     runs a command with DATABASE_URL and REDIS_URL set
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from stack import control
from stack.layout import REPO, State, read_env

RUN = REPO / "stack" / "run.py"
PARTS = {"pg": "postgres", "redis": "redis"}


class Servers:
    """Both servers in a folder of their own; PostgreSQL with fsync on, since crashes are tested on it.

    They end with `stop`, and also when this process ends without having called it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="atrium-servers-"))
        self._state = State(self.folder)

    @classmethod
    def around(cls) -> Servers:
        """The servers that `main` started around this process."""
        return cls(Path(os.environ["ATRIUM_TEST_SERVERS"]))

    @property
    def redis_url(self) -> str:
        """While they run."""
        return read_env(self._state.env_file)["REDIS_URL"]

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            [sys.executable, str(RUN), *command, "--state", str(self.folder)], capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"servers for tests: {done.stdout}{done.stderr}")

    def _ask(self, verb: str, name: str) -> None:
        control.ask(self._state.socket_dir() / "control.sock", {"do": verb, "part": PARTS[name]})

    def start(self) -> dict[str, str]:
        """Start; the values for a process that is to use them."""
        self._run("up", "--servers-only", "--free-ports", "--durable", "--owner", str(os.getpid()))
        values = read_env(self._state.env_file)
        return {
            "DATABASE_URL": values["POSTGRES_URL"],
            "REDIS_URL": values["REDIS_URL"],
            "ATRIUM_TEST_SERVERS": str(self.folder),
            "DATABASE_CONN_MAX_AGE": "0",  # threads that end take no open connection with them
        }

    def kill(self, name: str) -> None:
        """End `pg` or `redis` without warning (SIGKILL)."""
        self._ask("kill", name)

    def start_again(self, name: str) -> None:
        """On the same port, with the same data."""
        self._ask("start", name)

    def pause(self, name: str) -> None:
        """SIGSTOP: alive, sockets open, says nothing."""
        self._ask("pause", name)

    def go_on(self, name: str) -> None:
        """SIGCONT."""
        self._ask("cont", name)

    def restart(self, name: str) -> None:
        """Kill and start again."""
        self.kill(name)
        self.start_again(name)

    def stop(self) -> None:
        self._run("down")
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running() -> Iterator[dict[str, str]]:
    """Servers for the length of a block."""
    servers = Servers()
    try:
        yield servers.start()
    finally:
        servers.stop()


def main(arguments: list[str]) -> int:
    """Run a command with servers of its own; its exit code."""
    cut = arguments.index("--")
    with running() as values:
        return subprocess.run(arguments[cut + 1 :], env={**os.environ, **values}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
