"""Workers that are killed are wanted by the dozen: a process that has imported all the portal forks them, in milliseconds instead of seconds.

Each is a process of its own (own group, own connections, own random numbers) that runs the command `worker` and dies by the signals it gets.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import pathlib
import random
import select
import signal
import subprocess
import sys
import threading
from typing import Any, NoReturn

from tests.support.until import until

START_SECONDS = 120.0


class Worker:
    """`pid`, its return code once it ended, and what it wrote."""

    def __init__(self, nursery: Nursery, pid: int, output: pathlib.Path) -> None:
        self.pid, self._nursery, self._output = pid, nursery, output

    def send(self, number: int) -> None:
        os.killpg(self.pid, number)

    def poll(self) -> int | None:
        """The return code, -9 when it was killed; None while it lives."""
        return self._nursery.codes.get(self.pid)

    def wait(self, seconds: float = 60) -> int:
        until(lambda: self.poll() is not None, seconds=seconds, every=0.01, what=f"worker {self.pid} ends; it wrote {self.so_far()!r}")
        code = self.poll()
        assert code is not None
        return code

    def so_far(self) -> str:
        return self._output.read_text()

    def end(self) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.send(signal.SIGKILL)  # also ends one that was stopped
            self.wait(30)


class Nursery:
    """The process that forks. Ends with this one, and its workers with it."""

    def __init__(self, database_url: str) -> None:
        self.codes: dict[int, int] = {}
        self._born: list[int] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.jobs.nursery"], env={**os.environ, "DATABASE_URL": database_url}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            told = json.loads(line)
            if "code" in told:
                self.codes[told["pid"]] = told["code"]
            else:
                self._born.append(told["pid"])

    def start(self, *arguments: str, output: pathlib.Path, **environment: str) -> Worker:
        assert self._process.stdin
        output.touch()
        before = len(self._born)
        self._process.stdin.write(json.dumps({"arguments": arguments, "environment": environment, "output": str(output)}) + "\n")
        self._process.stdin.flush()
        until(lambda: len(self._born) > before, seconds=START_SECONDS, every=0.005, what="a worker is born")
        return Worker(self, self._born[-1], output)

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._listener.join(10)
        self._process.stdout.close()


# --- in the process that forks --------------------------------------------------------------------------------------------------------------


def _tell(**what: int) -> None:
    print(json.dumps(what), flush=True)


def _serve() -> None:
    """Requests come as lines on stdin; births and deaths are told on stdout."""
    living: set[int] = set()
    while True:
        if select.select([sys.stdin], [], [], 0.01)[0]:
            line = sys.stdin.buffer.raw.readline()  # type: ignore[attr-defined]
            if not line:
                break
            living.add(_fork(json.loads(line)))
        _bury(living)
    for pid in living:
        os.killpg(pid, signal.SIGKILL)


def _bury(living: set[int]) -> None:
    """At once: a zombie would look alive to the others."""
    while living:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        living.discard(pid)
        _tell(pid=pid, code=os.waitstatus_to_exitcode(status))


def _fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if not pid:
        _be_a_worker(request)
    with contextlib.suppress(PermissionError, ProcessLookupError):  # it may have done so itself, or be dead already
        os.setpgid(pid, pid)
    _tell(pid=pid)
    return pid


def _be_a_worker(request: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        os.setpgid(0, 0)
        written = os.open(request["output"], os.O_WRONLY | os.O_APPEND)
        for number in (1, 2):
            os.dup2(written, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        random.seed()
        os.environ.update(request["environment"])
        _settle()
        from django.core.management import call_command

        call_command("worker", *request["arguments"])
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _settle() -> None:
    """What this worker's environment says, in the settings that were read before it was born."""
    from django.conf import settings
    from django.db import connection

    from tests.jobs import work_of_processes

    work_of_processes.WORLD = pathlib.Path(os.environ["ATRIUM_TEST_FOLDER"])
    settings.JOBS_RETRY_BASE = float(os.environ.get("JOBS_RETRY_BASE_SECONDS", settings.JOBS_RETRY_BASE))
    if "JOBS_LEASE_SECONDS" in os.environ:
        settings.JOBS_LEASE = dt.timedelta(seconds=float(os.environ["JOBS_LEASE_SECONDS"]))
    if connection.vendor == "postgresql" and (idle := os.environ.get("DATABASE_IDLE_IN_TRANSACTION_SECONDS")):
        connection.settings_dict["OPTIONS"]["options"] = f"-c idle_in_transaction_session_timeout={int(float(idle) * 1000)}"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from apps.jobs.management.commands import worker  # noqa: F401 - imported once, for all
    from tests.jobs import work_of_processes

    work_of_processes.register()
    _serve()


if __name__ == "__main__":
    main()
