"""What portal_bridge pushes: a batch of changes a request, in the form of Standard Webhooks."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from apps.connectors.erp_tryton.config import TrytonConfig
from apps.connectors.erp_tryton.streams import hints_of
from apps.integrations.sdk import REPLAY_WINDOW, Hint, WebhookRefused


def parse_webhook(config: TrytonConfig, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Iterable[Hint]:
    """The signature covers id, moment and body; several may be offered while a secret is changed. Raises WebhookRefused."""
    given = {name.lower(): value for name, value in headers.items()}
    event_id, moment = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    secret = config.webhook_secret.get_secret_value()
    digest = hmac.new(secret.encode(), f"{event_id}.{moment}.".encode() + body, hashlib.sha256).digest()
    wanted = f"v1,{base64.b64encode(digest).decode()}".encode()
    if not secret or not any(hmac.compare_digest(one.encode(), wanted) for one in given.get("webhook-signature", "").split()):
        raise WebhookRefused("the signature is missing or wrong")
    if not (moment.isascii() and moment.isdigit()) or abs(now.timestamp() - int(moment)) > REPLAY_WINDOW.total_seconds():
        raise WebhookRefused("it is too old")
    batch = json.loads(body)
    return tuple(hint for event in batch["events"] for hint in hints_of(event, str(batch["epoch"])))
