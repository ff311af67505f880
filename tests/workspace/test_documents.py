"""Payments, purchase orders, production orders and service requests: their pages, for whom they are, and the ways to them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import services as insight
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import rows
from tests.conftest import NOW
from tests.support import shop
from tests.workspace.conftest import as_  # noqa: F401 - a fixture

LINE = {"sku": "6308-2RS", "name": "Bearing", "quantity": "60", "unit_price": "31.50", "amount": "1890.00"}


@pytest.fixture
def stocked(cast: SimpleNamespace, travel: Any) -> SimpleNamespace:
    """The shop with one of each."""
    travel(NOW)
    shop.fill(cast)
    shop.put("payment", "p-1", key="BANK-77", customer_key="K100", customer_name="Delta Water Group", invoice_id="i-1", invoice_key="INV-5", amount="4200.50",
             currency="CNY", paid_on="2026-11-20", url="https://erp.invalid/p-1")  # fmt: skip
    shop.put("purchase_order", "po-1", key="PO-9", supplier_key="S1", supplier_name="Linhai Bearings", state="processing", amount="1890.00", currency="CNY",
             lines=[LINE], ordered_on="2026-11-02", planned_on="2026-11-25")  # fmt: skip
    shop.put("production", "m-1", key="MO-3", sku="IH-100", name="Chemical pump IH-100", product_line="Chemical pumps", quantity="12", state="running",
             planned_on="2026-11-28", started_on="2026-11-19")  # fmt: skip
    shop.put("case", "case-1", name="Pump leaks at the seal", customer_id="c-0", customer_key="K100", customer_name="Delta Water Group", state="new",
             priority="high", owner_email=cast.ana.email, created_at="2026-11-22T01:00:00+00:00")  # fmt: skip
    return cast


PAGES = [
    ("/payments/", "p-1", "payments", ("BANK-77", "INV-5", "¥4,200.50", "Delta Water Group"), {"fin"}),
    ("/purchase-orders/", "po-1", "purchase-orders", ("PO-9", "Linhai Bearings", "On its way"), {"eve", "fin"}),
    ("/production/", "m-1", "production", ("MO-3", "IH-100", "In production", "Chemical pump IH-100"), {"eve", "fin"}),
    ("/service-requests/", "case-1", "service-requests", ("Pump leaks at the seal", "New", "high"), {"ana", "boss"}),
]


@pytest.mark.req("E1", "E2", "U4")
@pytest.mark.parametrize(("path", "ident", "api", "words", "readers"), PAGES, ids=[row[2] for row in PAGES])
def test_each_has_a_list_a_page_and_a_way_by_rest_for_those_who_may(
    stocked: SimpleNamespace, as_: Any, path: str, ident: str, api: str, words: tuple[str, ...], readers: set[str],  # noqa: F811
) -> None:
    for login in ("ana", "boss", "fin", "eve", "guest"):
        client = as_(getattr(stocked, login))
        answers = [client.get(url).status_code for url in (path, f"{path}{ident}/", f"/api/v1/{api}", f"/api/v1/{api}/{ident}")]
        assert answers == [200 if login in readers else 403] * 4, login
        if login not in readers:
            continue
        listed, page = client.get(path).content.decode(), client.get(f"{path}{ident}/").content.decode()
        for word in words:
            assert word in listed, (login, word)
            assert word in page, (login, word)
        assert f'href="{path}{ident}/"' in listed and f'href="{path}"' in client.get("/").content.decode()
        found = client.get(f"/api/v1/{api}?q={words[0].split()[0]}").json()
        assert (found["total"], found["results"][0]["id"]) == (1, ident)
        assert client.get(f"{path}?q=zzzz").content.decode().count("Nothing matches") == 1
        assert client.get(f"{path}nothing/").status_code == client.get(f"/api/v1/{api}/nothing").status_code == 404
        assert f'{path}{ident}/"' in client.get(f"/search/?q={words[0].split()[0]}").content.decode()
        chinese = client.get(path, headers={"accept-language": "zh-hans"})
        assert chinese.status_code == 200


@pytest.mark.req("I13")
def test_how_urgent_a_request_is_stands_in_the_readers_language(stocked: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    shop.put("case", "case-2", name="Pump hums", customer_id="c-0", state="new", priority="P1", case_type="fault", owner_email=stocked.ana.email,
             created_at="2026-11-22T02:00:00+00:00")  # fmt: skip
    client = as_(stocked.ana)
    for case, words in (("case-1", ("高",)), ("case-2", ("P1", "故障"))):  # what this CRM alone says stays as it is
        page = client.get(f"/service-requests/{case}/", headers={"accept-language": "zh-hans"}).content.decode()
        assert all(f"<dd>{word}</dd>" in page.replace("\n", "") for word in words), case
    recent = client.get("/widgets/workspace.recent/").content.decode()
    assert "Pump hums" in recent and "case-2</span>" not in recent  # by its name, not by an id


@pytest.mark.req("U4")
def test_what_a_purchase_costs_is_masked_for_the_warehouse(stocked: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(stocked.eve)
    for url in ("/purchase-orders/", "/purchase-orders/po-1/"):
        page = client.get(url).content.decode()
        assert "1,890" not in page and "31.50" not in page and "mask" in page
    given = client.get("/api/v1/purchase-orders/po-1").json()
    assert {"amount", "lines"} <= set(given["masked"]) and "1890" not in str(given)


@pytest.mark.req("E9")
def test_they_are_reached_from_a_figure_and_from_their_customer(stocked: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    insight.take_all(now=NOW)
    while insight.rebuild():
        pass
    month = periods.period("month", today=NOW.date())
    drilled = {key: [row.url for row in rows(person, key, period=month, filters=Filters(), now=NOW).rows] for person, key in (
        (stocked.fin, "erp.payments"), (stocked.eve, "erp.production_progress"), (stocked.eve, "erp.supply_late"))}  # fmt: skip
    assert drilled["erp.payments"] == ["/payments/p-1/"]
    customer = as_(stocked.ana).get("/customers/c-0/").content.decode()
    assert 'href="/service-requests/case-1/"' in customer and "/payments/" not in customer
    assert 'href="/customers/c-0/"' in as_(stocked.ana).get("/service-requests/case-1/").content.decode()
    money = as_(stocked.fin).get("/customers/c-0/").content.decode()
    assert 'href="/payments/p-1/"' in money
    starred = as_(stocked.fin).post("/home/do/star/", {"kind": "payment", "id": "p-1", "back": "/payments/p-1/"})
    assert starred.status_code == 302
    assert 'aria-pressed="true"' in as_(stocked.fin).get("/payments/p-1/").content.decode()
