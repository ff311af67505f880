"""What people post to pages of OA's own documents, as the services want it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import QueryDict
from django.utils import timezone

LONGEST = 5000


def moment_of(text: str) -> dt.datetime | None:
    """A moment as a date-and-time field posts it, in the person's time zone; None for nonsense."""
    try:
        found = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return found if timezone.is_aware(found) else timezone.make_aware(found)
    except (ValueError, OverflowError):
        return None


def day_of(text: str) -> dt.date | None:
    """A day as a date field posts it; None for nonsense."""
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


def ids_of(texts: list[str]) -> list[str]:
    """Ids, each once; what is none is left out."""
    found = []
    for text in texts[:200]:
        try:
            found.append(str(uuid.UUID(text)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def number_of(text: str | None) -> int:
    """The page asked for; nonsense is page 1."""
    return max(1, int(text)) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1


def visit_typed(post: QueryDict) -> dict[str, Any]:
    """What was typed, to be shown again."""
    names = ("customer_id", "customer_q", "people_q", "starts_at", "ends_at", "place", "purpose")
    return {**{name: post.get(name, "")[:LONGEST] for name in names}, "companions": ids_of(post.getlist("companions"))}


def visit_input(typed: dict[str, Any]) -> dict[str, Any]:
    """Keywords of the services."""
    return {
        "starts_at": moment_of(typed["starts_at"]), "ends_at": moment_of(typed["ends_at"]), "place": typed["place"], "purpose": typed["purpose"],
        "companion_ids": typed["companions"],
    }  # fmt: skip


def words_typed(post: QueryDict) -> dict[str, str]:
    """The words of an announcement as typed."""
    return {name: post.get(name, "")[:25_000] for name in ("title", "title_zh", "body", "body_zh")}


def announcement_typed(post: QueryDict) -> dict[str, Any]:
    """What was typed into the form of an announcement, to be shown again."""
    names = ("title", "title_zh", "body", "body_zh", "visible_from", "visible_until", "confirm_by", "people_q")
    boxes = ("everybody", "pinned", "confirm")
    lists = ("unit_ids", "role_ids", "person_ids")
    return {
        **{name: post.get(name, "")[:25_000] for name in names}, **{name: name in post for name in boxes},
        **{name: ids_of(post.getlist(name)) for name in lists},
    }  # fmt: skip


def announcement_input(typed: dict[str, Any]) -> dict[str, Any]:
    """`fields` of the service."""
    moments = {name: moment_of(typed[name]) for name in ("visible_from", "visible_until", "confirm_by")}
    return {**{name: value for name, value in typed.items() if name != "people_q"}, **moments}
