"""What the demo company was like before it had the portal, and what it looks at since: measured days, frozen baselines, who is live, boards, a consent."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from apps.core import clock, worktime
from apps.core.kpis import SCALE
from apps.insight import services
from apps.insight.selectors import boards as selectors
from apps.insight.services import boards, customers

FIRST, LAST, LIVE = 330, 210, 120  # days ago: what was measured by hand, and since when sales works with the portal
# stream, how many, the middle one in hours, who, and the measure it becomes the baseline of
MEASURED = (
    ("shipment.cycle", 48, 33.0, ("ana", "boss"), "order_hours"),
    ("case.answered", 60, 21.0, ("ana", "boss"), "first_response"),
    ("task.decided", 90, 30.0, ("ana", "boss", "fin", "admin"), "approval_time"),
)
DECIDED = ("ana", "boss", "fin", "admin")  # two of the department that is live, two of others: neither side is one person
BOARDS = {
    "boss": ("What the portal is worth", ("order_hours", "first_response", "shipping_lag"),
             ("erp.orders_taken", "erp.shipped_on_time", "crm.won", "crm.first_response")),
    "admin": ("How we decide", ("approval_time", "decisions_hour", "touches", "closed_loop"),
              ("oa.decisions", "oa.open_tasks", "oa.decided_on_time", "oa.flow_time")),
}  # fmt: skip
CONSENT = ("C-001", "Framework contract 2026, clause 9")


def seed(*, people: dict[str, Any], now: dt.datetime) -> None:
    """Once: a company that has these boards already is left as it is."""
    if any(one.own for one in selectors.boards_of(people["boss"])):
        return
    today = clock.company_today(now)
    rng = random.Random(20261123)
    for stream, values in _measured(people, today, rng):
        with transaction.atomic():
            services.take_measured(stream=stream, values=values, now=now)
    first, last = today - dt.timedelta(days=FIRST), today - dt.timedelta(days=LAST)
    for key in (*(one[-1] for one in MEASURED), "decisions_hour"):
        with contextlib.suppress(services.UnableToFreeze):  # where a stricter rule about small groups is set
            services.freeze_baseline(person=people["admin"], key=key, first_day=first, last_day=last, now=now)
    services.set_live(person=people["admin"], department=people["boss"].org_unit_id, live_from=today - dt.timedelta(days=LIVE), now=now)
    for login, (name, measures, figures) in BOARDS.items():
        boards.make_board(person=people[login], name=name, items=_tiles(measures, figures), now=now)
    customers.record_consent(person=people["boss"], customer_key=CONSENT[0], given=True, basis=CONSENT[1], now=now)


Values = list[tuple[dt.date, int, Any]]


def _measured(people: dict[str, Any], today: dt.date, rng: random.Random) -> Iterator[tuple[str, Values]]:
    """(stream, values): each of a working day and of one of its people; most are short, some very long."""
    working = worktime.company().is_working
    days = [day for day in (today - dt.timedelta(days=ago) for ago in range(LAST, FIRST + 1)) if working(day)]
    for stream, count, middle, logins, _key in MEASURED:
        yield stream, [(rng.choice(days), round(SCALE * middle * rng.lognormvariate(0, 0.6)), people[rng.choice(logins)]) for _one in range(count)]
    yield "task.hour", [
        (day, SCALE * hour, people[login]) for login in DECIDED for day in sorted(rng.sample(days, 20))
        for hour in rng.choices((9, 10, 11, 14, 15, 16, 17), k=rng.randint(1, 4))
    ]  # fmt: skip


def _tiles(measures: tuple[str, ...], figures: tuple[str, ...]) -> list[dict[str, Any]]:
    """Figures in the first row, measures two in a row below."""
    row = [{"key": f"f{n}", "kpis": [key], "look": "figure", "title": "", "x": 3 * n, "y": 0, "w": 3, "h": 1} for n, key in enumerate(figures)]
    return row + [{"key": f"m{n}", "kpis": [f"meter.{key}"], "look": "meter", "title": "", "x": 6 * (n % 2), "y": 1 + 2 * (n // 2), "w": 6, "h": 2}
                  for n, key in enumerate(measures)]  # fmt: skip
