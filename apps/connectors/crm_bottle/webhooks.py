"""What the CRM pushes: a batch of changes a request, in order, signed over moment and body."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from apps.connectors.crm_bottle.config import BottleConfig
from apps.connectors.crm_bottle.streams import hint_of
from apps.integrations.sdk import REPLAY_WINDOW, Hint, WebhookRefused


def parse_webhook(config: BottleConfig, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Iterable[Hint]:
    """Raises WebhookRefused; ValueError or LookupError for a signed body of another shape."""
    given = {name.lower(): value for name, value in headers.items()}
    moment, secret = given.get("x-portal-timestamp", ""), config.webhook_secret.get_secret_value()
    signed = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    offered = [part.strip() for part in given.get("x-portal-signature", "").replace(",", " ").split()]
    if not secret or not any(hmac.compare_digest(one.encode(), f"v1={signed}".encode()) for one in offered):
        raise WebhookRefused("the signature is missing or wrong")
    if not (moment.isascii() and moment.isdigit()) or abs(now.timestamp() - int(moment)) > REPLAY_WINDOW.total_seconds():
        raise WebhookRefused("it is too old")
    batch = json.loads(body)
    return tuple(hint_of(event, str(batch["org_id"])) for event in batch["events"])
