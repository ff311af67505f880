"""Reads of the chain."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet

from apps.audit.models import Entry


def entries(*, object: str = "", action: str = "", actor_id: uuid.UUID | None = None) -> QuerySet[Entry]:
    """Links, newest first. `action` may end with "." to mean every action that begins so."""
    found = Entry.objects.all()
    if object:
        found = found.filter(object=object)
    if action:
        found = found.filter(action__startswith=action) if action.endswith(".") else found.filter(action=action)
    if actor_id:
        found = found.filter(actor_id=actor_id)
    return found.order_by("-id")


def head() -> Entry | None:
    """The last sealed link."""
    return Entry.objects.filter(seq__isnull=False).order_by("-seq").first()
