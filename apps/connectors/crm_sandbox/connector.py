"""The sandbox CRM as one connector."""

from __future__ import annotations

from apps.connectors.crm_sandbox.actions import ACTIONS
from apps.connectors.crm_sandbox.client import client_of
from apps.connectors.crm_sandbox.config import SandboxCrmConfig
from apps.connectors.crm_sandbox.streams import STREAMS, feed
from apps.connectors.crm_sandbox.webhooks import parse_webhook
from apps.integrations.sdk import CheckResult, Connector


def check(config: SandboxCrmConfig) -> CheckResult:
    """Who is there, and is our organisation among theirs. Raises OutsideError kinds when it does not answer or refuses the token."""
    info = client_of(config).get("/v1/whoami")
    there = sorted(one["code"] for one in info["organisations"])
    ok = config.organisation in there
    message = "" if ok else f"The CRM has no organisation “{config.organisation}”, only {', '.join(there)}."
    return CheckResult(
        ok=ok,
        message=message,
        version=f"{info['product']} {info['version']}",
        facts={"user": info["user"], "role": info["role"], "organisations": there},
    )


CONNECTOR = Connector(
    id="crm_sandbox", config=SandboxCrmConfig, streams=STREAMS, actions=ACTIONS, check=check, feed=feed, parse_webhook=parse_webhook
)
