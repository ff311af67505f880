"""The ERP's REST interface."""

from __future__ import annotations

from urllib.parse import quote

import requests

from apps.integrations.sdk import AuthError, Client, GoneError, Json, OutsideError, PermanentError, TransientError, json_of, retry_after

SYSTEM = "ERP"
READ = ("items", "stock", "balances", "orders", "deliveries", "invoices", "requests", "payments", "purchases", "productions")
# operation -> (method, path); values named in the path are taken out of what is given
PATHS = {
    "info": ("GET", "/api/info"),
    "currencies": ("GET", "/api/currencies"),
    "changes": ("GET", "/api/changes"),
    "orders.create": ("POST", "/api/orders"),
    "orders.invoice": ("POST", "/api/orders/{orderId}/invoice"),
    "requests.create": ("POST", "/api/requests"),
    "deliveries.advance": ("POST", "/api/deliveries/{deliveryId}/advance"),
    "tickets.open": ("POST", "/api/tickets"),
    "sessions.end": ("POST", "/api/sessions/end"),
    **{f"{what}.list": ("GET", f"/api/{what}") for what in READ},
    **{f"{what}.get": ("GET", f"/api/{what}/{{id}}") for what in READ},
}


def failure_of(status: int, code: str, message: str, *, later: float | None = None) -> OutsideError:
    """What a refusal of this ERP means. The codes are the same over SOAP. `later`: after how many seconds to ask again, if it says so."""
    if status == 401:
        return AuthError(message, system=SYSTEM, status=status, code=code)
    if status == 410:
        return GoneError(message, system=SYSTEM, status=status, code=code)
    if status >= 500 or status in (408, 425, 429):
        return TransientError(message, system=SYSTEM, status=status, code=code, retry_after=later)
    return PermanentError(message, system=SYSTEM, status=status, code=code)


class _Http(Client):
    def failure(self, response: requests.Response) -> OutsideError:
        try:
            error = json_of(response)["error"]
            return failure_of(response.status_code, str(error["code"]), str(error["message"]), later=retry_after(response.headers))
        except (ValueError, LookupError, TypeError):
            return super().failure(response)


class RestClient:
    def __init__(self, base_url: str, service_key: str) -> None:
        self._http = _Http(base_url, system=SYSTEM, headers={"X-Api-Key": service_key, "Accept": "application/json"})

    def call(self, operation: str, given: Json, *, on_behalf_of: str = "") -> Json:
        method, path = PATHS[operation]
        values = {name: value for name, value in given.items() if value is not None}
        for name in [name for name in values if f"{{{name}}}" in path]:
            path = path.replace(f"{{{name}}}", quote(str(values.pop(name)), safe=""))
        headers = {"X-On-Behalf-Of": on_behalf_of} if on_behalf_of else {}
        if method == "GET":
            params = {name: ",".join(value) if isinstance(value, list) else value for name, value in values.items()}
            response = self._http.request(method, path, params=params, headers=headers)
        else:
            response = self._http.request(method, path, json=values, headers=headers)
        try:
            answer = json_of(response)
        except ValueError:
            # Not even JSON: whatever stood in between answered. The effect may have happened, so it may be repeated with its key.
            raise TransientError(f"{SYSTEM} gave an answer that cannot be read", system=SYSTEM, status=response.status_code) from None
        if not isinstance(answer, dict):
            raise TransientError(f"{SYSTEM} gave an answer of another shape", system=SYSTEM, status=response.status_code, code="shape")
        return answer
