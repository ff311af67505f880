"""Loading: what is at hand is shown at once, what is due is read behind the page, and a stopped, a slow and a refusing system delay nobody."""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.core.errors import SystemUnavailable
from apps.core.http import PermanentError
from apps.core.widgets import WIDGETS, Widget
from apps.realtime.models import Hint
from apps.workspace import services
from apps.workspace.policies import Cell
from apps.workspace.services import loading
from tests.support.until import until
from tests.workspace.test_pages import text

NOW = dt.datetime(2026, 11, 23, 1, 12, tzinfo=dt.UTC)


class Outside(Widget):
    """Asks a system of the test: `system.ask()` answers, waits or raises."""

    title, about = "Outside", "Asks outside."
    resource = "workspace.home"
    template = "workspace/widgets/recent.html"
    refresh = 30

    def __init__(self, key: str, system: Any, scope: str = "person") -> None:
        self.key, self.asked, self.outside, self.system, self.scope = key, system, system.name, system.name, scope

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        self.asked.ask()
        return {"rows": [], "as_of": now, "number": self.asked.asks}


class Away:
    """An outside system. `hold`: an event that answers wait for; `error`: what they raise."""

    def __init__(self, name: str) -> None:
        self.name, self.asks, self.most, self.at_once = name, 0, 0, 0
        self.hold: threading.Event | None = None
        self.error: Exception | None = None
        self.lock = threading.Lock()

    def ask(self) -> None:
        with self.lock:
            self.asks += 1
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        try:
            if self.hold is not None:
                self.hold.wait(30)
            if self.error:
                raise self.error
        finally:
            with self.lock:
                self.at_once -= 1


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Any:
    """place(system, n) -> n widgets of it, registered for this test."""

    def make(system: Away, count: int = 1, scope: str = "person") -> list[Widget]:
        made = [Outside(f"tests.{system.name}_{number}", system, scope) for number in range(count)]
        for widget in made:
            monkeypatch.setitem(WIDGETS, widget.key, widget)
        return made  # type: ignore[return-value]

    return make


@pytest.fixture
def threads(settings: Any) -> Iterator[Any]:
    """The pools as in production; ended with the test."""
    settings.WIDGET_THREADS = 4
    yield settings
    until(lambda: not loading._flights, seconds=10)
    for pool in loading._pools.values():
        pool.shutdown()
    loading._pools.clear()


def shown(person: Any, widgets: list[Widget], now: dt.datetime = NOW) -> list[services.WidgetView]:
    cells = [Cell(widget.key, 0, index, 4, 1) for index, widget in enumerate(widgets)]
    return services.shown(person=person, cells=cells, widgets=WIDGETS, now=now)


def states(views: list[services.WidgetView]) -> list[tuple[str, bool, bool, bool]]:
    return [(view.state, view.old, view.failed, view.slow) for view in views]


# --- fresh, stale, failed (in the asking thread) ---------------------------------------------------------------------------------------------


@pytest.mark.req("U3", "E5")
def test_fresh_is_shown_without_a_call_stale_is_shown_and_read_behind(cast: SimpleNamespace, place: Any) -> None:
    system = Away("lab")
    [widget] = place(system)
    assert states(shown(cast.ana, [widget])) == [("waiting", False, False, False)] and system.asks == 1  # started with the page
    assert states(shown(cast.ana, [widget], NOW + dt.timedelta(seconds=30))) == [("ready", False, False, False)] and system.asks == 1
    view = shown(cast.ana, [widget], NOW + dt.timedelta(seconds=31))[0]
    assert (view.state, view.old, view.context["number"]) == ("ready", True, 1) and system.asks == 2
    assert "atrium:widget-tests-lab-0 from:body" in view.triggers and "load delay:2s" in view.triggers
    assert services.fetched(person=cast.ana, widget=widget, now=NOW + dt.timedelta(seconds=32)).context["number"] == 2 and system.asks == 2


