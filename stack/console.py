"""What the person at the terminal sees: one line a step, with the seconds it took."""

from __future__ import annotations

import sys
import threading
import time


class Console:
    """Lines from several threads, never mixed. `quiet` keeps failures and the closing words only."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lock = threading.Lock()
        self._began = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._began

    def line(self, text: str = "") -> None:
        with self._lock:
            try:
                print(text, flush=True)
            except BrokenPipeError:
                pass  # nobody reads any more; stopping cleanly matters more than the words

    def step(self, name: str, text: str, seconds: float | None = None) -> None:
        if not self._quiet:
            took = f"{seconds:7.1f} s" if seconds is not None else " " * 9
            self.line(f"{took}  {name:<12} {text}")

    def trouble(self, name: str, text: str) -> None:
        with self._lock:
            try:
                print(f"atrium: {name}: {text}", file=sys.stderr, flush=True)
            except BrokenPipeError:
                pass
