"""What is left out of a stock stands beside each figure that it is missing from, and no longer than it is missing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.insight import selectors, services
from apps.insight.models import Fact
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.integrations.models import Connection, QuarantineItem
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

STOCK = ("erp.stock_short", "erp.stock_out", "erp.stock_short_share", "erp.stock_worth")
RECEIVABLE = ("erp.receivables", "erp.overdue", "erp.overdue_share")
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


def beside(person: Any, keys: tuple[str, ...], now: dt.datetime) -> dict[str, list[tuple[str, int, Any]]]:
    add_up()
    found = selectors.board_readings(person, list(keys), period=periods.period("month", today=now.date()), filters=Filters(), now=now)
    return {one.key: [(part.reason, part.count, part.amount) for part in one.excluded] for one in found}


def hold(kind: str, ident: str, now: dt.datetime, **raw: Any) -> QuarantineItem:
    erp = Connection.objects.get(key="erp")
    item = QuarantineItem.objects.create(connection=erp, stream="s", kind=kind, external_id=ident, raw=raw, created_at=now, updated_at=now)
    services.take_records(connection="erp", kind=kind, external_ids=[ident], now=now)
    return item


def release(item: QuarantineItem, now: dt.datetime) -> None:
    item.state = "RELEASED"
    item.save()
    services.take_records(connection="erp", kind=item.kind, external_ids=[item.external_id], now=now)


@pytest.mark.req("E9")
@pytest.mark.parametrize(("kind", "ident", "keys"), [("stock", "IH-100", STOCK), ("receivable", "K100", RECEIVABLE)])
def test_a_known_stock_in_quarantine_stands_beside_all_of_its_figures(shopped: SimpleNamespace, kind: str, ident: str, keys: tuple[str, ...]) -> None:
    item = hold(kind, ident, NOW + MINUTE)
    found = beside(shopped.admin, keys, NOW + MINUTE)
    assert {key: [part[:2] for part in parts] for key, parts in found.items()} == {key: [("quarantine", 1)] for key in keys}
    release(item, NOW + 2 * MINUTE)
    assert beside(shopped.admin, keys, NOW + 2 * MINUTE) == {key: [] for key in keys}


@pytest.mark.req("E9")
@pytest.mark.parametrize(("kind", "ident", "keys"), [("stock", "NEW-1", STOCK), ("receivable", "K110", RECEIVABLE)])
def test_what_was_never_taken_stands_beside_until_it_is_whatever_the_day(shopped: SimpleNamespace, kind: str, ident: str, keys: tuple[str, ...]) -> None:
    item = hold(kind, ident, NOW, balance="300.00", overdue="120.50")
    found = beside(shopped.admin, keys, NOW)
    assert {key: [part[:2] for part in parts] for key, parts in found.items()} == {key: [("quarantine", 1)] for key in keys}
    if kind == "receivable":
        assert [found[key][0][2] for key in keys] == [Decimal(300), Decimal("120.5"), None]
    later = NOW + 2 * DAY
    shop.put(kind, ident, now=later, key=ident, **({"on_hand": 1, "available": 1} if kind == "stock" else {"balance": "300", "currency": "CNY"}))
    release(item, later)
    assert beside(shopped.admin, keys, later) == {key: [] for key in keys}
    assert not Fact.objects.filter(part="held", replaced_at=None).exists()


@pytest.mark.req("E9")
def test_a_receivable_in_another_currency_is_left_out_with_a_reason_since_the_day_it_is(shopped: SimpleNamespace) -> None:
    owed = {"key": "K100", "balance": "500", "overdue": "0"}
    for days in (1, 3):
        now = NOW + days * DAY
        shop.put("receivable", "K100", now=now, currency="EUR", **owed)
        services.take_records(connection="erp", kind="receivable", external_ids=["K100"], now=now)
        assert beside(shopped.admin, RECEIVABLE, now) == {
            "erp.receivables": [("currency", 1, Decimal(500))], "erp.overdue": [("currency", 1, Decimal(0))],
            "erp.overdue_share": [("currency", 1, None)],  # what it is a share of is not whole
        }  # fmt: skip
    held = Fact.objects.get(stream="receivable", excluded="currency", replaced_at=None)
    assert (held.day, held.region, held.owner, held.department) == (NOW.date() + DAY, "Hangzhou", shopped.ana.pk, shopped.ana.org_unit_id)
    month = periods.period("month", today=now.date())
    assert selectors.reading(shopped.admin, "erp.receivables", period=month, filters=Filters(), now=now).value == Decimal(4 * 212400)
    shop.put("receivable", "K100", now=NOW + 4 * DAY, currency="CNY", **owed)
    services.take_records(connection="erp", kind="receivable", external_ids=["K100"], now=NOW + 4 * DAY)
    assert beside(shopped.admin, RECEIVABLE, NOW + 4 * DAY) == {key: [] for key in RECEIVABLE}
