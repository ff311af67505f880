"""Helper programs that run to their end (installs, migrations, dumps): logged, and ended by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Values of a shell that has sourced some stack.env, or of a test run, must not reach our parts.
FOREIGN = (
    "ATRIUM_",
    "CRM_",
    "DATABASE_URL",
    "DJANGO_",
    "ERP_",
    "KC_",
    "OIDC_",
    "PG",
    "PORTAL_",
    "PYTHON",
    "REDIS_URL",
    "TRYTON",
    "WEBHOOK_",
)


def clean_environment(values: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what belongs to other programs, and with `values`."""
    return {**{key: text for key, text in os.environ.items() if not key.startswith(FOREIGN)}, **(values or {})}


class StepFailed(RuntimeError):
    """A step could not be done. The message is one line that says what to do or where to look."""


class Stopped(StepFailed):
    """The step was ended because everything is being stopped."""


def tail(path: Path, lines: int = 3) -> str:
    """The last lines of a log, on one line."""
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return ""
    return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


class Runner:
    def __init__(self) -> None:
        self._live: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._aborted = False

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        what: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: Path | None = None,
        text: str | None = None,
    ) -> None:
        """Runs it with its output in `log`. Raises StepFailed with the end of the log."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out, (stdin or Path(os.devnull)).open("rb") as given:
            source: Any = subprocess.PIPE if text is not None else given
            code, _ = self._finish(argv, env, cwd, source, out, subprocess.STDOUT, text)
        if code:
            raise StepFailed(f"{what} failed (exit {code}): {tail(log)} [whole log: {log}]")

    def output(
        self,
        argv: Sequence[str | Path],
        *,
        what: str,
        env: Mapping[str, str] | None = None,
        text: str | None = None,
        cwd: Path | None = None,
    ) -> str:
        """Runs it and gives what it printed. Raises StepFailed with what it printed to stderr."""
        source = subprocess.PIPE if text is not None else subprocess.DEVNULL
        code, (out, err) = self._finish(argv, env, cwd, source, subprocess.PIPE, subprocess.PIPE, text)
        if code:
            shown = " | ".join((err or out).decode(errors="replace").strip().splitlines()[-3:])
            raise StepFailed(f"{what} failed (exit {code}): {shown}")
        return out.decode(errors="replace")

    def abort(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """Ends what runs now; later runs raise Stopped."""
        with self._lock:
            self._aborted = True
            for process in self._live:
                try:
                    os.killpg(process.pid, sig)
                except ProcessLookupError:
                    pass

    def _finish(
        self, argv: Sequence[str | Path], env: Any, cwd: Any, stdin: Any, stdout: Any, stderr: Any, text: str | None
    ) -> tuple[int, tuple[bytes, bytes]]:
        with self._lock:
            if self._aborted:
                raise Stopped("stopped")
            process = subprocess.Popen(
                [str(part) for part in argv],
                env=clean_environment(env),
                cwd=cwd,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
            self._live.add(process)
        try:
            out, err = process.communicate(text.encode() if text is not None else None)
        finally:
            with self._lock:
                self._live.discard(process)
        if self._aborted:
            raise Stopped("stopped")
        return process.returncode, (out or b"", err or b"")
