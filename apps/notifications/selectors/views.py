"""Reading a person's saved views of the inbox."""

from __future__ import annotations

from typing import Any

from apps.notifications.models import SavedView


def views_of(person: Any) -> list[SavedView]:
    """In the person's own order."""
    return list(SavedView.objects.filter(person_id=person.pk).order_by("place", "name"))
