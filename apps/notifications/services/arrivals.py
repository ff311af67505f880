"""People who come in from a chat product: it says which of its users holds the device, the directory says who that is, the identity provider whether
that person may enter. Each of the three can say no."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.errors import DomainError
from apps.core.http import OutsideError, TransientError, limits
from apps.directory import selectors as directory
from apps.identity.registry import WayIn
from apps.identity.services import UnableToLetIn, account_to_let_in
from apps.notifications import selectors
from apps.notifications.channels import chat
from apps.notifications.channels.chat import CodeRefused, Vendor
from apps.notifications.models import ChatAccount

logger = logging.getLogger(__name__)
CONNECT, READ = 2.0, 4.0  # seconds: a person waits with a telephone in the hand
LONGEST_CODE = 1024
MARKS = {"wecom": "wxwork", "dingtalk": "dingtalk", "welink": "anyoffice"}  # in the name of the browser that the product has inside


class UnableToEnter(DomainError):
    """Nobody was let in. `code`: off, declined, refused, silent, unbound, disabled, stranger, sign_on_away; `user_id`: whom the product named."""

    def __init__(self, code: str, message: Any, *, status: int, user_id: str = "") -> None:
        super().__init__(message)
        self.code, self.status, self.user_id = code, status, user_id


@dataclass(frozen=True)
class Arrival:
    """Who came, and the account to open a session for."""

    person: Any
    account: Any


def ways(request: HttpRequest, after: str) -> Iterator[WayIn]:
    """For the sign-in page: the products that may sign people in."""
    browser = request.headers.get("User-Agent", "").lower()
    for key in selectors.signing_in():
        yield WayIn(key, chat.NAMES[key], f"/chat/{key}/?{urlencode({'to': after})}", here=MARKS[key] in browser)


def sign_in_url(*, vendor: str, state: str, back: str) -> str:
    """Where the browser proves who uses it. Raises UnableToEnter (off)."""
    return _product(vendor).sign_in_url(state, back)


def arrive(*, vendor: str, query: dict[str, str], now: dt.datetime) -> Arrival:
    """Who came back with this answer of the product. Network: never inside a transaction. Raises UnableToEnter; then nobody may be signed in."""
    product = _product(vendor)
    user_id = _user_of(product, product.code_of(query))
    bound = ChatAccount.objects.filter(vendor=vendor, user_id=user_id).first()
    if bound is None:
        _refuse(vendor, user_id, "unbound", now)
        raise UnableToEnter("unbound", _("This chat account belongs to nobody in the portal yet."), status=403, user_id=user_id)
    person = directory.get_person(bound.person_id)
    try:
        return Arrival(person, account_to_let_in(person))
    except UnableToLetIn as error:
        _refuse(vendor, user_id, error.code, now)
        raise UnableToEnter(error.code, error.message, status=error.status, user_id=user_id) from error


def _product(vendor: str) -> Vendor:
    product = chat.vendor(vendor) if vendor in selectors.signing_in() else None
    if product is None:
        raise UnableToEnter("off", _("This way in is not open."), status=403)
    return product


def _user_of(product: Vendor, code: str) -> str:
    """The user the product names for this code. The answer may be lost after the code was used up: it is never asked twice."""
    if not code:
        raise UnableToEnter("declined", _("%(product)s said nothing about you.") % {"product": product.name}, status=403)
    try:
        if len(code) > LONGEST_CODE:
            raise CodeRefused("too long")
        with limits(CONNECT, READ):
            return product.user_of(code)
    except CodeRefused as error:
        logger.warning("%s refused a code: %s", product.name, error)
        raise UnableToEnter("refused", _("%(product)s did not confirm who you are.") % {"product": product.name}, status=403) from error
    except (OutsideError, ValueError) as error:
        logger.warning("%s told nobody's name: %s", product.name, error if isinstance(error, OutsideError) else type(error).__name__)
        words = _("%(product)s does not answer.") if isinstance(error, TransientError) else _("%(product)s gave an answer that the portal cannot use.")
        raise UnableToEnter("silent", words % {"product": product.name}, status=503) from error


def _refuse(vendor: str, user_id: str, why: str, now: dt.datetime) -> None:
    """Somebody the product knows was not let in: a colleague to help, or a trial."""
    audit.record(actor=None, action="notifications.chat.not_let_in", object=f"notifications.chat:{vendor}:{user_id}"[:200], data={"why": why}, now=now)
