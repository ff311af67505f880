"""The inbox: what stands together, what several ticks do, what comes next, and that the page shows what the API shows."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from apps.core import kinds
from apps.notifications import selectors, services
from apps.notifications.models import Notification
from apps.notifications.selectors import Filters

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


class Decide(kinds.NotificationKind):
    key = "tests.decide"
    todo = True
    label = "To decide"

    def title(self, params: Any, show: Any) -> str:
        return f"Decide {params['what']}"

    def number(self, params: Any) -> str:
        return str(params.get("number", ""))

    def about(self, params: Any, show: Any) -> str:
        return f"Case of {params['what']}"


class Know(Decide):
    key = "tests.know"
    todo = False
    system = "erp"
    label = "Shipment"

    def title(self, params: Any, show: Any) -> str:
        return f"Know {params['what']}"


class Heard(Know):
    key = "tests.heard"
    system = "oa"
    label = "Told"


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch, clock: dt.datetime, travel: Callable[[dt.datetime], None]) -> Callable[..., uuid.UUID]:
    """tell(person, kind, what, ago=…, due=…, number=…) -> id. The clock stands still at `clock`."""
    monkeypatch.setitem(kinds.KINDS, Decide.key, Decide())
    monkeypatch.setitem(kinds.KINDS, Know.key, Know())
    monkeypatch.setitem(kinds.KINDS, Heard.key, Heard())
    travel(clock)

    def one(person: Any, kind: str, what: str, *, ago: dt.timedelta = HOUR, due: dt.timedelta | None = None, number: str = "") -> uuid.UUID:
        (made,) = services.notify(kind=f"tests.{kind}", person_ids=[person.pk], params={"what": what, "number": number}, ref=f"t:{what}",
                                  now=clock - ago, due_at=clock + due if due is not None else None)
        return made

    return one


def groups_of(person: Any, now: dt.datetime, **filters: Any) -> list[tuple[str, str, list[str]]]:
    with timezone.override("Asia/Shanghai"), translation.override("en"):
        page = selectors.inbox_page(person, Filters(**filters), now)
    assert [row.title for row in page.rows] == [row.title for group in page.groups for row in group.rows]
    return [(group.number, group.words, [row.title for row in group.rows]) for group in page.groups]


@pytest.mark.req("E13")
def test_todos_stand_by_urgency_then_by_day(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    tell(cast.boss, "decide", "old", ago=2 * DAY)
    tell(cast.boss, "decide", "new")
    tell(cast.boss, "decide", "later", due=3 * DAY)
    tell(cast.boss, "decide", "soon", due=2 * HOUR)
    tell(cast.boss, "decide", "late", due=-HOUR)
    assert groups_of(cast.boss, clock) == [
        ("", "Overdue", ["Decide late"]),
        ("", "Due today", ["Decide soon"]),
        ("", "Due later", ["Decide later"]),
        ("", "Today", ["Decide new"]),
        ("", "21 Nov", ["Decide old"]),
    ]


@pytest.mark.req("E13")
def test_messages_stand_by_day_or_by_case(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    tell(cast.ana, "know", "a", ago=DAY, number="HT-1")
    tell(cast.ana, "know", "b", ago=2 * HOUR)
    tell(cast.ana, "know", "c", number="HT-2")
    tell(cast.ana, "know", "d", ago=3 * HOUR, number="HT-1")
    assert groups_of(cast.ana, clock, tab="notices") == [("", "Today", ["Know c", "Know b", "Know d"]), ("", "Yesterday", ["Know a"])]
    assert groups_of(cast.ana, clock, tab="notices", by="case") == [
        ("HT-2", "Case of c", ["Know c"]),
        ("HT-1", "Case of d", ["Know d", "Know a"]),
        ("", "Without a case", ["Know b"]),
    ]


@pytest.mark.req("E14", "D8")
def test_what_another_decided_stays_at_its_place_for_a_moment(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    for what, ago in (("first", 1), ("second", 2), ("third", 3)):
        tell(cast.boss, "decide", what, ago=ago * HOUR)
    services.resolve(ref="t:second", now=clock, outcome="approved", by=cast.fin.pk)
    live = selectors.inbox_page(cast.boss, Filters(live=True), clock)
    assert [row.title for row in live.rows] == ["Decide first", "Decide second", "Decide third"]
    assert [row.ended for row in live.rows if row.id in live.gone] == ["already approved by He Jing"]
    assert [row.title for row in selectors.inbox_page(cast.boss, Filters(), clock).rows] == ["Decide first", "Decide third"]
    assert live.todo == 2


def test_several_are_read_at_once_and_nothing_else(cast: SimpleNamespace, tell: Any, clock: dt.datetime) -> None:
    a, b, todo = tell(cast.ana, "know", "a"), tell(cast.ana, "know", "b"), tell(cast.ana, "decide", "x")
    others = tell(cast.boss, "know", "c")
    assert services.mark_all_read(person=cast.ana, now=clock, only=[a, todo, others]) == 1
    assert set(Notification.objects.exclude(read_at=None).values_list("pk", flat=True)) == {a}
    assert services.mark_all_read(person=cast.ana, now=clock) == 1
    assert set(Notification.objects.exclude(read_at=None).values_list("pk", flat=True)) == {a, b}
    assert selectors.todo_count(cast.ana, clock) == 1


@pytest.mark.req("E13", "E14")
@pytest.mark.parametrize("way", ["API", "page", "fragment", "batch"])
def test_what_others_decided_is_neither_put_away_nor_put_back(cast: SimpleNamespace, tell: Any, clock: dt.datetime, sign_in: Any, way: str) -> None:
    todo = tell(cast.boss, "decide", "x")
    services.resolve(ref="t:x", now=clock, outcome="approved", by=cast.fin.pk)
    before = list(Notification.objects.values())
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    if way == "API":
        said = boss.post(f"/api/v1/notifications/{todo}/dismiss")
        assert (said.status_code, said.json()["ended"]) == (200, "already approved by He Jing")
        refused = boss.post(f"/api/v1/notifications/{todo}/restore")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ended")
    elif way == "batch":
        batch = services.act(person=cast.boss, verb="done", notification_ids=[todo], now=clock)
        assert services.undo(person=cast.boss, batch_id=batch.pk, now=clock).items[0]["result"] == "undone"
    else:
        headers = {"HX-Request": "true"} if way == "fragment" else {}
        assert boss.post(f"/inbox/{todo}/done/", headers=headers).status_code == (200 if headers else 302)
        assert boss.post(f"/inbox/{todo}/restore/", headers=headers).status_code == 409
    assert list(Notification.objects.values()) == before
    assert selectors.todo_count(cast.boss, clock) == 0
    assert [row["ended"] for row in boss.get("/api/v1/notifications?tab=closed").json()["items"]] == ["already approved by He Jing"]


@pytest.mark.req("E14")
def test_a_to_do_that_was_put_away_by_an_earlier_release_is_not_put_back(cast: SimpleNamespace, tell: Any, clock: dt.datetime, sign_in: Any) -> None:
    todo = tell(cast.boss, "decide", "x")
    Notification.objects.update(state="DISMISSED", closed_at=clock)
    with pytest.raises(services.UnableToPutBack):
        services.restore(person=cast.boss, notification_id=todo, now=clock)
    assert (Notification.objects.get().state, selectors.todo_count(cast.boss, clock)) == ("DISMISSED", 0)
    boss = sign_in(Client(headers={"accept-language": "en"}), cast.boss)
    assert "Back to the inbox" not in boss.get(f"/inbox/{todo}/").content.decode()


@pytest.fixture
def ana(cast: SimpleNamespace, sign_in: Any) -> Client:
    client: Client = sign_in(Client(headers={"accept-language": "en"}), cast.ana)
    return client


def test_the_batch_form_reads_the_ticked_or_all(ana: Client, cast: SimpleNamespace, tell: Any) -> None:
    a, b = tell(cast.ana, "know", "a"), tell(cast.ana, "know", "b")
    page = ana.get("/inbox/?tab=notices").content.decode()
    assert page.count('name="id"') == 2 and "Mark all as read" in page
    assert ana.post("/inbox/read/?tab=notices", {"id": str(b)}).headers["Location"] == "/inbox/?tab=notices"
    page = ana.get("/inbox/?tab=notices").content.decode()
    assert set(re.findall(r'class="mrow( unread)?"[^>]* data-id="([^"]+)"', page)) == {("", str(b)), (" unread", str(a))}
    assert "1 message is marked as read." in page
    ana.post("/inbox/read/?tab=notices")
    page = ana.get("/inbox/?tab=notices").content.decode()
    assert "mrow unread" not in page and "Mark all as read" not in page
    assert ana.post("/inbox/read/", {"id": "no-id"}).status_code == 422


@pytest.mark.req("E12", "E13")
@pytest.mark.parametrize("way", ["page", "fragment", "API"])
@pytest.mark.parametrize(("query", "told"), [("", 3), ("system=erp", 2), ("system=crm", 0), ("kind=tests.heard", 1), ("system=oa&kind=tests.heard", 1)])
def test_all_read_is_what_the_button_counts_and_nothing_that_is_not_shown(
    ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime, query: str, told: int, way: str
) -> None:
    shown = {"tests.know": [tell(cast.ana, "know", "a"), tell(cast.ana, "know", "b")], "tests.heard": [tell(cast.ana, "heard", "c")]}
    for what in ("d", "e"):
        services.snooze(person=cast.ana, notification_id=tell(cast.ana, "know", what), until=clock + DAY, now=clock)
    tell(cast.ana, "decide", "x")
    button = re.search(r"(\d+) unread messages?</span><button", ana.get(f"/inbox/?tab=notices&{query}").content.decode())
    assert (int(button[1]) if button else 0) == told
    if way == "API":
        fields = dict(pair.split("=") for pair in query.split("&") if pair)
        assert ana.post("/api/v1/notifications/read", fields, content_type="application/json").json() == {"read": told}
    else:
        headers = {"HX-Request": "true"} if way == "fragment" else {}
        answer = ana.post(f"/inbox/read/?tab=notices&{query}", headers=headers)
        page = answer.content.decode() if headers else ana.get(answer.headers["Location"]).content.decode()
        assert f"{told} message{' is' if told == 1 else 's are'} marked as read." in page
    read = {"": [*shown["tests.know"], *shown["tests.heard"]], "system=erp": shown["tests.know"], "system=crm": []}.get(query, shown["tests.heard"])
    assert set(Notification.objects.exclude(read_at=None).values_list("pk", flat=True)) == set(read)


def test_what_a_search_found_is_ticked_and_not_read_unseen(ana: Client, cast: SimpleNamespace, tell: Any) -> None:
    tell(cast.ana, "know", "a")
    tell(cast.ana, "know", "b")
    assert "Mark all as read" not in ana.get("/inbox/?tab=notices&q=Know+b").content.decode()
    assert ana.post("/inbox/read/?tab=notices&q=Know+b").status_code == 422
    assert ana.post("/api/v1/notifications/read", {"system": "hr"}, content_type="application/json").status_code == 422
    assert Notification.objects.filter(read_at=None).count() == 2


def test_the_next_message_opens_when_one_is_put_away(ana: Client, cast: SimpleNamespace, tell: Any) -> None:
    a, b, c = (tell(cast.ana, "know", what, ago=ago * HOUR) for what, ago in (("a", 1), ("b", 2), ("c", 3)))
    assert ana.post(f"/inbox/{b}/done/?tab=notices").headers["Location"] == f"/inbox/{c}/?tab=notices"
    assert ana.post(f"/inbox/{c}/done/?tab=notices").headers["Location"] == f"/inbox/{a}/?tab=notices"
    assert ana.post(f"/inbox/{a}/done/?tab=notices").headers["Location"] == "/inbox/?tab=notices"


@pytest.mark.req("E12", "E13")
@pytest.mark.parametrize("query", ["tab=todo", "tab=notices", "tab=notices&by=case", "tab=notices&q=b", "tab=closed", "tab=snoozed", "tab=todo&system=erp"])
def test_the_page_shows_what_the_api_shows(ana: Client, cast: SimpleNamespace, tell: Any, clock: dt.datetime, query: str) -> None:
    tell(cast.ana, "know", "a", number="HT-1")
    tell(cast.ana, "know", "b", ago=DAY)
    tell(cast.ana, "know", "c", ago=2 * DAY, number="HT-1")
    tell(cast.ana, "decide", "x", due=DAY)
    tell(cast.ana, "decide", "y")
    services.snooze(person=cast.ana, notification_id=tell(cast.ana, "decide", "z"), until=clock + DAY, now=clock)
    services.dismiss(person=cast.ana, notification_id=tell(cast.ana, "know", "d"), now=clock)
    said = ana.get(f"/api/v1/notifications?{query}").json()
    page = ana.get(f"/inbox/?{query}").content.decode()
    assert re.findall(r'class="mrow[^>]*data-id="([^"]+)"', page) == [row["id"] for row in said["items"]]
    for row in said["items"]:
        assert row["title"] in page
    assert [int(n) for n in re.findall(r'<span class="num">(\d+)</span></a>', page)[:3]] == [said["todo"], said["unread"], said["snoozed"]]
    assert (said["todo"], said["unread"], said["snoozed"]) == (2, 3, 1)


@pytest.mark.parametrize(
    ("query", "words"),
    [("tab=todo", "Nothing to do"), ("tab=notices", "Nothing to read"), ("tab=snoozed", "Nothing is snoozed"), ("tab=closed", "Nothing done yet"),
     ("tab=todo&q=zzz", "No message matches")],
)  # fmt: skip
def test_an_empty_tab_says_what_belongs_there(ana: Client, query: str, words: str) -> None:
    assert words in ana.get(f"/inbox/?{query}").content.decode()
