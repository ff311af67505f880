"""Settings of one connection to the sandbox CRM."""

from __future__ import annotations

from pydantic import Field

from apps.integrations.sdk import Config, Secret


class SandboxCrmConfig(Config):
    base_url: str = Field(pattern=r"^https?://[^/]+/?$", description="address of the CRM, without a path")
    service_token: Secret = Field(description="what the portal signs in with")
    webhook_secret: Secret = Field(default=Secret(""), description="what the CRM signs its webhooks with; empty: none are taken")
    organisation: str = Field(default="yunhe", description="whose records are read; this CRM keeps several organisations")
