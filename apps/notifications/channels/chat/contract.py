"""What every chat product does for us: shows a card or a text to one of its users, and calls back when a button is pressed or a text arrives.

A vendor is plain HTTP and signatures. It knows nothing of notices and people: whose account it is, and what a button may do, is decided above.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from apps.core.http import AuthError, Client

WINDOW = dt.timedelta(minutes=5)  # a callback older than this is not believed


class CallbackRefused(Exception):
    """The signature is wrong, or it is too old. Says no more: whoever forges learns nothing."""


@dataclass(frozen=True)
class CardButton:
    """`value` comes back in the callback. With `url` the button opens it instead. `wants_reason`: the card asks for words first."""

    label: str
    value: str = ""
    url: str = ""
    style: str = "ghost"
    wants_reason: bool = False


@dataclass(frozen=True)
class ChatCard:
    """`id`: ours; the vendor shows one card of an id, however often it is sent. `note`: what changed, or how it ended; without buttons it is over."""

    id: str
    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    buttons: tuple[CardButton, ...]
    url: str
    note: str = ""


@dataclass(frozen=True)
class Call:
    """A request as it came."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # lower-case names
    body: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Callback:
    """A verified callback. `kind`: pressed | text | probe (the vendor asks whether we are there). `key`: the same when it is sent again.

    `handle`: what the vendor wants to have with the next change of that card. `answer`: body and type it expects at once.
    """

    kind: str
    key: str
    user_id: str = ""
    card_id: str = ""
    value: str = ""
    reason: str = ""
    text: str = ""
    handle: str = ""
    answer: tuple[bytes, str] = (b"", "text/plain")


class CodeRefused(Exception):
    """The product does not know this code (any more), it is of another app or company, or nobody of this company stands behind it."""


class Vendor(Protocol):
    """`updates`: a card can be changed after it was sent. `reason_box`: a card can ask for words. `needs`: settings it cannot be without;
    `sign_in_needs`: what signing people in needs beside them."""

    key: str
    name: str
    updates: bool
    reason_box: bool
    needs: tuple[str, ...]
    sign_in_needs: tuple[str, ...]

    def send_card(self, user_id: str, card: ChatCard) -> str:
        """Show it; returns the handle for changing it. Raises TransientError, PermanentError."""
        ...

    def update_card(self, user_id: str, card: ChatCard, handle: str) -> str:
        """Show this in its place; returns the handle for the next change. Only where `updates`."""
        ...

    def send_text(self, user_id: str, text: str, key: str) -> None: ...

    def read(self, call: Call, now: dt.datetime) -> Callback:
        """Verify and understand a callback. Raises CallbackRefused."""
        ...

    def sign_in_url(self, state: str, back: str) -> str:
        """Where a browser inside the product is sent to prove who uses it; it comes back to `back` with a code and with `state` (letters, digits)."""
        ...

    def code_of(self, query: Mapping[str, str]) -> str:
        """The code out of what the browser comes back with; empty: the product or the person said no."""
        ...

    def user_of(self, code: str) -> str:
        """Trade the code for the user, server to server, once: a code is used up by the first try, so no answer is not asked for again.
        Raises CodeRefused, TransientError, PermanentError (our own settings)."""
        ...


class Tokens:
    """The access token of one vendor, kept until it runs out or is refused. One per process is enough: every vendor gives the same again."""

    def __init__(self, fetch: Callable[[], tuple[str, float]], clock: Callable[[], float]) -> None:
        self._fetch, self._clock = fetch, clock
        self._token, self._until = "", 0.0

    def get(self) -> str:
        if not self._token or self._clock() >= self._until:
            self._token, lasts = self._fetch()
            self._until = self._clock() + max(0.0, lasts - 60)
        return self._token

    def once_more(self, call: Callable[[str], Any]) -> Any:
        """`call(token)`; a refused token is fetched anew, once."""
        try:
            return call(self.get())
        except AuthError:
            self._token = ""
            return call(self.get())


def fresh(moment: str, now: dt.datetime, *, unit: float = 1) -> None:
    """Raises CallbackRefused for a moment (seconds / `unit` since 1970) that is not now."""
    try:
        at = dt.datetime.fromtimestamp(float(moment) / unit, dt.UTC)
    except (ValueError, OverflowError, OSError):
        raise CallbackRefused("moment") from None
    if abs(now - at) > WINDOW:
        raise CallbackRefused("moment")


def same(given: str, computed: str) -> None:
    """Compare signatures in constant time. Raises CallbackRefused."""
    if not hmac.compare_digest(given.encode(), computed.encode()):
        raise CallbackRefused("signature")


def with_query(address: str, query: Mapping[str, str], fragment: str = "") -> str:
    """The address of a page of the product."""
    return f"{address}?{urlencode(query)}{'#' + fragment if fragment else ''}"


def client_of(settings: Mapping[str, str], name: str) -> Client:
    """HTTP to the vendor, short time-outs: a job waits, not a person."""
    return Client(settings["url"], system=name, connect_timeout=3, read_timeout=8)
