"""What every channel does. A channel knows a product outside and nothing of the portal: it is handed what to show, to whom, under which key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Button:
    """An answer offered on the spot. `needs_reason`: only together with words."""

    outcome: str
    label: str
    style: str = "ghost"
    needs_reason: bool = False


@dataclass(frozen=True)
class Message:
    """A notice in its reader's words, masks applied. `id` names this delivery, `topic` the notice (at most 32 letters), `thread` the case it
    belongs to. `url`, `decide_url`, `preferences_url` are absolute. `facts`: (label, value, system). `standing`: how it ended; empty while it is open."""

    id: str
    topic: str
    title: str
    body: str
    label: str
    system: str
    url: str
    language: str
    number: str = ""
    thread: str = ""
    critical: bool = False
    facts: tuple[tuple[str, str, str], ...] = ()
    buttons: tuple[Button, ...] = ()
    decide_url: str = ""
    preferences_url: str = ""
    standing: str = ""


@dataclass(frozen=True)
class DigestCase:
    """What is told of one case: (title, body, absolute link, moment) each. An empty number: what belongs to no case."""

    number: str
    about: str
    items: tuple[tuple[str, str, str, dt.datetime], ...]


@dataclass(frozen=True)
class Digest:
    """Several notices in one message."""

    id: str
    language: str
    zone: str
    cases: tuple[DigestCase, ...]
    count: int
    preferences_url: str


@dataclass(frozen=True)
class Sent:
    """`external_id`: the channel's name of what it shows. `reached`, `gone`: devices that have it, and that are no more."""

    external_id: str = ""
    reached: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass(frozen=True)
class Envelope:
    """`to`: the address as the channel knows addresses. `key`: the same on every try, so that a second one shows nothing twice."""

    to: Any
    message: Any  # Message, or Digest
    key: str
    external_id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


class Channel(Protocol):
    """`key`: email, web_push, chat:<vendor>. `decides`: a decision can be begun on it, so it is given the facts."""

    key: str
    decides: bool

    def send(self, envelope: Envelope) -> Sent:
        """Show it. Raises TransientError (try again), PermanentError (refused for good)."""
        ...

    def send_digest(self, envelope: Envelope) -> Sent:
        """Several at once; `envelope.message` is a Digest. Only asked of channels that the routing gives digests."""
        ...

    def close(self, envelope: Envelope) -> None:
        """It is dealt with: `message.standing` says how. Change what stands there; where that is impossible, say it in words."""
        ...
