"""Named points where a process can be told to die, for crash tests.

ATRIUM_FAILPOINT="name" or "name:2" (the second pass) ends the process with code 137 as kill -9 would: no cleanup, no flush.
ATRIUM_FAILPOINT_ONCE=<file>: fires only while that file does not exist, and creates it first, so that a restarted process goes on and
the test can prove that the fault fired. Without the variable a failpoint costs one dictionary look-up.
"""

import os
import pathlib
import signal

_hits: dict[str, int] = {}
KNOWN: set[str] = set()


def declare(*names: str) -> None:
    """Register names at import time, so that a test can list every step edge."""
    KNOWN.update(names)


def failpoint(name: str) -> None:
    """Die here if told to. Unknown names fail at once: a typo must not become a test without a fault."""
    wanted = os.environ.get("ATRIUM_FAILPOINT", "")
    if name not in KNOWN:
        raise LookupError(f"failpoint {name!r} is not declared")
    if not wanted:
        return
    target, _, count = wanted.partition(":")
    if target != name:
        return
    _hits[name] = _hits.get(name, 0) + 1
    if _hits[name] < int(count or 1):
        return
    marker = os.environ.get("ATRIUM_FAILPOINT_ONCE")
    if marker:
        try:
            pathlib.Path(marker).touch(exist_ok=False)
        except FileExistsError:
            return
    os.kill(os.getpid(), signal.SIGKILL)
