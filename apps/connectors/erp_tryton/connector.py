"""Tryton with portal_bridge as one connector."""

from __future__ import annotations

from apps.connectors.erp_tryton.actions import ACTIONS
from apps.connectors.erp_tryton.client import client_of
from apps.connectors.erp_tryton.config import TrytonConfig
from apps.connectors.erp_tryton.streams import STREAMS, feed
from apps.connectors.erp_tryton.webhooks import parse_webhook
from apps.integrations.sdk import CheckResult, Connector

NEEDED = {"sale.create", "invoice.post", "purchase_request.create", "shipment.advance"}


def check(config: TrytonConfig) -> CheckResult:
    """Who is there, and does its portal_bridge know what we need. Raises OutsideError kinds when it does not answer or refuses the key."""
    client = client_of(config)
    health, me = client.get("health"), client.get("me")
    lacking = sorted(NEEDED - set(health.get("commands") or ()))
    message = f"portal_bridge lacks the commands {', '.join(lacking)}." if lacking else ""
    return CheckResult(
        ok=not lacking,
        message=message,
        version=f"Tryton {health.get('trytond')}",
        facts={"user": me.get("login"), "groups": ", ".join(me.get("groups") or ())},
    )


CONNECTOR = Connector(id="erp_tryton", config=TrytonConfig, streams=STREAMS, actions=ACTIONS, check=check, feed=feed, parse_webhook=parse_webhook)
