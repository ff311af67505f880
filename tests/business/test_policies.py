"""The pure rules of the sales loop, as tables."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.business import policies
from apps.business.models import ContractTemplate

GOOD: dict[str, Any] = {
    "customer_id": "a1",
    "customer_key": "C-001",
    "customer_name": "Blue Ocean",
    "amount": "1200.00",
    "currency": "CNY",
    "lines": [
        {"sku": "P-1001", "name": "Pump", "quantity": "2", "unit_price": "500", "amount": "1000.00"},
        {"sku": "P-1002", "name": "Seal", "quantity": "4", "unit_price": "50", "amount": "200.00"},
    ],
}


def problems(**changes: Any) -> list[tuple[str, str]]:
    deal = {**GOOD, **changes}
    found = policies.deal_problems(deal, known_skus={"P-1001", "P-1002"}, known_customer=True, currencies={"CNY"})
    return [(problem.code, problem.field) for problem in found]


def line(**changes: Any) -> list[dict[str, Any]]:
    return [{**GOOD["lines"][0], **changes}, GOOD["lines"][1]]


@pytest.mark.req("D8")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [], id="good"),
        pytest.param({"customer_id": None}, [("deal_without_customer", "customer")], id="no customer"),
        pytest.param({"lines": []}, [("deal_without_lines", "lines")], id="no lines"),
        pytest.param({"lines": line(sku=None)}, [("line_without_product", "lines")], id="line without product"),
        pytest.param({"lines": line(sku="X-9")}, [("product_unknown", "lines")], id="unknown product"),
        pytest.param({"lines": line(quantity="0")}, [("quantity_not_positive", "lines")], id="no quantity"),
        pytest.param({"lines": line(unit_price="-1", amount="-2"), "amount": "198"}, [("line_negative", "lines")], id="negative line"),
        pytest.param({"amount": "-5"}, [("amount_negative", "amount")], id="negative amount"),
        pytest.param({"amount": None}, [("amount_missing", "amount")], id="no amount"),
        pytest.param({"amount": "1200.01"}, [("lines_do_not_sum", "amount")], id="sum differs by a cent"),
        pytest.param({"amount": "1200.004"}, [], id="below a cent is no difference"),
        pytest.param({"currency": "EUR"}, [("currency_unknown", "currency")], id="currency the ERP lacks"),
        pytest.param({"currency": ""}, [("currency_unknown", "currency")], id="no currency"),
    ],
)
def test_D8_names_what_is_wrong_with_a_deal(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert problems(**changes) == expected


def test_a_customer_the_erp_does_not_know_is_a_problem() -> None:
    found = policies.deal_problems(GOOD, known_skus={"P-1001", "P-1002"}, known_customer=False, currencies={"CNY"})
    assert [(problem.code, problem.params["key"]) for problem in found] == [("customer_not_in_erp", "C-001")]


def test_shortages_add_lines_of_one_product_and_leave_services_out() -> None:
    lines = [
        {"sku": "P-1", "quantity": "3"},
        {"sku": "P-1", "quantity": "4"},
        {"sku": "S-1", "quantity": "9"},
        {"sku": "P-2", "quantity": "1"},
    ]
    stock = {"P-1": {"available": "5"}, "P-2": {"available": "1"}}
    assert policies.shortages(lines, stock) == {"P-1": Decimal(2)}


def test_negative_available_counts_as_nothing_there() -> None:
    assert policies.shortages([{"sku": "P-1", "quantity": "3"}], {"P-1": {"available": "-10"}}) == {"P-1": Decimal(3)}


@given(st.integers(0, 100), st.integers(0, 100))
def test_short_exactly_when_needed_is_more_than_available(needed: int, available: int) -> None:
    found = policies.shortages([{"sku": "P", "quantity": str(needed)}], {"P": {"available": str(available)}})
    assert found == ({"P": Decimal(needed - available)} if needed > available else {})


@pytest.mark.parametrize(
    ("balance", "limit", "amount", "crossed"),
    [("100", "200", "100", False), ("100", "200", "100.01", True), ("0", None, "999999", False), ("201", "200", "0", True)],
)
def test_the_limit_is_crossed_only_above_it(balance: str, limit: str | None, amount: str, crossed: bool) -> None:
    assert policies.crosses_limit(Decimal(balance), Decimal(limit) if limit else None, Decimal(amount)) is crossed


@dataclass
class Somebody:
    pk: int
    active: bool = True


ANA, BOSS, OTHER, ADMIN, AUDITOR = Somebody(1), Somebody(2), Somebody(3), Somebody(9), Somebody(10)


@pytest.mark.req("P3")
@pytest.mark.parametrize(
    ("seller", "managers", "person", "reason"),
    [
        pytest.param(ANA, [BOSS], 2, "", id="the manager"),
        pytest.param(ANA, [BOSS, OTHER], 9, "many", id="several managers"),
        pytest.param(ANA, [], 9, "none", id="no manager"),
        pytest.param(ANA, [ANA], 9, "self", id="the seller is the manager"),
        pytest.param(ANA, [Somebody(2, active=False)], 9, "inactive", id="manager inactive"),
        pytest.param(None, [], 9, "unknown_seller", id="nobody joined to the deal"),
        pytest.param(ADMIN, [], 10, "none", id="the fallback may not decide his own"),
    ],
)
def test_P3_the_approver_is_the_manager_else_the_named_admin(seller: Any, managers: list[Any], person: int, reason: str) -> None:
    chosen = policies.choose_approver(seller=seller, managers=managers, fallback=ADMIN, second_fallback=AUDITOR)
    assert (chosen.person_id, chosen.reason) == (person, reason)


def template(code: str, **fields: Any) -> ContractTemplate:
    return ContractTemplate(code=code, payment_term_days=30, valid_days=90, **fields)


@pytest.mark.parametrize(
    ("amount", "industry", "expected"),
    [("99999.99", "", "standard"), ("100000", "", "large"), ("5", "water", "utility"), ("100000", "water", "utility")],
)
def test_a_template_is_chosen_by_rule(amount: str, industry: str, expected: str) -> None:
    templates = [
        template("utility", industry="Water"),
        template("large", min_amount=Decimal(100000)),
        template("standard", max_amount=Decimal(100000)),
    ]
    chosen = policies.choose_template(templates, amount=Decimal(amount), currency="CNY", industry=industry)
    assert chosen is not None and chosen.code == expected


def test_valid_until_is_counted_from_the_companys_day() -> None:
    assert policies.valid_until(template("standard"), dt.date(2026, 11, 24)) == dt.date(2027, 2, 22)
