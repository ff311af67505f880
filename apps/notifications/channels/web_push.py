"""Web push: a message for each browser that its person let ring, encrypted for that browser alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core.crypto import decrypt
from apps.core.http import Client, OutsideError, PermanentError, TransientError
from apps.notifications.channels import webpush_crypto as crypto
from apps.notifications.channels.contract import Envelope, Message, Sent

LASTS = 24 * 3600  # seconds a push service keeps it for a browser that is off
LONGEST_TITLE, LONGEST_BODY = 160, 400  # characters; the whole fits into one record


class PartlySent(TransientError):
    """Some devices have it, some did not answer: the next try leaves those out that have it."""

    def __init__(self, sent: Sent) -> None:
        super().__init__("A push service did not answer", system="web_push")
        self.sent = sent


def is_allowed(endpoint: str) -> bool:
    """Whether this address belongs to a push service the company lets us speak with: it is the browser that names it, so it is never believed."""
    try:
        to = urlsplit(endpoint)
        host, port = to.hostname or "", to.port
    except ValueError:
        return False
    local = host in ("localhost", "127.0.0.1")
    if to.username or to.password or (to.scheme != "https" and not local) or (port not in (None, 443) and not local):
        return False
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in settings.WEB_PUSH_HOSTS)


class WebPush:
    key = "web_push"
    decides = False

    def send(self, envelope: Envelope) -> Sent:
        """To a browser whose session ran out goes that there is something, and not what: whoever has it may not be its person any more."""
        whole, bare = _shown(envelope.message), _unnamed(envelope.message)
        locked = set(envelope.extra.get("locked", ()))
        return self._to_all(envelope, lambda device: bare if str(device.pk) in locked else whole, urgent=envelope.message.critical)

    def send_digest(self, envelope: Envelope) -> Sent:
        raise NotImplementedError("devices get no digests")

    def close(self, envelope: Envelope) -> None:
        """The service worker takes the notification away; where it was not shown yet, this takes its place."""
        self._to_all(envelope, lambda _device: {"close": envelope.message.topic}, urgent=False)

    def _to_all(self, envelope: Envelope, payload: Callable[[Any], dict[str, Any]], *, urgent: bool) -> Sent:
        devices: Sequence[Any] = envelope.to
        reached, gone, silent, refused = list[str](), list[str](), list[OutsideError](), list[OutsideError]()
        for device in devices:
            if str(device.pk) in envelope.extra.get("reached", ()):
                continue
            try:
                _push(device, json.dumps(payload(device), ensure_ascii=False).encode(), envelope, urgent)
                reached.append(str(device.pk))
            except PermanentError as error:
                if error.status in (404, 410):  # this subscription is no more
                    gone.append(str(device.pk))
                else:  # a quarrel with the service, not the end of the device
                    refused.append(error)
            except TransientError as error:
                silent.append(error)
        sent = Sent(reached=tuple(reached), gone=tuple(gone))
        if silent:
            raise PartlySent(sent)
        if refused and not reached:
            raise refused[0]
        return sent


def _push(device: Any, text: bytes, envelope: Envelope, urgent: bool) -> None:
    """One message to one browser. Raises OutsideError kinds."""
    if not is_allowed(device.endpoint):
        raise PermanentError("This push service is not on the company's list", system="web_push")
    keys = json.loads(decrypt(device.keys, f"notifications.device:{device.pk}"))
    headers = {
        "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream", "TTL": str(LASTS), "Topic": envelope.message.topic,
        "Urgency": "high" if urgent else "normal",
        "Authorization": crypto.authorization(device.endpoint, secret=settings.WEB_PUSH_KEY, subject=settings.WEB_PUSH_CONTACT,
                                              now=envelope.extra["now"]),
    }
    to = urlsplit(device.endpoint)
    client = Client(f"{to.scheme}://{to.netloc}", system="web_push", connect_timeout=3, read_timeout=8)
    path = f"{to.path}{'?' + to.query if to.query else ''}"
    client.request("POST", path, data=crypto.encrypt(text, p256dh=keys["p256dh"], auth=keys["auth"]), headers=headers)


def _shown(message: Message) -> dict[str, Any]:
    """What the service worker shows: the words the reader's role allows, nothing else. `url` is a path of ours."""
    return {"title": message.title[:LONGEST_TITLE], "body": message.body[:LONGEST_BODY], "url": message.url.removeprefix(settings.PORTAL_URL),
            "tag": message.topic, "lang": message.language}


def _unnamed(message: Message) -> dict[str, Any]:
    """That there is something, in the reader's language. The way to it leads through the sign-in page."""
    with translation.override(message.language):
        return {**_shown(message), "title": _("Something new in the portal"), "body": _("Sign in to read it.")}
