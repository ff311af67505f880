"""The contract between the portal and a connector. Plain Python: no Django here, nor in any connector.

A connector module exposes `CONNECTOR`, a `Connector`. Failures are those of apps.core.http: TransientError, PermanentError, AuthError, GoneError.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from pydantic import BaseModel

from apps.integrations.canonical import Canonical

C = TypeVar("C", bound=BaseModel)  # the connector's typed config
P = TypeVar("P", bound=BaseModel)  # an action's typed input


@dataclass(frozen=True)
class Actor:
    """Who acts in the outside system. `token`: a bearer token of that person for that system, or "" = the service account of the connection.
    `login` names the person in comments and audit; it is not a credential."""

    login: str = ""
    token: str = field(default="", repr=False)


SERVICE = Actor(login="portal-service")


@dataclass(frozen=True)
class Page:
    """One page of a stream. `vendor`: records as the system gave them (external_id, raw). `cursor`: where to go on; `more`: ask again at once.
    `deleted`: external ids that are gone."""

    vendor: tuple[tuple[str, Mapping[str, Any]], ...]
    cursor: str
    more: bool
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hint:
    """Something happened outside; the record is read again before anything is believed. Feeds and webhooks give the same event_id for the same event.

    `stream`: the stream whose record changed. `transition`: the source's own word where it has one (won | lost | reopened | deleted | ...).
    `occurred_at`: when it happened there. `origin`: our idempotency key or origin mark when it is the echo of our own write.
    """

    event_id: str
    stream: str
    external_id: str
    transition: str = ""
    occurred_at: dt.datetime | None = None
    origin: str = ""
    organisation: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HintPage:
    """One page of the change feed. `cursor` opaque text."""

    hints: tuple[Hint, ...]
    cursor: str
    more: bool


class Stream(Protocol):
    """Reading one kind of record. Stateless; may stop anywhere and resume from a cursor."""

    name: str                # "deals"
    kind: str                # canonical kind, "deal"

    def load(self, config: Any, cursor: str) -> Page:
        """First load, "" = from the beginning."""
        ...

    def fetch(self, config: Any, external_id: str) -> Mapping[str, Any] | None:
        """One record as it is now; None when it is gone."""
        ...

    def map(self, raw: Mapping[str, Any]) -> Canonical:
        """Pure. Raises ValueError (pydantic.ValidationError is one) for a record that cannot be understood."""
        ...


@dataclass(frozen=True)
class Action(Generic[C, P]):
    """Something a system can be made to do. `run(config, actor, input, key)` -> JSON-able result; the same key twice has one
    effect and the same result.
    `writes` False: a read. `label` for the designer."""

    name: str                # "sale.create"
    input: type[P]
    run: Callable[[C, Actor, P, str], dict[str, Any]]
    label: str = ""
    writes: bool = True


@dataclass(frozen=True)
class CheckResult:
    """Of Connector.check: `ok`; `message` for the admin; `version` of the system; `facts`: what the probe found."""

    ok: bool
    message: str = ""
    version: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


class WebhookRefused(Exception):
    """Bad signature, or older than the replay window. The endpoint answers 401 and stores nothing."""


@dataclass(frozen=True)
class Connector(Generic[C]):
    """Joins it all. `id` = folder name. `feed(config, cursor)` reads the change feed; cursor "" means "from now" and returns no hints;
    `parse_webhook(config, headers, body, now)` verifies signature and age (5 minutes) and returns hints, or raises WebhookRefused."""

    id: str
    config: type[C]
    streams: tuple[Stream, ...]
    actions: tuple[Action[C, Any], ...]
    check: Callable[[C], CheckResult]
    feed: Callable[[C, str], HintPage]
    parse_webhook: Callable[[C, Mapping[str, str], bytes, dt.datetime], Iterable[Hint]] | None = None

    def stream(self, name: str) -> Stream:
        """LookupError when this system has no such stream."""
        for stream in self.streams:
            if stream.name == name:
                return stream
        raise LookupError(f"{self.id} has no stream {name}")

    def action(self, name: str) -> Action[C, Any]:
        """LookupError when this system cannot do it."""
        for action in self.actions:
            if action.name == name:
                return action
        raise LookupError(f"{self.id} has no action {name}")
