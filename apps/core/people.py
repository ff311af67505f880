"""Port: who is the person behind an account? Filled by apps.directory; asked by apps.identity, apps.realtime and
apps.access.

An account (apps.identity) is how somebody signs on; a person (apps.directory) is who that is in the company. Both
carry issuer and subject, and those two alone join them: never the e-mail."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from apps.core.access import Person


@dataclass(frozen=True)
class KnownPerson:
    """What a sign-in page may show of a person, and what an account of that person is made of."""

    id: uuid.UUID
    login: str
    name: str
    name_zh: str
    title: str
    title_zh: str
    email: str
    issuer: str
    subject: str

    def display(self, language: str) -> str:
        """The name in the viewer's language."""
        return self.name_zh if language.startswith("zh") and self.name_zh else self.name

    def display_title(self, language: str) -> str:
        """The job title in the viewer's language."""
        return self.title_zh if language.startswith("zh") and self.title_zh else self.title


class People(Protocol):
    def person_id(self, issuer: str, subject: str) -> uuid.UUID | None:
        """The person with this key, active or not; one indexed read."""
        ...

    def person_of(self, account: Any) -> Person | None:
        """The active person behind an account, as plans want it."""
        ...

    def known_people(self, issuer: str) -> list[KnownPerson]:
        """The active people of one issuer, in the order of their logins (the demo sign-in page shows them)."""
        ...


_people: People | None = None


def fill(people: People) -> None:
    """Called once by apps.directory in ready()."""
    global _people
    _people = people


def _filled() -> People:
    if _people is None:
        raise RuntimeError("apps.directory has not filled the port")
    return _people


def person_id(issuer: str, subject: str) -> uuid.UUID | None:
    """The id of the person, or None: an account nobody knows sees nothing."""
    return _filled().person_id(issuer, subject)


def person_of(account: Any) -> Person | None:
    """The active person behind an account; None for a stranger and for nobody signed in."""
    return _filled().person_of(account)


def known_people(issuer: str) -> list[KnownPerson]:
    """Active people of one issuer."""
    return _filled().known_people(issuer)
