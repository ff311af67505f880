"""HTTP to BottleCRM. Statuses decide, never the `error` flag of its answers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import requests

from apps.connectors.crm_bottle.config import BottleConfig
from apps.integrations.sdk import Actor, AuthError, Client, Json, OutsideError, PermanentError, TransientError, json_of, retry_after

SYSTEM = "CRM"
MOST_WORDS = 300
# what it says with 403 to a token it does not know; a missing right is 403 as well
NOBODY = ("credentials were not provided", "organization context is required")


class _Http(Client):
    def failure(self, response: requests.Response) -> OutsideError:
        """403 means a bad personal token as well as a missing right: told apart by the words upstream uses for the first.
        404 says that a record is gone in the CRM's own form only: a page of something in between says nothing of records."""
        words = self.words(response)
        if response.status_code == 403 and any(known in words.lower() for known in NOBODY):
            return AuthError(words, system=SYSTEM, status=403)
        if response.status_code == 409:  # the same key is still running
            return TransientError(words, system=SYSTEM, status=409, code="in_progress", retry_after=retry_after(response.headers) or 5.0)
        if response.status_code == 422:  # the key was used for another request: our bug, never repeated
            return PermanentError(words, system=SYSTEM, status=422, code="key_reuse")
        found = super().failure(response)
        found.code = "not_found" if response.status_code == 404 and _body(response) else ""
        return found

    def words(self, response: requests.Response) -> str:
        body = _body(response)
        if not body:
            return f"{SYSTEM} answered {response.status_code}"
        return _flat(body.get("errors") or body.get("detail") or body.get("message") or response.status_code)[:MOST_WORDS]


def _body(response: requests.Response) -> Json:
    """The CRM's own words as JSON; {} for anything else."""
    try:
        body = json_of(response)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_flat(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return " ".join(_flat(inner) for inner in value)
    return str(value)


class BottleClient:
    """As the service account, or (`actor.token`) as a person by a token of the company's sign-on."""

    def __init__(self, config: BottleConfig) -> None:
        self._http = _Http(config.base_url, system=SYSTEM, headers={"Accept": "application/json"})
        self._service = config.service_token.get_secret_value()
        self._organisation = config.organisation

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        return self._json("GET", path, params=params)

    def write(self, method: str, path: str, body: Json, *, key: str, actor: Actor) -> Json:
        """`key` is both the idempotency key and the mark by which the change feed names its writer."""
        headers = {"Idempotency-Key": key, "X-Portal-Origin": key, "Authorization": f"Bearer {actor.token or self._service}"}
        return self._json(method, path, json=body, headers=headers)

    def _json(self, method: str, path: str, **more: Any) -> Json:
        headers = {"Authorization": f"Bearer {self._service}", **(more.pop("headers", None) or {})}
        if self._organisation:
            headers["X-Portal-Org"] = self._organisation
        response = self._http.request(method, path, headers=headers, **more)
        if response.status_code == 204:
            return {}
        try:
            answer = json_of(response)
        except ValueError:
            raise TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM, status=response.status_code) from None
        if not isinstance(answer, dict):
            raise TransientError(f"{SYSTEM} gave an answer of another shape", system=SYSTEM, status=response.status_code, code="shape")
        return answer


@functools.lru_cache(maxsize=8)
def _kept(base_url: str, token: str, organisation: str) -> BottleClient:
    return BottleClient(BottleConfig.model_validate({"base_url": base_url, "service_token": token, "organisation": organisation}))


def client_of(config: BottleConfig) -> BottleClient:
    """One client, so one pool of connections, for each connection."""
    return _kept(config.base_url, config.service_token.get_secret_value(), config.organisation)
