"""Starts parts in parallel steps, watches them, restarts the crashed, stops everything. One per state folder."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from stack import control
from stack.console import Console
from stack.layout import State
from stack.part import Part, PartSpec, born, end_leftovers
from stack.shell import Runner, StepFailed, Stopped

LONGEST_WAIT = 30.0  # seconds between two restarts of a part that keeps crashing
STEADY_AFTER = 60.0  # up for so long: the next crash counts as the first again


@dataclass(frozen=True)
class Step:
    """Work that may begin when its `needs` are done. `work` returns the words to show, or None for a silent step."""

    name: str
    needs: tuple[str, ...]
    work: Callable[[], str | None]


class Supervisor:
    def __init__(self, state: State, console: Console, *, owner: int | None = None) -> None:
        self.state = state
        self.console = console
        self.runner = Runner()
        self.parts: dict[str, Part] = {}
        self.actions: dict[str, Callable[[], object]] = {}  # requests that the composition answers, by name
        self._owner = (owner, born(owner)) if owner else None
        self._stop = threading.Event()
        self._failed: list[str] = []
        self._interrupts = 0
        self._control: control.Server | None = None

    # -- life

    def open(self) -> None:
        """Claims the state folder, listens to signals and to the control socket."""
        self.state.take()
        for name in end_leftovers(self.state.root / "run"):
            self.console.step(name, "left over from an earlier run: ended")
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, self._on_signal)
        self._control = control.Server(self.state.socket_dir() / "control.sock", self._on_request)
        self._control.start()

    def close(self) -> None:
        """Stops all parts, from the highest layer down, each layer at once."""
        self.runner.abort()
        for layer in sorted({part.spec.layer for part in self.parts.values()}, reverse=True):
            threads = [threading.Thread(target=part.stop) for part in self.parts.values() if part.spec.layer == layer]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if self._control:
            self._control.close()
        self.state.run("ready").unlink(missing_ok=True)

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def _on_signal(self, number: int, frame: Any) -> None:
        self._interrupts += 1
        self._stop.set()
        if self._interrupts == 1:
            self.console.line("\nStopping (once more to force) ...")
            self.runner.abort()
            return
        self.runner.abort(signal.SIGKILL)
        for part in self.parts.values():
            part.force()

    # -- steps

    def run_steps(self, steps: list[Step]) -> None:
        """Runs them as parallel as their needs allow. Raises StepFailed with the first failure."""
        done = {step.name: threading.Event() for step in steps}
        unknown = {need for step in steps for need in step.needs} - set(done)
        if unknown:
            raise ValueError(f"steps need what nobody does: {', '.join(sorted(unknown))}")
        threads = [threading.Thread(target=self._run_step, args=(step, done), daemon=True) for step in steps]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self._check_owner()
            if self._failed or self.stopping:
                self.runner.abort()
            time.sleep(0.05)
        if self._failed:
            raise StepFailed(self._failed[0])
        if self.stopping:
            raise Stopped("stopped")

    def _run_step(self, step: Step, done: dict[str, threading.Event]) -> None:
        for need in step.needs:
            while not done[need].wait(0.1):
                if self._failed or self.stopping:
                    return
        began = time.monotonic()
        try:
            words = step.work()
        except Stopped:
            return
        except StepFailed as failure:
            self._failed.append(str(failure))
            return
        except Exception as failure:  # a step must never hang the others by dying silently
            self._failed.append(f"{step.name}: {type(failure).__name__}: {failure}")
            return
        if words is not None:
            self.console.step(step.name, words, time.monotonic() - began)
        done[step.name].set()

    # -- parts

    def add(self, spec: PartSpec) -> Part:
        """Makes the part known; one of that name that is known already stays."""
        if spec.name in self.parts:
            return self.parts[spec.name]
        part = self.parts[spec.name] = Part(spec, self.state.run(f"{spec.name}.pid"))
        return part

    def start(self, name: str) -> None:
        """Starts the part when it is not running and waits until it is ready. Raises StepFailed."""
        part = self.parts[name]
        with part.lock:
            if part.ended():
                if self.stopping:
                    raise Stopped("stopped")
                part.launch()
        part.wait_ready(lambda: not self.stopping and not self._failed)

    def stop(self, name: str, *, kill: bool = False) -> None:
        self.parts[name].stop(kill=kill)

    def watch(self) -> None:
        """Restarts what crashed until a signal, the owner's end or a request says stop."""
        self.state.run("ready").write_text(str(os.getpid()))
        while not self._stop.wait(0.2):
            self._check_owner()
            for part in self.parts.values():
                self._look_after(part)

    def _check_owner(self) -> None:
        if self._owner and born(self._owner[0]) != self._owner[1]:
            self._stop.set()

    def _look_after(self, part: Part) -> None:
        if not part.wanted or not part.lock.acquire(blocking=False):
            return
        try:
            if not part.wanted or not part.ended():
                return
            now = time.monotonic()
            if not part.due_at:
                part.failures = 1 if now - part.started_at > STEADY_AFTER else part.failures + 1
                wait = min(LONGEST_WAIT, 0.5 * 2 ** (part.failures - 1))
                part.due_at = now + wait
                self.console.trouble(part.spec.name, f"ended ({part.ending()}); starting it again in {wait:g} s [log: {part.spec.log}]")
            elif now >= part.due_at:
                part.due_at = 0.0
                part.restarts += 1
                self._launch_again(part)
        finally:
            part.lock.release()

    def _launch_again(self, part: Part) -> None:
        try:
            part.launch()
        except (StepFailed, OSError) as failure:
            part.wanted = True
            self.console.trouble(part.spec.name, f"could not be started: {failure}")

    # -- requests from other programs (tests, `run.py ctl`)

    def _on_request(self, request: dict[str, Any]) -> dict[str, Any]:
        verb, name = str(request.get("do")), str(request.get("part", ""))
        if verb == "status":
            return {"parts": self.status()}
        if verb == "shutdown":
            self._stop.set()
            return {}
        if verb in self.actions:
            self.actions[verb]()
            return {}
        if name not in self.parts:
            raise StepFailed(f"no part is called {name!r}; there are: {', '.join(self.parts)}")
        self._act(verb, self.parts[name], bool(request.get("kill")))
        return {"pid": self.parts[name].pid}

    def _act(self, verb: str, part: Part, kill: bool) -> None:
        if verb in {"stop", "kill", "restart"}:
            part.stop(kill=kill or verb == "kill")
        if verb in {"start", "restart"}:
            self.start(part.spec.name)
        if verb == "crash":  # dies as if by itself: the supervisor is to bring it back
            os.killpg(part.pid or 0, signal.SIGKILL)
        if verb == "pause":
            part.pause()
        if verb == "cont":
            part.resume()
        if verb not in {"stop", "kill", "restart", "start", "crash", "pause", "cont"}:
            raise StepFailed(f"unknown request {verb!r}")

    def status(self) -> list[dict[str, Any]]:
        return [{"name": name, "pid": part.pid, "up": not part.ended(), "wanted": part.wanted, "restarts": part.restarts} for name, part in self.parts.items()]
