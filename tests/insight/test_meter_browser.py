# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""The value meter, unusual days, keys and joined customers in a browser: clean in both languages and themes, on the phone too; used by keyboard."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from apps.core import clock
from apps.insight import services
from apps.insight.models import Board, Token, UnusualDay, UnusualWatch
from apps.insight.policies.facts import Draft
from apps.insight.policies.periods import DAY
from apps.insight.services import boards, customers, unusual
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.browser.test_every_page import look_like
from tests.support import board as figures

pytestmark = [pytest.mark.browser, *(pytest.mark.filterwarnings(line) for line in NOISE)]

LOOKS = [("en", "light", 1440), ("zh-hans", "dark", 1440), ("zh-hans", "light", 360), ("en", "dark", 360)]
KEY = "erp.orders_taken"


def _values(stream: str, middle: float, day: dt.date, owner: Any, count: int = 40) -> None:
    rng = random.Random(f"{stream}{day}{owner.pk}")
    drafts = [Draft(stream, day, part=str(n), value=round(100 * middle * rng.lognormvariate(0, 0.4)), owner=owner.pk, department=owner.org_unit_id)
              for n in range(count)]  # fmt: skip
    services.keep(subject=f"oa:case:{uuid.uuid4()}", drafts=drafts, now=clock.now())


