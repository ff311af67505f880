"""When a message leaves, on which channel: quiet hours, digests and choices as tables."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.kinds import NotificationKind
from apps.notifications import policies
from apps.notifications.models import DeliveryState
from apps.notifications.policies import Reaching, digest_at, quiet_until
from tests.notifications.conftest import Alarm, Ask, News

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
NIGHT = {str(day): ["22:00", "07:00"] for day in range(5)}  # the nights that begin on a working day


def at(text: str, zone: ZoneInfo = SHANGHAI) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


@pytest.mark.req("E14")
@pytest.mark.parametrize(
    ("_case", "quiet", "zone", "now", "until"),
    [
        ("before it begins", NIGHT, SHANGHAI, "2026-11-23 21:59", None),
        ("as it begins", NIGHT, SHANGHAI, "2026-11-23 22:00", "2026-11-24 07:00"),
        ("after midnight", NIGHT, SHANGHAI, "2026-11-24 03:00", "2026-11-24 07:00"),
        ("as it ends", NIGHT, SHANGHAI, "2026-11-24 07:00", None),
        ("Friday's night reaches into Saturday", NIGHT, SHANGHAI, "2026-11-28 06:30", "2026-11-28 07:00"),
        ("Saturday's night is free", NIGHT, SHANGHAI, "2026-11-28 23:00", None),
        ("by day", {"0": ["12:00", "13:30"]}, SHANGHAI, "2026-11-23 13:29", "2026-11-23 13:30"),
        ("a whole day", {"6": ["00:00", "00:00"]}, SHANGHAI, "2026-11-29 15:00", "2026-11-30 00:00"),
        ("spans that touch are one", {"5": ["00:00", "00:00"], "6": ["00:00", "00:00"]}, SHANGHAI, "2026-11-28 15:00", "2026-11-30 00:00"),
        ("no quiet at all", {}, SHANGHAI, "2026-11-24 03:00", None),
        ("the same moment elsewhere", NIGHT, BERLIN, "2026-11-23 21:59", None),
        ("the night the clocks go forward is an hour shorter", {"5": ["22:00", "07:00"]}, BERLIN, "2026-03-29 01:30", "2026-03-29 07:00"),
        ("an end that the clocks skip", {"6": ["00:00", "02:30"]}, BERLIN, "2026-03-29 01:30", "2026-03-29 03:30"),
        ("the night the clocks go back is an hour longer", {"5": ["22:00", "07:00"]}, BERLIN, "2026-10-25 06:59", "2026-10-25 07:00"),
    ],
)  # fmt: skip
def test_quiet_lasts_by_the_clock_on_the_wall(_case: str, quiet: Any, zone: ZoneInfo, now: str, until: str | None) -> None:
    assert quiet_until(quiet, zone, at(now, zone)) == (at(until, zone) if until else None)


def test_the_hour_that_comes_twice_ends_with_its_first() -> None:
    quiet = {"6": ["00:00", "02:30"]}
    first, second = (dt.datetime(2026, 10, 25, 2, 15, tzinfo=BERLIN, fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    assert quiet_until(quiet, BERLIN, first) == dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    assert quiet_until(quiet, BERLIN, second) is None


def test_who_is_never_loud_is_reached_after_a_week() -> None:
    always = {str(day): ["00:00", "00:00"] for day in range(7)}
    until = quiet_until(always, SHANGHAI, at("2026-11-23 12:00"))
    assert until is not None and dt.timedelta(days=7) <= until - at("2026-11-23 12:00") <= dt.timedelta(days=8)


@pytest.mark.parametrize("text", ["7:00", "24:00", "22:15", "-1:30", "ab:cd", ""])
def test_times_are_steps_of_half_an_hour(text: str) -> None:
    with pytest.raises(ValueError):
        policies.minutes(text)


@pytest.mark.parametrize(
    ("digest", "now", "leaves"),
    [
        ("1h", "2026-11-23 09:12", "2026-11-23 10:00"),
        ("1h", "2026-11-23 23:30", "2026-11-24 00:00"),
        ("3h", "2026-11-23 09:12", "2026-11-23 12:00"),
        ("3h", "2026-11-23 12:00", "2026-11-23 15:00"),
        ("daily", "2026-11-23 07:59", "2026-11-23 08:00"),
        ("daily", "2026-11-23 08:00", "2026-11-24 08:00"),
        ("weekly", "2026-11-23 07:00", "2026-11-23 08:00"),
        ("weekly", "2026-11-23 09:12", "2026-11-30 08:00"),
        ("off", "2026-11-23 09:12", None),
    ],
)
def test_digests_leave_at_full_hours_of_the_reader(digest: str, now: str, leaves: str | None) -> None:
    assert digest_at(digest, SHANGHAI, at(now)) == (at(leaves) if leaves else None)


def test_the_daily_digest_keeps_its_hour_when_the_clocks_change() -> None:
    assert digest_at("daily", BERLIN, at("2026-03-28 09:00", BERLIN)) == dt.datetime(2026, 3, 29, 6, tzinfo=dt.UTC)
    assert digest_at("daily", BERLIN, at("2026-03-27 09:00", BERLIN)) == dt.datetime(2026, 3, 28, 7, tzinfo=dt.UTC)


MONDAY, NIGHTLY = at("2026-11-23 10:00"), at("2026-11-23 23:00")


@pytest.mark.req("E14")
@pytest.mark.parametrize(
    ("_case", "kind", "channel", "given", "now", "state", "why", "until"),
    [
        ("work is told at once", Ask, "email", {}, MONDAY, "PLANNED", "default", None),
        ("news waits for the digest", News, "email", {}, MONDAY, "HELD", "digest", at("2026-11-24 08:00")),
        ("news does not ring", News, "web_push", {}, MONDAY, "SUPPRESSED", "default", None),
        ("chosen for the kind", News, "chat:wecom", {"kinds": {"tests.news": {"chat": "instant"}}}, MONDAY, "PLANNED", "kind", None),
        ("the channel as a whole is stronger", News, "chat:wecom", {"kinds": {"tests.news": {"chat": "instant"}}, "off": ["chat"]}, MONDAY,
         "SUPPRESSED", "channel", None),
        ("an alarm comes by mail whatever is chosen", Alarm, "email", {"off": ["email"], "kinds": {"tests.alarm": {"email": "off"}}}, NIGHTLY,
         "PLANNED", "critical", None),
        ("an alarm on another channel may be switched off", Alarm, "chat:wecom", {"off": ["chat"]}, MONDAY, "SUPPRESSED", "channel", None),
        ("the company's limit is stronger than the alarm", Alarm, "email", {"limits": {"email": {"*": "off"}}}, MONDAY, "SUPPRESSED", "limit", None),
        ("the company may lock a kind on", News, "email", {"limits": {"email": {"tests.news": "locked"}}, "off": ["email"]}, MONDAY, "PLANNED",
         "limit", None),
        ("a limit of the kind goes before that of all", News, "email", {"limits": {"email": {"*": "off", "tests.news": "locked"}}}, MONDAY,
         "PLANNED", "limit", None),
        ("at night work waits", Ask, "email", {}, NIGHTLY, "HELD", "quiet", at("2026-11-24 07:00")),
        ("at night alarms do not", Alarm, "web_push", {}, NIGHTLY, "PLANNED", "default", None),
        ("the inbox is never paused", Ask, "in_app", {"off": ["in_app"], "limits": {"in_app": {"*": "off"}}}, NIGHTLY, "PLANNED", "inbox", None),
        ("a digest that would leave at night leaves in the morning", News, "email", {"digest": "1h"}, at("2026-11-23 21:30"), "HELD", "digest",
         at("2026-11-24 07:00")),
        ("without a digest news is not mailed", News, "email", {"digest": "off"}, MONDAY, "SUPPRESSED", "digest", None),
        ("a mail at once needs no digest", News, "email", {"digest": "off", "kinds": {"tests.news": {"email": "instant"}}}, MONDAY, "PLANNED",
         "kind", None),
    ],
)  # fmt: skip
def test_which_way_a_message_takes(_case: str, kind: type[NotificationKind], channel: str, given: dict[str, Any], now: dt.datetime, state: str,
                                   why: str, until: dt.datetime | None) -> None:
    reaching = Reaching(zone=SHANGHAI, quiet=NIGHT, **{**given, "off": frozenset(given.get("off", ()))})
    assert policies.route(kind(), channel, reaching, now) == policies.Route(state, why, until)


LEVELS = st.sampled_from(["instant", "digest", "off"])
ANY_REACHING = st.builds(
    Reaching,
    zone=st.sampled_from([SHANGHAI, BERLIN]),
    off=st.frozensets(st.sampled_from(policies.CHANNELS)),
    kinds=st.dictionaries(st.sampled_from(["tests.ask", "tests.news"]), st.dictionaries(st.sampled_from(policies.CHANNELS), LEVELS)),
    quiet=st.dictionaries(st.sampled_from("0123456"), st.tuples(st.integers(0, 47), st.integers(0, 47)).map(
        lambda two: [f"{step // 2:02}:{step % 2 * 30:02}" for step in two])),
    digest=st.sampled_from(policies.DIGESTS),
    limits=st.dictionaries(st.sampled_from(policies.CHANNELS), st.dictionaries(st.sampled_from(["*", "tests.news"]), st.sampled_from(
        ["off", "locked"]))),
)  # fmt: skip


@given(ANY_REACHING, st.sampled_from([Ask(), News(), Alarm()]), st.sampled_from(["in_app", "email", "web_push", "chat:dingtalk"]),
       st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1), timezones=st.just(dt.UTC)))  # fmt: skip
def test_whatever_is_chosen(reaching: Reaching, kind: NotificationKind, channel: str, now: dt.datetime) -> None:
    """What waits, waits for a moment ahead at which it is not quiet; the inbox has everything; a limit is never passed."""
    way = policies.route(kind, channel, reaching, now)
    assert (way.until is not None) == (way.state == "HELD")
    if way.until is not None:
        assert way.until > now
        if not kind.urgent and way.until - now < dt.timedelta(days=7):
            assert quiet_until(reaching.quiet, reaching.zone, way.until) is None
    if channel == "in_app":
        assert way.state == "PLANNED"
    limits = reaching.limits.get(policies.family(channel), {})
    if channel != "in_app" and (limit := limits.get(kind.key) or limits.get("*")):
        assert (way.state == "SUPPRESSED") == (limit == "off")


@pytest.mark.parametrize("old", DeliveryState.values)
@pytest.mark.parametrize("new", DeliveryState.values)
def test_a_delivery_moves_only_so(old: str, new: str) -> None:
    allowed = {
        ("PLANNED", "HELD"), ("PLANNED", "SENT"), ("PLANNED", "FAILED"), ("PLANNED", "SUPPRESSED"),
        ("HELD", "PLANNED"), ("HELD", "SENT"), ("HELD", "FAILED"), ("HELD", "SUPPRESSED"),
        ("SENT", "CLOSED"), ("FAILED", "PLANNED"), ("FAILED", "SENT"), ("FAILED", "SUPPRESSED"), ("SUPPRESSED", "SENT"),
    }  # fmt: skip
    if (old, new) in allowed:
        policies.require_move(old, new)
    else:
        with pytest.raises(policies.UnableToMove):
            policies.require_move(old, new)
