"""The ERP as a server: REST, SOAP and the small page over one core."""

from __future__ import annotations

import re
from typing import Any

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request, json_answer, moved
from apps.devtools.sandbox.erp import page, soap
from apps.devtools.sandbox.erp.core import COOKIE, Erp
from apps.devtools.sandbox.erp.schema import OPERATIONS, Operation

_ROUTES = [(one, re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", one.path) + "/?$")) for one in OPERATIONS]


class ErpServer:
    """One running ERP on the line."""

    def __init__(self, erp: Erp) -> None:
        self.erp, self.service_key, self.faults = erp, erp.service_key, erp.faults

    def operation(self, request: Request) -> str:
        if request.path == "/soap":
            return soap.operation_name(request)
        found = _route(request)
        return found[0].name if found else ""

    def answer(self, request: Request) -> Answer:
        if request.path == "/soap":
            return soap.answer(self.erp, request)
        if request.path.startswith("/api/"):
            return self._rest(request)
        if request.path == "/enter" and request.method == "GET":
            return self._enter(request)
        return page.answer(self.erp, request)

    def refusal(self, request: Request, refused: Refused) -> Answer:
        if request.path == "/soap":
            return soap.fault(refused)
        if request.path.startswith("/api/"):
            body = {"code": refused.code, "message": refused.message, "field": refused.field}
            return json_answer({"error": body}, refused.status)
        return page.refusal(refused)

    def _rest(self, request: Request) -> Answer:
        found = _route(request)
        if found is None:
            raise Refused(404, "NO_SUCH_PATH", "There is nothing here.")
        operation, named = found
        user = self.erp.acting(request.headers.get("x-api-key", ""), request.headers.get("x-on-behalf-of", ""))
        given: dict[str, Any] = dict(named)
        if request.method == "GET":
            given |= {
                one.name: request.query[one.name].split(",") if one.many else request.query[one.name]
                for one in operation.given
                if one.name in request.query
            }
        else:
            given |= request.json()
        answer, replayed = self.erp.run(operation, given, user, base=f"http://{request.headers.get('host', 'localhost')}")
        status = 201 if operation.command and not replayed else 200
        return json_answer(answer, status, **({"X_Replayed": "true"} if replayed else {}))

    def _enter(self, request: Request) -> Answer:
        session, path = self.erp.enter(request.query.get("ticket", ""))
        return moved(path, Set_Cookie=f"{COOKIE}={session}; HttpOnly; SameSite=Lax; Path=/")


def _route(request: Request) -> tuple[Operation, dict[str, str]] | None:
    for operation, pattern in _ROUTES:
        match = pattern.match(request.path) if operation.method == request.method else None
        if match:
            return operation, match.groupdict()
    return None
