"""Which way a message takes on one channel: the company's limit, then the channel's own switch, then the kind, then quiet hours and digest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from apps.core.kinds import NotificationKind
from apps.notifications.models import DeliveryState, Level
from apps.notifications.policies.times import Quiet, digest_at, quiet_until

CHANNELS = ("in_app", "email", "web_push", "chat")  # families: every chat product is one column of the table
WITH_DIGEST = frozenset({"email"})
S = DeliveryState
# Every move a delivery may make. FAILED -> SENT: a dead job was replayed.
# SUPPRESSED -> SENT: it was on its way when the matter was closed, and is closed behind it.
MOVES: Mapping[str, frozenset[str]] = {
    S.PLANNED: frozenset({S.HELD, S.SENT, S.FAILED, S.SUPPRESSED}),
    S.HELD: frozenset({S.PLANNED, S.SENT, S.FAILED, S.SUPPRESSED}),
    S.SENT: frozenset({S.CLOSED}),
    S.FAILED: frozenset({S.PLANNED, S.SENT, S.SUPPRESSED}),
    S.SUPPRESSED: frozenset({S.SENT}),
    S.CLOSED: frozenset(),
}


class UnableToMove(Exception):
    """A delivery cannot go from this state to that one: a mistake of ours, never a person's."""


def require_move(old: str, new: str) -> None:
    """Raises UnableToMove."""
    if new not in MOVES[old]:
        raise UnableToMove(f"{old} -> {new}")


@dataclass(frozen=True)
class Reaching:
    """How one person is reached now, the company's defaults filled in."""

    zone: ZoneInfo
    off: frozenset[str] = frozenset()
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quiet: Quiet = field(default_factory=dict)
    digest: str = "daily"
    remind_after: int = 0
    remind_by: str = ""
    limits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Route:
    """`state`: PLANNED (now), HELD (until `until`), SUPPRESSED. `why`: default | kind | channel | limit | critical | quiet | digest."""

    state: str
    why: str
    until: dt.datetime | None = None


def family(channel: str) -> str:
    """ "chat:wecom" -> "chat"."""
    return channel.partition(":")[0]


def default_level(kind: NotificationKind, channel: str) -> str:
    """What a person gets who chose nothing: work and alarms at once, news in the digest and not on the phone."""
    if channel == "in_app" or kind.todo or kind.urgent:
        return Level.INSTANT
    return Level.DIGEST if channel in WITH_DIGEST else Level.OFF


def fixed_level(kind: NotificationKind, channel: str, limits: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """(level, why) that the person cannot change, or ("", ""). The company's limit is stronger than the alarm."""
    of_channel = limits.get(channel, {})
    limit = of_channel.get(kind.key) or of_channel.get("*")
    if channel == "in_app":
        return Level.INSTANT, "inbox"  # the inbox is the truth that the other channels point to
    if limit:
        return (Level.OFF, "limit") if limit == "off" else (Level.INSTANT, "limit")
    return (Level.INSTANT, "critical") if kind.urgent and channel == "email" else ("", "")


def level_of(kind: NotificationKind, channel: str, reaching: Reaching) -> tuple[str, str]:
    """(level, why): limit of the company > alarm > the channel as a whole > the kind > the default."""
    fixed, why = fixed_level(kind, channel, reaching.limits)
    if fixed:
        return fixed, why
    if channel in reaching.off:
        return Level.OFF, "channel"
    chosen = reaching.kinds.get(kind.key, {}).get(channel)
    level = chosen or default_level(kind, channel)
    if level == Level.DIGEST and (channel not in WITH_DIGEST or reaching.digest == "off"):
        return Level.OFF, "digest"
    return level, "kind" if chosen else "default"


def route(kind: NotificationKind, channel: str, reaching: Reaching, at: dt.datetime) -> Route:
    """What happens to a message of this kind at this moment. The inbox is never paused; alarms pass quiet hours."""
    level, why = level_of(kind, family(channel), reaching)
    if level == Level.OFF:
        return Route(S.SUPPRESSED, why)
    if family(channel) == "in_app":
        return Route(S.PLANNED, why)
    until = digest_at(reaching.digest, reaching.zone, at) if level == Level.DIGEST else None
    pause = None if kind.urgent else quiet_until(reaching.quiet, reaching.zone, until or at)
    if until is not None:
        return Route(S.HELD, "digest", pause or until)
    return Route(S.HELD, "quiet", pause) if pause else Route(S.PLANNED, why)
