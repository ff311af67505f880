"""Tryton as its own users work with it: through its own JSON-RPC, in a session of theirs, not through the portal."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Mapping
from typing import Any

import requests

from tests.support.signon import Realm

COOKIE = "tryton_session"


class TrytonUser:
    """One person in Tryton's web client: come in by a one-time ticket, as the portal's people do."""

    def __init__(self, env: Mapping[str, str], login: str) -> None:
        realm = Realm(env)
        self._rpc_url = env["ERP_URL"] + "/rpc/"
        self._numbers = itertools.count(1)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Session {self._sign_in(env, realm.token_for(realm.sign_on(login), 'tryton'))}"

    def _sign_in(self, env: Mapping[str, str], token: str) -> str:
        ticket = self._session.post(f"{env['ERP_URL']}/portal/ticket", json={"path": ""}, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert ticket.status_code == 201, ticket.text[:300]
        page = self._session.get(env["ERP_WEB_URL"] + ticket.json()["url"], timeout=30)
        assert page.status_code == 200, page.text[:300]
        value = page.cookies[COOKIE]
        self._session.cookies.clear()  # the header alone says who this is
        return base64.b64encode(value.strip('"').encode()).decode()

    def call(self, method: str, *params: Any, context: Mapping[str, Any] | None = None) -> Any:
        """One remote call. Raises AssertionError with Tryton's words when it refuses."""
        body = {"id": next(self._numbers), "method": method, "params": [*params, dict(context or {})]}
        answer = self._session.post(self._rpc_url, json=body, timeout=60)
        assert answer.status_code == 200, (method, answer.status_code, answer.text[:300])
        result = answer.json()
        assert not result.get("error"), (method, result["error"])
        return result.get("result")

    def press(self, model: str, ident: int, *buttons: str) -> None:
        """Buttons of one record, one after the other."""
        for button in buttons:
            self.call(f"model.{model}.{button}", [ident])

    def settle_without_delivery(self, order_id: int) -> None:
        """The order's deliveries were cancelled: settle this exception without having them made again. That is how an order in processing ends."""
        wizard = "wizard.sale.handle.shipment.exception"
        context = {"active_id": order_id, "active_ids": [order_id], "active_model": "sale.sale"}
        session, _begin, _end = self.call(f"{wizard}.create", context=context)
        view = self.call(f"{wizard}.execute", session, {}, "ask", context=context)["view"]
        moves = view["defaults"]["domain_moves"]
        answers = {"ask": {"domain_moves": moves, "ignore_moves": moves, "recreate_moves": []}}
        self.call(f"{wizard}.execute", session, answers, "handle", context=context)
        self.call(f"{wizard}.delete", session)

    def find(self, model: str, **equal: Any) -> int:
        """The one record with these values."""
        (found,) = self.call(f"model.{model}.search", [[name, "=", value] for name, value in equal.items()], 0, None, None)
        return int(found)

    def pay(self, invoice_id: int) -> None:
        """The whole invoice, by bank transfer."""
        wizard = "wizard.account.invoice.pay"
        context = {"active_id": invoice_id, "active_ids": [invoice_id], "active_model": "account.invoice"}
        session, begin, _end = self.call(f"{wizard}.create", context=context)
        shown = self.call(f"{wizard}.execute", session, {}, begin, context=context)["view"]["defaults"]
        given = {name: value for name, value in shown.items() if not name.endswith(".")}  # "company.": its name for people
        answers = {"start": {**given, "payment_method": self.find("account.invoice.payment.method", name="Bank transfer")}}
        self.call(f"{wizard}.execute", session, answers, "choice", context=context)
        self.call(f"{wizard}.delete", session)

    def recount(self, sku: str, quantity: float) -> None:
        """An inventory of one product at the storage: from now on that much is there."""
        line = {"product": self.find("product.product", code=sku), "quantity": quantity}
        company = self.call("model.res.user.get_preferences", True)["company"]
        inventory = {"location": self.find("stock.location", code="STO"), "company": company, "lines": [["create", [line]]]}
        made = self.call("model.stock.inventory.create", [inventory], context={"company": company})
        self.press("stock.inventory", made[0], "confirm")
