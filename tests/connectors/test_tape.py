"""The tape itself: what it keeps, what it never keeps, and that it notices another answer and another question."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest

from tests.connectors import tape as tapes
from tests.connectors.line import Answer, Ask, of_json
from tests.connectors.tape import Tape, differences, shape, shapes


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setattr(tapes, "FIXTURES", tmp_path)
    return tmp_path


def recorded(body: Any, secrets: tuple[str, ...] = ()) -> Tape:
    tape = Tape("some", lambda ask: of_json(200, body))
    tape.facts["run"] = "0badcafe"
    tape.begin("one")
    tape.answer(Ask("GET", "/x?a=1", {"authorization": "Bearer very-secret", "idempotency-key": "k-0badcafe"}))
    tape.write(secrets=secrets)
    return Tape("some")


def test_moments_days_tickets_and_runs_are_the_same_in_every_recording(folder: pathlib.Path) -> None:
    body = {"b": "2031-05-06T07:08:09.123+02:00", "a": "2031-05-06 05:08:09", "c": "2031-05-06T05:08:08Z", "url": "/s?ticket=abc-1_2&x=1", "run": "x-0badcafe"}
    (exchange,) = recorded(body).steps["one"]
    assert exchange["answer"]["body"] == {
        "c": "2026-11-23T01:00:00Z", "a": "2026-11-23 01:00:01", "b": "2026-11-23T01:00:02.000000+00:00", "url": "/s?ticket=…&x=1", "run": "x-00000000",
    }  # fmt: skip
    assert exchange["ask"] == {"method": "GET", "target": "/x?a=1", "body": None, "idempotency_key": "k-00000000"}


def test_a_file_with_a_secret_is_not_written(folder: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        recorded({"echo": "very-secret"}, secrets=("very-secret",))
    assert list(folder.rglob("*.json")) == []
    recorded({"echo": "fine"}, secrets=("very-secret",))
    assert "very-secret" not in "".join(path.read_text() for path in folder.rglob("*.json"))


def test_another_question_than_the_recorded_one_is_not_answered(folder: pathlib.Path) -> None:
    tape = recorded({"a": 1})
    tape.begin("one")
    other = tape.answer(Ask("GET", "/x?a=2"))
    assert (other.status, "record" in other.body.decode()) == (599, True)
    assert tape.rest()
    right = tape.answer(Ask("GET", "/x?a=1", {"idempotency-key": "k-00000000"}))
    assert (right.status, json.loads(right.body)) == (200, {"a": 1})
    assert tape.rest() == []
    assert tape.answer(Ask("GET", "/x?a=1", {"idempotency-key": "k-00000000"})).status == 599  # asked once more than recorded


@pytest.mark.parametrize(
    ("now", "lines"),
    [
        ({"a": 2, "b": None, "c": [{"d": "y"}]}, []),
        ({"a": 2.5, "b": "now", "c": []}, []),
        ({"a": "2", "b": None, "c": [{"d": "y"}]}, [".a: was number, is text"]),
        ({"b": None, "c": [{"d": "y"}]}, [".a: gone"]),
        ({"a": 1, "b": None, "c": [{"d": "y", "e": 1}], "f": 1}, [".f: new", ".c[].e: new"]),
        ({"a": True, "b": None, "c": {"d": "y"}}, [".a: was number, is bool", ".c: was [{'d': 'text'}], is {'d': 'text'}"]),
    ],
)
def test_shapes_tell_keys_and_types_and_nothing_of_values(now: Any, lines: list[str]) -> None:
    assert differences(shape({"a": 1, "b": None, "c": [{"d": "x"}, {"d": None}]}), shape(now)) == lines


def test_answers_of_one_kind_of_question_have_one_shape() -> None:
    answers = iter([{"rows": [{"id": 1, "note": None}]}, {"rows": [{"id": 2, "note": "x"}]}, {"rows": []}])
    tape = Tape("some", lambda ask: of_json(200, next(answers)))
    for number, target in enumerate(("/rows/1?x=1", "/rows/22", "/rows/0badcafe-0000-4000-8000-000000000000")):
        tape.begin(f"step {number}")
        tape.answer(Ask("GET", target))
    assert shapes(tape) == {"GET /rows/{id}  200": {"rows": [{"id": "number", "note": "text"}]}}


def test_a_page_that_is_no_json_is_kept_as_it_is() -> None:
    tape = Tape("some", lambda ask: Answer(502, b"<html>", {"Content-Type": "text/html"}))
    tape.begin("one")
    tape.answer(Ask("GET", "/"))
    assert tape.steps["one"][0]["answer"]["body"] == "<html>"
