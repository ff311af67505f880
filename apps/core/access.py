"""The port to access decisions. `apps.access` fills it; everybody else calls it.

Deny by default. Data of outside systems is `Raw` until a plan projected it; views, templates, serializers, exports and socket payloads
take only `Projected`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from django.db.models import Q

from apps.core.errors import NotPermitted

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Declared:
    """What a view, API or consumer needs: `resource` such as "crm.customer", `action` such as "view". `public`: why nobody must be known."""

    resource: str
    action: str
    public: str = ""


def declare(resource: str, action: str) -> Callable[[F], F]:
    """Decorator for every view function, view class, API view and consumer; the middleware enforces it before the view runs.

    Stacks outermost (above other decorators). An undeclared route fails the build.
    """

    def mark(target: F) -> F:
        target.access = Declared(resource, action)  # type: ignore[attr-defined]
        return target

    return mark


def public(why: str) -> Callable[[F], F]:
    """For the few routes that need no person: sign-in pages, health, signed webhooks. The reason is for the reader of the table."""

    def mark(target: F) -> F:
        target.access = Declared("", "", public=why)  # type: ignore[attr-defined]
        return target

    return mark


@dataclass(frozen=True)
class Decision:
    """`allowed`, and the chain that decided, for "why?": e.g. ("role: Sales", "rule: erp.receivable has no grant"). Never a value."""

    allowed: bool
    chain: tuple[str, ...] = ()
    owner: str = ""

    def require(self, message: Any) -> None:
        """Raise NotPermitted when refused."""
        if not self.allowed:
            raise NotPermitted(message, details={"chain": list(self.chain), "owner": self.owner})


@dataclass(frozen=True)
class Masked:
    """Stands where a value would stand. Renders as dots; carries the rule, never the value."""

    field: str
    chain: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "••••"

    def __bool__(self) -> bool:
        return False

    @property
    def is_masked(self) -> bool:
        return True


@dataclass(frozen=True)
class Raw:
    """One record as read, not yet allowed to be shown. `owner_id`: the person it belongs to (scopes compare it), or None."""

    resource: str
    data: Mapping[str, Any]
    owner_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Projected(Mapping[str, Any]):
    """One record as this viewer may see it: hidden fields are absent, masked ones are `Masked`. Made by plans only."""

    resource: str
    data: Mapping[str, Any]
    masked: frozenset[str] = field(default_factory=frozenset)

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class Person(Protocol):
    """What the port needs to know of a person (apps.directory.models.Person is one)."""

    @property
    def pk(self) -> Any: ...


class Plan(Protocol):
    """The answer to "which rows and fields of this resource, for this action, for this person?"."""

    allowed: bool
    decision: Decision

    def q(self, owner_field: str = "owner_id") -> Q:
        """Row filter over a column that holds the owning person's id."""
        ...

    def matches(self, owner_id: uuid.UUID | None) -> bool: ...

    def project(self, raw: Raw) -> Projected:
        """Raises NotPermitted when the row is outside the plan."""
        ...

    def may_read(self, name: str, owner_id: uuid.UUID | None = None) -> bool: ...

    def reads_always(self, names: Iterable[str]) -> bool:
        """Every one of these fields, of every row within the plan."""
        ...

    def may_write(self, name: str, owner_id: uuid.UUID | None = None) -> bool: ...


class Provider(Protocol):
    def plan(self, person: Person | None, action: str, resource: str) -> Plan: ...

    def decide(self, person: Person | None, action: str, resource: str, owner_id: uuid.UUID | None = None) -> Decision: ...

    def owners(self) -> str: ...


_provider: Provider | None = None


def fill(provider: Provider) -> None:
    """Called once by apps.access in ready()."""
    global _provider
    _provider = provider


def plan(person: Person | None, action: str, resource: str) -> Plan:
    """Rows and fields for a person. A resource or action nobody registered raises LookupError."""
    if _provider is None:
        raise RuntimeError("apps.access has not filled the port")
    return _provider.plan(person, action, resource)


def decide(person: Person | None, action: str, resource: str, owner_id: uuid.UUID | None = None) -> Decision:
    """May this person do this to a thing owned by `owner_id`? Without an owner only a grant of scope 'all' allows."""
    if _provider is None:
        raise RuntimeError("apps.access has not filled the port")
    return _provider.decide(person, action, resource, owner_id)


def owners() -> str:
    """The names of those who give rights, in the reader's language: whom to ask. "" when there is nobody."""
    return _provider.owners() if _provider else ""


# resource -> actions and fields; each app registers its own in ready() (fields: name -> class public|internal|confidential|private)
RESOURCES: dict[str, tuple[frozenset[str], dict[str, str]]] = {}


def register_resource(name: str, *, actions: set[str], fields: Mapping[str, str] | None = None) -> None:
    """Make a resource known to plans, the rights matrix and the seed. Twice with other content is an error."""
    entry = (frozenset(actions), dict(fields or {}))
    if RESOURCES.get(name, entry) != entry:
        raise ValueError(f"resource {name} is registered twice, differently")
    RESOURCES[name] = entry