@pytest.fixture
def measured(live_portal: str, cast: SimpleNamespace) -> SimpleNamespace:
    """A company with a baseline, a control, an unusual day, and customers who agreed."""
    figures.fill(cast)
    now = clock.now()
    today = clock.company_today(now)
    day = today - DAY
    _values("shipment.cycle", 30, today - dt.timedelta(days=200), cast.ana)
    _values("shipment.cycle", 18, today, cast.ana)
    _values("shipment.cycle", 28, today, cast.fin)
    services.freeze_baseline(person=cast.boss, key="order_hours", first_day=today - dt.timedelta(days=210), last_day=today - dt.timedelta(days=190), now=now)
    services.set_live(person=cast.boss, department=cast.ana.org_unit_id, live_from=today - dt.timedelta(days=150), now=now)
    for back in range(9):
        draft = Draft("order", day - dt.timedelta(weeks=back), value=100 * (90_000 if back == 0 else 9_000 + 100 * back))
        services.keep(subject=f"erp:order:week-{back}", drafts=[draft], now=now)
    while services.rebuild():
        pass
    watch = unusual.watch_days(person=cast.boss, kpi=KEY, now=now)
    UnusualWatch.objects.update(judged_for=day)
    UnusualDay.objects.create(watch=watch, day=day, above=True, times=120, weeks=8, found_at=now)
    tiles = [{"key": f"t{n}", "kpis": [f"meter.{key}"], "look": "meter", "title": "", "x": 6 * (n % 2), "y": 2 * (n // 2), "w": 6, "h": 2}
             for n, key in enumerate(("order_hours", "first_response", "touches", "shipping_lag"))]  # fmt: skip
    boards.make_board(person=cast.boss, name="Worth", items=tiles, now=now)
    for key in ("K100", "K101", "K102"):
        customers.record_consent(person=cast.boss, customer_key=key, given=True, basis="Framework contract", now=now)
    return cast


def pages() -> tuple[str, ...]:
    return ("/board/meter/", "/board/meter/order_hours/", "/board/meter/order_hours/?side=control", "/board/meter/touches/", "/board/meter/data_age/",
            "/board/meter/closed_loop/", "/board/meter/departments/", f"/board/b/{Board.objects.get().pk}/", "/board/new/?kpi=meter.order_hours",
            "/board/meter/decisions_hour/", f"/board/figures/{KEY}/", f"/board/unusual/{UnusualDay.objects.get().pk}/",
            "/profile/keys/", "/board/customers/", "/board/customers/consents/")  # fmt: skip


@pytest.mark.req("V1", "V7", "I12")
def test_the_pages_are_clean_in_all_looks(open_page: Any, measured: SimpleNamespace) -> None:
    found: list[str] = []
    for language, theme, width in LOOKS:
        look_like(measured.boss, language, theme)
        tab = open_page(measured.boss, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        for path in pages():
            tab.errors.clear()
            tab.goto(path)
            tab.shot(f"meter{path.replace('/', '_').replace('?', '-')[:40]}.{language}.{theme}.{width}")
            found += [f"{path} {language} {theme} {width}: {finding}" for finding in tab.findings()]
        tab.page.context.close()
    assert found == [], "\n".join(found)


@pytest.mark.req("V2")
def test_decisions_of_approvers_are_clean_for_who_may_see_them(open_page: Any, measured: SimpleNamespace, settings: Any) -> None:
    now = clock.now()
    days = [day for day in (clock.company_today(now) - dt.timedelta(days=back) for back in range(1, 15)) if day.isoweekday() < 6]
    three = (measured.boss, measured.fin, measured.admin)
    services.take_measured(stream="task.hour", values=[(day, 100 * hour, who) for day in days for who in three for hour in (9, 9, 15)], now=now)
    found: list[str] = []
    # sales alone is live, and one of the three works there
    for least, words, (language, theme, width) in ((3, "Fewer than 3 people", LOOKS[0]), (1, "共 10 项", LOOKS[2])):
        settings.INSIGHT_SMALLEST_GROUP = least
        look_like(measured.admin, language, theme)
        tab = open_page(measured.admin, language=language, theme=theme, width=width, height=900 if width > 600 else 740)
        tab.goto("/board/meter/decisions_hour/")
        assert words in tab.page.locator(".vm").first.inner_text()
        tab.shot(f"decisions.{language}.{theme}.{width}")
        found += [f"{language} {theme} {width}: {finding}" for finding in tab.findings()]
        tab.page.context.close()
    assert found == [], "\n".join(found)


@pytest.mark.req("V1", "I3")
def test_a_measure_is_put_on_a_board_by_keyboard(open_page: Any, measured: SimpleNamespace) -> None:
    look_like(measured.boss, "en", "light")
    tab = open_page(measured.boss)
    tab.goto("/board/new/")
    tab.page.get_by_label("From order to delivery note").focus()
    tab.page.keyboard.press("Space")
    tab.page.locator("#built .ci").wait_for()  # drawn at once: the interval and what it proves
    assert "n 40" in tab.page.locator("#built").inner_text()
    before = len(Board.objects.get().tiles)
    tab.page.get_by_role("button", name="Put it there").focus()
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("The tile is on the board.").wait_for()
    assert Board.objects.get().tiles[before]["kpis"] == ["meter.order_hours"]
    assert Board.objects.get().tiles[before]["look"] == "meter"


@pytest.mark.req("E9", "S7")
def test_a_key_is_made_by_keyboard_and_its_secret_is_told_once(open_page: Any, measured: SimpleNamespace) -> None:
    look_like(measured.boss, "en", "light")
    tab = open_page(measured.boss)
    tab.goto("/profile/keys/")
    tab.page.get_by_label("What it is for").focus()
    tab.page.keyboard.type("Power tool")
    tab.page.keyboard.press("Enter")
    secret = tab.page.locator(".note .mono, [role=status] .mono, .mono.brk").first.inner_text()
    assert secret.startswith("atr_")
    tab.page.wait_for_load_state("load")
    tab.page.get_by_role("button", name="Copy the key").press("Enter")
    assert tab.page.evaluate("getSelection().toString().trim()") == secret  # also where the browser gives no clipboard
    row = Token.objects.get()
    assert (row.name, row.scopes) == ("Power tool", ["figures"])
    tab.goto("/profile/keys/")
    assert secret not in tab.page.content()
    tab.page.get_by_role("button", name="Take the key away: Power tool").focus()
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("The key opens nothing any more.").wait_for()
    assert Token.objects.get().revoked_at is not None
