"""What the ERP pushes: one change a request, signed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping

from apps.connectors.erp_sandbox.config import SandboxErpConfig
from apps.connectors.erp_sandbox.streams import hint_of
from apps.integrations.sdk import REPLAY_WINDOW, Hint, WebhookRefused


def parse_webhook(config: SandboxErpConfig, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> Iterable[Hint]:
    """The signature covers id, moment and body. Raises WebhookRefused; ValueError or LookupError for a signed body of another shape."""
    given = {name.lower(): value for name, value in headers.items()}
    event_id, moment = given.get("x-erp-event", ""), given.get("x-erp-timestamp", "")
    secret = config.webhook_secret.get_secret_value()
    signed = hmac.new(secret.encode(), f"{event_id}.{moment}.".encode() + body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(given.get("x-erp-signature", "").encode(), f"v1={signed}".encode()):
        raise WebhookRefused("the signature is missing or wrong")
    if not (moment.isascii() and moment.isdigit()) or abs(now.timestamp() - int(moment)) > REPLAY_WINDOW.total_seconds():
        raise WebhookRefused("it is too old")
    return (hint_of(json.loads(body)),)