@pytest.mark.req("U3", "D5")
def test_one_of_the_portals_own_is_not_shown_for_hours_since_whose_rows_they_are_may_change(cast: SimpleNamespace, place: Any) -> None:
    [widget] = place(Away("lab"))
    widget.outside = ""
    assert services.fetched(person=cast.ana, widget=widget, now=NOW).context["number"] == 1
    at = [(second, shown(cast.ana, [widget], NOW + dt.timedelta(seconds=second))[0]) for second in (30, 31, 60, 61)]
    assert [(second, view.state, view.old) for second, view in at] == [(30, "ready", False), (31, "ready", True), (60, "ready", True), (61, "waiting", False)]
    cells = [Cell(widget.key, 0, 0, 4, 1)]
    for second, number in ((30, 1), (31, 2), (4000, 3)):  # a browser that cannot ask is given what is due as well
        [view] = services.shown(person=cast.ana, cells=cells, widgets=WIDGETS, now=NOW + dt.timedelta(seconds=second), whole=True)
        assert (view.state, view.old, view.context["number"]) == ("ready", False, number)


@pytest.mark.req("U3")
def test_after_a_failure_the_last_figure_stays_and_the_system_is_left_alone_for_a_while(cast: SimpleNamespace, place: Any) -> None:
    system = Away("lab")
    [widget] = place(system)
    shown(cast.ana, [widget])
    system.error = SystemUnavailable("away")
    late = NOW + dt.timedelta(hours=1)
    shown(cast.ana, [widget], late)
    for _visit in range(3):
        assert states(shown(cast.ana, [widget], late)) == [("ready", False, True, False)]
    assert states([services.fetched(person=cast.ana, widget=widget, now=late)]) == [("ready", False, True, False)]
    assert system.asks == 2  # once when it was there, once when it was not
    system.error = None
    again = services.fetched(person=cast.ana, widget=widget, now=late, again=True)  # a person presses "Try again"
    assert (again.state, again.failed, again.context["as_of"]) == ("ready", False, late) and system.asks == 3


@pytest.mark.parametrize("error", [SystemUnavailable("away"), PermanentError("refused", system="lab"), ZeroDivisionError()])
def test_a_first_look_at_a_system_that_does_not_answer_says_so(cast: SimpleNamespace, as_: Any, place: Any, error: Exception) -> None:
    system = Away("lab")
    system.error = error
    [widget] = place(system)
    page = as_(cast.ana).get(f"/widgets/{widget.key}/")
    assert page.status_code == 200 and "LAB did not answer" in text(page) and "?again=1" in page.content.decode()


def test_what_all_share_is_read_once_and_what_is_ones_own_once_each(cast: SimpleNamespace, place: Any) -> None:
    system, other = Away("lab"), Away("desk")
    [shared], [own] = place(system, scope="all"), place(other)
    for person in (cast.ana, cast.boss, cast.ana):
        shown(person, [shared, own])
    assert (system.asks, other.asks) == (1, 2)


@pytest.mark.req("D5")
def test_a_change_of_rights_forgets_what_was_read_under_the_old_ones(cast: SimpleNamespace, place: Any) -> None:
    from apps.access import services as access

    system = Away("lab")
    [widget] = place(system)
    shown(cast.ana, [widget])
    assert shown(cast.ana, [widget])[0].state == "ready"
    access.assign_role(actor=cast.admin, role="finance", person_id=cast.guest.pk, now=clock.now())
    assert shown(cast.ana, [widget])[0].state == "waiting"


@pytest.mark.req("D5", "A12")
def test_rights_that_run_out_by_themselves_and_a_move_to_another_department_forget_it_too(cast: SimpleNamespace, place: Any, travel: Any) -> None:
    from apps.access import services as access
    from apps.directory import services as directory

    travel(NOW)
    access.assign_role(actor=cast.admin, role="finance", person_id=cast.ana.pk, valid_to=NOW + dt.timedelta(seconds=20), now=NOW)
    [widget] = place(Away("lab"))
    shown(cast.ana, [widget])
    assert shown(cast.ana, [widget], NOW + dt.timedelta(seconds=19))[0].context["number"] == 1
    assert shown(cast.ana, [widget], NOW + dt.timedelta(seconds=20))[0].state == "waiting"  # nothing of what finance read
    assert shown(cast.ana, [widget], NOW + dt.timedelta(seconds=21))[0].context["number"] == 2
    cast.ana.org_unit = directory.upsert_unit(code="lab", name="Lab")
    assert shown(cast.ana, [widget], NOW + dt.timedelta(seconds=22))[0].state == "waiting"


