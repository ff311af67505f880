"""Accounts: found or made for a subject of an issuer; a person's own preferences."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.identity.models import Account


def account_for(*, issuer: str, subject: str, username: str, email: str = "", name: str = "", language: str = "") -> Account:
    """The account of this subject, made when unknown; username, email and name follow what the issuer says now.

    A username that another subject holds already is not a reason to join the two: the newcomer gets a longer one.
    """
    with transaction.atomic():
        account = Account.objects.select_for_update().filter(issuer=issuer, subject=subject).first()
        kept = account is not None and account.username == username
        wanted = username if kept else _free_username(username, issuer=issuer, subject=subject)
        if account is None:
            return Account.objects.create_user(wanted, issuer=issuer, subject=subject, email=email, name=name, language=_known(language))
        if (account.username, account.email, account.name) != (wanted, email, name):
            account.username, account.email, account.name = wanted, email, name
            account.save(update_fields=["username", "email", "name"])
        return account


def _free_username(username: str, *, issuer: str, subject: str) -> str:
    holder = Account.objects.filter(username=username).only("issuer", "subject").first()
    if holder is None or (holder.issuer, holder.subject) == (issuer, subject):
        return username
    return f"{username[:120]}~{subject[:24]}"


def _known(language: str) -> str:
    codes = {code for code, _name in settings.LANGUAGES}
    return language if language in codes else ""


def update_preferences(*, account: Account, changes: Mapping[str, Any]) -> Account:
    """Set some of language, theme, time_zone, density, single_key_shortcuts. Raises InvalidInput with the fields at
    fault."""
    problems = {name: [message] for name, value in changes.items() if (message := _problem(name, value))}
    if problems:
        raise InvalidInput(_("Some fields need another value."), details={"fields": problems})
    for name, value in changes.items():
        setattr(account, name, value)
    account.save(update_fields=list(changes))
    return account


def _problem(name: str, value: Any) -> str:
    allowed: dict[str, Any] = {
        "language": {"", *(code for code, _name in settings.LANGUAGES)},
        "theme": set(Account.Theme.values),
        "density": set(Account.Density.values),
        "single_key_shortcuts": {True, False},
    }
    if name == "time_zone":
        known = value == "" or value in zoneinfo.available_timezones()
        return "" if known else _("This time zone is not known. Choose one from the list.")
    if name not in allowed:
        return _("This cannot be set here.")
    return "" if value in allowed[name] else _("Choose one of the offered values.")
