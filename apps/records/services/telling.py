"""Who hears of a record that was not taken, and of a system that went away. In the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from apps.directory import selectors as directory
from apps.integrations import selectors as integrations
from apps.notifications import services as notifications
from apps.records import selectors

QUARANTINED, SYSTEM_DOWN, PAYMENT_DUE = "records.quarantined", "records.system_down", "records.payment_due"


def person_for(*, owner_email: str, system: str) -> Any | None:
    """The named person who answers for a record: its owner by verified address, else the connection's steward, else the portal's admin."""
    candidates = (
        lambda: directory.find_person_by_email(owner_email),
        lambda: directory.find_person_by_login(integrations.steward_login(system)),
        lambda: directory.find_person_by_login(settings.FALLBACK_ADMIN),
    )
    for candidate in candidates:
        person = candidate()  # type: ignore[no-untyped-call]
        if person is not None and person.active:
            return person
    return None


def tell_quarantined(*, data: Mapping[str, Any], now: dt.datetime) -> Any | None:
    """One to-do for the named person; an older one about the same item is replaced, since its reasons changed. Returns the person."""
    person = person_for(owner_email=str(data.get("owner_email") or ""), system=str(data["system"]))
    ref = f"quarantine:{data['item_id']}"
    notifications.resolve(ref=ref, now=now, outcome="replaced")
    if person is None:
        return None
    page = selectors.page_of(str(data["kind"]), str(data["external_id"]))
    params = {name: data.get(name, "") for name in ("item_id", "system", "kind", "external_id", "key", "name", "problems", "owner_id", "url")}
    notifications.notify(kind=QUARANTINED, person_ids=[person.pk], params={**params, "page": page}, ref=ref, now=now)
    return person


def tell_released(*, data: Mapping[str, Any], now: dt.datetime) -> None:
    """The to-do goes away everywhere."""
    notifications.resolve(ref=f"quarantine:{data['item_id']}", now=now, outcome=str(data.get("outcome") or ""))


def tell_connection(*, data: Mapping[str, Any], now: dt.datetime) -> None:
    """The steward hears once that a system is away; the notice closes when it is back."""
    ref = f"connection:{data['key']}"
    notifications.resolve(ref=ref, now=now, outcome="back")
    if data["state"] != "down":
        return
    person = person_for(owner_email="", system=str(data["key"]))
    if person is not None:
        notifications.notify(kind=SYSTEM_DOWN, person_ids=[person.pk], ref=ref, now=now,
                             params={"key": data["key"], "since": data["since"], "reason": data.get("reason", "")})


def payment_ref(customer_key: str) -> str:
    """What reminders of a customer's payments are about."""
    return f"payment:{customer_key}"


def payment_followed_up(*, customer_key: str, person: Any, now: dt.datetime) -> None:
    """Somebody spoke with the customer: the reminder is done."""
    if customer_key:
        notifications.resolve(ref=payment_ref(customer_key), now=now, outcome="followed_up", by=person.pk)
