"""The home page: what to do and what happened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from apps.core.templatetags.atrium import due_kind
from apps.notifications import selectors as notifications

TODOS, MESSAGES = 7, 6


@dataclass(frozen=True)
class TodoGroup:
    """To-dos of one urgency: over | today | next | none."""

    kind: str
    items: list[notifications.Rendered]


@dataclass(frozen=True)
class Todos:
    """The first to-dos by due date, in groups, and how many there are in all."""

    groups: list[TodoGroup]
    count: int
    overdue: int
    shown: int


def todos(person: Any, now: dt.datetime) -> Todos:
    """What this person can act on now, the most urgent first."""
    count = notifications.todo_count(person, now)
    if not count:
        return Todos([], 0, 0, 0)
    rows = notifications.inbox(person, now=now, todo=True).order_by("rank_at", "-created_at")
    overdue = rows.filter(due_at__lt=now).count()
    groups: dict[str, list[notifications.Rendered]] = {"over": [], "today": [], "next": [], "none": []}
    first = list(rows[:TODOS])
    for row in first:
        groups[due_kind(row.due_at)].append(notifications.rendered(row, person))
    return Todos([TodoGroup(kind, items) for kind, items in groups.items() if items], count, overdue, len(first))


def recent_messages(person: Any, now: dt.datetime) -> list[notifications.Rendered]:
    """The newest notices that ask for nothing."""
    return [notifications.rendered(row, person) for row in notifications.inbox(person, now=now, todo=False)[:MESSAGES]]
