"""Chat products as one channel each."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.notifications.channels.chat.contract import Call, Callback, CallbackRefused, CardButton, ChatCard, CodeRefused, Vendor
from apps.notifications.channels.chat.dingtalk import Dingtalk
from apps.notifications.channels.chat.wecom import Wecom
from apps.notifications.channels.chat.welink import Welink
from apps.notifications.channels.contract import Button, Envelope, Message, Sent

VENDORS: dict[str, type[Wecom] | type[Dingtalk] | type[Welink]] = {one.key: one for one in (Wecom, Dingtalk, Welink)}
NAMES = {"wecom": "WeCom 企业微信", "dingtalk": "DingTalk 钉钉", "welink": "WeLink"}


@functools.lru_cache(maxsize=8)
def _made(key: str, given: tuple[tuple[str, str], ...]) -> Vendor:
    return VENDORS[key](dict(given))


def vendor(key: str) -> Vendor | None:
    """The chat product, or None when it is not set up: with an empty secret anybody could sign its callbacks."""
    given: Mapping[str, str] | None = settings.CHAT.get(key)
    return _made(key, tuple(sorted(given.items()))) if given and key in VENDORS and not missing(key, given) else None


def missing(key: str, given: Mapping[str, str]) -> list[str]:
    """Settings that this product cannot be used without and that are empty."""
    return [name for name in VENDORS[key].needs if not given.get(name)]


def may_sign_in() -> list[str]:
    """Products that are set up so far that they could sign people in; whether they may is the company's choice."""
    return [key for key, given in settings.CHAT.items() if vendor(key) and all(given.get(name) for name in VENDORS[key].sign_in_needs)]


class Chat:
    """One chat product as a channel: a card with buttons, changed when the matter is dealt with, or followed by a text that says so."""

    decides = True

    def __init__(self, product: Vendor) -> None:
        self.product = product
        self.key = f"chat:{product.key}"

    def send(self, envelope: Envelope) -> Sent:
        return Sent(external_id=self.product.send_card(envelope.to, card_of(envelope.message, self.product, str(envelope.extra.get("version", "")))))

    def send_digest(self, envelope: Envelope) -> Sent:
        raise NotImplementedError("chat products get no digests")

    def close(self, envelope: Envelope) -> None:
        message: Message = envelope.message
        if self.product.updates:
            self.product.update_card(envelope.to, card_of(message, self.product, ""), envelope.external_id)
            return
        self.product.send_text(envelope.to, f"{message.title}: {message.standing}", key=f"{message.id}:closed")


def card_of(message: Message, product: Vendor, version: str, note: str = "") -> ChatCard:
    """The card as this product can show it. A button says what it decides and on which version of the facts."""
    with translation.override(message.language):
        buttons = tuple(_button(one, message, product, version) for one in message.buttons) if not message.standing else ()
        return ChatCard(
            id=message.id, title=message.title, text=message.body, url=message.url, buttons=buttons, note=note or message.standing,
            facts=tuple((label, f"{value} ({system.upper()})") for label, value, system in message.facts))


def _button(button: Button, message: Message, product: Vendor, version: str) -> CardButton:
    if button.needs_reason and not product.reason_box:
        return CardButton(_("%(answer)s …") % {"answer": button.label}, url=message.decide_url or message.url, style=button.style)
    return CardButton(button.label, value=f"{button.outcome}@{version}", style=button.style, wants_reason=button.needs_reason)


__all__ = ["NAMES", "VENDORS", "Call", "Callback", "CallbackRefused", "CardButton", "Chat", "ChatCard", "CodeRefused", "Vendor", "card_of", "vendor"]
