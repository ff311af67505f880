"""Speaking with the ERP. Both protocols offer one call: an operation by its name, values in, values out, failures in three kinds."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

from apps.connectors.erp_sandbox.client.rest import RestClient
from apps.connectors.erp_sandbox.client.soap import SoapClient
from apps.connectors.erp_sandbox.config import SandboxErpConfig
from apps.integrations.sdk import SERVICE, Actor, Json


class ErpClient(Protocol):
    """Values are JSON values in both protocols: numbers with decimals, days and moments as text."""

    def call(self, operation: str, given: Json, *, on_behalf_of: str = "") -> Json:
        """Raises TransientError, PermanentError, AuthError, GoneError."""
        ...


@lru_cache(maxsize=16)
def _client(protocol: str, base_url: str, service_key: str) -> ErpClient:
    return SoapClient(base_url, service_key) if protocol == "soap" else RestClient(base_url, service_key)


def client_of(config: SandboxErpConfig) -> ErpClient:
    """The client of a connection; kept, so that its line to the ERP and the WSDL it read are used again."""
    return _client(config.protocol, config.base_url.rstrip("/"), config.service_key.get_secret_value())


def person(actor: Actor) -> str:
    """Whom the ERP is to act as: "" the service account."""
    return "" if actor.login == SERVICE.login else actor.login
