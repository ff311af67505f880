"""Port: is this portal session still alive? Filled by apps.identity, asked by apps.realtime."""

from collections.abc import Callable

_alive: Callable[[str], bool] | None = None


def fill(alive: Callable[[str], bool]) -> None:
    """`alive(session_key)` -> bool; synchronous, one indexed read."""
    global _alive
    _alive = alive


def is_alive(session_key: str) -> bool:
    """False for an unknown, ended or expired session."""
    if _alive is None:
        raise RuntimeError("apps.identity has not filled the port")
    return _alive(session_key)
