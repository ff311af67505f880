"""Queries of each page, as checked in: tests/query_counts.json. A page may take fewer, never more.

Write the file anew with ATRIUM_COUNT_QUERIES=write after a change that is meant.
"""

from __future__ import annotations

import json
import os
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support import shop

FILE = pathlib.Path(__file__).resolve().parents[1] / "query_counts.json"
VISIT = "00000000-0000-0000-0000-0000000000a1"
NEWS = "00000000-0000-0000-0000-0000000000b1"
PAGES = {
    "ana": (
        "/home/todos/", "/home/messages/", "/shell/todo-count/", "/widgets/erp.stock_alerts/", "/widgets/erp.my_orders/",
        "/widgets/crm.my_pipeline/", "/widgets/business.loop/", "/customers/", "/customers/c-0/", "/customers/c-0/edit/", "/deals/",
        "/calendar/", "/calendar/?view=agenda", "/calendar/link/", "/deals/?view=list", "/deals/d-0/", "/done/?who=others", "/home/edit/",
        "/inbox/", "/inbox/?tab=closed", "/orders/", "/orders/o-1/", "/profile/", "/profile/notifications/", "/requests/", "/search/?q=delta",
        "/search/quick/?q=delta", "/stock/", "/widgets/business.calendar/", "/widgets/crm.closing/", "/widgets/crm.follow_up/",
        "/widgets/workflows.requests/", "/widgets/workspace.favourites/",
        "/visits/", "/visits/?view=all", "/visits/new/?customer=c-0", f"/visits/{VISIT}/", f"/visits/{VISIT}/report/", "/visits/people/?people_q=wei",
        "/announcements/", f"/announcements/{NEWS}/", "/announcements/copies/", "/start/", "/service-requests/",
        "/widgets/workspace.quick_launch/", "/widgets/business.announcements/",
        "/",  # last: by then records were opened
    ),
    "eve": ("/shipments/", "/shipments/s-1/", "/widgets/erp.to_ship/"),
    "boss": (
        "/approvals/", "/widgets/workflows.approvals/", "/board/", "/board/b/company/", "/board/menu/", "/board/figures/",
        "/board/customers/", "/board/customers/consents/", "/board/figures/erp.orders_taken/", "/board/meter/", "/board/meter/departments/",
        "/board/meter/order_hours/", "/board/new/?kpi=meter.order_hours",
        "/board/new/?kpi=erp.orders_taken", "/board/new/?kpi=erp.orders_taken&by=month&split=region", "/board/prints/",
        "/profile/keys/",
    ),
    "fin": ("/widgets/erp.overdue/", "/payments/", "/purchase-orders/", "/production/"),
    "admin": (
        "/connections/", "/quarantine/", "/access/", "/home/layouts/", "/home/layouts/sales/", "/widgets/workflows.stuck/",
        "/widgets/integrations.connections/", "/widgets/integrations.quarantine/", "/announcements/written/", f"/announcements/{NEWS}/",
        "/announcements/new/", "/channels/",
    ),
}  # fmt: skip


def counts(stocked: SimpleNamespace, as_: Any) -> dict[str, int]:
    """Queries of the second visit, when what is remembered is remembered."""
    found = {}
    for login, paths in PAGES.items():
        client = as_(getattr(stocked, login))
        for path in paths:
            assert client.get(path).status_code == 200, path
            with CaptureQueriesContext(
                connection,
            ) as queries:
                client.get(path)
            found[f"{login} {path}"] = len(queries)
    return found


def full_pages(stocked: SimpleNamespace, start: int) -> None:
    for index in range(start, start + 60):
        shop.put("customer", f"n-{index}", key=f"N{index}", name=f"New {index}", owner_email=stocked.ana.email)
        shop.put("deal", f"nd-{index}", name=f"New {index}", customer_id="c-0", customer_name="Delta Water Group", currency="CNY", amount=9,
                 stage="PROPOSAL", owner_email=stocked.ana.email)  # fmt: skip
        shop.put("order", f"no-{index}", key=f"NO-{index}", customer_key="K100", customer_name="Delta Water Group", state="draft", amount=9,
                 currency="CNY")  # fmt: skip
        shop.put("shipment", f"ns-{index}", key=f"NS-{index}", order_ids=["o-1"], order_keys=["SO-20871"], customer_key="K101", state="assigned")
        shop.put("stock", f"nk-{index}", key=f"NK-{index}", on_hand=1, available=1)


@pytest.mark.req("X3")
def test_no_page_takes_more_queries_than_written_down(stocked: SimpleNamespace, as_: Any) -> None:
    full_pages(stocked, 0)
    found = counts(stocked, as_)
    if os.environ.get("ATRIUM_COUNT_QUERIES") == "write":
        FILE.write_text(json.dumps(found, indent=1) + "\n")
    allowed = json.loads(FILE.read_text())
    assert {page: (number, allowed.get(page)) for page, number in found.items() if number > allowed.get(page, 0)} == {}


def test_more_rows_take_no_more_queries(stocked: SimpleNamespace, as_: Any) -> None:
    """Beginning with full pages: a first page that is not full needs not ask how many there are in all."""
    full_pages(stocked, 0)
    before = counts(stocked, as_)
    full_pages(stocked, 60)
    after = counts(stocked, as_)
    assert {page: (before[page], number) for page, number in after.items() if number > before[page]} == {}
