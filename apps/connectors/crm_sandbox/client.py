"""The CRM's REST interface."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import requests

from apps.connectors.crm_sandbox.config import SandboxCrmConfig
from apps.integrations.sdk import SERVICE, Actor, AuthError, Client, GoneError, Json, OutsideError, PermanentError, TransientError, json_of, retry_after

SYSTEM = "CRM"
# The CRM's word for "somebody changed it meanwhile" is ours.
_CODES = {"changed_meanwhile": "conflict"}


class _Http(Client):
    def failure(self, response: requests.Response) -> OutsideError:
        status = response.status_code
        try:
            body = json_of(response)
            code, message = str(body["reason"]), str(body["message"])
        except (ValueError, LookupError, TypeError):
            return super().failure(response)
        kinds: dict[int, type[OutsideError]] = {401: AuthError, 410: GoneError, 408: TransientError, 429: TransientError}
        kind = kinds.get(status, TransientError if status >= 500 else PermanentError)
        return kind(message, system=SYSTEM, status=status, code=_CODES.get(code, code), retry_after=retry_after(response.headers))


class CrmClient:
    """Everything raises TransientError, PermanentError, AuthError or GoneError."""

    def __init__(self, base_url: str, token: str) -> None:
        self._http = _Http(base_url, system=SYSTEM, headers={"Authorization": f"Token {token}", "Accept": "application/json"})

    def get(self, path: str, *, actor: Actor = SERVICE, **params: str) -> Json:
        given = {name: value for name, value in params.items() if value}
        return _json(self._http.request("GET", path, params=given, headers=_as(actor)))

    def write(self, method: str, path: str, body: Mapping[str, Any], *, actor: Actor, key: str, if_match: str = "") -> Json:
        """`key`: the CRM answers a repeat with the first answer, and marks the change with it."""
        headers = {**_as(actor), **({"Idempotency-Key": key} if key else {}), **({"If-Match": if_match} if if_match else {})}
        return _json(self._http.request(method, path, json=dict(body), headers=headers))


def _as(actor: Actor) -> dict[str, str]:
    return {"X-Act-As": actor.login} if actor.login and actor.login != SERVICE.login else {}


def _json(response: requests.Response) -> Json:
    try:
        found = json_of(response)
    except ValueError:
        # Whatever stood in between answered. The effect may have happened, so it may be repeated with its key.
        raise TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM, status=response.status_code) from None
    if not isinstance(found, dict):
        raise TransientError(f"{SYSTEM} gave an answer of another shape", system=SYSTEM, status=response.status_code, code="shape")
    return found


@lru_cache(maxsize=16)
def _client(base_url: str, token: str) -> CrmClient:
    return CrmClient(base_url, token)


def client_of(config: SandboxCrmConfig) -> CrmClient:
    """The client of a connection; kept, so that its line to the CRM is used again."""
    return _client(config.base_url.rstrip("/"), config.service_token.get_secret_value())
