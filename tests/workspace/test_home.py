"""Home: to-dos by due, messages, widgets in every state."""

from __future__ import annotations

import datetime as dt
import html
import re
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone, translation

from apps.core import clock, kinds
from apps.core.errors import SystemUnavailable
from apps.core.widgets import WIDGETS, Widget
from apps.notifications import services as notifications
from apps.workspace import services
from apps.workspace.policies import Cell
from tests.support import shop
from tests.workspace.test_pages import text

FOUR = ("erp.stock_alerts", "erp.my_orders", "crm.my_pipeline", "business.loop")


class Todo(kinds.NotificationKind):
    key = "tests.todo"
    todo = True

    def title(self, params: Any, show: Any) -> str:
        return f"Decide {params['what']}"

    def url(self, params: Any) -> str:
        return "/approvals/"


class News(kinds.NotificationKind):
    key = "tests.news"
    system = "erp"

    def title(self, params: Any, show: Any) -> str:
        return f"News {params['what']}"


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(kinds.KINDS, "tests.todo", Todo())
    monkeypatch.setitem(kinds.KINDS, "tests.news", News())

    def tell(person: Any, what: str, *, kind: str = "tests.todo", due_at: dt.datetime | None = None) -> None:
        notifications.notify(kind=kind, person_ids=[person.pk], params={"what": what}, ref=f"t:{what}", now=clock.now(), due_at=due_at)

    return tell


@pytest.mark.req("D2")
def test_todos_stand_by_due_and_are_counted(stocked: SimpleNamespace, as_: Any, notify: Any, travel: Any) -> None:
    now = dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC)  # 10:00 in the company's zone
    travel(now)
    notify(stocked.ana, "later", due_at=now + dt.timedelta(days=3))
    notify(stocked.ana, "late", due_at=now - dt.timedelta(hours=3))
    notify(stocked.ana, "any")
    notify(stocked.ana, "today", due_at=now + dt.timedelta(hours=2))
    notify(stocked.ana, "shipped", kind="tests.news")
    page = text(as_(stocked.ana).get("/"))
    places = [page.index(word) for word in ("Overdue 1", "Decide late", "Decide today", "Later 1", "Decide later", "Decide any")]
    assert places == sorted(places)
    assert "4 to-dos; 1 is overdue." in page and "3 h late" in page and "in 3 days" in page
    assert "News shipped" in page
    assert as_(stocked.ana).get("/shell/todo-count/").json() == {"count": 4}


def test_a_resolved_todo_is_gone_with_the_next_look(stocked: SimpleNamespace, as_: Any, notify: Any) -> None:
    client = as_(stocked.ana)
    notify(stocked.ana, "it")
    assert "Decide it" in text(client.get("/home/todos/"))
    notifications.resolve(ref="t:it", now=clock.now())
    assert "Nothing to do" in text(client.get("/home/todos/"))
    assert client.get("/shell/todo-count/").json() == {"count": 0}


def asked_together(page: str) -> list[str]:
    """Keys in the page's one request for all of the portal's own widgets that were not at hand."""
    found = re.findall(r'<div hidden hx-get="(/widgets/\?[^"]+)" hx-trigger="load" hx-swap="none">', page)
    return parse_qs(urlsplit(html.unescape(found[0])).query)["key"] if found else []


