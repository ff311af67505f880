"""Words for times and amounts, marks and masks."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from apps.core.access import Masked
from apps.core.templatetags import atrium

NOW = dt.datetime(2026, 11, 23, 1, 12, tzinfo=dt.UTC)  # Monday, 09:12 in Shanghai
HIDDEN = Masked("phone", ("role: Finance", "rule: private fields: not shown"))


@pytest.fixture(autouse=True)
def _now(travel: Any, db: None) -> Any:
    travel(NOW)
    with timezone.override("Asia/Shanghai"):
        yield


def draw(text: str, **context: Any) -> str:
    return Template(text).render(Context(context))


@pytest.mark.parametrize(
    ("ago", "english", "chinese"),
    [
        (0, "now", "刚刚"),
        (59, "now", "刚刚"),
        (60, "1 min ago", "1分钟前"),
        (3 * 3600, "3 h ago", "3小时前"),
        (3 * 86400, "3 days ago", "3天前"),
        (-30, "now", "刚刚"),  # a clock that is ahead
    ],
)
def test_ages(ago: int, english: str, chinese: str) -> None:
    at = NOW - dt.timedelta(seconds=ago)
    assert atrium.age(at) == english
    with translation.override("zh-hans"):
        assert atrium.age(at) == chinese


@pytest.mark.parametrize(
    ("at", "english", "chinese"),
    [
        (dt.datetime(2026, 11, 23, 4, 0, tzinfo=dt.UTC), "today 12:00", "今天 12:00"),
        (dt.datetime(2026, 11, 22, 15, 59, tzinfo=dt.UTC), "yesterday 23:59", "昨天 23:59"),
        (dt.datetime(2026, 11, 22, 16, 0, tzinfo=dt.UTC), "today 00:00", "今天 00:00"),
        (dt.datetime(2026, 11, 16, 2, 4, tzinfo=dt.UTC), "16 Nov 10:04", "11月16日 10:04"),
        (dt.datetime(2025, 1, 5, 2, 4, tzinfo=dt.UTC), "5 Jan 2025 10:04", "2025年1月5日 10:04"),
        ("2026-11-23T04:00:00Z", "today 12:00", "今天 12:00"),
        ("2026-11-24", "tomorrow", "明天"),
        (None, "–", "–"),
        ("soon", "–", "–"),
    ],
)
def test_moments_are_the_readers(at: Any, english: str, chinese: str) -> None:
    assert atrium.moment(at) == english
    with translation.override("zh-hans"):
        assert atrium.moment(at) == chinese


@pytest.mark.parametrize(
    ("hours", "kind", "words"),
    [
        (-25, "over", "1 day late"),
        (-50, "over", "2 days late"),
        (-3, "over", "3 h late"),
        (-0.5, "over", "late"),
        (2, "today", "today 11:12"),
        (24, "next", "tomorrow 09:12"),
        (72, "next", "in 3 days"),
    ],
)
def test_due_marks(hours: float, kind: str, words: str) -> None:
    assert atrium.due_words(NOW + dt.timedelta(hours=hours)) == (kind, words)
    assert atrium.due_words(None) == ("none", "no due date")


@pytest.mark.parametrize(
    ("value", "currency", "full", "short", "chinese"),
    [
        ("486000", "CNY", "¥486,000", "¥486 k", "¥48.6万"),
        ("4820000.00", "CNY", "¥4,820,000", "¥4.82 M", "¥482万"),
        ("96.5", "CNY", "¥96.50", "¥96.50", "¥96.50"),
        ("-1200", "EUR", "−€1,200", "−€1,200", "−€1,200"),
        ("38900", "PLN", "PLN 38,900", "PLN 38.9 k", "PLN 3.89万"),
        (None, "CNY", "–", "–", "–"),
        ("NaN", "CNY", "–", "–", "–"),
        (Decimal("0"), "CNY", "¥0", "¥0", "¥0"),
    ],
)
def test_money(value: Any, currency: str, full: str, short: str, chinese: str) -> None:
    assert atrium.money(value, currency) == full
    assert atrium.money_short(value, currency) == short
    with translation.override("zh-hans"):
        assert atrium.money_short(value, currency) == chinese


@pytest.mark.parametrize(
    ("value", "words", "plain"),
    [("12.0000", "12", "12"), ("2.50", "2.5", "2.5"), (1200, "1,200", "1200"), ("", "–", ""), ("100", "100", "100"), ("-3", "−3", "-3")],
)
def test_quantities(value: Any, words: str, plain: str) -> None:
    assert atrium.quantity(value) == words
    assert atrium.unlocalized(value) == plain


@pytest.mark.parametrize(("seconds", "words"), [(42, "42 s"), (300, "5 min"), (11520, "3.2 h"), (596160, "6.9 days"), (None, "–")])
def test_durations(seconds: Any, words: str) -> None:
    assert atrium.duration(seconds) == words


@pytest.mark.req("A9")
def test_a_mask_shows_the_rule_and_never_a_value() -> None:
    for text in ("{{ v|money:'CNY' }}", "{{ v|quantity }}", "{{ v|moment }}", "{{ v|day }}", "{{ v|money_short:'CNY' }}", "{{ v }}"):
        assert draw(text, v=HIDDEN) == "••••"
    html = draw('{% masked v "Phone" %}', v=HIDDEN)
    assert "••••" in html and "Why can’t I see Phone?" in html and "rule: private fields: not shown" in html
    assert 'popovertarget="why' in html and 'class="stop"' in html
    assert draw('{% masked v "Phone" %}', v="0571") == "0571"
    assert draw('{% masked v "Balance" "CNY" %}', v="1200") == "¥1,200"
    assert draw('{% masked v "Phone" %}', v="") == "–"


def test_marks_escape_what_they_are_given() -> None:
    assert "<b>x" not in draw("{% pill v %}{% avatar v %}{% masked v v %}{% why v %}", v="<b>x</b>")


def test_the_as_of_mark_turns_to_a_warning_and_trusts_the_feed() -> None:
    old = NOW - dt.timedelta(hours=2)
    assert "as of today 07:12, 2 h ago" in draw("{% asof at %}", at=old)
    assert 'class="asof stale"' in draw("{% asof at %}", at=old)
    assert 'class="asof "' in draw("{% asof at 900 seen %}", at=old, seen=NOW)  # nothing has changed since: as fresh as the feed
    assert draw("{% asof at %}", at=None) == ""


def test_initials() -> None:
    assert "LW" in draw("{% avatar v %}", v="Lin Wei")
    assert "林薇" in draw("{% avatar v %}", v="林薇")


def test_a_query_string_is_changed_not_lost(rf: Any) -> None:
    request = rf.get("/deals/?q=a%26b&page=3")
    assert draw("{% query_with page=2 %}", request=request) == "?q=a%26b&amp;page=2"
    assert draw("{% query_with page='' %}", request=request) == "?q=a%26b"
    assert draw("{% query_with q='' page='' %}", request=request) == "?"


@pytest.mark.parametrize(
    ("written", "english", "chinese"),
    [
        (60, "Net 60 days", "账期60天"),
        ("60", "Net 60 days", "账期60天"),
        ("60 days", "Net 60 days", "账期60天"),
        ("Net 60 days", "Net 60 days", "账期60天"),
        ("1 day", "Net 1 days", "账期1天"),
        ("0 days", "Due at once", "即付"),
        ("30% in advance, rest net 60 days", "30% in advance, rest net 60 days", "30% in advance, rest net 60 days"),
        ("", "", ""),
    ],
)
def test_a_payment_term_reads_the_same_whoever_wrote_it(written: object, english: str, chinese: str) -> None:
    from apps.core.templatetags.atrium import payment_term

    assert payment_term(written) == english
    with translation.override("zh-hans"):
        assert payment_term(written) == chinese
