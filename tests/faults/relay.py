"""One process after another, each told to die at one named edge; the next takes over when it is dead. Started by tests, see `Relay`.

    python -m tests.faults.relay worker|web FOLDER PORT EDGE:TIMES ...

All are forked from one parent that has imported the portal, so that a death costs milliseconds and not the start of Python. FOLDER gets one file for
each edge that fired. After the last one a process without a failpoint goes on until SIGTERM.
"""

from __future__ import annotations

import os
import pathlib
import signal
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stack import probes

if TYPE_CHECKING:
    from tests.support.stack import PortalProcesses


class Relay:
    """The test's side: how far it has come."""

    def __init__(self, portal: PortalProcesses, what: str, folder: pathlib.Path, plan: Sequence[str], **env: str) -> None:
        self.plan, self._folder = list(plan), folder
        folder.mkdir()
        port = portal.url.rsplit(":", 1)[1]
        ready = (lambda: probes.http_ok(f"{portal.url}/sign-in/")) if what == "web" else (lambda: True)
        name = "test-web" if what == "web" else "test-worker-1"
        self._part = portal.launch(name, ["-m", "tests.faults.relay", what, str(folder), port, *plan], env, ready)

    @property
    def fired(self) -> list[str]:
        return [step for step in self.plan if (self._folder / step).exists()]

    @property
    def open(self) -> list[str]:
        return [step for step in self.plan if step not in self.fired]

    @property
    def is_through(self) -> bool:
        """All have died where they were told to. Raises when one ended otherwise."""
        broken = self._folder / "broken"
        assert not broken.exists(), broken.read_text()
        return len(self.fired) == len(self.plan)

    def assert_all_fired(self) -> None:
        assert self.fired == self.plan
        assert len((self._folder / "killed").read_text().split()) == len(self.plan)


def _serve_web(port: str) -> None:
    import uvicorn

    uvicorn.run("portal.asgi:application", host="127.0.0.1", port=int(port), access_log=False, lifespan="off", timeout_graceful_shutdown=3)


def _work(_port: str) -> None:
    from django.core.management import call_command

    call_command("worker")


def _warm_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.urls import get_resolver

    import portal.asgi  # noqa: F401 - imports everything, opens nothing

    assert get_resolver().url_patterns


def _child(run: Callable[[str], None], port: str, environment: dict[str, str]) -> int:
    """Fork; the child runs with these variables until it ends."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.update(environment)
    try:
        run(port)
    finally:
        os._exit(0)


def main(what: str, folder: pathlib.Path, port: str, plan: Sequence[str]) -> None:
    run = {"worker": _work, "web": _serve_web}[what]
    _warm_up()
    stopping: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        stopping.append(number)  # the child is of our group and has heard it, too

    signal.signal(signal.SIGTERM, stop)
    for step in [*plan, ""]:
        environment = {"ATRIUM_FAILPOINT": step, "ATRIUM_FAILPOINT_ONCE": str(folder / step)} if step else {}
        _pid, status = os.waitpid(_child(run, port, environment), 0)
        if stopping:
            return
        if not (step and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL and (folder / step).exists()):
            (folder / "broken").write_text(f"{what} {step or 'without a failpoint'} ended with status {status}")
            return
        with (folder / "killed").open("a") as file:
            file.write(f"{step}\n")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