@pytest.mark.req("D4")
def test_own_widgets_come_in_one_request_each_for_its_place_and_under_its_right(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    keys = asked_together(client.get("/").content.decode())
    assert {"erp.stock_alerts", "crm.my_pipeline", "business.loop"} <= set(keys)
    page = client.get("/widgets/", {"key": [*keys, "no.such", keys[0]]}).content.decode()
    places = re.findall(r"""hx-swap-oob="innerHTML:\[gs-id='([^']+)'\] > .grid-stack-item-content">""", page)
    assert places == keys
    assert "6308-2RS" in page and "Prospecting" in page and "skel" not in page
    assert asked_together(client.get("/").content.decode()) == []  # at hand now
    eve = as_(stocked.eve).get("/widgets/", {"key": "crm.my_pipeline"}).content.decode()
    assert "Not for your role" in eve and "Prospecting" not in eve


@pytest.mark.req("D4")
def test_four_widgets_with_figures_source_and_age(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    first = client.get("/").content.decode()
    for key in FOUR:
        assert f'hx-get="/widgets/{key}/"' in first
    alone, together = re.findall('hx-get="/widgets/([^"]+)/" hx-trigger="[^"]*, load"', first), asked_together(first)
    assert first.count('class="stack skel"') == len(alone) + len(together) >= len(FOUR)
    assert all(WIDGETS[key].outside for key in alone) and not any(WIDGETS[key].outside for key in together)
    stock = text(client.get("/widgets/erp.stock_alerts/"))
    assert "6308-2RS" in stock and "14" in stock and "60" in stock and "3 products below" in stock and "now" in stock
    assert "SO-20870" in text(client.get("/widgets/erp.my_orders/"))
    pipeline = text(client.get("/widgets/crm.my_pipeline/"))
    assert "Prospecting" in pipeline and "¥48 k" in pipeline and "open deals" in pipeline
    assert "No case yet" in text(client.get("/widgets/business.loop/"))
    again = client.get("/").content.decode()  # at hand now: inline
    assert again.count('class="stack skel"') == first.count('class="stack skel"') - len(FOUR) and "6308-2RS" in again


@pytest.mark.req("U3")
def test_without_script_everything_stands_in_the_page(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    assert '<noscript><a class="btn btn-s" href="/?whole=1">' in client.get("/").content.decode()
    page = client.get("/?whole=1").content.decode()
    assert 'class="stack skel"' not in page and "6308-2RS" in page and "SO-20870" in page


def test_a_widget_somebody_may_not_see_is_locked_with_the_reason(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.eve)
    page = text(client.get("/widgets/crm.my_pipeline/"))
    assert "Not for your role" in page and "grants “See” on CRM Deals" in page and "crm.deal" not in page
    assert "Prospecting" not in page and "hx-get" not in client.get("/widgets/crm.my_pipeline/").content.decode()
    assert client.get("/widgets/no.such/").status_code == 404


def test_what_is_remembered_belongs_to_one_person(stocked: SimpleNamespace, as_: Any) -> None:
    as_(stocked.boss).get("/widgets/crm.my_pipeline/")
    ana = text(as_(stocked.ana).get("/widgets/crm.my_pipeline/"))
    assert "6 open deals" in ana
    assert "4 open deals" in text(as_(stocked.boss).get("/"))


class Moody(Widget):
    """Fails when told to."""

    key = "tests.moody"
    title = "Moody"
    system = "crm"
    resource = "workspace.home"
    template = "workspace/widgets/my_pipeline.html"
    error: Exception | None = None

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"rows": [], "as_of": now}


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Moody:
    widget = Moody()
    monkeypatch.setitem(WIDGETS, "tests.moody", widget)
    return widget


@pytest.mark.parametrize("error", [SystemUnavailable("away"), ZeroDivisionError()])
def test_a_failing_widget_offers_another_try_and_leaves_the_page_whole(stocked: SimpleNamespace, as_: Any, moody: Moody, error: Exception) -> None:
    moody.error = error
    client = as_(stocked.ana)
    page = client.get("/widgets/tests.moody/")
    assert page.status_code == 200
    assert "CRM did not answer" in text(page) and "Try again" in text(page)
    assert client.get("/").status_code == 200


def test_old_figures_stay_marked_when_a_refresh_fails(stocked: SimpleNamespace, as_: Any, moody: Moody, travel: Any) -> None:
    client, now = as_(stocked.ana), clock.now()
    travel(now)
    client.get("/widgets/tests.moody/")
    moody.error = SystemUnavailable("away")
    travel(now + dt.timedelta(minutes=40))
    page = text(client.get("/widgets/tests.moody/"))
    assert "Could not be refreshed" in page and "40 min ago" in page and "No open deal" in page
    with timezone.override("Asia/Shanghai"), translation.override("en"):  # as on her pages: what is remembered goes by both
        [view] = services.shown(person=stocked.ana, cells=[Cell("tests.moody", 0, 0, 4, 3)], widgets=WIDGETS, now=clock.now())
    assert (view.state, view.old, view.together, view.triggers.endswith(", load delay:10s")) == ("waiting", False, True, True)  # too old


def test_a_widget_that_cannot_be_drawn_says_so(stocked: SimpleNamespace, as_: Any, moody: Moody, monkeypatch: Any) -> None:
    monkeypatch.setattr(moody, "template", "no/such.html", raising=False)
    page = text(as_(stocked.ana).get("/widgets/tests.moody/"))
    assert "This widget cannot be shown" in page


@pytest.mark.req("D5")
def test_a_change_of_rights_locks_a_remembered_widget_at_once(stocked: SimpleNamespace, as_: Any) -> None:
    from apps.access import services as access
    from apps.access.models import Assignment

    client = as_(stocked.ana)
    client.get("/widgets/crm.my_pipeline/")
    given = Assignment.objects.filter(role__code="sales").first()
    assert given is not None
    access.revoke_role(assignment_id=given.pk, actor=stocked.admin, now=clock.now())
    assert "Not for your role" in text(client.get("/widgets/crm.my_pipeline/"))


def test_a_system_that_is_away_is_named_with_the_last_answer(stocked: SimpleNamespace, as_: Any) -> None:
    from apps.integrations.models import Connection

    Connection.objects.filter(key="erp").update(state="down", last_ok_at=clock.now() - dt.timedelta(hours=2))
    page = text(as_(stocked.ana).get("/orders/"))
    assert "ERP does not answer." in page and "You see the last known data" in page and "SO-20871" in page
    Connection.objects.all().delete()
    assert "Nothing is lost; data comes as soon as it answers." in text(as_(stocked.ana).get("/orders/"))


def test_the_tour_exists_in_the_demo_only(stocked: SimpleNamespace, as_: Any, settings: Any) -> None:
    client = as_(stocked.ana)
    assert client.get("/tour/").status_code == 404
    assert client.post("/tour/d-0/go/").status_code == 404
    assert "Take the tour" not in text(client.get("/"))
    settings.ATRIUM_MODE = "demo"
    assert "Take the tour" in text(client.get("/"))
    page = text(client.get("/tour/"))
    assert "Delta Water Group: pumps 0" in page and "Meilin Foods: pumps 1" not in page  # d-1 has a line without product
    shop.put("deal", "d-x", name="x")
    assert "Chen An sets the deal to won" in text(client.get("/tour/d-0/"))


@pytest.mark.req("E1")
@pytest.mark.parametrize(
    ("login", "places"),
    [("ana", ["/customers/", "/deals/", "/orders/", "/shipments/"]), ("eve", ["/orders/", "/shipments/", "/stock/"]), ("admin", ["/customers/"])],
)
def test_a_first_day_begins_with_the_pages_one_may_open(cast: SimpleNamespace, as_: Any, notify: Any, login: str, places: list[str]) -> None:
    """Nothing to do yet: the page shows where work begins, only what opens, and no more once something waits."""
    person = getattr(cast, login)
    client = as_(person)
    offered = re.search(r'<nav[^>]*aria-label="Begin here".*?</nav>', client.get("/").content.decode(), re.DOTALL)
    assert offered is not None
    found = re.findall(r'<a [^>]*href="([^"]+)"', offered[0])
    assert found[: len(places)] == places and len(found) <= 4
    for path in found:
        assert client.get(path).status_code == 200, path
    notify(person, "x")
    assert "Begin here" not in client.get("/").content.decode()
    assert "Begin here" not in client.get("/home/todos/").content.decode()
