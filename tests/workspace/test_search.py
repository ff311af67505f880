"""Search: what is found, by whom, and that a mask hides a match as well as a value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.access import services as access
from apps.core import clock
from apps.records import selectors as records
from apps.records.models import Record, RecordGram
from apps.workspace.selectors.search import search
from tests.support import shop
from tests.workspace.test_pages import text


def found(person: Any, q: str) -> dict[str, list[str]]:
    return {group.key: [hit.title for hit in group.hits] for group in search(person, q, clock.now())}


@pytest.mark.req("E1", "G10")
@pytest.mark.parametrize("q", ["Delta Water", "delta", "detla", "DELT", "water grp delta"])
def test_G10_a_customer_is_found_with_a_slip_of_the_finger(q: str, stocked: SimpleNamespace) -> None:
    if q == "water grp delta":
        assert "customer" not in found(stocked.ana, q)  # "grp" is like no word
        return
    assert found(stocked.ana, q)["customer"] == ["Delta Water Group"]


@pytest.mark.req("E1")
def test_E1_every_sort_of_thing_is_found(stocked: SimpleNamespace) -> None:
    wanted = {
        "customer": ("meilin", "Meilin Foods"), "deal": ("harbour pumps", "Harbour Dredging: pumps 2"), "order": ("20871", "SO-20871"),
        "shipment": ("dn-5503", "DN-5503"), "stock": ("impeler", "IMP-100-CI Impeller, cast iron"),
        "announcement": ("stocktaking", "Stocktaking on Friday: the warehouse is closed"), "page": ("visits", "Visits"),
    }  # fmt: skip
    for key, (q, title) in wanted.items():
        titles = found(stocked.ana, q).get(key, [])
        if title:
            assert title in titles, key
    assert found(stocked.ana, "wang jun")["person"] == ["Wang Jun"]
    assert found(stocked.ana, "王军")["person"] == ["Wang Jun"]
    assert found(stocked.ana, "盘点")["announcement"] == ["Stocktaking on Friday: the warehouse is closed"]
    assert len(found(stocked.ana, "commissioning")["visit"]) == 2


@pytest.mark.req("E1", "A9")
def test_A9_each_finds_only_what_the_own_roles_show(stocked: SimpleNamespace) -> None:
    keys = {login: sorted(set(found(getattr(stocked, login), "delta")) - {"case"}) for login in ("ana", "fin", "eve", "guest")}
    assert keys == {
        "ana": ["customer", "deal", "order", "shipment", "visit"], "fin": ["customer", "order", "shipment"], "guest": [],
        "eve": ["order", "shipment"],  # she goes along on a visit, and its customer's name is masked for her
    }  # fmt: skip
    assert "deal" in found(stocked.boss, "jinsha") and "deal" in found(stocked.ana, "jinsha")  # ana sees the department's


@pytest.mark.req("A9")
def test_A9_a_masked_or_hidden_field_never_matches(stocked: SimpleNamespace) -> None:
    assert "order" in found(stocked.eve, "delta")
    for level in ("masked", "none"):
        access.set_level(
            actor=stocked.admin, role="warehouse", resource="erp.order", scope="all", field="customer_name", level=level, now=clock.now()
        )
        assert "order" not in found(stocked.eve, "delta"), level
        assert found(stocked.eve, "20870")["order"] == ["SO-20870"]
    for private in ("8888", "4471", "info"):
        assert found(stocked.admin, private) == {}


@pytest.mark.req("A9")
@pytest.mark.parametrize("level", ["masked", "none"])
def test_A9_a_list_is_not_searched_or_filtered_by_what_is_held_back(stocked: SimpleNamespace, as_: Any, level: str) -> None:
    def total(**asked: str) -> int:
        return int(as_(stocked.eve).get("/api/v1/orders", asked).json()["total"])

    everything = total()
    of_delta = total(q="delta")
    key = records.orders(stocked.admin, q="delta").rows[0]["customer_key"]
    assert 0 < of_delta < everything and 0 < total(customer_key=key) < everything
    for field in ("customer_name", "customer_key"):
        access.set_level(actor=stocked.admin, role="warehouse", resource="erp.order", scope="all", field=field, level=level, now=clock.now())
    assert (total(q="delta"), total(customer_key=key), total(customer_key="nobody")) == (0, 0, 0)
    assert (total(), total(q="so-20870"), total(q="delta so-20870")) == (everything, 1, 0)
    assert records.orders(stocked.admin, q="delta").total == of_delta  # others' rights are theirs


def test_the_index_follows_the_record(stocked: SimpleNamespace) -> None:
    shop.put("customer", "c-0", key="K100", name="Quartz Mining", version="2", owner_email=stocked.ana.email)
    assert "customer" not in found(stocked.ana, "delta")
    assert found(stocked.ana, "quarz")["customer"] == ["Quartz Mining"]
    row = Record.objects.get(kind="customer", external_id="c-0")
    assert not RecordGram.objects.filter(record=row, gram="del").exists()
    Record.objects.filter(pk=row.pk).update(deleted_at=clock.now())
    assert "customer" not in found(stocked.ana, "quartz")


def test_a_search_costs_the_same_with_many_records(stocked: SimpleNamespace) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            search(stocked.ana, "delta", clock.now())
        return len(queries)

    before = cost()
    for index in range(60):
        shop.put("customer", f"n-{index}", key=f"N{index}", name=f"Delta {index}", owner_email=stocked.ana.email)
    assert cost() <= before
    assert len(found(stocked.ana, "delta")["customer"]) == 8


def test_page_palette_and_api_say_the_same(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert "Delta Water Group" in text(client.get("/search/?q=detla"))
    quick = client.get("/search/quick/?q=detla").content.decode()
    assert 'role="option"' in quick and 'href="/customers/c-0/"' in quick
    groups = client.get("/api/v1/search?q=detla").json()
    assert groups[0]["hits"][0]["title"] and {"customer", "deal"} <= {group["key"] for group in groups}
    assert client.get("/api/v1/search").json() == []
