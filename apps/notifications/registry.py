"""What the apps above plug into the message center: how a to-do is decided where no page of theirs is open, from a mail or a chat card, and
together with others; and who owes whom which to-do.

The decider of a kind shows the facts as one person may see them and takes that person's decision; it refuses with the errors of its pages.
"""

from __future__ import annotations

import datetime as dt
import uuid
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


@dataclass(frozen=True)
class Looked:
    """One item of a batch, looked at. `version`: what deciding wants back. `code`, `why`: the rule that holds it out, and what it saw, in the
    viewer's language (masks applied), shown once and not kept; no code: it goes with the others."""

    version: str
    code: str = ""
    why: str = ""


class Decider(Protocol):
    """How to-dos of one kind are decided. `params`: what the notice stores. Each call asks for the rights by itself; expected failures are DomainErrors
    and OutsideErrors. `card`, `look` and `decide` may talk to the network and run outside transactions."""

    outcomes: Sequence[str]  # that can be taken together with others

    def card(self, *, person: Any, params: Params, since: str = "", now: dt.datetime) -> DecisionCard:
        """As it is now. `since`: a version this person was shown."""
        ...

    def decide(self, *, person: Any, params: Params, outcome: str, comment: str, version: str, acknowledged: Iterable[str] = (),
               until: dt.datetime | None = None, now: dt.datetime) -> None:
        """The person's decision. A watched fact that moved since `version`: an error with code "stale_card", `details` diff and version. `until`: it takes
        effect then, unless `begin` says otherwise."""
        ...

    def look(self, *, person: Any, params: Params, outcome: str, now: dt.datetime) -> Looked:
        """Before it is decided together with others: does it go with them?"""
        ...

    def held(self, code: str) -> str:
        """Why an item was left out, in words without any value; empty: no code of this decider."""
        ...

    def begin(self, *, person: Any, params: Sequence[Params], until: dt.datetime, now: dt.datetime) -> None:
        """Those taken together take effect at one moment."""
        ...

    def undo(self, *, person: Any, params: Params, now: dt.datetime) -> None: ...


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


class Owner(Protocol):
    """The owner of what to-dos of one kind are about: it knows, without looking at any notice, who can act on what now."""

    def owed(self, now: dt.datetime) -> Iterable[tuple[uuid.UUID, str]]:
        """(person, ref) of every to-do of this kind that must stand open."""
        ...

    def moving(self, now: dt.datetime) -> Iterable[str]:
        """Refs whose news is still on its way to the people; nothing is said about them."""
        ...

    def tell(self, *, ref: str, person_ids: Sequence[uuid.UUID], now: dt.datetime) -> None:
        """Tell these people of it (again), in the caller's transaction."""
        ...


OWNERS: dict[str, Owner] = {}


def answers_for(kind: str) -> Callable[[D], D]:
    """Class decorator: an object of it answers for the to-dos of this kind. Every kind of to-do has exactly one."""

    def register(owner: D) -> D:
        if kind in OWNERS:
            raise ValueError(f"{kind!r} has an owner already")
        OWNERS[kind] = owner()
        return owner

    return register
