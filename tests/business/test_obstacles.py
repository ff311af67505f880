"""A deal that turned bad after it was won, on its card."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import translation

from apps.business import selectors
from apps.core.access import Masked
from apps.workflows import policies
from tests.support.shop import put

pytestmark = [pytest.mark.django_db, pytest.mark.req("D8")]
BAD = {"external_id": "l-2", "sku": "X-9", "name": "Ghost", "quantity": "1", "unit_price": "-10", "amount": "-10"}


@pytest.fixture
def bad_deal(won_deal: Any, cast: Any, clock: dt.datetime) -> dict[str, Any]:
    """Its first line is fine; the second names no product of the ERP and costs less than nothing. The sum does not fit either."""
    put("product", "P-1", now=clock, key="P-1", name="Pump")
    put("receivable", "C-001", now=clock, key="C-001", balance="0", currency="CNY")
    cache.set("business:erp-currencies", {"CNY"}, 60)
    deal: dict[str, Any] = won_deal()
    return {**deal, "lines": [*deal["lines"], BAD]}


def test_every_problem_is_an_obstacle_that_says_what_to_do(bad_deal: dict[str, Any], cast: Any, clock: dt.datetime) -> None:
    found = selectors.obstacles_of(bad_deal, str(cast.ana.pk), clock, erp_answers=True)
    assert [one.key for one in found] == ["product_unknown:2", "line_negative:2", "lines_do_not_sum"]
    with translation.override("en"):
        shown = [policies.obstacle(cast.boss, one) for one in found]
    assert [one["text"] for one in shown] == [
        "Line 2: the ERP has no product X-9.", "Line 2: the price is negative.", "The lines do not sum up to the amount of the deal."]  # fmt: skip
    assert {one["url"] for one in shown} == {f"/deals/{bad_deal['external_id']}/"}
    with translation.override("zh-hans"):
        assert policies.obstacle(cast.boss, found[0])["text"] == "第 2 行：ERP 中没有产品 X-9。"


def test_a_good_deal_has_none_and_an_unreachable_erp_makes_none(won_deal: Any, bad_deal: dict[str, Any], cast: Any, clock: dt.datetime) -> None:
    good = {**bad_deal, "lines": bad_deal["lines"][:1]}
    assert selectors.obstacles_of(good, str(cast.ana.pk), clock, erp_answers=True) == ()
    cache.delete("business:erp-currencies")
    assert selectors.obstacles_of({**good, "currency": "EUR"}, str(cast.ana.pk), clock, erp_answers=False) == ()


def test_what_it_tells_passes_the_readers_rights(bad_deal: dict[str, Any], cast: Any, clock: dt.datetime) -> None:
    (unknown, *_more) = selectors.obstacles_of(bad_deal, str(cast.ana.pk), clock, erp_answers=True)
    assert isinstance(policies.shown(cast.guest, unknown.resource, unknown.field, "x", unknown.owner_id), Masked)
    assert "X-9" not in str(policies.obstacle(cast.guest, unknown))
