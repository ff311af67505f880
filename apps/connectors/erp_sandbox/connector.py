"""The sandbox ERP as one connector."""

from __future__ import annotations

from apps.connectors.erp_sandbox.actions import ACTIONS
from apps.connectors.erp_sandbox.client import client_of
from apps.connectors.erp_sandbox.config import SandboxErpConfig
from apps.connectors.erp_sandbox.streams import STREAMS, feed
from apps.connectors.erp_sandbox.webhooks import parse_webhook
from apps.integrations.sdk import CheckResult, Connector

NEEDED = {"sales.read", "sales.write", "stock.read", "stock.write", "purchase.write", "finance.read", "finance.write", "changes.read"}


def check(config: SandboxErpConfig) -> CheckResult:
    """Who is there, and may we do what the portal needs. Raises OutsideError kinds when it does not answer or refuses the key."""
    info = client_of(config).call("info", {})
    lacking = sorted(NEEDED - set(info.get("rights") or ()))
    message = f"The service account lacks the rights {', '.join(lacking)}." if lacking else ""
    return CheckResult(
        ok=not lacking,
        message=message,
        version=f"{info['product']} {info['version']}",
        facts={"company": info["company"], "user": info["user"], "protocol": config.protocol},
    )


CONNECTOR = Connector(
    id="erp_sandbox", config=SandboxErpConfig, streams=STREAMS, actions=ACTIONS, check=check, feed=feed, parse_webhook=parse_webhook
)
