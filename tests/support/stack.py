"""The real stack and the demo as fixtures: started when first wanted, on free ports, gone at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from stack import control, probes
from stack.layout import PORTAL_PYTHON, REPO, State, read_env
from stack.part import Part, PartSpec
from stack.shell import tail
from tests.support.until import until

RUN = REPO / "stack" / "run.py"
START_SECONDS = 900  # with nothing cached: installs included
STATES = REPO / "var" / "test"


class Running:
    """A demo or stack in its state folder, reached through the control socket of its supervisor."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.env: dict[str, str] = read_env(state.env_file)

    @property
    def portal_url(self) -> str:
        return self.env["PORTAL_URL"]

    def _ask(self, verb: str, part: str = "", **more: Any) -> dict[str, Any]:
        return control.ask(self.state.socket_dir() / "control.sock", {"do": verb, "part": part, **more}, timeout=300)

    def status(self) -> dict[str, dict[str, Any]]:
        """Parts by name: pid, up, wanted, restarts."""
        return {part["name"]: part for part in self._ask("status")["parts"]}

    def stop(self, part: str) -> None:
        """Stops it properly; it stays down until `start`."""
        self._ask("stop", part)

    def kill(self, part: str) -> None:
        """SIGKILL to the part and its children; it stays down until `start`."""
        self._ask("kill", part)

    def start(self, part: str) -> None:
        """Starts it and waits until it is ready."""
        self._ask("start", part)

    def restart(self, part: str, *, kill: bool = False) -> None:
        """Stop (or SIGKILL), start, ready."""
        self._ask("restart", part, kill=kill)

    def crash(self, part: str) -> None:
        """SIGKILL as if it died by itself: the supervisor brings it back."""
        self._ask("crash", part)

    def pause(self, part: str) -> None:
        """SIGSTOP: hung, not dead."""
        self._ask("pause", part)

    def cont(self, part: str) -> None:
        self._ask("cont", part)

    def reset(self) -> None:
        """Fresh data everywhere. Portal processes that a test started itself must be stopped."""
        self._ask("reset")

    def log(self, part: str) -> Path:
        return self.state.log(part)


class RealStack(Running):
    """Parts: postgres redis keycloak erp crm; erp-sender and crm-sender once there is a portal."""

    def portal_env(self, **more: str) -> dict[str, str]:
        """The environment of a portal process on this stack."""
        folder = str(self.state.root / "portal")
        return {**self.env, "ATRIUM_MODE": "stack", "ATRIUM_WORKER": "process", "ATRIUM_VAR": folder, **more}

    def prepare_portal(self) -> None:
        """Tables and company in the portal's database; nothing to do when they are there."""
        self._ask("portal-data")

    @contextlib.contextmanager
    def portal(self, *, workers: int = 1, env: Mapping[str, str] | None = None) -> Iterator[PortalProcesses]:
        """Web and worker processes on this stack's portal port, with the senders, for the length of a block."""
        self.prepare_portal()
        processes = PortalProcesses(self, dict(env or {}))
        try:
            processes.start_web()
            for number in range(1, workers + 1):
                processes.start_worker(number)
            self._ask("senders")
            yield processes
        finally:
            for name in ("erp-sender", "crm-sender"):
                if name in self.status():
                    self.stop(name)
            processes.stop_all()


