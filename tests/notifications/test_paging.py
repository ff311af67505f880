"""A long inbox: pages by place, the cost of the first one, groups by system, and views kept under a name."""

from __future__ import annotations

import datetime as dt
import random
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.notifications import forms, selectors, services
from apps.notifications.models import NEVER, Notification, SavedView
from apps.notifications.selectors import Filters
from tests.notifications.test_inbox import DAY, HOUR, ana, tell  # noqa: F401 - fixtures

OPEN = 5000


def fill(person: Any, now: dt.datetime, count: int) -> None:
    """`count` open to-dos, every third one due."""
    Notification.objects.bulk_create(
        Notification(person_id=person.pk, kind="tests.decide", system="oa", todo=True, params={"what": str(number)}, ref=f"f:{number}",
                     created_at=now - dt.timedelta(minutes=number), due_at=now + number * HOUR if number % 3 == 0 else None,
                     rank_at=now + number * HOUR if number % 3 == 0 else NEVER)
        for number in range(count)
    )  # fmt: skip


@pytest.mark.req("E13")
def test_the_first_page_of_5000_costs_what_that_of_50_costs(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:  # noqa: F811
    tell(cast.ana, "decide", "x")
    seen = []
    for count in (60, OPEN):
        fill(cast.ana, clock, count - Notification.objects.count())
        ana.get("/inbox/")
        with CaptureQueriesContext(connection) as queries:
            page = ana.get("/inbox/").content.decode()
        assert page.count('<li class="mrow') == 30
        assert re.findall(r'<span class="num">(\d+)</span></a>', page)[0] == str(count)
        seen.append(len(queries))
    assert seen[0] == seen[1] <= 8


@pytest.mark.req("E13")
@pytest.mark.parametrize(("tab", "index"), [("todo", "notice_todo_order"), ("notices", "notice_read_order"), ("closed", "notice_closed_order")])
def test_a_page_is_read_in_the_order_of_an_index(cast: SimpleNamespace, tell: Any, clock: dt.datetime, tab: str, index: str) -> None:  # noqa: F811
    tell(cast.ana, "decide", "x")
    fill(cast.ana, clock, 60)
    with CaptureQueriesContext(connection) as queries:
        selectors.inbox_page(cast.ana, Filters(tab=tab), clock)
    rows = next(query["sql"] for query in queries if "LIMIT 31" in query["sql"])
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{rows}".replace("%", "%%"))
        plan = str(cursor.fetchall())
    if connection.vendor == "sqlite":  # PostgreSQL rightly sorts a list that is this short
        assert index in plan and "TEMP B-TREE" not in plan


@pytest.mark.req("E13")
@pytest.mark.parametrize("shown", [1, 2, 5, 30])
@pytest.mark.parametrize("tab", ["todo", "notices", "snoozed", "closed"])
def test_the_pages_together_are_the_list(cast: SimpleNamespace, tell: Any, clock: dt.datetime, tab: str, shown: int) -> None:  # noqa: F811
    """Several are due at one moment, several were made at one moment; one that comes to the top meanwhile moves no page."""
    draw = random.Random(7)
    for number in range(12):
        due = draw.choice([None, DAY, 2 * DAY])
        made = tell(cast.ana, "decide" if tab == "todo" else "know", f"{number}", ago=draw.choice([HOUR, 2 * HOUR, DAY]), due=due)
        if tab == "snoozed":
            services.snooze(person=cast.ana, notification_id=made, until=clock + draw.choice([DAY, 2 * DAY]), now=clock)
        if tab == "closed":
            services.dismiss(person=cast.ana, notification_id=made, now=clock + draw.choice([HOUR, DAY]))
    whole = [row.id for row in selectors.inbox_page(cast.ana, Filters(tab=tab, by="case"), clock).rows]
    whole = [row.pk for row in sorted(Notification.objects.filter(pk__in=whole), key=lambda row: _rank(row, tab))]
    found: list[Any] = []
    place = ""
    while True:
        page = selectors.inbox_page(cast.ana, Filters(tab=tab, shown=shown, after=place), clock)
        found += [row.id for row in page.rows]
        place = page.next
        if len(found) == shown and tab in ("todo", "notices"):
            tell(cast.ana, "decide" if tab == "todo" else "know", "late", ago=HOUR / 2, due=HOUR if tab == "todo" else None)
        if not place:
            break
    assert found == whole
    assert len(set(found)) == 12


def _rank(row: Notification, tab: str) -> tuple[Any, ...]:
    key, newest = row.pk.int, -row.created_at.timestamp()
    return {
        "todo": (row.rank_at, newest, -key), "notices": (newest, -key), "snoozed": (row.snoozed_until, key),
        "closed": (-row.closed_at.timestamp() if row.closed_at else 0, -key),
    }[tab]  # fmt: skip


@pytest.mark.req("E13")
@pytest.mark.parametrize("place", ["x", "AAAA", "MjAyNg", "~", "MjAyNi0xMS0yM1QwMDowMDowMHx4"])
def test_a_place_that_makes_no_sense_is_the_beginning(ana: Client, cast: SimpleNamespace, tell: Any, place: str) -> None:  # noqa: F811
    made = tell(cast.ana, "decide", "x")
    assert [row["id"] for row in ana.get(f"/api/v1/notifications?after={place}").json()["items"]] == [str(made)]


@pytest.mark.req("E13")
def test_a_search_goes_on_behind_the_rows_it_has_read(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:  # noqa: F811
    tell(cast.ana, "decide", "needle", ago=700 * DAY)
    fill(cast.ana, clock, 600)
    first = selectors.inbox_page(cast.ana, Filters(q="needle"), clock)
    assert first.rows == [] and first.more
    assert [row.title for row in selectors.inbox_page(cast.ana, Filters(q="needle", after=first.next), clock).rows] == ["Decide needle"]


@pytest.mark.req("E13")
def test_messages_stand_by_system(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:  # noqa: F811
    tell(cast.ana, "know", "a")
    tell(cast.ana, "know", "b", ago=DAY)
    page = selectors.inbox_page(cast.ana, Filters(tab="notices", by="system"), clock)
    assert [(group.kind, group.words, [row.title for row in group.rows]) for group in page.groups] == [("system", "erp", ["Know a", "Know b"])]


def test_more_rows_come_as_rows_alone(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:  # noqa: F811
    tell(cast.ana, "decide", "x")
    fill(cast.ana, clock, 50)
    place = ana.get("/api/v1/notifications").json()["next"]
    part = ana.get(f"/inbox/?after={place}", headers={"HX-Request": "true", "X-More": "1"}).content.decode()
    assert part.count("<li class=\"mrow") == 21 and "mhead" not in part and "inbox-more" not in part
    assert ana.get(f"/inbox/?after={place}").content.decode().count("<li class=\"mrow") == 21  # without a script it is a page


# --- saved views --------------------------------------------------------------------------------------------------------------------------


def names(person: Any) -> list[str]:
    return [view.name for view in selectors.views_of(person)]


@pytest.mark.req("E13")
def test_views_are_kept_ordered_and_deleted(cast: SimpleNamespace, clock: dt.datetime) -> None:
    a, b, c = (services.save_view(person=cast.ana, name=name, query="tab=todo", now=clock) for name in "abc")
    services.save_view(person=cast.boss, name="a", query="", now=clock)
    services.move_view(person=cast.ana, view_id=c.pk, to=0)
    assert names(cast.ana) == ["c", "a", "b"]
    services.move_view(person=cast.ana, view_id=c.pk, by=1)
    assert names(cast.ana) == ["a", "c", "b"]
    services.move_view(person=cast.ana, view_id=a.pk, by=-1)
    assert names(cast.ana) == ["a", "c", "b"]
    services.change_view(person=cast.ana, view_id=b.pk, name="  z  z ", place=0)
    assert names(cast.ana) == ["z z", "a", "c"]
    services.delete_view(person=cast.ana, view_id=a.pk)
    assert (names(cast.ana), names(cast.boss)) == (["z z", "c"], ["a"])


@pytest.mark.parametrize(("name", "code"), [("", "invalid"), (" ", "invalid"), ("x" * 41, "invalid"), ("a", "view_not_saved")])
def test_a_view_that_cannot_be_kept_changes_nothing(ana: Client, cast: SimpleNamespace, clock: dt.datetime, name: str, code: str) -> None:  # noqa: F811
    services.save_view(person=cast.ana, name="a", query="", now=clock)
    answer = ana.post("/api/v1/notifications/views", {"name": name, "query": ""}, content_type="application/json")
    assert answer.status_code in (400, 409, 422)
    assert names(cast.ana) == ["a"]
    ana.post("/inbox/views/", {"name": name})
    assert names(cast.ana) == ["a"]


def test_twenty_views_are_enough(cast: SimpleNamespace, clock: dt.datetime) -> None:
    for number in range(services.MOST_VIEWS):
        services.save_view(person=cast.ana, name=f"{number}", query="", now=clock)
    with pytest.raises(services.UnableToSaveView):
        services.save_view(person=cast.ana, name="one more", query="", now=clock)
    assert SavedView.objects.count() == services.MOST_VIEWS


@pytest.mark.req("E13")
def test_a_view_is_kept_and_shown_by_page_and_api(ana: Client, cast: SimpleNamespace, clock: dt.datetime) -> None:  # noqa: F811
    ana.post("/inbox/views/?tab=notices&system=erp&shown=90&after=x&nonsense=1", {"name": "ERP news"})
    (view,) = ana.get("/api/v1/notifications/views").json()
    assert (view["name"], view["query"]) == ("ERP news", "tab=notices&system=erp")
    page = ana.get(f"/inbox/?{view['query']}").content.decode()
    assert page.count("/inbox/?tab=notices&amp;system=erp") >= 2  # in the rail and in the menu
    assert re.search(r'class="at-nav sub"[^>]*aria-current="page"[^>]*title="ERP news"', page)
    other = services.save_view(person=cast.ana, name="second", query="", now=clock)
    ana.post(f"/inbox/views/{other.pk}/up/")
    assert names(cast.ana) == ["second", "ERP news"]
    said = ana.patch(f"/api/v1/notifications/views/{other.pk}", {"place": 1, "query": "tab=closed&x=1"}, content_type="application/json").json()
    assert [(one["name"], one["query"]) for one in said] == [("ERP news", "tab=notices&system=erp"), ("second", "tab=closed")]
    theirs = services.save_view(person=cast.boss, name="theirs", query="", now=clock)
    assert ana.delete(f"/api/v1/notifications/views/{theirs.pk}").status_code == 404
    assert ana.post(f"/inbox/views/{theirs.pk}/delete/").status_code == 404
    assert names(cast.boss) == ["theirs"]
    assert ana.delete(f"/api/v1/notifications/views/{other.pk}").status_code == 204
    ana.post(f"/inbox/views/{view['id']}/delete/")
    assert names(cast.ana) == []


@pytest.mark.parametrize(
    ("given", "kept"), [("", "tab=todo"), ("tab=closed&by=case", "tab=closed&by=case"), ("tab=zzz&system=sap&q=+a+", "tab=todo&q=a"), ("by=day", "tab=todo")]
)
def test_a_view_keeps_filters_that_make_sense(given: str, kept: str) -> None:
    from django.http import QueryDict

    assert forms.query_of(forms.filters_of(QueryDict(given).dict())) == kept
