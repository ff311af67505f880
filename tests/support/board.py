"""A company with figures: its records counted, with months before them, so that boards have something to show."""

from __future__ import annotations

from types import SimpleNamespace

from apps.core import clock
from apps.insight import services
from apps.insight.policies import periods
from tests.support import shop

MONTHS = 6


def fill(people: SimpleNamespace) -> SimpleNamespace:
    """The shop, with orders of the six months before, counted."""
    now = clock.now()
    shop.fill(people)
    today = clock.company_today(now)
    for month in range(1, MONTHS + 1):
        day = periods.add_months(today.replace(day=1), -month).isoformat()
        for number in range(2):
            shop.put("order", f"old-{month}-{number}", key=f"SO-1{month}{number}", customer_key="K100", customer_name="Delta Water Group", state="done",
                     amount=str(100_000 + 10_000 * month + number), currency="CNY", ordered_on=day)  # fmt: skip
    services.take_all(now=now)
    services.rebuild()
    return people


def one_order_more() -> None:
    """An order that came in just now, counted."""
    now = clock.now()
    shop.put("order", "late", key="SO-20999", customer_key="K100", customer_name="Delta Water Group", state="confirmed", amount="500000", currency="CNY",
             ordered_on=clock.company_today(now).isoformat())  # fmt: skip
    services.take_all(now=now)
    services.rebuild()
