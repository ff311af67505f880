"""Records over the API: lists, filters, pages, and to each the fields that are theirs; the pages of the portal show the same people the same rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access import services as access
from apps.records import selectors
from apps.records.models import Record
from tests.support import shop

CAST = ("ana", "boss", "fin", "eve", "admin", "guest")
# path -> what each may see: a number of rows, or the refusal
ROWS: dict[str, dict[str, Any]] = {
    "customers": {"ana": 5, "boss": 5, "fin": 5, "eve": 403, "admin": 5, "guest": 403},
    "deals": {"ana": 12, "boss": 12, "fin": 403, "eve": 403, "admin": 12, "guest": 403},
    "orders": {"ana": 6, "boss": 6, "fin": 6, "eve": 6, "admin": 6, "guest": 403},
    "shipments": {"ana": 6, "boss": 6, "fin": 6, "eve": 6, "admin": 6, "guest": 403},
    "stock": {"ana": 6, "boss": 6, "fin": 6, "eve": 6, "admin": 6, "guest": 403},
}
SINGLE = {"customers": "c-0", "deals": "d-0", "orders": "o-1", "shipments": "s-1", "stock": "IH-100"}


def get(client: Any, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/v1/{path}", query)
    assert answer.status_code == 200, (path, answer.content[:300])
    return answer.json()


def keys(client: Any, path: str, **query: Any) -> list[str]:
    return [row["external_id"] for row in get(client, path, **query)["results"]]


def test_everybody_sees_the_rows_that_are_theirs(stocked: SimpleNamespace, as_: Any) -> None:
    clients = {login: as_(getattr(stocked, login)) for login in CAST}
    for path, wanted in ROWS.items():
        answers = {login: client.get(f"/api/v1/{path}") for login, client in clients.items()}
        assert {login: a.json()["total"] if a.status_code == 200 else a.status_code for login, a in answers.items()} == wanted, path
        assert [set(a.json()) for a in answers.values() if a.status_code != 200] == [{"error"}] * list(wanted.values()).count(403), path


@pytest.mark.parametrize("login", CAST)
def test_the_page_and_the_api_show_the_same_people_the_same_rows(stocked: SimpleNamespace, as_: Any, login: str) -> None:
    client = as_(getattr(stocked, login))
    for path, single in SINGLE.items():
        answer = client.get(f"/api/v1/{path}", {"size": 500})
        page = client.get(f"/{path}/?view=list")
        sheet = client.get(f"/{path}/{single}/").status_code if path != "stock" else page.status_code
        assert {page.status_code, sheet, client.get(f"/api/v1/{path}/{single}").status_code} == {answer.status_code}, path
        if answer.status_code == 200 and path != "stock":
            all_ids = Record.objects.filter(kind=path.removesuffix("s")).values_list("external_id", flat=True)
            shown = {ident for ident in all_ids if f"/{path}/{ident}/" in page.content.decode()}
            assert shown == {row["external_id"] for row in answer.json()["results"]}, path


def test_nobody_gets_in_without_signing_in(stocked: SimpleNamespace, client: Any) -> None:
    for path in ROWS:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code in (401, 403), path
        assert "results" not in answer.content.decode()


@pytest.mark.req("A6")
def test_sales_sees_the_talks_of_the_crm_and_the_deliveries_of_the_erp(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert [row["subject"] for row in get(client, "customers/c-0/follow-ups")["results"]] == ["Budget fixed until Tuesday"]
    assert [(row["key"], row["state"]) for row in get(client, "shipments", order_id="o-3")["results"]] == [("DN-5503", "done")]


# --- masks ------------------------------------------------------------------------------------------------------------------------------------


def test_private_fields_of_a_customer_by_role(stocked: SimpleNamespace, as_: Any) -> None:
    """ana owns c-0, boss c-3."""
    own, other = ({login: get(as_(getattr(stocked, login)), f"customers/{ident}") for login in ("ana", "boss", "fin", "admin")} for ident in ("c-0", "c-3"))
    assert {login: row["masked"] for login, row in own.items()} == {
        "ana": [], "boss": [], "fin": own["fin"]["masked"], "admin": ["contacts", "email", "phone"],
    }  # fmt: skip
    assert own["ana"]["phone"] == "0571 8888 1234"
    assert other["ana"]["masked"] == ["contacts", "email", "phone"]
    assert other["boss"]["masked"] == []
    for row in (other["ana"], own["admin"]):
        assert "8888 1234" not in str(row["phone"])
        assert "info@" not in str(row["email"])
        assert "4471" not in str(row["contacts"])
    assert {"phone", "email", "contacts"} & set(own["fin"]) == set()  # finance does not even learn that there are some


def test_the_warehouse_sees_what_to_pack_and_no_price(stocked: SimpleNamespace, as_: Any) -> None:
    order = get(as_(stocked.eve), "orders/o-1")
    assert order["masked"] == ["amount", "lines"]
    assert "70200" not in str(order)
    shipment = get(as_(stocked.eve), "shipments/s-1")
    assert shipment["masked"] == []
    assert [(line["sku"], line["quantity"]) for line in shipment["lines"]] == [("IH-100", "8"), ("MS-45-SIC", "4")]
    assert get(as_(stocked.ana), "orders/o-1")["amount"] == "70200"


def test_what_a_customer_owes_is_for_few(stocked: SimpleNamespace, as_: Any) -> None:
    for login in ("ana", "eve", "guest"):
        answer = as_(getattr(stocked, login)).get("/api/v1/receivables/K100")
        assert answer.status_code == 403
        assert "212400" not in answer.content.decode()
    found = get(as_(stocked.fin), "receivables/K100")
    assert (found["balance"], found["overdue"], found["limit"], found["open_invoices"], found["currency"]) == ("212400", "47500", "800000", 2, "CNY")


def test_masked_values_cannot_be_searched_for(stocked: SimpleNamespace, as_: Any) -> None:
    for word in ("8888", "info@c3", "4471", "Rao"):
        assert keys(as_(stocked.ana), "customers", q=word) == []


# --- lists ------------------------------------------------------------------------------------------------------------------------------------


def test_customers_by_name_and_by_words(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    names = [row["name"] for row in get(client, "customers")["results"]]
    assert names == ["Delta Water Group", "Harbour Dredging", "Jinsha Chemical", "Meilin Foods", "R&D Pumps <Wuxi>"]
    assert keys(client, "customers", q="DELTA water") == ["c-0"]
    assert keys(client, "customers", q="wuxi") == ["c-4"]
    assert keys(client, "customers", q="k102") == ["c-2"]
    assert keys(client, "customers", q="%") == []
    assert keys(client, "customers", q="nobody at all") == []


def test_a_record_is_found_by_id_and_by_the_shared_key(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.boss)
    pairs = (("customers", "c-0", "K100"), ("orders", "o-2", "SO-20872"), ("shipments", "s-2", "DN-5502"))
    for path, ident, key in pairs:
        assert get(client, f"{path}/{ident}") == get(client, f"{path}/{key}")
    assert client.get("/api/v1/customers/nobody").status_code == 404
    assert client.get("/api/v1/customers/nobody").json()["error"]["code"] == "not_found"


def test_deals_by_stage_and_customer(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.boss)
    assert keys(client, "deals", state="won") == ["d-10", "d-11"]
    assert keys(client, "deals", customer_id="c-0") == ["d-0", "d-5", "d-10"]  # the latest change of stage first
    assert keys(client, "deals", customer_id="c-0", state="open") == ["d-0", "d-5"]
    assert keys(client, "deals", customer_id="") == []
    deal = get(client, "deals/d-1")
    assert (deal["amount"], deal["currency"], deal["lines"][1]["sku"], deal["lines"][1]["amount"]) == ("55300", "CNY", None, "7300")
    assert deal["owner"]["login"] == "ana"
    assert get(client, "deals/d-10")["custom"] == {"contract_no": "HT-2611-087", "erp_order_no": "SO-20874"}


def test_orders_by_state_customer_and_deal(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.fin)
    assert sorted(keys(client, "orders", state="processing")) == ["o-2", "o-5"]  # of one day: in any order
    assert sorted(keys(client, "orders", customer_key="K100")) == ["o-0", "o-5"]
    assert keys(client, "orders", reference="d-3") == ["o-3"]
    assert keys(client, "orders", q="so-20874") == ["o-4"]


def test_shipments_in_the_house_first_and_by_order(stocked: SimpleNamespace, as_: Any) -> None:
    for number, day in ((0, "2026-12-04"), (1, "2026-12-01"), (2, "2026-12-09"), (5, "2026-11-30")):
        states = {0: "waiting", 1: "assigned", 2: "packed", 5: "assigned"}
        shop.put("shipment", f"s-{number}", key=f"DN-550{number}", order_ids=[f"o-{number}"], planned_on=day, state=states[number])
    client = as_(stocked.eve)
    assert keys(client, "shipments", state="open") == ["s-5", "s-1", "s-0", "s-2"]  # what leaves next stands first
    assert keys(client, "shipments")[:4] == ["s-5", "s-1", "s-0", "s-2"]
    assert keys(client, "shipments", state="gone") == ["s-3"]
    assert keys(client, "shipments", state="assigned") == ["s-5", "s-1"]
    assert keys(client, "shipments", order_id="o-4") == ["s-4"]
    assert keys(client, "shipments", order_id="") == []
    assert set(keys(client, "shipments")[-2:]) == {"s-3", "s-4"}


def test_stock_below_its_point_first(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert keys(client, "stock", below="1") == ["6308-2RS", "IMP-100-CI", "MS-45-SIC"]
    assert keys(client, "stock") == ["6308-2RS", "IMP-100-CI", "MS-45-SIC", "CAB-4", "IH-100", "IH-125"]
    item = get(client, "stock/6308-2RS")
    assert (item["on_hand"], item["available"], item["order_point"]) == ("19", "14", "60")


@pytest.mark.req("A9")
def test_the_order_of_a_list_tells_no_masked_value(stocked: SimpleNamespace, as_: Any, clock: Any) -> None:
    note = "Not all of it stands in order: the order would tell a value that your role does not see."
    client = as_(stocked.ana)
    assert get(client, "stock")["note"] == ""
    for field in ("available", "order_point"):
        access.set_level(actor=stocked.admin, role="sales", resource="erp.stock", scope="all", field=field, level="masked", now=clock)
    found = get(as_(stocked.ana), "stock")
    assert [row["external_id"] for row in found["results"]] == sorted(row["external_id"] for row in found["results"])
    assert (found["note"], found["total"], {tuple(row["masked"]) for row in found["results"]}) == (note, 6, {("available", "order_point")})
    assert keys(as_(stocked.ana), "stock", below="1") == []  # nor does the filter
    assert note in as_(stocked.ana).get("/stock/").content.decode()
    Record.objects.filter(kind="receivable").update(amount=1)
    for index, owed in enumerate((5, 900, 70)):
        Record.objects.filter(kind="receivable", key=f"K10{index}").update(amount=owed)
    assert [row["key"] for row in selectors.receivables(stocked.fin).rows][:1] == ["K101"]
    access.set_level(actor=stocked.admin, role="finance", resource="erp.receivable", scope="all", field="balance", level="masked", now=clock)
    hidden = selectors.receivables(stocked.fin)
    assert [row["external_id"] for row in hidden.rows] == sorted(row["external_id"] for row in hidden.rows)
    assert hidden.note == note


def test_pages_of_a_list_hold_each_row_once(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.boss)
    pages = [get(client, "deals", size=5, page=number) for number in (1, 2, 3)]
    assert [(len(page["results"]), page["page"], page["pages"], page["total"]) for page in pages] == [(5, 1, 3, 12), (5, 2, 3, 12), (2, 3, 3, 12)]
    found = [row["external_id"] for page in pages for row in page["results"]]
    assert found == [f"d-{number}" for number in range(12)]
    assert get(client, "deals", size=5, page=99)["page"] == 3
    for nonsense in ("-1", "x", "٣", "1e9", "99999999"):
        assert get(client, "deals", size=5, page=nonsense)["page"] in (1, 3)
    assert len(get(client, "deals", size=0)["results"]) == 1
    assert len(get(client, "deals", size=100000)["results"]) == 12


def test_rows_of_one_moment_keep_their_place_from_page_to_page(stocked: SimpleNamespace, as_: Any) -> None:
    """All these orders are of one day."""
    client = as_(stocked.boss)
    found = [key for number in range(1, 7) for key in keys(client, "orders", size=1, page=number)]
    assert sorted(found) == [f"o-{number}" for number in range(6)]


def test_what_the_source_deleted_is_in_no_list(stocked: SimpleNamespace, as_: Any, clock: Any) -> None:
    Record.objects.filter(external_id="d-0").update(deleted_at=clock)
    client = as_(stocked.boss)
    assert "d-0" not in keys(client, "deals")
    assert client.get("/api/v1/deals/d-0").status_code == 404
    assert client.get("/deals/d-0/").status_code == 404


def test_a_record_says_how_old_it_is_and_where_it_is_from(stocked: SimpleNamespace, as_: Any) -> None:
    row = Record.objects.get(external_id="o-1")
    found = get(as_(stocked.ana), "orders/o-1")
    assert (found["system"], found["as_of"]) == ("erp", row.as_of.isoformat())
    assert get(as_(stocked.ana), "orders")["as_of"] == min(Record.objects.filter(kind="order").values_list("as_of", flat=True)).isoformat()
    assert not {"owner_id", "connection", "deleted_at", "origin"} & set(found)


# --- queries ----------------------------------------------------------------------------------------------------------------------------------


def test_forty_rows_more_take_no_query_more(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.boss)

    def queries(path: str) -> int:
        get(client, path, size=100)
        with CaptureQueriesContext(connection) as seen:
            get(client, path, size=100)
        return len(seen)

    before = {path: queries(path) for path in ROWS}
    assert max(before.values()) <= 9
    for number in range(40):
        for path in ROWS:
            _one_more(path, number, stocked)
    assert {path: get(client, path, size=100)["total"] for path in ROWS} == {path: ROWS[path]["boss"] + 40 for path in ROWS}
    assert {path: queries(path) for path in ROWS} == before


def _one_more(path: str, number: int, people: SimpleNamespace) -> None:
    common: dict[str, dict[str, Any]] = {
        "customers": {"name": f"New {number}", "key": f"N{number}", "owner_email": people.ana.email},
        "deals": {"name": f"New {number}", "owner_email": people.ana.email, "stage_kind": "open"},
        "orders": {"key": f"N{number}", "customer_key": "K100", "state": "draft", "amount": "1", "currency": "CNY"},
        "shipments": {"key": f"N{number}", "state": "waiting", "order_ids": ["o-0"]},
        "stock": {"key": f"N{number}", "on_hand": "1", "available": "1"},
    }
    shop.put(path.removesuffix("s"), f"n-{number}", **common[path])
