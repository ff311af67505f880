"""Every kind that the ERP and the CRM give away can be read as a page and again as one record by its id."""

from __future__ import annotations

import pytest
import requests

from tests.support.stack import RealStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
KINDS = ("product", "stock", "receivable", "order", "shipment", "invoice", "purchase_request")


@pytest.mark.req("I12", "I13")
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_the_erp_is_read_by_its_id_as_in_its_page(real_stack: RealStack, kind: str) -> None:
    env = real_stack.env

    def rows(**named: str) -> list[dict[str, object]]:
        answer = requests.get(
            f"{env['ERP_URL']}/portal/read/{kind}", params=named, headers={"Authorization": f"Bearer {env['ERP_SERVICE_KEY']}"}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, object]] = answer.json()["rows"]
        return found

    if kind == "purchase_request":
        _request_a_purchase(env)
    page = rows(limit="3")
    assert page
    for row in page:
        assert rows(id=str(row["id"])) == [row]
    code = page[0].get("code") or page[0].get("number")
    if code and kind != "purchase_request":
        assert [row["id"] for row in rows(code=str(code))] == [page[0]["id"]]


def _request_a_purchase(env: dict[str, str]) -> None:
    sign = {"Authorization": f"Bearer {env['ERP_SERVICE_KEY']}"}
    order = requests.get(f"{env['ERP_URL']}/portal/read/order", params={"limit": "1"}, headers=sign, timeout=30).json()["rows"][0]
    body = {
        "key": "test-reads-purchase",
        "command": "purchase_request.create",
        "payload": {"sale": order["number"], "lines": [{"product": "P-1017", "quantity": "1"}]},
    }
    requests.post(f"{env['ERP_URL']}/portal/command", json=body, headers=sign, timeout=30).raise_for_status()
