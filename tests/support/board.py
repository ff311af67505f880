"""A company with figures: its records counted, with months before them, so that boards have something to show."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from apps.core import clock, worktime
from apps.insight import services
from apps.insight.models import UnusualDay
from apps.insight.policies import periods, unusual
from apps.insight.selectors import boards as board_selectors
from apps.insight.services import boards, customers, exporting, tokens
from apps.insight.services.unusual import watch_days
from apps.integrations.models import Connection, QuarantineItem
from apps.jobs import services as jobs
from tests.support import shop

MONTHS = 6


def fill(people: SimpleNamespace) -> SimpleNamespace:
    """The shop, with orders of the six months before, counted."""
    now = clock.now()
    today = clock.company_today(now)
    shop.fill(people, ordered_on=today.isoformat())
    for month in range(1, MONTHS + 1):
        day = periods.add_months(today.replace(day=1), -month).isoformat()
        for number in range(2):
            shop.put("order", f"old-{month}-{number}", key=f"SO-1{month}{number}", customer_key="K100", customer_name="Delta Water Group", state="done",
                     amount=str(100_000 + 10_000 * month + number), currency="CNY", ordered_on=day)  # fmt: skip
    services.take_all(now=now)
    services.rebuild()
    return people


def everything_else(people: SimpleNamespace) -> dict[str, str]:
    """What else has a page: a payment, orders to suppliers and of production, a service request, a record in quarantine, a key, consents, and what
    boss made of the board. Returns the ids that the portal gave, by name."""
    now = clock.now()
    today = clock.company_today(now)
    shop.put("payment", "p-1", key="BANK-77", customer_key="K100", customer_name="Delta Water Group", invoice_id="i-1", invoice_key="INV-441",
             amount="4200.50", currency="CNY", paid_on=today.isoformat())  # fmt: skip
    shop.put("purchase_order", "po-1", key="PO-9", supplier_key="S1", supplier_name="Linhai Bearings", state="processing", amount="1890.00", currency="CNY",
             lines=[{"sku": "6308-2RS", "name": "Bearing", "quantity": "60", "unit_price": "31.50", "amount": "1890.00"}], ordered_on=today.isoformat(),
             planned_on=(today + dt.timedelta(days=9)).isoformat())  # fmt: skip
    shop.put("production", "m-1", key="MO-3", sku="IH-100", name="Chemical pump IH-100", product_line="Chemical pumps", quantity="12", state="running",
             planned_on=(today + dt.timedelta(days=5)).isoformat(), started_on=today.isoformat())  # fmt: skip
    shop.put("case", "case-1", name="Pump leaks at the seal", customer_id="c-0", customer_key="K100", customer_name="Delta Water Group", state="new",
             priority="high", owner_email=people.ana.email, created_at=(now - dt.timedelta(hours=3)).isoformat())  # fmt: skip
    held = QuarantineItem.objects.create(
        connection=Connection.objects.get(key="crm"), stream="deals", kind="deal", external_id="d-0", name="Delta Water Group: pumps 0", owner=people.ana,
        raw={"id": "d-0", "amount": "48000"}, problems=[{"code": "missing", "field": "name", "params": {"field": "name"}}], created_at=now, updated_at=now,
    )  # fmt: skip
    for key in ("K100", "K101", "K102"):
        customers.record_consent(person=people.boss, customer_key=key, given=True, basis="Framework contract 2026", now=now)
    return {"held": str(held.pk), **_of_the_board(people.boss, now)}


def _of_the_board(boss: Any, now: dt.datetime) -> dict[str, str]:
    """A board of his own, a file, a key, and a day that he was told of."""
    tokens.make_token(person=boss, name="Power BI", scopes=["figures"], days=90, now=now)
    day = clock.company_today(now) - dt.timedelta(days=1)
    while not unusual.compared(day, worktime.company()):
        day -= dt.timedelta(days=1)
    for back, amount in ((0, "610000"), *((week, str(100_000 + 1_000 * week)) for week in range(1, 9))):
        shop.put("order", f"day-{back}", key=f"SO-30{back}", customer_key="K100", customer_name="Delta Water Group", state="done", amount=amount,
                 currency="CNY", ordered_on=(day - dt.timedelta(weeks=back)).isoformat())  # fmt: skip
    services.take_all(now=now)
    services.rebuild()
    watch = watch_days(person=boss, kpi="erp.orders_taken", now=now)
    told = UnusualDay.objects.create(watch=watch, day=day, above=True, times=60, weeks=8, found_at=now)
    period = periods.period("month", today=clock.company_today(now))
    taken = exporting.order(person=boss, board=board_selectors.board(boss, "company"), form="xlsx", period=period, as_shown=None, now=clock.now())
    jobs.run_due()
    return {"board": str(boards.copy_board(person=boss, ident="company", now=now).pk), "print": str(taken.pk), "unusual": str(told.pk)}


def one_order_more() -> None:
    """An order that came in just now, counted."""
    now = clock.now()
    shop.put("order", "late", key="SO-20999", customer_key="K100", customer_name="Delta Water Group", state="confirmed", amount="500000", currency="CNY",
             ordered_on=clock.company_today(now).isoformat())  # fmt: skip
    services.take_all(now=now)
    services.rebuild()
