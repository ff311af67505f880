"""The sandboxes and the real systems keep the same company: what both name is equal. (The real seed runs in other interpreters and cannot import ours.)"""

import runpy

import pytest

from apps.devtools.sandbox import company
from stack.layout import HERE

REAL = runpy.run_path(str(HERE / "seed_company.py"))
CUSTOMERS = {row["code"]: row for row in REAL["CUSTOMERS"]}
ITEMS = {row["sku"]: row for row in REAL["ITEMS"]}


@pytest.mark.parametrize("customer", company.CUSTOMERS, ids=lambda row: row.code)
def test_a_customer_of_the_sandbox_is_one_of_the_real_systems(customer: company.Customer) -> None:
    assert customer._asdict() == CUSTOMERS[customer.code]


@pytest.mark.parametrize("item", company.ITEMS, ids=lambda row: row.sku)
def test_goods_of_the_sandbox_are_those_of_the_real_systems(item: company.Item) -> None:
    assert item._asdict() == ITEMS[item.sku]
