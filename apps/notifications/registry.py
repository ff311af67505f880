"""What the apps above plug into the message center: how a to-do is decided where no page of theirs is open, from a mail or a chat card, and
together with others.

The decider of a kind shows the facts as one person may see them and takes that person's decision; it refuses with the errors of its pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

Params = Mapping[str, Any]


@dataclass(frozen=True)
class CardFact:
    """One fact in words, masked for the viewer. `ok` False: its system does not answer, the value is the last known one."""

    key: str
    label: str
    value: str
    system: str
    as_of: Any = None
    ok: bool = True


@dataclass(frozen=True)
class Outcome:
    """One answer. `style`: primary | danger | ghost."""

    value: str
    label: str
    style: str = "ghost"
    needs_reason: bool = False


@dataclass(frozen=True)
class DecisionCard:
    """What a person decides on. `version`: send it back with the decision. `changed`: what moved since the version asked about.

    `may_decide` False: `standing` says in words how it stands ("Already decided by ...").
    """

    title: str
    version: str
    facts: tuple[CardFact, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    changed: tuple[Mapping[str, Any], ...] = ()
    may_decide: bool = True
    standing: str = ""
    url: str = ""


class Decider(Protocol):
    """Both talk to the network and must stand outside of a transaction. Raise DomainError kinds, and OutsideError."""

    def card(self, params: Params, person: Any, now: dt.datetime, *, since: str = "") -> DecisionCard:
        """As it is now. `since`: a version this person was shown."""
        ...

    def decide(self, params: Params, person: Any, *, outcome: str, comment: str, version: str, acknowledged: Iterable[str],
               now: dt.datetime) -> None:
        """The person's decision. A watched fact that moved since `version`: an error with code "stale_card", `details` diff and version."""
        ...


@dataclass(frozen=True)
class Looked:
    """One item of a batch, looked at. `version`: what deciding wants back. `code`, `why`: the rule that holds it out, and its words in the
    viewer's language (masks applied); no code: it goes with the others."""

    version: str
    code: str = ""
    why: str = ""


class Together(Protocol):
    """How to-dos of one kind are decided. `params`: what the notice stores. Each call asks for the rights by itself; expected failures are
    DomainErrors and OutsideErrors. `look` and `decide` may talk to the network and run outside transactions."""

    outcomes: Sequence[str]

    def look(self, *, person: Any, params: Mapping[str, Any], outcome: str, now: dt.datetime) -> Looked: ...

    def decide(self, *, person: Any, params: Mapping[str, Any], outcome: str, comment: str, version: str, until: dt.datetime,
               now: dt.datetime) -> None: ...

    def begin(self, *, person: Any, params: Sequence[Mapping[str, Any]], until: dt.datetime, now: dt.datetime) -> None: ...

    def undo(self, *, person: Any, params: Mapping[str, Any], now: dt.datetime) -> None: ...


DECIDERS: dict[str, Decider] = {}
TOGETHER: dict[str, Together] = {}
D = TypeVar("D", bound=type)


def decider(kind: str) -> Callable[[D], D]:
    """Class decorator for the decider of a kind of message. Twice the same kind is an error."""

    def add(made: D) -> D:
        if kind in DECIDERS:
            raise ValueError(f"kind {kind!r} has a decider already")
        DECIDERS[kind] = made()
        return made

    return add


def decides(kind: str) -> Callable[[D], D]:
    """Class decorator: an object of it decides the to-dos of this kind. Twice for one kind is an error."""

    def register(decider: D) -> D:
        if kind in TOGETHER:
            raise ValueError(f"{kind!r} has a decider already")
        TOGETHER[kind] = decider()
        return decider

    return register
