"""What apps above plug in: how a to-do is decided from a mail or a chat card, where no page of theirs is open.

The decider of a kind shows the facts as one person may see them and takes that person's decision; it refuses with the errors of its pages.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
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


DECIDERS: dict[str, Decider] = {}
D = TypeVar("D", bound=type)


def decider(kind: str) -> Callable[[D], D]:
    """Class decorator for the decider of a kind of message. Twice the same kind is an error."""

    def add(made: D) -> D:
        if kind in DECIDERS:
            raise ValueError(f"kind {kind!r} has a decider already")
        DECIDERS[kind] = made()
        return made

    return add
