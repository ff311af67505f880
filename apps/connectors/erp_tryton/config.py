"""Settings of one connection to Tryton."""

from __future__ import annotations

from pydantic import Field

from apps.integrations.sdk import Config, Secret


class TrytonConfig(Config):
    base_url: str = Field(
        pattern=r"^https?://[^/]+/[A-Za-z0-9_]+/?$", description="address of the server with the database's name, e.g. http://localhost:8010/erp"
    )
    web_url: str = Field(default="", description="address of the web client; empty: no links into it")
    service_key: Secret = Field(description="application key (REST) of the service account")
    webhook_secret: Secret = Field(default=Secret(""), description="what portal_bridge signs its webhooks with; empty: none are taken")
    organisation: str = Field(default="", description="one database keeps one company; a name here is only a note")
