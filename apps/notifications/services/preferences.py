"""How one is reached: a person's own choices, and what the company allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core import kinds
from apps.core.access import decide
from apps.core.errors import InvalidInput
from apps.identity import services as identity
from apps.notifications import policies, selectors
from apps.notifications.channels import chat
from apps.notifications.models import Level, Reach

OWN = ("off", "kinds", "quiet", "digest", "remind_after", "remind_by")
COMPANYS = ("quiet", "digest", "remind_after", "limits", "sign_in")
FOLLOWS: dict[str, Any] = {"quiet": None, "digest": "", "remind_after": None}  # chosen as the company has it: goes on following the company
LONGEST_WAIT = 7 * 24 * 60  # minutes
CHOOSABLE = tuple(one for one in policies.CHANNELS if one != "in_app")


def choose(*, person: Any, changes: Mapping[str, Any], now: dt.datetime) -> Reach:
    """Set some of OWN; None gives `quiet`, `digest`, `remind_after` back to the company's default. What a limit or an alarm fixes is refused.

    Raises InvalidInput with the fields at fault; then nothing was changed.
    """
    with transaction.atomic():
        Reach.objects.bulk_create([Reach(person_id=person.pk, updated_at=now)], ignore_conflicts=True)  # two first choices at once are one row
        row = Reach.objects.select_for_update().get(person_id=person.pk)
        _own, company = selectors.rows_of(person)
        cleaned = _checked(changes, OWN, company.limits)
        for name, value in cleaned.items():
            setattr(row, name, FOLLOWS[name] if name in FOLLOWS and value == getattr(company, name) else value)
        row.updated_at = now
        row.save()
        audit.record(actor=person, action="notifications.reach.chosen", object=f"directory.person:{person.login}", data={
            "changed": sorted(cleaned)}, now=now)
    return row


def set_company(*, actor: Any, changes: Mapping[str, Any], now: dt.datetime) -> Reach:
    """Set some of COMPANYS for everybody (right notifications.channel manage). A chat product that may not sign people in any more has its sessions
    ended. Raises NotPermitted, InvalidInput."""
    decide(actor, "manage", "notifications.channel").require(_("You may not set how everybody is reached. Ask your administrator."))
    with transaction.atomic():
        first = selectors.company_default()
        first.updated_at = now
        Reach.objects.bulk_create([first], ignore_conflicts=True)
        row = Reach.objects.select_for_update().get(pk=selectors.COMPANY)
        cleaned = _checked(changes, COMPANYS, {})
        before = {name: getattr(row, name) for name in cleaned}
        for name, value in cleaned.items():
            setattr(row, name, value)
        row.updated_at = now
        row.save()
        audit.record(actor=actor, action="notifications.reach.company", object="notifications.reach:company", data={
            "from": before, "to": cleaned}, now=now)
        for vendor in set(before.get("sign_in", ())) - set(row.sign_in):
            identity.end_by_chat(via=vendor, reason="this chat product signs nobody in any more", now=now)
    return row


def tried(*, person: Any, changes: Mapping[str, Any]) -> policies.Reaching:
    """How this person would be reached with these choices, without storing them. Raises InvalidInput."""
    own, company = selectors.rows_of(person)
    for name, value in _checked(changes, OWN, company.limits).items():
        setattr(own, name, value)
    return selectors.merged(own, company, selectors.zone_of(selectors.account_of(person)))


# --- checks -------------------------------------------------------------------------------------------------------------------------------


def _checked(changes: Mapping[str, Any], allowed: tuple[str, ...], limits: Mapping[str, Any]) -> dict[str, Any]:
    checks: dict[str, Callable[[Any], Any]] = {
        "off": _off, "kinds": lambda value: _kinds(value, limits), "quiet": _quiet, "digest": _digest, "remind_after": _minutes,
        "remind_by": _channel, "limits": _limits, "sign_in": _products,
    }
    cleaned, problems = {}, {}
    for name, value in changes.items():
        try:
            if name not in allowed:
                raise ValueError(_("This cannot be set here."))
            cleaned[name] = checks[name](value)
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            problems[name] = [str(error) if isinstance(error, ValueError) and error.args else _("Choose one of the offered values.")]
    if problems:
        raise InvalidInput(_("Some fields need another value."), details={"fields": problems})
    return cleaned


def _need(truth: bool, words: str = "") -> None:
    if not truth:
        raise ValueError(words or _("Choose one of the offered values."))


def _off(value: Any) -> list[str]:
    found = sorted(set(value))
    _need(set(found) <= set(CHOOSABLE))
    return found


def _kinds(value: Any, limits: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Only what differs from the default is kept, so that a default that changes reaches everybody who chose nothing."""
    kept: dict[str, dict[str, str]] = {}
    for key, levels in value.items():
        kind = kinds.KINDS.get(key)
        if kind is None:
            raise ValueError(_("There is no such kind of message."))
        for channel, level in levels.items():
            _need(channel in CHOOSABLE and level in Level.values and (level != Level.DIGEST or channel == "email"))
            fixed, why = policies.fixed_level(kind, channel, limits)
            _need(not fixed or fixed == level, _("The company has set this; it cannot be changed here.") if why == "limit" else _(
                "This is an alarm: its mail cannot be switched off."))
            if not fixed and level != policies.default_level(kind, channel):
                kept.setdefault(key, {})[channel] = level
    return kept


def _quiet(value: Any) -> dict[str, list[str]] | None:
    if value is None:
        return None
    found = {}
    for day, span in value.items():
        _need(day in set("0123456") and len(span) == 2)
        begin, end = span
        try:
            policies.minutes(begin), policies.minutes(end)
        except ValueError:
            raise ValueError(_("Quiet hours begin and end at a full or a half hour.")) from None
        found[day] = [begin, end]
    return found


def _digest(value: Any) -> str:
    _need(value in ("", None, *policies.DIGESTS))
    return value or ""


def _minutes(value: Any) -> int | None:
    if value is None or value == "":
        return None
    _need(not isinstance(value, bool) and 0 <= int(value) <= LONGEST_WAIT)
    return int(value)


def _channel(value: Any) -> str:
    _need(value in ("", *CHOOSABLE))
    return str(value)


def _products(value: Any) -> list[str]:
    found = sorted(set(value))
    _need(set(found) <= set(chat.may_sign_in()), _("This chat product is not set up for signing in."))
    return found


def _limits(value: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for channel, limits in value.items():
        _need(channel in CHOOSABLE)
        for kind, limit in limits.items():
            _need((kind == "*" or kind in kinds.KINDS) and limit in ("off", "locked"))
            found.setdefault(channel, {})[kind] = limit
    return found
