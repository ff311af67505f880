"""Pure rules: what a record of each kind must have, how to choose among waiting hints, what an error says about a system."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError

from apps.core.http import AuthError, OutsideError, TransientError
from apps.integrations.events import Problem, is_echo

EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
NEEDED: dict[str, tuple[str, ...]] = {
    "customer": ("name",), "deal": ("name",), "follow_up": ("occurred_at",), "product": ("key", "name"), "stock": ("key",),
    "order": ("customer_key", "currency"), "shipment": ("state",), "receivable": ("key", "currency"), "invoice": ("customer_key", "currency"),
    "purchase_request": ("sku",), "case": ("name",), "payment": ("customer_key", "currency"), "purchase_order": ("supplier_key", "currency"),
    "production": ("sku",),
}  # fmt: skip

ASK = _("Look at the record in its system, or ask the portal administrator.")
WORDS: dict[str, tuple[Any, Any]] = {
    "missing": (_("“%(field)s” is missing."), _("Fill the field in the source system.")),
    "email": (_("The e-mail address is not one."), _("Correct the address in the CRM.")),
    "format": (_("“%(field)s” cannot be read: %(why)s."), _("Correct the field in the source system.")),
    "unreadable": (_("The record cannot be read: %(why)s."), ASK),
    "not_read": (_("The system does not give the record away: %(why)s"), ASK),
}


def problem_words(code: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """(what is wrong, what to do) in the reader's language; a code nobody gave words to stands for itself."""
    text, cure = WORDS.get(code) or (code, ASK)
    return _filled(text, params), _filled(cure, params)


def _filled(text: Any, params: Mapping[str, Any]) -> str:
    try:
        return str(text) % dict(params)
    except (KeyError, ValueError, TypeError):
        return str(text)


def key_problems(kind: str, record: Mapping[str, Any]) -> list[Problem]:
    """What any record of this kind must satisfy, whatever it is used for."""
    found = [Problem("missing", name, {"field": name}) for name in NEEDED.get(kind, ()) if not str(record.get(name) or "").strip()]
    if kind == "customer" and record.get("email") and not EMAIL.match(str(record["email"])):
        found.append(Problem("email", "email"))
    return found


def unreadable(error: ValueError) -> list[Problem]:
    """Why a mapping refused a vendor record. Names fields and rules, never values."""
    if not isinstance(error, ValidationError):
        return [Problem("unreadable", "", {"why": str(error)[:200]})]
    found = []
    for problem in error.errors()[:10]:
        name = ".".join(str(part) for part in problem["loc"])
        missing = problem["type"] == "missing"
        found.append(Problem("missing" if missing else "format", name, {"field": name} if missing else {"field": name, "why": problem["type"]}))
    return found





def leading(hints: Sequence[Any]) -> Any | None:
    """The one hint that speaks for all that wait for the same record: the record is read once, as it is now.

    The last one with a transition (the state it led to is the state we read); else the last that is not an echo of our own; else the last.
    """
    ordered = sorted(hints, key=lambda hint: (hint.occurred_at or hint.received_at, hint.pk))
    moved = [hint for hint in ordered if hint.transition]
    news = [hint for hint in moved if not is_echo(hint.origin)] or moved or [hint for hint in ordered if not is_echo(hint.origin)]
    return (news or ordered or [None])[-1]


def is_live(occurred_at: dt.datetime | None, live_from: dt.datetime) -> bool:
    """Only what happened after the connection went live may start a process."""
    return occurred_at is not None and occurred_at > live_from


def means_down(error: OutsideError) -> bool:
    """Whether a failure says that the whole system is away, and not that it refused this one request."""
    if isinstance(error, AuthError):
        return True
    return isinstance(error, TransientError) and error.status in {None, 502, 503, 504}


def short_error(error: Exception) -> str:
    """For the connections page: the system's words, cut."""
    return (error.message if isinstance(error, OutsideError) else str(error) or type(error).__name__)[:400]


def owner_email(raw: Mapping[str, Any], record: Mapping[str, Any] | None) -> str:
    """Whose record it is, by the address in it; a record that cannot be mapped is searched for the usual names."""
    if record is not None:
        return str(record.get("owner_email") or record.get("author_email") or "")
    return next((str(raw[name]) for name in ("owner_email", "assigned_to_email", "author_email") if raw.get(name)), "")


def decimal_or_none(value: Any) -> Decimal | None:
    """A number out of JSON text."""
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        return None


def same_problems(before: Iterable[Mapping[str, Any]], after: Iterable[Problem]) -> bool:
    """Whether the person was told exactly this already."""
    return [dict(one) for one in before] == [one.as_json() for one in after]
