"""BottleCRM as its own users work with it: through its own API, not through the portal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import requests


class BottleCrm:
    def __init__(self, env: Mapping[str, str]) -> None:
        self._url = env["CRM_URL"]
        self._skus: dict[str, dict[str, Any]] = {}
        self._people: dict[str, str] = {}
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {env['CRM_SERVICE_TOKEN']}"
        self._session.headers["X-Portal-Org"] = env["CRM_ORG_ID"]

    def ask(self, method: str, path: str, **more: Any) -> Any:
        answer = self._session.request(method, self._url + path, timeout=30, **more)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text[:500])
        return answer.json() if answer.content else None

    def deal(self, *, customer: str, seller: str = "ana", lines: Sequence[tuple[str, str, str]], name: str = "", **more: Any) -> str:
        """A deal in negotiation. lines: (SKU, quantity, unit price); customer "": none. Returns its id."""
        deal = self.ask(
            "POST",
            "/api/opportunities/",
            json={
                "name": name or f"Journey {uuid.uuid4().hex[:8]}",
                "account": self.account(customer) if customer else None,
                "stage": "NEGOTIATION",
                "currency": "CNY",
                "amount": "1",
                "closed_on": "2026-12-31",
                "assigned_to": [self.person(seller)],
                "probability": 60,
                **more,
            },
        )
        for sku, quantity, price in lines:
            self.add_line(deal["id"], sku, quantity, price)
        return str(deal["id"])

    def person(self, login: str) -> str:
        """BottleCRM's id of one of its users."""
        if login not in self._people:
            users = self.ask("GET", "/api/users/?limit=50")["active_users"]["active_users"]
            self._people = {user["user_details"]["email"].partition("@")[0]: str(user["id"]) for user in users}
        return self._people[login]

    def product(self, sku: str) -> dict[str, Any] | None:
        """One of BottleCRM's products; None when it has none of that code."""
        if sku not in self._skus:
            self._skus = {str(one["sku"]): one for one in self.ask("GET", "/api/invoices/products/?limit=200")["results"]}
        return self._skus.get(sku)

    def add_line(self, deal_id: str, sku: str, quantity: str, price: str, **more: Any) -> None:
        product = self.product(sku)
        body = {"name": product["name"] if product else sku, "quantity": quantity, "unit_price": price, **more}
        if product:
            body["product_id"] = product["id"]
        self.ask("POST", f"/api/opportunities/{deal_id}/line-items/", json=body)

    def remove_line(self, deal_id: str, name: str) -> None:
        """Takes the lines of that name out of the deal."""
        lines = self.ask("GET", f"/api/opportunities/{deal_id}/line-items/")["line_items"]
        for line in lines:
            if line["name"] == name:
                self.ask("DELETE", f"/api/opportunities/{deal_id}/line-items/{line['id']}/")

    def lines(self, deal_id: str) -> list[dict[str, Any]]:
        """The deal's lines in their order, as BottleCRM shows them."""
        return list(self.ask("GET", f"/api/opportunities/{deal_id}/line-items/")["line_items"])

    def change_line(self, deal_id: str, line_id: str, sku: str = "", **changes: Any) -> None:
        """Another product, quantity or price for a line; what is not named stays."""
        if sku:
            product = self.product(sku)
            assert product, sku
            changes["product_id"] = product["id"]
        self.ask("PUT", f"/api/opportunities/{deal_id}/line-items/{line_id}/", json=changes)

    def prototype(self) -> str:
        """The SKU of a product that is sold here and that the ERP does not know."""
        if self.product("X-9901") is None:
            self.ask("POST", "/api/invoices/products/", json={"name": "Prototype rotor", "sku": "X-9901", "price": "130", "currency": "CNY"})
        return "X-9901"

    def change(self, deal_id: str, **fields: Any) -> None:
        self.ask("PATCH", f"/api/opportunities/{deal_id}/", json=fields)

    def delete(self, deal_id: str) -> None:
        self.ask("DELETE", f"/api/opportunities/{deal_id}/")

    def account(self, customer: str) -> str:
        """BottleCRM's id of a customer."""
        return str(self.ask("GET", f"/api/accounts/?cf_erp_customer={customer}")["active_accounts"]["open_accounts"][0]["id"])

    def set_stage(self, deal_id: str, stage: str) -> None:
        self.ask("PATCH", f"/api/opportunities/{deal_id}/", json={"stage": stage, "closed_on": "2026-11-24"})

    def set_won(self, deal_id: str) -> None:
        self.set_stage(deal_id, "CLOSED_WON")

    def name(self, deal_id: str) -> str:
        return str(self.ask("GET", f"/api/opportunities/{deal_id}/")["opportunity_obj"]["name"])
