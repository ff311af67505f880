"""The CRM as a server: REST and the small page."""

from __future__ import annotations

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request, json_answer
from apps.devtools.sandbox.crm import page
from apps.devtools.sandbox.crm.core import Crm, route


class CrmServer:
    """One running CRM on the line."""

    def __init__(self, crm: Crm) -> None:
        self.crm, self.service_key, self.faults = crm, crm.service_key, crm.faults

    def operation(self, request: Request) -> str:
        found = route(request.method, request.path)
        return found[0] if found else ""

    def answer(self, request: Request) -> Answer:
        if not request.path.startswith("/v1/"):
            return page.answer(self.crm, request)
        found = route(request.method, request.path)
        if found is None:
            raise Refused(404, "no_such_path", "There is nothing here.")
        name, ident = found
        user = self.crm.acting(request.headers.get("authorization", ""), request.headers.get("x-act-as", ""))
        if request.method == "GET":
            return json_answer(self.crm.read(name, ident, request.query, user))
        key, if_match = request.headers.get("idempotency-key", ""), request.headers.get("if-match", "")
        answer, replayed = self.crm.write(name, ident, request.json(), user, key=key, if_match=if_match)
        status = 201 if name.endswith(("create", "comment")) and not replayed else 200
        return json_answer(answer, status, **({"Idempotency_Replayed": "true"} if replayed else {}))

    def refusal(self, request: Request, refused: Refused) -> Answer:
        if not request.path.startswith("/v1/"):
            return page.refusal(refused)
        errors = {refused.field: [refused.message]} if refused.field else {}
        return json_answer({"reason": refused.code, "message": refused.message, "errors": errors}, refused.status)
