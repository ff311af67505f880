"""Port: which portal sessions are still alive? Filled by apps.identity, asked by apps.realtime."""

from collections.abc import Callable, Collection

_alive_among: Callable[[Collection[str]], set[str]] | None = None


def fill(alive_among: Callable[[Collection[str]], set[str]]) -> None:
    """`alive_among(session_keys)` -> those of them that live; synchronous, one indexed read for hundreds of them."""
    global _alive_among
    _alive_among = alive_among


def alive_among(session_keys: Collection[str]) -> set[str]:
    """Without the unknown, ended and expired ones."""
    if _alive_among is None:
        raise RuntimeError("apps.identity has not filled the port")
    return _alive_among(session_keys)


def is_alive(session_key: str) -> bool:
    """False for an unknown, ended or expired session."""
    return session_key in alive_among([session_key])
