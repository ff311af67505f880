"""Settings of one connection to the sandbox ERP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from apps.integrations.sdk import Config, Secret


class SandboxErpConfig(Config):
    """`protocol`: over which of its two interfaces the ERP is spoken to; everything else is the same."""

    base_url: str = Field(pattern=r"^https?://[^/]+/?$", description="address of the ERP, without a path")
    service_key: Secret = Field(description="what the portal signs on with")
    webhook_secret: Secret = Field(default=Secret(""), description="what the ERP signs its webhooks with; empty: none are taken")
    protocol: Literal["rest", "soap"] = "rest"
    organisation: str = Field(default="", description="this ERP keeps one company; a name here is only a note")