def test_another_process_that_reads_already_is_not_doubled(cast: SimpleNamespace, place: Any) -> None:
    system = Away("lab")
    [widget] = place(system)
    cache.add(f"{loading._Names(cast.ana, NOW).key(widget)}:busy", 1, 30)
    assert states(shown(cast.ana, [widget])) == [("waiting", False, False, False)] and system.asks == 0
    view = services.fetched(person=cast.ana, widget=widget, now=NOW)
    assert (view.state, view.slow, system.asks) == ("waiting", True, 0) and "load delay:2s" in view.triggers


# --- with threads ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("U3", "E5", "P1")
@pytest.mark.django_db(transaction=True)
def test_sixteen_widgets_with_a_stopped_a_slow_and_a_refusing_system(cast: SimpleNamespace, as_: Any, place: Any, threads: Any, travel: Any,
                                                                    monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    travel(NOW)
    monkeypatch.setattr(loading, "WAIT", 0.2)
    stopped, slow, refusing, well = Away("stopped"), Away("slow"), Away("refusing"), Away("well")
    stopped.error, refusing.error = SystemUnavailable("no answer"), PermanentError("not today", system="refusing")
    slow.hold = threading.Event()  # it answers when the test says so: slower than anything a page could wait for
    widgets = [*place(stopped, 4), *place(slow, 4), *place(refusing, 4), *place(well, 4)]
    items = [{"key": widget.key, "x": index % 4 * 3, "y": index // 4 * 2, "w": 3, "h": 2} for index, widget in enumerate(widgets)]
    services.save_own(person=cast.ana, items=items, now=NOW)
    client = as_(cast.ana)

    page = client.get("/")
    assert page.status_code == 200 and slow.asks <= 4 and slow.hold.is_set() is False  # it came while the slow one still waits
    until(lambda: well.asks == stopped.asks == refusing.asks == 4 and len(loading._flights) == 4, seconds=10)
    page = text(client.get("/"))
    assert page.count("STOPPED did not answer") == 4 and page.count("REFUSING did not answer") == 4 and page.count("Nothing opened yet") == 4
    waiting = client.get(f"/widgets/{widgets[4].key}/").content.decode()
    assert "SLOW is slow. It is still being asked." in waiting and "load delay:2s" in waiting
    assert slow.most == 4 and slow.asks == 4  # once for each, however often the page asked

    slow.hold.set()
    until(lambda: not loading._flights, seconds=10)
    told = [hint.body for hint in Hint.objects.filter(person_id=cast.ana.pk) if '"widget"' in hint.body]
    assert told == ['{"t":"widget","key":"tests.slow_0"}']  # who waited is told; the others ask with the page
    page = text(client.get("/"))
    assert page.count("Nothing opened yet") == 8 and page.count("did not answer") == 8
    assert (stopped.asks, slow.asks, refusing.asks, well.asks) == (4, 4, 4, 4)


@pytest.mark.req("U3")
@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_once_cost_one_reading_and_a_full_pool_refuses_more(cast: SimpleNamespace, place: Any, threads: Any,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr(loading, "WAIT", 0.01)
    threads.WIDGET_THREADS = 1
    system = Away("lab")
    system.hold = threading.Event()
    widgets = place(system, 6)
    for _visit in range(5):
        shown(cast.ana, widgets)
    until(lambda: system.asks == 1, seconds=5)
    assert len(loading._flights) == loading.QUEUE == 4  # the other two wait for room, with the browser
    assert states([services.fetched(person=cast.ana, widget=widgets[5], now=NOW)]) == [("waiting", False, False, True)]
    system.hold.set()
    until(lambda: not loading._flights, seconds=10)
    assert (system.asks, system.most) == (4, 1)


@pytest.mark.req("U3")
@pytest.mark.django_db(transaction=True)
def test_a_warm_page_asks_nobody_outside(cast: SimpleNamespace, as_: Any, place: Any, threads: Any, travel: Any) -> None:
    travel(NOW)
    system = Away("lab")
    widgets = place(system, 12)
    services.save_own(person=cast.ana, items=[{"key": w.key, "x": 0, "y": n, "w": 4, "h": 1} for n, w in enumerate(widgets)], now=NOW)
    client = as_(cast.ana)
    client.get("/")
    until(lambda: not loading._flights and system.asks == 12, seconds=10)
    with CaptureQueriesContext(connection) as queries:
        began = time.perf_counter()
        page = client.get("/").content.decode()
        took = time.perf_counter() - began
    assert page.count("Nothing opened yet") == 12 and system.asks == 12
    assert len([q for q in queries if q["sql"].startswith(("INSERT", "UPDATE"))]) == 0 and took < 5


@pytest.mark.req("U3", "D5")
def test_a_warm_card_is_drawn_once_with_each_requests_own_token(stocked: SimpleNamespace, as_: Any, travel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.workspace.templatetags import business

    travel(NOW)
    services.save_own(person=stocked.eve, items=[{"key": "erp.to_ship", "x": 0, "y": 0, "w": 4, "h": 3}], now=NOW)
    drawn: list[str] = []
    draw = business._drawn
    monkeypatch.setattr(business, "_drawn", lambda view, *rest: drawn.append(view.widget.key) or draw(view, *rest))
    client = as_(stocked.eve)
    client.get("/widgets/erp.to_ship/")
    pages = [client.get("/").content.decode() for _visit in range(3)]
    assert all(business.PLACE_OF_TOKEN not in page for page in pages)
    assert drawn.count("erp.to_ship") == 1 + 2  # the fragment's body; once the card and its body on the page
    tokens = [re.findall(r'action="/home/do/ship/".*?name="csrfmiddlewaretoken" value="([^"]+)"', page, re.DOTALL) for page in pages]
    assert all(tokens) and len({token for found in tokens for token in found}) == 3 and business.PLACE_OF_TOKEN not in "".join(pages)
    strict = as_(stocked.eve)
    strict.handler.enforce_csrf_checks = True
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', strict.get("/").content.decode())[-1]
    assert strict.post("/home/do/ship/", {"shipment": "nowhere", "to": "done", "csrfmiddlewaretoken": token}).status_code == 302
    travel(NOW + dt.timedelta(seconds=31))
    client.get("/widgets/erp.to_ship/")
    client.get("/")
    assert drawn.count("erp.to_ship") == 3 + 3  # new figures are drawn anew


# --- the widgets that ask for real ------------------------------------------------------------------------------------------------------------


@pytest.mark.req("U3", "E1")
def test_watched_records_are_asked_now_and_shown_through_the_rights(systems: SimpleNamespace, cast: SimpleNamespace, as_: Any, run_jobs: Any) -> None:
    systems.load()
    run_jobs(now=systems.now)
    sku = next(iter(systems.erp.rows["stock"]))
    deal = next(ident for ident, row in systems.crm.rows["deals"].items() if row.get("owner_email", "").startswith("ana"))
    client = as_(cast.ana)
    assert "No product is watched" in text(client.get("/widgets/erp.watched_stock/"))
    for kind, ident in (("stock", sku), ("deal", deal)):
        assert client.post("/home/do/star/", {"kind": kind, "id": ident}).status_code == 302
    systems.erp.put("stock", sku, quiet=True, available="4711", on_hand="4711")
    systems.crm.put("deals", deal, quiet=True, stage="NEGOTIATION")
    assert "4,711" in text(client.get("/widgets/erp.watched_stock/?again=1"))
    assert "Negotiation" in text(client.get("/widgets/crm.watched_deals/?again=1"))
    systems.erp.down = True
    later = text(client.get("/widgets/erp.watched_stock/?again=1"))
    assert "Could not be refreshed" in later and "4,711" in later