class PortalProcesses:
    """The portal's own processes, held by the test: they can be killed, paused and started with other environments."""

    def __init__(self, stack: RealStack, env: dict[str, str]) -> None:
        self._stack = stack
        self._env = env
        self.url = stack.portal_url
        self.parts: dict[str, Part] = {}

    def start_web(self, **env: str) -> Part:
        port = self.url.rsplit(":", 1)[1]
        options = ["--host", "127.0.0.1", "--port", port, "--no-access-log", "--lifespan", "off"]
        command = ["-m", "uvicorn", "portal.asgi:application", *options, "--timeout-graceful-shutdown", "3"]
        return self.launch("test-web", command, env, lambda: probes.http_ok(f"{self.url}/sign-in/"))

    def start_worker(self, number: int = 1, **env: str) -> Part:
        return self.launch(f"test-worker-{number}", ["manage.py", "worker"], env, lambda: True)

    def launch(self, name: str, command: list[str], env: Mapping[str, str], ready: Callable[[], bool]) -> Part:
        """A Python program with the portal's environment, ended with the others; one of that name that runs is stopped first."""
        if name in self.parts:
            self.parts[name].stop()
        values = self._stack.portal_env(**{**self._env, **env})
        spec = PartSpec(
            name=name,
            command=lambda: [str(PORTAL_PYTHON), *command],
            env=lambda: values,
            ready=ready,
            log=self._stack.log(name),
            cwd=REPO,
            stop_seconds=6,
        )
        # its note lies where the supervisor's lie: what a killed test run leaves is ended by the next start
        part = self.parts[name] = Part(spec, self._stack.state.run(f"{name}.pid"))
        part.launch()
        part.wait_ready()
        return part

    def stop_all(self) -> None:
        for part in self.parts.values():
            part.stop()


# -- starting and stopping


def _free_state(name: str, env_name: str) -> State:
    """The first state folder of that name that no other test run uses."""
    for number in range(20):
        root = STATES / f"{name}-{number}"
        state = State(root, root / env_name)
        if not state.is_taken():
            return state
    raise RuntimeError(f"20 test runs use {STATES}/{name}-*: is one of them stuck?")


@contextlib.contextmanager
def supervised(state: State, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """`stack/run.py COMMAND` in front, until the end of the block; it also ends when this process is killed."""
    state.prepare()
    state.withdraw()
    log = state.log("supervisor")
    argv = [sys.executable, str(RUN), *command, "--state", str(state.root), "--owner", str(os.getpid())]
    with log.open("wb") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        until(
            lambda: state.env_file.exists() or process.poll() is not None,
            seconds=START_SECONDS,
            every=0.2,
            what=f"{' '.join(command)} ready; see {log}",
        )
        if process.poll() is not None:
            raise RuntimeError(f"stack/run.py {command[0]} ended: {tail(log, 6)}")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)  # the second one forces
            process.wait(30)


@contextlib.contextmanager
def running_stack(*options: str, fresh: bool = False, name: str = "stack") -> Iterator[RealStack]:
    """The real systems, no portal. The state is kept from run to run (12 s instead of 70), its data made fresh. `name`: a state of its own, for other
    `options` than the other tests'."""
    state = _free_state(name, "stack.env")
    if "--history" not in options:
        options = (*options, "--no-history")
    if fresh:
        shutil.rmtree(state.root, ignore_errors=True)
    with supervised(state, "stack", "--no-portal", "--no-durable", "--free-ports", *options):
        stack = RealStack(state)
        stack.reset()
        yield stack


@contextlib.contextmanager
def running_demo(*, erp_protocol: str = "rest") -> Iterator[Running]:
    """The embedded default with an empty state folder: the company of the first day."""
    state = _free_state(f"demo-{erp_protocol}", "demo.env")
    shutil.rmtree(state.root, ignore_errors=True)
    with supervised(state, "demo", "--free-ports", "--erp-protocol", erp_protocol):
        yield Running(state)


@pytest.fixture(scope="session")
def real_stack() -> Iterator[RealStack]:
    """The real systems, one start for the whole session; `running_stack("--durable")` starts one with fsync on."""
    with running_stack() as stack:
        yield stack


@pytest.fixture(scope="session")
def demo() -> Iterator[Running]:
    """`make demo` on free ports, the ERP spoken to by REST."""
    with running_demo() as running:
        yield running


@pytest.fixture(scope="session")
def demo_soap() -> Iterator[Running]:
    """`make demo` on free ports, the ERP spoken to by SOAP."""
    with running_demo(erp_protocol="soap") as running:
        yield running
