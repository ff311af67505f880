"""Settings of one connection to BottleCRM."""

from __future__ import annotations

from pydantic import Field

from apps.integrations.sdk import Config, Secret


class BottleConfig(Config):
    base_url: str = Field(pattern=r"^https?://[^/]+/?$", description="address of the CRM, without a path")
    service_token: Secret = Field(description="personal access token of the service account; it must be ADMIN of the organisation")
    webhook_secret: Secret = Field(default=Secret(""), description="what the CRM signs its webhooks with; empty: none are taken")
    organisation: str = Field(default="", description="id of the organisation whose records are read; empty: the token's only one")
