"""Facts that are read freshly when a hint of a type leaves, such as the number of open to-dos: never stored with it, so never stale."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Freshen = Callable[[Iterable[uuid.UUID]], dict[uuid.UUID, dict[str, Any]]]
F = TypeVar("F", bound=Freshen)
_FRESH: dict[str, Freshen] = {}


def fresh(hint_type: str) -> Callable[[F], F]:
    """Decorator: `fn(person_ids) -> {person_id: {name: value}}`; the values are added to hints of this type and to the greeting."""

    def register(fn: F) -> F:
        _FRESH[hint_type] = fn
        return fn

    return register


def freshen(hint_type: str, person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """What to add for each person; empty for types without fresh facts."""
    return _FRESH[hint_type](person_ids) if hint_type in _FRESH else {}


def greeting(person_id: uuid.UUID) -> dict[str, Any]:
    """All fresh facts for one person, for a connection that just opened: {type: {name: value}}."""
    return {hint_type: fn([person_id]).get(person_id, {}) for hint_type, fn in _FRESH.items()}
