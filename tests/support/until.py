"""Waiting for something that another process or thread does: by polling with a deadline, never by a bare sleep."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T], *, seconds: float = 30.0, every: float = 0.05, what: str = "") -> T:
    """The first truthy value of `probe`; fails with the last one seen when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what or probe!r}; last value {value!r}")
        time.sleep(every)
