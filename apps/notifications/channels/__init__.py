"""The channels of this installation: those whose product is set up."""

from __future__ import annotations

from django.conf import settings

from apps.notifications.channels.chat import Chat, vendor
from apps.notifications.channels.contract import Button, Channel, Digest, DigestCase, Envelope, Message, Sent
from apps.notifications.channels.email import Email
from apps.notifications.channels.web_push import WebPush

IN_APP = "in_app"


def outside() -> dict[str, Channel]:
    """The channels that are set up, by key; the inbox itself is not among them. Cheap: no network, nothing is read."""
    found: dict[str, Channel] = {}
    if settings.EMAIL_HOST or settings.MAIL_FOLDER:
        found["email"] = Email()
    if settings.WEB_PUSH_HOSTS and settings.WEB_PUSH_KEY:
        found["web_push"] = WebPush()
    for key in settings.CHAT:
        if (product := vendor(key)) is not None:
            found[f"chat:{key}"] = Chat(product)
    return found


def get(key: str) -> Channel | None:
    """The channel, or None when it is not set up (any more)."""
    return outside().get(key)


__all__ = ["IN_APP", "Button", "Channel", "Digest", "DigestCase", "Envelope", "Message", "Sent", "get", "outside"]
