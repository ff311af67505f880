"""The contract, reading: pages that miss nothing and repeat nothing, a feed that goes on where it stopped, pushes that tell the same."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from apps.integrations import canonical
from apps.integrations.sdk import REPLAY_WINDOW, HintPage, Page, WebhookRefused
from tests.connectors.benches import EVENTS, SECRET, Bench
from tests.connectors.scenarios import PAGES, Play

NOW = dt.datetime(2026, 11, 23, 1, 12, tzinfo=dt.UTC)


def pages_of(bench: Bench, stream: str, cursor: str = "") -> list[Page]:
    source, config = bench.connector.stream(stream), bench.config()
    found = [source.load(config, cursor)]
    while found[-1].more:
        found.append(source.load(config, found[-1].cursor))
    return found


def ids(pages: list[Page]) -> list[str]:
    return [external_id for page in pages for external_id, _raw in page.vendor]


def cut(bench: Bench, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    module = f"apps.connectors.{bench.connector.id}.streams"
    kind = str if bench.connector.id == "crm_sandbox" else int
    monkeypatch.setattr(f"{module}.PAGE", kind(size))
    monkeypatch.setattr(f"{module}.FEED_PAGE", kind(size))


@pytest.mark.req("I13")
def test_small_pages_and_large_ones_give_the_same_records_each_once(live: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """All records of the seed were changed in one moment, so each of these pages ends in the middle of it."""
    for stream in live.connector.streams:
        whole = ids(pages_of(live, stream.name))
        for size in (1, 3):
            cut(live, monkeypatch, size)
            cut_up = pages_of(live, stream.name)
            assert ids(cut_up) == whole, (stream.name, size)
            assert {len(page.vendor) for page in cut_up[:-1]} <= {size}
        monkeypatch.undo()
        assert len(set(whole)) == len(whole)


@pytest.mark.req("I13")
def test_a_load_that_was_done_reads_nothing_when_it_goes_on(live: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(live, monkeypatch, 4)
    for stream in live.connector.streams:
        last = pages_of(live, stream.name)[-1]
        assert ids(pages_of(live, stream.name, last.cursor)) == [], stream.name


@pytest.mark.req("I13")
def test_a_load_that_was_killed_goes_on_at_its_cursor(live: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(live, monkeypatch, 9)
    for stream in live.connector.streams:
        whole = pages_of(live, stream.name)
        for number in range(len(whole) - 1):
            assert ids(whole[: number + 1]) + ids(pages_of(live, stream.name, whole[number].cursor)) == ids(whole), (stream.name, number)


def test_every_record_maps_to_its_kind_and_what_is_fetched_is_what_was_loaded(live: Bench) -> None:
    for stream in live.connector.streams:
        assert stream.kind in canonical.KINDS
        found = [(external_id, stream.map(raw)) for page in pages_of(live, stream.name) for external_id, raw in page.vendor]
        assert {type(record) for _id, record in found} <= {canonical.KINDS[stream.kind]}
        assert [record.external_id for _id, record in found] == [external_id for external_id, _record in found]
        for external_id, record in found[:3]:
            assert stream.map(stream.fetch(live.config(), external_id) or {}) == record


def test_a_record_that_never_was_is_none(live: Bench) -> None:
    assert {stream.name: stream.fetch(live.config(), "999999") for stream in live.connector.streams} == {s.name: None for s in live.connector.streams}


@pytest.mark.parametrize("raw", [{}, {"id": "1"}, {"id": None, "status": "?", "name": 3}, {"deal": {}, "account": {}, "interaction": {}}, {"deal": []}])
def test_a_record_that_cannot_be_understood_is_said_so_and_nothing_is_invented(bench: Bench, raw: Any) -> None:
    from apps.integrations.services.reading import NOT_UNDERSTOOD

    for stream in bench.connector.streams:
        with pytest.raises(NOT_UNDERSTOOD):
            stream.map(raw)


# --- the feed ---------------------------------------------------------------------------------------------------------------------------------


def feed(bench: Bench, cursor: str) -> list[HintPage]:
    found = [bench.connector.feed(bench.config(), cursor)]
    while found[-1].more:
        found.append(bench.connector.feed(bench.config(), found[-1].cursor))
    return found


def hints(pages: list[HintPage]) -> list[Any]:
    return [hint for page in pages for hint in page.hints]


@pytest.mark.req("I13")
def test_the_feed_begins_now_and_a_second_look_finds_nothing(live: Bench) -> None:
    begin = live.connector.feed(live.config(), "")
    assert (begin.hints, begin.more) == ((), False)
    assert hints(feed(live, begin.cursor)) == []


@pytest.mark.req("I13")
def test_changes_of_one_moment_that_several_pages_hold_are_told_once_each(live: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """One command changes several records in one transaction: one moment, cut into pages of one."""
    begin = live.connector.feed(live.config(), "").cursor
    action, data = live.writes
    for number in range(3):
        live.act(action, data, key=f"feed-{live.name}-{number}")
    whole = hints(feed(live, begin))
    cut(live, monkeypatch, 1)
    one_by_one = feed(live, begin)
    assert [len(page.hints) for page in one_by_one[:-1]] == [1] * (len(one_by_one) - 1)
    assert hints(one_by_one) == whole
    assert len({hint.event_id for hint in whole}) == len(whole) >= 3
    assert {hint.origin for hint in whole} == {f"feed-{live.name}-{number}" for number in range(3)}
    for number, page in enumerate(one_by_one[:-1]):
        assert hints(one_by_one[: number + 1]) + hints(feed(live, page.cursor)) == whole


# --- the tape of the real systems -------------------------------------------------------------------------------------------------------------


@pytest.mark.req("I13")
def test_pages_of_the_real_systems_miss_nothing_and_repeat_nothing(play: Play) -> None:
    loads = {name: pages for name, pages in play.results.items() if name.startswith("load_")}
    assert {name.removeprefix("load_") for name in loads} == {stream.name for stream in play.connector.streams}
    for name, pages in loads.items():
        found = ids(pages)
        assert len(set(found)) == len(found), name
        assert [len(page.vendor) for page in pages[:-1]] == [PAGES[play.connector.id]] * (len(pages) - 1), name
        assert found == sorted(found, key=lambda one: int(one) if one.isdigit() else one), name  # by ascending id: nothing slips in before the cursor
        if found:
            assert pages[-1].cursor == found[-1], name
    assert sum(len(pages) > 1 for pages in loads.values()) >= 3


def test_every_record_of_the_real_systems_maps_to_its_kind(play: Play) -> None:
    for stream in play.connector.streams:
        records = play.mapped(f"load_{stream.name}", stream.name)
        assert {type(record) for record in records} <= {canonical.KINDS[stream.kind]}
        assert [record.external_id for record in records] == ids(play.results[f"load_{stream.name}"])


@pytest.mark.req("I13")
def test_the_feed_of_the_real_systems_goes_on_where_it_stopped(play: Play) -> None:
    assert (play.results["feed_start"].hints, play.results["feed_start"].more) == ((), False)
    pages = play.results["feed"]
    found = hints(pages)
    assert len(pages) > 1
    assert len({(hint.event_id, hint.stream) for hint in found}) == len(found)
    assert len({page.cursor for page in pages}) == len(pages)


def test_the_tape_was_played_to_its_end(play: Play) -> None:
    assert {step: rest for step, rest in play.unasked.items() if rest} == {}
    assert list(play.results) == list(play.tape.steps)
    assert [str(result) for result in play.results.values() if "recorded" in str(getattr(result, "code", ""))] == []


# --- pushes -----------------------------------------------------------------------------------------------------------------------------------


def pushed(bench: Bench, *, at: dt.datetime = NOW, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    body = json.dumps(EVENTS[bench.connector.id]).encode()
    return bench.signed(body, at, secret), body


def test_a_push_tells_what_the_feed_tells(bench: Bench) -> None:
    assert bench.connector.parse_webhook is not None
    headers, body = pushed(bench)
    (hint,) = bench.connector.parse_webhook(bench.config(), headers, body, NOW)
    stream = {"erp": "orders", "crm": "deals"}[bench.name[:3]]
    assert (hint.stream, hint.external_id, hint.occurred_at) == (stream, "12", dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC))
    assert hint.event_id
    upper = {name.upper(): value for name, value in headers.items()}
    assert list(bench.connector.parse_webhook(bench.config(), upper, body, NOW)) == [hint]


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_push_of_five_minutes_is_taken(bench: Bench, minutes: int) -> None:
    headers, body = pushed(bench, at=NOW + dt.timedelta(minutes=minutes))
    assert bench.connector.parse_webhook is not None
    assert len(list(bench.connector.parse_webhook(bench.config(), headers, body, NOW))) == 1


FORGERIES = {
    "another secret": lambda bench: pushed(bench, secret="another-secret-of-at-least-32-characters"),
    "too old": lambda bench: pushed(bench, at=NOW - REPLAY_WINDOW - dt.timedelta(seconds=1)),
    "too new": lambda bench: pushed(bench, at=NOW + REPLAY_WINDOW + dt.timedelta(seconds=1)),
    "another body": lambda bench: (pushed(bench)[0], pushed(bench)[1].replace(b"12", b"13")),
    "no headers": lambda bench: ({}, pushed(bench)[1]),
    "an empty signature": lambda bench: ({name: "" if "ign" in name else value for name, value in pushed(bench)[0].items()}, pushed(bench)[1]),
    "a moment that is no number": lambda bench: ({n: "soon" if v.isdigit() else v for n, v in pushed(bench)[0].items()}, pushed(bench)[1]),
    "a moment moved": lambda bench: ({n: str(int(v) + 1) if v.isdigit() else v for n, v in pushed(bench)[0].items()}, pushed(bench)[1]),
    "a signature not of ASCII": lambda bench: ({n: "v1=ü" if "ign" in n else v for n, v in pushed(bench)[0].items()}, pushed(bench)[1]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_or_stale_push_is_refused(bench: Bench, forgery: str) -> None:
    headers, body = FORGERIES[forgery](bench)
    assert bench.connector.parse_webhook is not None
    with pytest.raises(WebhookRefused):
        list(bench.connector.parse_webhook(bench.config(), headers, body, NOW))


def test_without_a_secret_no_push_is_taken(bench: Bench) -> None:
    headers, body = pushed(bench, secret="")
    config = bench.connector.config.model_validate({**bench.settings, "base_url": bench.line.url, "webhook_secret": ""})
    assert bench.connector.parse_webhook is not None
    with pytest.raises(WebhookRefused):
        list(bench.connector.parse_webhook(config, headers, body, NOW))


def test_a_signed_body_of_another_shape_is_an_error_that_the_door_knows(bench: Bench) -> None:
    assert bench.connector.parse_webhook is not None
    for body in (b"[]", b"{}", b"nonsense", b'{"events": [{}], "epoch": "e"}'):
        with pytest.raises((ValueError, LookupError, TypeError)):
            list(bench.connector.parse_webhook(bench.config(), bench.signed(body, NOW, SECRET), body, NOW))
