"""Which period a board by mail tells of, and what a wall shows when the month is over."""

from __future__ import annotations

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail

from apps.core.errors import InvalidInput
from apps.insight.models import Print, Subscription
from apps.insight.services import sending
from tests.conftest import NOW

NOVEMBER = "Orders taken: ¥344 k"


@pytest.fixture
def mailed(shopped: SimpleNamespace, settings: Any, run_jobs: Any) -> Any:
    """mailed(rhythm, query, at) -> the mail that comes at this moment."""
    settings.EMAIL_HOST = "localhost"

    def send(rhythm: str, query: str, at: dt.datetime) -> Any:
        order = sending.subscribe(person=shopped.boss, ident="company", rhythm=rhythm, now=NOW)
        Subscription.objects.filter(pk=order.pk).update(query=query)  # as one of before may be
        assert sending.plan_mails(now=at) == 1
        run_jobs(now=at)
        return mail.outbox[-1]

    return send


def at_seven(day: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{day}T07:10:00+08:00")


@pytest.mark.req("E9")
@pytest.mark.parametrize(
    ("rhythm", "query", "day", "period", "start"),
    [
        ("monthly", "period=month", "2026-12-01", "Nov 2026", "2026-11-01"),
        ("monthly", "", "2026-12-01", "Nov 2026", "2026-11-01"),
        ("daily", "period=month", "2026-12-01", "Nov 2026", "2026-11-01"),
        ("daily", "period=month", "2026-11-27", "Nov 2026", "2026-11-01"),
        ("weekly", "period=month", "2026-11-30", "Nov 2026", "2026-11-01"),
        ("monthly", "period=quarter", "2027-01-01", "Q4 2026", "2026-10-01"),
        ("monthly", "period=year&region=Hangzhou", "2027-01-01", "2026", "2026-01-01"),
        ("monthly", "period=month&start=2026-03-01&shown=2026-03-04", "2026-12-01", "Nov 2026", "2026-11-01"),
        ("monthly", "period=custom", "2026-12-01", "Nov 2026", "2026-11-01"),
    ],
)  # fmt: skip
def test_a_mail_tells_of_the_period_that_the_day_before_is_in(mailed: Any, rhythm: str, query: str, day: str, period: str, start: str) -> None:
    letter = mailed(rhythm, query, at_seven(day))
    assert letter.subject == f"Company overview: {period}"
    if "region" not in query:
        assert NOVEMBER in letter.body
    assert f"start={start}" in Print.objects.get(form="mail").query
    (link,) = set(re.findall(r"http://\S+/board/b/company/\?\S+", letter.body))
    assert f"start={start}" in link  # what opens is what was mailed


@pytest.mark.req("E9")
@pytest.mark.parametrize("query", ["period=custom", "period=custom&start=2026-11-01&end=2026-11-05", "period=month&start=2026-11-01", "shown=2026-11-01",
                                   "as_shown=2026-11-01", "period=week", "department=sales", "colour=red"])  # fmt: skip
def test_what_cannot_come_by_mail_is_refused_with_words(shopped: SimpleNamespace, as_: Any, query: str) -> None:
    sending.subscribe(person=shopped.boss, ident="company", rhythm="daily", query="period=year", now=NOW)
    with pytest.raises(InvalidInput) as refused:
        sending.subscribe(person=shopped.boss, ident="company", rhythm="weekly", query=query, now=NOW)
    assert list(refused.value.details["fields"]) == ["query"]
    answer = as_(shopped.boss).put("/api/v1/boards/company/mail", {"rhythm": "weekly", "query": query}, content_type="application/json")
    assert answer.status_code == 422
    assert list(Subscription.objects.values_list("rhythm", "query")) == [("daily", "period=year")]


@pytest.mark.req("E9")
def test_the_page_keeps_kind_and_filters_and_says_that_days_of_ones_own_do_not_come_again(shopped: SimpleNamespace, as_: Any) -> None:
    client = as_(shopped.boss)
    said = client.post("/board/b/company/mail/?period=custom&start=2026-11-01&end=2026-11-05", {"rhythm": "weekly"})
    page = client.get(said["Location"]).content.decode()
    assert "A mail tells of the month, quarter, year or twelve months that the day before is in" in page
    assert not Subscription.objects.exists()
    client.post("/board/b/company/mail/?period=month&start=2026-11-01&region=Hangzhou", {"rhythm": "monthly"})
    assert Subscription.objects.get().query == "period=month&region=Hangzhou"


@pytest.mark.req("E9")
def test_a_wall_goes_on_to_the_next_month_and_a_chosen_one_stays(shopped: SimpleNamespace, as_: Any, travel: Any) -> None:
    client = as_(shopped.boss)

    def wall_of(query: str) -> str:
        (link,) = re.findall(r'href="(/board/b/company/wall/[^"]*)"', client.get(f"/board/b/company/?{query}").content.decode())
        return str(link).replace("&amp;", "&")

    running, chosen = wall_of("period=month&start=2026-11-01&region=Hangzhou"), wall_of("period=month&start=2026-10-01")
    assert running == "/board/b/company/wall/?period=month&region=Hangzhou"
    assert chosen == "/board/b/company/wall/?period=month&start=2026-10-01"
    assert wall_of("period=custom&start=2026-11-01&end=2026-11-30").endswith("?period=custom&start=2026-11-01&end=2026-11-30")
    assert wall_of("shown=2026-11-20").endswith("?period=month&start=2026-11-01&shown=2026-11-20")
    assert '<span id="wall-period">Nov 2026</span>' in client.get(running).content.decode()
    travel(at_seven("2026-12-01"))
    client = as_(shopped.boss)
    again = client.get(running, headers={"HX-Request": "true"}).content.decode()
    assert '<span id="wall-period" hx-swap-oob="true">Dec 2026</span>' in again
    assert "Oct 2026" in client.get(chosen).content.decode()
    assert "wall-period" not in client.get("/board/b/company/", headers={"HX-Request": "true"}).content.decode()
