"""The contract, what goes wrong: every failure a network or a system can give becomes one of the kinds the portal knows, in every way of asking."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from apps.core import http
from apps.core.http import AuthError, GoneError, OutsideError, PermanentError, TransientError
from apps.integrations.sdk import Actor
from tests.connectors import line as lines
from tests.connectors.benches import KEY, PERSON_TOKEN, SECRETS, WAYS, Bench
from tests.connectors.line import Answer, says

ASKED = {"check": 1, "load": 3, "fetch": 3, "feed": 3, "read": 3, "write": 1}  # how often a failing question is put: readings again, writes never


def failure(bench: Bench, way: str, config: Any = None) -> OutsideError:
    """What the portal gets: as its calls do, with an answer of a strange shape understood as such."""
    with pytest.raises(OutsideError) as caught, http.understanding(bench.name):
        bench.ask(way, config)
    return caught.value


def kinds(bench: Bench) -> dict[str, type[OutsideError]]:
    return {way: type(failure(bench, way)) for way in WAYS}


def all_of(kind: type[OutsideError]) -> dict[str, type[OutsideError]]:
    return dict.fromkeys(WAYS, kind)


BROKEN: dict[str, lines.Fault] = {
    "reset": lines.resets,
    "reset in mid answer": lines.cuts,
    "a page instead of an answer": says(lines.of_html(200)),
    "half a JSON": says(Answer(200, b'{"rows": [{"id": 1, "na', {"Content-Type": "application/json"})),
    "another encoding": says(Answer(200, '{"rows": [], "name": "三角洲水务集团"}'.encode("gbk"), {"Content-Type": "application/json"})),
    "NaN": says(Answer(200, b'{"rows": NaN}', {"Content-Type": "application/json"})),
    "JSON that is no object": says(lines.of_json(200, [1, 2])),
    "a JSON text": says(lines.of_json(200, "maintenance")),
    "half an XML": says(Answer(200, b"<soap:Envelope><a>", {"Content-Type": "text/xml"})),
    "another XML": says(Answer(200, b"<a/>", {"Content-Type": "text/xml"})),
    "another XML with 500": says(Answer(500, b"<a/>", {"Content-Type": "text/xml"})),
    "a proxy's 500": says(lines.of_html(500)),
    "a proxy's 502": says(lines.of_html(502)),
    "a proxy's 503": says(lines.of_html(503)),
    "a proxy's 504": says(lines.of_html(504)),
    "a proxy's 408": says(lines.of_html(408)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_no_answer_or_one_that_cannot_be_read_is_an_unknown_outcome(bench: Bench, what: str) -> None:
    bench.line.fault = BROKEN[what]
    assert kinds(bench) == all_of(TransientError)


def test_nobody_listening_is_an_unknown_outcome_and_no_status(bench: Bench) -> None:
    with lines.nobody() as address:
        found = [failure(bench, way, bench.config(address + bench.line.prefix)) for way in WAYS]
    assert [(type(error), error.status) for error in found] == [(TransientError, None)] * len(WAYS)


def test_a_system_that_hangs_costs_its_time_out_and_no_more(bench: Bench) -> None:
    bench.line.fault = lines.silent
    with http.limits(1, 0.04):
        assert kinds(bench) == all_of(TransientError)


def test_an_answer_that_drips_is_given_up(bench: Bench) -> None:
    bench.line.fault = lines.drips
    with http.limits(1, 0.04):
        assert type(failure(bench, "write")) is TransientError


def test_an_answer_without_an_end_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 256 * 1024)
    bench.line.fault = lines.floods
    found = failure(bench, "write")
    assert (type(found), found.code) == (TransientError, "too_large")
    assert type(failure(bench, "load")) is TransientError


@pytest.mark.parametrize("shape", [{}, {"rows": None, "items": None}, {"rows": {"a": 1}, "next": 1, "account_obj": 3, "opportunity_obj": []}])
def test_an_object_of_another_shape_is_never_a_crash(bench: Bench, shape: Any) -> None:
    bench.line.fault = says(lines.of_json(200, shape))
    for way in WAYS:
        try:
            with http.understanding(bench.name):
                bench.ask(way)
        except OutsideError as error:
            assert type(error) is TransientError, way


def test_our_credentials_refused(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(401, "not valid"))
    assert kinds(bench) == all_of(AuthError)
    bench.line.fault = says(lines.of_html(401))
    assert kinds(bench) == all_of(AuthError)


def test_a_right_that_lacks_is_a_refusal_and_no_question_of_credentials(bench: Bench) -> None:
    for answer in (bench.refusal(403, "You may not do this."), lines.of_html(403)):
        bench.line.fault = says(answer)
        found = {way: failure(bench, way) for way in WAYS}
        assert {way: (type(error), error.status) for way, error in found.items()} == dict.fromkeys(WAYS, (PermanentError, 403))
    bench.line.fault = says(bench.refusal(403, "You may not do this."))
    assert failure(bench, "write").message == "You may not do this."


def test_a_record_that_is_gone_is_none_where_the_system_itself_says_so(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(404, "There is no such record."))
    if bench.gone_status:
        assert bench.ask("fetch") is None
    found = failure(bench, "write")
    assert (type(found), found.status) == (PermanentError, 404)


def test_a_404_of_something_in_between_takes_no_record_away(bench: Bench) -> None:
    bench.line.fault = says(lines.of_html(404))
    assert kinds(bench) == all_of(PermanentError)


def test_a_conflict_is_final_unless_the_system_means_later(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(409, "Somebody changed it."))
    found = failure(bench, "write")
    assert (type(found), found.status) == ((TransientError, 409) if bench.later_409 else (PermanentError, 409))
    assert found.message == "Somebody changed it."


def test_another_database_is_told_apart(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(410, "Read everything again."))
    assert type(failure(bench, "feed")) is GoneError
    assert len(bench.line.asks) == 1


def test_a_refused_value_is_final_and_in_the_systems_words(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(422, "The quantity must be more than zero."))
    found = failure(bench, "write")
    assert (type(found), found.message) == (PermanentError, "The quantity must be more than zero.")


@pytest.mark.parametrize("status", [429, 503])
def test_a_system_that_asks_for_patience_gets_it(bench: Bench, status: int, no_waiting: list[float]) -> None:
    bench.line.fault = says(bench.refusal(status, "Slowly."))
    for way in WAYS:
        bench.line.asks.clear()
        found = failure(bench, way)
        assert (type(found), found.retry_after) == (TransientError, 7.0), way
        assert len(bench.line.asks) == 1, way  # not asked again at once
    assert no_waiting == []


def test_a_redirect_is_not_followed_and_no_success(bench: Bench) -> None:
    bench.line.fault = says(Answer(302, b"", {"Location": f"{bench.line.url}/sign-in"}))
    found = {way: failure(bench, way) for way in WAYS}
    assert {way: (type(error), error.code) for way, error in found.items()} == dict.fromkeys(WAYS, (PermanentError, "redirected"))


def test_readings_are_tried_again_and_writes_are_not(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(500, "Broken."))
    asked = {}
    for way in WAYS:
        bench.line.asks.clear()
        failure(bench, way)
        asked[way] = len(bench.line.asks)
    assert asked == ASKED


def test_a_reading_that_fails_once_succeeds(bench: Bench, every_bench: dict[str, Bench]) -> None:
    if not bench.sandbox:
        bench.line.fault = None
        behind, bench.line.behind = bench.line.behind, lambda ask: lines.of_json(200, {"rows": [], "next": None, "pipelines": [{"stages": []}]})
    else:
        behind = bench.line.behind
    left = [1]

    def once(handler: Any, ask: lines.Ask, behind: lines.Behind) -> None:
        if left:
            left.pop()
            handler.reset()
        else:
            handler.write(behind(ask))

    try:
        bench.line.fault = once
        bench.ask("read")
    finally:
        bench.line.behind = behind
    assert len(bench.line.asks) == 2


# --- secrets and time-outs --------------------------------------------------------------------------------------------------------------------


def told(error: BaseException) -> str:
    """Everything a log or a page could show of a failure, its causes included."""
    parts = []
    seen: BaseException | None = error
    while seen is not None:
        parts += [str(seen), repr(seen), repr(seen.args), repr(getattr(seen, "message", ""))]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(parts)


def repeats(bench: Bench, status: int) -> lines.Fault:
    """A refusal that repeats the credentials which came with the question."""

    def repeat(handler: Any, ask: lines.Ask, behind: lines.Behind) -> None:
        sent = [secret for secret in SECRETS if secret in f"{ask.headers}{ask.body.decode()}"]
        handler.write(bench.refusal(status, f"Not known: Bearer {' '.join(sent)}"))

    return repeat


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 500, 503])
def test_secrets_stand_in_no_error_and_no_log_even_when_the_system_repeats_them(bench: Bench, status: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.line.fault = repeats(bench, status)
    config, actor = bench.config(), Actor(login="ana", token=PERSON_TOKEN)
    texts = [repr(config), str(config), config.model_dump_json(), repr(actor)]
    for way in WAYS:
        try:
            bench.ask(way)
        except OutsideError as error:
            texts.append(told(error))
    action, data = bench.writes
    with pytest.raises(OutsideError) as caught:
        bench.act(action, data, key="bench-key-of-a-person", actor=actor)
    texts += [told(caught.value), caplog.text]
    assert [secret for secret in SECRETS if any(secret in text for text in texts)] == []


@pytest.mark.parametrize("fault", [lines.resets, lines.cuts, says(lines.of_html(502))])
def test_a_broken_line_tells_no_secret_either(bench: Bench, fault: lines.Fault, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    bench.line.fault = fault
    texts = [told(failure(bench, way)) for way in WAYS]
    assert [secret for secret in SECRETS if secret in "\n".join([*texts, caplog.text])] == []


def test_every_question_has_a_time_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import requests

    seen: list[Any] = []
    real = requests.adapters.HTTPAdapter.send

    def watched(self: Any, request: Any, **more: Any) -> Any:
        seen.append(more["timeout"])
        return real(self, request, **more)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", watched)
    bench.line.fault = says(bench.refusal(500, "Broken."))
    for way in WAYS:
        failure(bench, way)
    assert len(seen) == sum(ASKED.values())
    assert [limits for limits in seen if not (0 < limits[0] <= 5 and 0 < limits[1] <= 30)] == []


def test_credentials_are_sent_with_every_question_but_where_none_is_needed(bench: Bench) -> None:
    bench.line.fault = says(bench.refusal(500, "Broken."))
    for way in WAYS:
        failure(bench, way)
    assert [ask.target for ask in bench.line.asks if KEY not in f"{ask.headers}{ask.body.decode()}"] == []
