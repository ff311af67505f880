"""Letting in somebody whom another service of the company has recognized: by the same rules as after a sign-on."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.core.errors import DomainError
from apps.identity import selectors
from apps.identity.models import DEMO_ISSUER, Account
from apps.identity.services import standing
from apps.identity.services.accounts import account_for
from apps.identity.services.idp import ProviderAway


class UnableToLetIn(DomainError):
    """This person may not enter now. `code`: disabled (switched off here or at the identity provider), stranger (of no sign-in that is in use
    here), sign_on_away (the identity provider cannot be asked)."""

    status = 403


def account_to_let_in(person: Any) -> Account:
    """The account with which this person of the directory enters; the identity provider is asked whether it would let the person in, too. Network:
    never inside a transaction. Raises UnableToLetIn."""
    if not person.active:
        raise _refusal("disabled")
    if person.issuer == DEMO_ISSUER:
        if not settings.DEMO_SIGN_IN:
            raise _refusal("stranger")
    elif not settings.OIDC_ISSUER or person.issuer != settings.OIDC_ISSUER:
        raise _refusal("stranger")
    elif not _let_in_there(person.subject):
        raise _refusal("disabled")
    account = selectors.account_by_subject(person.issuer, person.subject) or account_for(
        issuer=person.issuer, subject=person.subject, username=person.login, email=person.email, name=person.name)
    if not account.is_active:
        raise _refusal("disabled")
    return account


def _let_in_there(subject: str) -> bool:
    try:
        return standing.of(subject).lets_in()
    except ProviderAway as error:
        raise _refusal("sign_on_away") from error


def _refusal(code: str) -> UnableToLetIn:
    words = {
        "disabled": _("This account is switched off. Ask an administrator of the portal."),
        "stranger": _("This person signs in nowhere that the portal knows. Ask an administrator of the portal."),
        "sign_on_away": _("The sign-in service does not answer, so nobody new is let in. Try again in a minute."),
    }
    error = UnableToLetIn(words[code])
    error.code, error.status = code, 503 if code == "sign_on_away" else 403
    return error
