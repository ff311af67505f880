"""What the portal needs of the ERP's routes: every kind is read as a page and as one record, and commands that come at once are all done, each once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.support.stack import RealStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
KINDS = ("product", "stock", "receivable", "order", "shipment", "invoice", "purchase_request")


def command(env: Mapping[str, str], name: str, payload: dict[str, Any], key: str = "") -> requests.Response:
    body = {"key": key or f"test-{uuid.uuid4()}", "command": name, "payload": payload}
    return requests.post(f"{env['ERP_URL']}/portal/command", json=body, headers={"Authorization": f"Bearer {env['ERP_SERVICE_KEY']}"}, timeout=90)


def rows(env: Mapping[str, str], kind: str, **named: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {env['ERP_SERVICE_KEY']}"}
    answer = requests.get(f"{env['ERP_URL']}/portal/read/{kind}", params=named, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["rows"])


@pytest.mark.req("I12", "I13")
@pytest.mark.parametrize("kind", KINDS)
def test_a_record_is_read_by_its_id_as_in_its_page(real_stack: RealStack, kind: str) -> None:
    env = real_stack.env
    if kind == "purchase_request":
        order = rows(env, "order", limit="1")[0]["number"]
        assert command(env, "purchase_request.create", {"sale": order, "lines": [{"product": "P-1017", "quantity": "1"}]}).status_code == 201
    page = rows(env, kind, limit="3")
    assert page
    for row in page:
        assert rows(env, kind, id=str(row["id"])) == [row]


@pytest.mark.req("D5")
def test_commands_that_come_at_once_are_all_done_and_each_once(real_stack: RealStack) -> None:
    """Orders are numbered from one strict sequence, whose row Tryton locks without waiting."""
    env, keys = real_stack.env, [f"test-{uuid.uuid4()}" for _ in range(4)]
    line = {"product": "P-1017", "quantity": "1", "unit_price": "1"}
    payload = {"party": "C-007", "currency": "CNY", "payment_term": {"days": 30}, "lines": [line]}

    def persist(key: str) -> Any:
        """As the portal does: "busy" and "in progress" mean later, anything else that is no success would mean that the ERP is away."""
        while (answer := command(env, "sale.create", payload, key)).status_code == 409:
            assert answer.json()["error"]["code"] in {"busy", "in_progress"}
        assert answer.status_code < 300, answer.text
        return answer.json()

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(persist, keys * 2))
    assert sorted(one["replayed"] for one in done) == [False] * 4 + [True] * 4
    assert len({one["result"]["number"] for one in done}) == 4
    assert len({(one["key"], one["result"]["number"]) for one in done}) == 4
