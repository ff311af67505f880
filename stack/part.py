"""One process with its children that is to stay up: started, asked whether ready, stopped, never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stack import probes
from stack.shell import StepFailed, clean_environment, tail


def born(pid: int) -> int | None:
    """The start moment in kernel ticks: with the pid it names a process for certain. None: it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


@dataclass(frozen=True)
class PartSpec:
    """How a part is started. `command` and `env` are asked anew at each start."""

    name: str
    command: Callable[[], list[str]]
    ready: Callable[[], bool]
    log: Path
    env: Callable[[], Mapping[str, str]] = field(default=dict)
    cwd: Path = Path("/")
    before: Callable[[], None] = field(default=lambda: None)
    ready_seconds: float = 120
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    layer: int = 1  # stopped from the highest layer down: 0 = what the others stand on


class Part:
    """A running (or stopped, or crashed) part. All changes go through its lock."""

    def __init__(self, spec: PartSpec, pid_file: Path) -> None:
        self.spec = spec
        self.lock = threading.RLock()
        self.wanted = False
        self.restarts = 0
        self.failures = 0  # crashes in a row
        self.started_at = 0.0
        self.due_at = 0.0
        self._pid_file = pid_file
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def launch(self) -> None:
        """Starts the process without waiting for it to be ready."""
        with self.lock:
            self.spec.before()
            self.spec.log.parent.mkdir(parents=True, exist_ok=True)
            with self.spec.log.open("ab") as out:
                self._process = subprocess.Popen(
                    self.spec.command(),
                    env=clean_environment(self.spec.env()),
                    cwd=self.spec.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self.wanted = True
            self.started_at = time.monotonic()
            note = {"pid": self._process.pid, "born": born(self._process.pid), "signal": int(self.spec.stop_signal)}
            self._pid_file.write_text(json.dumps(note))

    def wait_ready(self, still_worth: Callable[[], bool] = lambda: True) -> None:
        """Raises StepFailed when it ends or does not answer in time."""
        if probes.wait_until(self.spec.ready, seconds=self.spec.ready_seconds, still_worth=lambda: still_worth() and not self.ended()):
            return
        why = f"ended while starting ({self.ending()})" if self.ended() else f"does not answer after {self.spec.ready_seconds:.0f} s"
        raise StepFailed(f"{self.spec.name} {why}: {tail(self.spec.log)} [log: {self.spec.log}]")

    def ended(self) -> bool:
        """True when the process is gone. Its remaining children are killed before its pid is given back."""
        with self.lock:
            process = self._process
            if process is None or process.returncode is not None:
                return True
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return False
            self._signal(signal.SIGKILL)
            process.wait()
            self._pid_file.unlink(missing_ok=True)
            return True

    def ending(self) -> str:
        code = self._process.returncode if self._process else None
        if code is None:
            return "not started"
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"

    def stop(self, *, kill: bool = False) -> None:
        """Asks it to stop, then kills it. Afterwards nothing of it is left, and it is not started again by itself."""
        self.wanted = False
        with self.lock:
            self.wanted = False
            if self.ended():
                return
            self._signal(signal.SIGCONT)  # a paused process could not react
            self._signal(signal.SIGKILL if kill else self.spec.stop_signal)
            end = time.monotonic() + self.spec.stop_seconds
            while not self.ended():
                if time.monotonic() > end:
                    self._signal(signal.SIGKILL)
                time.sleep(0.02)

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def force(self) -> None:
        """SIGKILL to the whole group, without waiting for anything."""
        self.wanted = False
        self._signal(signal.SIGKILL)

    def _signal(self, sig: signal.Signals) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            try:
                os.killpg(process.pid, sig)
            except ProcessLookupError:
                pass


def end_leftovers(run_dir: Path) -> list[str]:
    """Ends parts that an earlier supervisor (killed, machine busy) left behind. Returns their names."""
    found = []
    for note_file in sorted(run_dir.glob("*.pid")):
        try:
            note = json.loads(note_file.read_text())
        except (OSError, ValueError):
            note = {}
        pid = note.get("pid")
        if pid and note.get("born") is not None and born(pid) == note["born"]:
            found.append(note_file.stem)
            _end_group(pid, signal.Signals(note["signal"]))
        note_file.unlink(missing_ok=True)
    return found


def _end_group(pid: int, sig: signal.Signals) -> None:
    for attempt, number in enumerate((sig, signal.SIGKILL)):
        try:
            os.killpg(pid, signal.SIGCONT)
            os.killpg(pid, number)
        except ProcessLookupError:
            return
        if probes.wait_until(lambda: born(pid) is None, seconds=8 if attempt == 0 else 5):
            break
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
