"""The rules of reaching people: when it is quiet, when a digest leaves, which channel a message takes. Pure functions."""

from apps.notifications.policies.routing import (
    CHANNELS,
    MOVES,
    Reaching,
    Route,
    UnableToMove,
    default_level,
    family,
    fixed_level,
    level_of,
    require_move,
    route,
)
from apps.notifications.policies.times import DIGESTS, STEP, digest_at, minutes, quiet_until

__all__ = [
    "CHANNELS", "DIGESTS", "MOVES", "STEP", "Reaching", "Route", "UnableToMove", "default_level", "digest_at", "family", "fixed_level", "level_of",
    "minutes", "quiet_until", "require_move", "route",
]  # fmt: skip
