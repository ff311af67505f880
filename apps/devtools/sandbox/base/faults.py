"""Fault switches: what a test or a demonstration makes the system do wrong on purpose."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass
from typing import Any

from apps.devtools.sandbox.base.store import Refused

MODES = ("down", "slow", "error500", "error_after_commit", "refuse")


@dataclass
class Fault:
    """`left`: how many requests it still meets, -1 without end. `path`: start of a URL path, or the name of an operation; "" meets all.

    down: the line is cut without an answer, before anything was done. slow: `seconds` late. error500: 500, nothing was done.
    error_after_commit: done, and then 500. refuse: 422 with words, nothing was done.
    """

    mode: str
    left: int = -1
    path: str = ""
    seconds: float = 5.0


class Faults:
    """The switches of one system."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, given: dict[str, Any]) -> None:
        """From JSON {mode, count, path, seconds}; `count` missing or 0: without end. Raises Refused."""
        mode, count = str(given.get("mode", "")), given.get("count") or -1
        if mode not in MODES or not isinstance(count, int):
            raise Refused(400, "BAD_FAULT", f"mode is one of {', '.join(MODES)}; count is a number.")
        with self._lock:
            self._faults.append(Fault(mode, count, str(given.get("path", "")), float(given.get("seconds") or 5)))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def meet(self, path: str, operation: str) -> Fault | None:
        """The first switch that is on for this request; it counts down."""
        with self._lock:
            for fault in self._faults:
                if fault.path and not path.startswith(fault.path) and fault.path != operation:
                    continue
                if fault.left > 0:
                    fault.left -= 1
                    if fault.left == 0:
                        self._faults.remove(fault)
                return fault
        return None

    def silent(self) -> bool:
        """Whether the whole system plays dead: then it sends nothing either."""
        with self._lock:
            return any(fault.mode == "down" and not fault.path for fault in self._faults)
