"""Reading notices: the badge, the inbox, and each one as its viewer may see it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import translation

from apps.core import kinds
from apps.core.access import Masked, plan
from apps.core.kinds import NoticeAction
from apps.notifications.models import Notification, State


def todo_count(person: Any) -> int:
    """The badge: what this person can act on now. Never the number of unread messages."""
    if person is None:
        return 0
    return Notification.objects.filter(person_id=person.pk, state=State.OPEN, todo=True).count()


def todo_counts(person_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The badges of several people, zeros included, by one read."""
    wanted = list(person_ids)
    found = dict(Notification.objects.filter(person_id__in=wanted, state=State.OPEN, todo=True).values_list("person_id").annotate(Count("pk")))
    return {person: found.get(person, 0) for person in wanted}


@dataclass(frozen=True)
class Rendered:
    """A notice in the viewer's words, masks applied."""

    id: uuid.UUID
    kind: str
    system: str
    icon: str
    todo: bool
    title: str
    body: str
    url: str
    pane_url: str
    actions: list[NoticeAction]
    ended: str
    notification: Notification


class Shower:
    """The `show` function of one viewer: a value of an outside record, or its mask."""

    def __init__(self, person: Any) -> None:
        self.person = person

    def __call__(self, resource: str, field: str, value: Any, owner_id: Any = None) -> Any:
        try:
            held = plan(self.person, "view", resource)
            owner = uuid.UUID(str(owner_id)) if owner_id else None
            allowed = held.allowed and held.matches(owner) and held.may_read(field, owner)
        except LookupError:
            return Masked(field, (resource,))
        return value if allowed else Masked(field, held.decision.chain)


def rendered(notification: Notification, person: Any, language: str = "") -> Rendered:
    """As this person may see it, in this language (empty: the active one)."""
    kind = kinds.get(notification.kind)
    show, params = Shower(person), notification.params
    with translation.override(language or translation.get_language()):
        open_todo = notification.state == State.OPEN
        return Rendered(
            id=notification.pk, kind=notification.kind, system=notification.system, icon=kind.icon, todo=notification.todo,
            title=str(kind.title(params, show)), body=str(kind.body(params, show)), url=kind.url(params),
            pane_url=kind.pane_url(params), actions=list(kind.actions(params)) if open_todo else [],
            ended="" if open_todo else str(kind.ended(params, notification.outcome)), notification=notification,
        )


def inbox(person: Any, *, now: dt.datetime, todo: bool | None = None, system: str = "", kind: str = "") -> QuerySet[Notification]:
    """Open notices that are not snoozed, to-dos by due date first, else newest first."""
    found = Notification.objects.filter(person_id=person.pk, state=State.OPEN).filter(Q(snoozed_until=None) | Q(snoozed_until__lte=now))
    if todo is not None:
        found = found.filter(todo=todo)
    if system:
        found = found.filter(system=system)
    if kind:
        found = found.filter(kind=kind)
    return found.order_by("-created_at", "-pk")
