"""`new_connector` writes something that works, and `check_connectors` says who does not."""

from __future__ import annotations

import importlib
import io
import json
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

import apps.connectors
from apps.core.http import PermanentError
from apps.devtools import connectors as quality
from apps.integrations import canonical, registry
from tests.connectors import line as lines
from tests.connectors import test_failures as contract
from tests.connectors.benches import KEY, SECRETS, WAYS, Bench
from tests.connectors.conftest import no_waiting  # noqa: F401 - fixture: the pauses between two readings
from tests.connectors.line import Answer, Ask, line_to, of_json

REPO = pathlib.Path(__file__).resolve().parents[2]
AT = "2026-11-23T01:00:00+00:00"
ACT = {"crm": ("deal.note", {"deal_id": "7", "text": "x"}), "erp": ("invoice.post", {"order_id": "7"})}
READ = {"crm": "stages.read", "erp": "currencies.read"}


def run(*arguments: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


class System:
    """A small system that speaks as the skeleton expects: seven records, changes, keys."""

    def __init__(self) -> None:
        self.rows = [
            {"id": f"{n}", "code": f"C-{n}", "sku": f"P-{n}", "version": "1", "updated_at": AT, "name": f"Name {n}", "price": "1.50", "currency": "CNY"}
            for n in range(1, 8)
        ]
        self.kept: dict[str, Any] = {}

    def __call__(self, ask: Ask) -> Answer:
        if ask.headers.get("authorization") != f"Bearer {KEY}":
            return of_json(401, {"code": "unauthenticated", "message": "Sign on first."})
        if ask.method == "POST":
            key = ask.headers["idempotency-key"]
            made = {"id": f"i-{len(self.kept)}", "number": "INV-1", "state": "posted", "amount": "3.00", "currency": "CNY"}
            return of_json(200, self.kept.setdefault(key, made))
        return self._read(ask.path.removeprefix("/v1/"), dict(ask.query))

    def _read(self, what: str, query: dict[str, str]) -> Answer:
        if what in ("customers", "products"):
            after, limit = query.get("after", ""), int(query["limit"])
            left = [row for row in self.rows if row["id"] > after]
            return of_json(200, {"items": left[:limit], "more": len(left) > limit})
        if what == "changes":
            if query["since"] == "now":
                return of_json(200, {"items": [], "cursor": "5", "more": False})
            event = {"id": "e6", "what": "customers", "record": "3", "action": "deleted", "at": AT, "key": "k"}
            return of_json(200, {"items": [event] if query["since"] == "5" else [], "cursor": "6", "more": False})
        plain = {
            "about": {"version": "9.1", "user": "portal"}, "stages": {"items": [{"label": "Won", "kind": "won", "order": 1}]},
            "currencies": {"items": ["CNY"]},
        }  # fmt: skip
        row = next((row for row in self.rows if what.partition("/")[2] == row["id"]), None)
        return of_json(200, plain.get(what) or row) if what in plain or row else of_json(404, {"code": "not_found", "message": "There is none."})


def refusal(status: int, words: str) -> Answer:
    later = {"Retry_After": "7"} if status in (429, 503) else {}
    return of_json(status, {"code": "not_found" if status == 404 else "refused", "message": words}, **later)


@pytest.fixture(params=["crm", "erp"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def made(kind: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """The folder of a new connector, beside the others as far as Python is concerned."""
    run("new_connector", f"{kind}_acme", kind=kind, name="Acme Works", into=tmp_path)
    monkeypatch.setattr(apps.connectors, "__path__", [*apps.connectors.__path__, str(tmp_path)])
    yield tmp_path / f"{kind}_acme"
    for name in [name for name in sys.modules if name.startswith(f"apps.connectors.{kind}_acme")]:
        del sys.modules[name]


@pytest.fixture
def acme(made: pathlib.Path, kind: str) -> Iterator[Bench]:
    """It, on the bench of the contract."""
    connector = importlib.import_module(f"apps.connectors.{made.name}.connector").CONNECTOR
    with line_to(System()) as line:
        yield Bench(
            name=made.name, connector=connector, line=line, settings={"service_key": KEY}, stream=connector.streams[0].name, record="3",
            reads=(READ[kind], {}), writes=ACT[kind], refusal=refusal,
        )  # fmt: skip


# --- new_connector ----------------------------------------------------------------------------------------------------------------------------


def test_a_new_connector_is_clean_and_bronze(made: pathlib.Path, kind: str) -> None:
    for command in (["check"], ["format", "--check"]):
        options = ["--no-cache", "--config", str(REPO / "pyproject.toml"), "--config", "lint.isort.known-first-party = ['apps']"]
        done = subprocess.run([sys.executable, "-m", "ruff", *command, *options, str(made)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    connector = importlib.import_module(f"apps.connectors.{made.name}.connector").CONNECTOR
    assert quality.problems_of(made, connector) == ("bronze", [])
    assert "$" not in "".join(path.read_text() for path in made.iterdir() if path.suffix == ".md")


def test_it_reads_pages_records_and_changes(acme: Bench, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"apps.connectors.{acme.name}.streams.PAGE", 3)
    stream, config = acme.connector.streams[0], acme.config()
    pages = [stream.load(config, "")]
    while pages[-1].more:
        pages.append(stream.load(config, pages[-1].cursor))
    assert [[ident for ident, _raw in page.vendor] for page in pages] == [["1", "2", "3"], ["4", "5", "6"], ["7"]]
    assert stream.load(config, pages[-1].cursor).vendor == ()
    record = stream.map(stream.fetch(config, "3") or {})
    assert type(record) is canonical.KINDS[stream.kind]
    assert (record.external_id, record.name, record.key) == ("3", "Name 3", {"crm": "C-3", "erp": "P-3"}[kind])
    assert stream.fetch(config, "99") is None
    begin = acme.connector.feed(config, "")
    assert (begin.hints, begin.cursor) == ((), "5")
    (hint,) = acme.connector.feed(config, "5").hints
    assert (hint.event_id, hint.external_id, hint.transition, hint.origin) == ("e6", "3", "deleted", "k")
    found = acme.connector.check(config)
    assert (found.ok, found.version) == (True, "Acme Works 9.1")


def test_it_writes_once_with_its_key(acme: Bench) -> None:
    action, data = acme.writes
    first = acme.act(action, data, "key-1")
    assert acme.act(action, data, "key-1") == first
    assert [ask.headers["idempotency-key"] for ask in acme.line.asks] == ["key-1", "key-1"]
    assert acme.act(*acme.reads)


@pytest.mark.parametrize("what", contract.BROKEN)
def test_it_keeps_the_contract_when_the_line_breaks(acme: Bench, what: str) -> None:
    contract.test_no_answer_or_one_that_cannot_be_read_is_an_unknown_outcome(acme, what)


def test_it_keeps_the_contract_when_it_is_refused(acme: Bench, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    contract.test_nobody_listening_is_an_unknown_outcome_and_no_status(acme)
    contract.test_our_credentials_refused(acme)
    contract.test_a_right_that_lacks_is_a_refusal_and_no_question_of_credentials(acme)
    contract.test_a_record_that_is_gone_is_none_where_the_system_itself_says_so(acme)
    contract.test_a_404_of_something_in_between_takes_no_record_away(acme)
    contract.test_another_database_is_told_apart(_cleared(acme))
    contract.test_a_redirect_is_not_followed_and_no_success(acme)
    contract.test_secrets_stand_in_no_error_and_no_log_even_when_the_system_repeats_them(acme, 401, caplog)
    contract.test_every_question_has_a_time_out(_cleared(acme), monkeypatch)
    for status in (429, 503):
        acme.line.fault = lines.says(acme.refusal(status, "Slowly."))
        assert {contract.failure(acme, way).retry_after for way in WAYS} == {7.0}


def _cleared(bench: Bench) -> Bench:
    bench.line.clear()
    return bench


def test_a_record_it_does_not_understand_is_said_so(acme: Bench) -> None:
    for raw in ({}, {"id": "1"}, {"id": "1", "version": "1", "updated_at": "soon", "name": "x", "sku": "y"}):
        with pytest.raises((ValueError, LookupError)):
            acme.connector.streams[0].map(raw)


@pytest.mark.parametrize("key", ["Acme", "2nd", "acme-crm", "acme__crm", "acme_", "../acme", ""])
def test_a_key_that_is_none_is_refused_and_nothing_is_written(tmp_path: pathlib.Path, key: str) -> None:
    with pytest.raises(CommandError, match="small letters"):
        run("new_connector", key, kind="crm", into=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ['A "quoted" one', "back\\slash", "two\nlines", "{x}", "$key"])
def test_a_name_that_would_break_the_files_is_refused(tmp_path: pathlib.Path, name: str) -> None:
    with pytest.raises(CommandError, match="quotes"):
        run("new_connector", "acme", kind="crm", name=name, into=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_taken_is_refused_and_the_folder_stays(made: pathlib.Path, kind: str) -> None:
    before = {path.name: path.read_text() for path in made.iterdir() if path.is_file()}
    with pytest.raises(CommandError, match="there already"):
        run("new_connector", made.name, kind=kind, name="Another", into=made.parent)
    assert {path.name: path.read_text() for path in made.iterdir() if path.is_file()} == before


# --- check_connectors -------------------------------------------------------------------------------------------------------------------------


def test_all_connectors_are_said_to_be_fine() -> None:
    assert run("check_connectors").splitlines() == [f"{one}: silver: ok" for one in sorted(registry.manifests())]
    assert run("check_connectors", "erp_tryton") == "erp_tryton: silver: ok\n"


def test_a_connector_that_falls_short_is_named_and_ends_with_1(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("crm_sandbox", "erp_sandbox"):
        shutil.copytree(registry.CONNECTORS / name, tmp_path / name)
    manifest = tmp_path / "crm_sandbox" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('"push"', '"poll"'))
    (tmp_path / "crm_sandbox" / "README.md").unlink()
    monkeypatch.setattr(registry, "CONNECTORS", tmp_path)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("check_connectors", stdout=out)
    assert ended.value.code == 1
    assert out.getvalue().splitlines() == [
        "crm_sandbox: silver: 2 problems",
        "  - README.md is missing",
        '  - delivery is "push" where the connector takes webhooks, else "poll"',
        "erp_sandbox: silver: ok",
    ]


def test_a_connector_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="there is no connector crm_nobody"):
        run("check_connectors", "crm_nobody")


def test_secrets_of_the_bench_are_none_of_the_skeletons(made: pathlib.Path) -> None:
    assert [s for s in SECRETS if s in json.dumps([path.read_text() for path in made.iterdir() if path.is_file()])] == []


def test_a_refused_write_says_so_in_the_systems_words(acme: Bench) -> None:
    acme.line.fault = lines.says(refusal(422, "Already posted."))
    with pytest.raises(PermanentError) as caught:
        acme.act(*acme.writes, "key-2")
    assert (caught.value.message, caught.value.code) == ("Already posted.", "refused")
