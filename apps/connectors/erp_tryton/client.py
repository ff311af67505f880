"""HTTP to the routes of portal_bridge: commands with a key, whole records, the feed."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import requests

from apps.connectors.erp_tryton.config import TrytonConfig
from apps.integrations.sdk import SERVICE, Actor, Client, Json, OutsideError, PermanentError, TransientError, json_of, retry_after

SYSTEM = "ERP"
WRITE_LIMITS = (2.0, 30.0)  # an order is priced, quoted, confirmed and processed in one call
PAGE_LIMITS = (2.0, 30.0)  # whole pages of several kinds are read side by side, and the ERP is one process
LATER = {"busy", "in_progress", "unavailable"}


class _Http(Client):
    def failure(self, response: requests.Response) -> OutsideError:
        code, words = _error(response)
        if code in LATER:
            return TransientError(words, system=SYSTEM, status=response.status_code, code=code, retry_after=retry_after(response.headers) or 1.0)
        found = super().failure(response)
        found.code = code
        return found

    def words(self, response: requests.Response) -> str:
        return _error(response)[1]


def _error(response: requests.Response) -> tuple[str, str]:
    """(code, the ERP's own words) of {"error": {"code", "message"}}; Tryton's core answers HTML."""
    try:
        error = json_of(response)["error"]
        return str(error["code"]), str(error["message"])
    except (ValueError, LookupError, TypeError):
        return "", f"{SYSTEM} answered {response.status_code}"


class TrytonClient:
    def __init__(self, base_url: str, service_key: str) -> None:
        self._http = _Http(base_url, system=SYSTEM, headers={"Accept": "application/json"})
        self._service = service_key

    def get(self, path: str, params: Sequence[tuple[str, Any]] = (), *, actor: Actor = SERVICE, **more: Any) -> Json:
        return self._answer(self._http.request("GET", f"/portal/{path}", params=params, headers=self._as(actor), **more))  # type: ignore[arg-type]

    def rows(
        self, kind: str, *, ids: Sequence[str] = (), codes: Sequence[str] = (), after: str = "", limit: int = 100, actor: Actor = SERVICE
    ) -> Json:
        """{"rows", "next"}: the named records, or a page of all by ascending id."""
        params: list[tuple[str, Any]] = [("limit", limit), *(("id", one) for one in ids), *(("code", one) for one in codes)]
        more = {} if ids or codes else {"timeout": PAGE_LIMITS}
        return self.get(f"read/{kind}", [*params, ("after", after)] if after else params, actor=actor, **more)

    def post(self, path: str, body: Json, *, actor: Actor = SERVICE) -> Json:
        return self._answer(self._http.request("POST", f"/portal/{path}", json=body, headers=self._as(actor), timeout=WRITE_LIMITS))

    def command(self, name: str, payload: Mapping[str, Any], *, key: str, actor: Actor) -> Json:
        """One command, once: the key stands in the transaction of its effect."""
        result: Json = self.post("command", {"key": key, "command": name, "payload": dict(payload)}, actor=actor)["result"]
        return result

    def result_of(self, key: str, *, actor: Actor) -> Json | None:
        """What the command with this key answered; None when it never took effect."""
        try:
            result: Json = self.get(f"command/{quote(key, safe='')}", actor=actor)["result"]
        except PermanentError as error:
            if error.status == 404:
                return None
            raise
        return result

    def _as(self, actor: Actor) -> dict[str, str]:
        return {"Authorization": f"Bearer {actor.token or self._service}"}

    def _answer(self, response: requests.Response) -> Json:
        try:
            answer = json_of(response)
        except ValueError:
            raise TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM, status=response.status_code) from None
        if not isinstance(answer, dict):
            raise TransientError(f"{SYSTEM} gave an answer of another shape", system=SYSTEM, status=response.status_code, code="shape")
        return answer


@functools.lru_cache(maxsize=8)
def _kept(base_url: str, service_key: str) -> TrytonClient:
    return TrytonClient(base_url, service_key)


def client_of(config: TrytonConfig) -> TrytonClient:
    """One client, so one pool of connections, for each connection."""
    return _kept(config.base_url.rstrip("/"), config.service_key.get_secret_value())
