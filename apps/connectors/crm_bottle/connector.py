"""BottleCRM as one connector."""

from __future__ import annotations

from apps.connectors.crm_bottle.actions import ACTIONS
from apps.connectors.crm_bottle.client import client_of
from apps.connectors.crm_bottle.config import BottleConfig
from apps.connectors.crm_bottle.streams import STREAMS, feed
from apps.connectors.crm_bottle.webhooks import parse_webhook
from apps.integrations.sdk import CheckResult, Connector


def check(config: BottleConfig) -> CheckResult:
    """Who are we there, and may we read everything. Raises OutsideError kinds when it does not answer or refuses the token."""
    me = client_of(config).get("/portal/me")
    ok = me.get("role") == "ADMIN" and (not config.organisation or str(me.get("org_id")) == config.organisation)
    message = "" if ok else "The service account must be ADMIN of the configured organisation."
    return CheckResult(
        ok=ok, message=message, version="BottleCRM 1.35", facts={"organisation": me.get("org"), "user": me.get("email"), "role": me.get("role")}
    )


CONNECTOR = Connector(id="crm_bottle", config=BottleConfig, streams=STREAMS, actions=ACTIONS, check=check, feed=feed, parse_webhook=parse_webhook)
