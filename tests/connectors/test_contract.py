"""The contract, what a connector says of itself, and what the framework makes of it: the claimed tier, health, quarantine, one line in the log."""

from __future__ import annotations

import json
import logging
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from apps.core.http import TransientError
from apps.devtools import connectors as quality
from apps.integrations import registry, services
from apps.integrations.models import Connection, QuarantineItem, SyncRun
from apps.integrations.services.calls import call
from tests.conftest import NOW
from tests.connectors import benches
from tests.connectors import line as lines
from tests.connectors.benches import SECRETS, Bench
from tests.connectors.line import Answer, Ask
from tests.connectors.tape import Tape

IDS = sorted(registry.manifests())


# --- what it says of itself -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("connector_id", IDS)
def test_a_connector_has_the_tier_it_claims(connector_id: str) -> None:
    tier, problems = quality.problems_of(registry.CONNECTORS / connector_id)
    assert problems == []
    assert tier in quality.TIERS


def test_every_connector_is_on_a_bench() -> None:
    assert {name.partition("-")[0] for name in benches.NAMES} == set(IDS)


@pytest.mark.parametrize("connector_id", IDS)
def test_what_it_can_do_is_what_its_manifest_says(connector_id: str) -> None:
    manifest, connector = registry.manifests()[connector_id], registry.connector(connector_id)
    assert [action.name for action in connector.actions] == list(manifest.capabilities)
    assert (manifest.delivery == "push") == (connector.parse_webhook is not None)
    for action in connector.actions:
        assert connector.action(action.name) is action
    with pytest.raises(LookupError):
        connector.action("nothing.such")
    with pytest.raises(LookupError):
        connector.stream("nothing")


@pytest.mark.parametrize("kind", ["erp", "crm"])
def test_systems_of_one_kind_offer_the_same(kind: str) -> None:
    """So that a flow runs on either. What a system may be unable to tell is asked for before it is used (integrations.offers)."""
    may_lack = {"sale.find"}
    of_kind = [registry.connector(one.id) for one in registry.manifests().values() if one.kind == kind]
    assert len(of_kind) >= 2
    assert len({tuple(sorted((s.name, s.kind) for s in one.streams if s.name not in may_lack)) for one in of_kind}) == 1
    assert len({tuple(sorted((a.name, a.input, a.writes) for a in one.actions if a.name not in may_lack)) for one in of_kind}) == 1


def test_secrets_are_marked_and_addresses_checked(bench: Bench) -> None:
    config = bench.config()
    secret = {name for name, field in type(config).model_fields.items() if field.annotation is SecretStr}
    assert {"webhook_secret"} < secret
    for wrong in ("ftp://localhost:1/x", "localhost:8010", "http://localhost:1/a/b/c?d=e"):
        with pytest.raises(ValueError, match="base_url"):
            bench.connector.config.model_validate({**bench.settings, "base_url": wrong})
    with pytest.raises(ValueError, match="stranger"):
        bench.connector.config.model_validate({**bench.settings, "base_url": bench.line.url, "stranger": 1})


def test_health_names_the_system_and_its_version(live: Bench) -> None:
    found = live.connector.check(live.config())
    assert (found.ok, found.message) == (True, "")
    assert found.version.startswith("Sandbox")
    assert [secret for secret in SECRETS if secret in repr(found)] == []


# --- the checker itself notices ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: pathlib.Path) -> Callable[[Callable[[pathlib.Path], object]], list[str]]:
    """copy(spoil): the problems of a connector's folder after `spoil` was done to a copy of it."""

    def after(spoil: Callable[[pathlib.Path], object]) -> list[str]:
        folder = tmp_path / "crm_sandbox"
        shutil.copytree(registry.CONNECTORS / "crm_sandbox", folder)
        spoil(folder)
        return quality.problems_of(folder)[1]

    return after


def change(name: str, before: str, after: str) -> Callable[[pathlib.Path], object]:
    def spoil(folder: pathlib.Path) -> object:
        text = (folder / name).read_text()
        assert before in text
        return (folder / name).write_text(text.replace(before, after))

    return spoil


SPOILED = {
    "a capability nobody offers": (change("manifest.toml", '"deal.move"', '"deal.sing"'), [
        "manifest.toml names the capability deal.sing, and no action is called so",
        "the action deal.move is not among the capabilities of manifest.toml",
    ]),
    "a promise": (change("quality.toml", 'coverage_95 = "done"', 'coverage_95 = "exempt: tests are still to be written"'), [
        "quality.toml: coverage_95: a promise is no reason: do it, or claim a lower tier",
    ]),
    "a reason that is none": (change("quality.toml", 'readme = "done"', 'readme = "exempt: no"'), [
        "quality.toml: readme: the reason is too short to be one",
    ]),
    "neither": (change("quality.toml", 'readme = "done"', "readme = true"), ['quality.toml: readme: write "done", or "exempt: <reason>"']),
    "a rule left out": (change("quality.toml", 'readme = "done"', ""), ["quality.toml: the rule readme of bronze is not answered"]),
    "a rule nobody knows": (change("quality.toml", "readme =", 'shiny = "done"\nreadme ='), ["quality.toml: bronze has no rule shiny"]),
    "gold that is not": (change("manifest.toml", '"silver"', '"gold"'), [
        f"quality.toml: the rule {rule} of gold is not answered" for rule in quality.TIERS["gold"][1:]
    ]),
    "pull and push": (change("manifest.toml", '"push"', '"poll"'), ['delivery is "push" where the connector takes webhooks, else "poll"']),
    "a README that says little": (change("README.md", "Removal", "End"), ["README.md says nothing of “removal”"]),
    "a module that is missing": (lambda folder: (folder / "mapping.py").unlink(), ["mapping.py is missing"]),
}  # fmt: skip


@pytest.mark.parametrize("what", SPOILED)
def test_a_claim_that_does_not_hold_is_named(copy: Any, what: str) -> None:
    spoil, problems = SPOILED[what]
    assert copy(spoil) == problems


@pytest.mark.parametrize(("before", "after"), [('id = "crm_sandbox"', 'id = "other"'), ('kind = "crm"', 'kind = "hr"'), ("owner", "stranger"), ("=", "")])
def test_a_manifest_that_is_not_valid_is_no_tier(copy: Any, before: str, after: str) -> None:
    problems = copy(change("manifest.toml", before, after))
    assert len(problems) == 1
    assert problems[0].startswith("manifest.toml: ")


# --- in the framework -------------------------------------------------------------------------------------------------------------------------


EMPTY = {"rows": [], "items": [], "events": [], "next": None, "more": False, "epoch": "e", "last": 0, "org_id": "o"}


def loosely(connector_id: str) -> lines.Behind:
    """The recorded answers by their question, whatever the order; an empty page for what was not recorded."""
    tape = Tape(connector_id)
    steps = ("load_orders", "load_deals")
    known = {one["ask"]["target"]: one["answer"]["body"] for step in steps for one in tape.steps.get(step, [])}
    first = next(iter(known.values()))

    def answer(ask: Ask) -> Answer:
        if ask.path.endswith(("/read/order", "/rows/opportunity")) and "limit=1" not in ask.target.split("&"):
            return lines.of_json(200, {**first, "next": None})
        return lines.of_json(200, known.get(ask.target, EMPTY))

    return answer


def spoils(bench: Bench) -> tuple[bytes, bytes]:
    """What makes the first record of a page one that nobody understands."""
    return {
        "erp_tryton": (b'"state": "done"', b'"state": "on_hold"'),
        "crm_bottle": (b'"stage_kind": "open"', b'"stage_kind": "frozen"'),
        "erp_sandbox-rest": (b'"status": "COMPLETED"', b'"status": "ON_HOLD"'),
        "erp_sandbox-soap": (b":status>COMPLETED<", b":status>ON_HOLD<"),
        "crm_sandbox": (b'"kind": "open"', b'"kind": "frozen"'),
    }[bench.name]


@pytest.fixture
def connected(db: None, bench: Bench, company: Any, travel: Any, run_jobs: Any) -> Connection:
    """The bench as a connection of the portal."""
    travel(NOW)
    services.reset_breakers()
    key = bench.name[:3]
    secrets = {name: value for name, value in bench.settings.items() if value in SECRETS}
    config = {**{name: value for name, value in bench.settings.items() if value not in SECRETS}, "base_url": bench.line.url}
    return services.upsert_connection(
        key=key, connector_id=bench.connector.id, config=config, secrets=secrets, live_from=NOW, now=NOW, steward="admin",
        organisation="yunhe" if bench.name == "crm_sandbox" else "",
    )  # fmt: skip


@pytest.mark.req("D8")
def test_a_record_nobody_understands_waits_and_the_rest_goes_on(bench: Bench, connected: Connection, run_jobs: Any) -> None:
    from apps.records.models import Record

    behind = bench.line.behind
    source = behind if bench.sandbox else loosely(bench.connector.id)
    before, after = spoils(bench)
    spoiled: list[str] = []

    def one_spoiled(ask: Ask) -> Answer:
        answer = source(ask)
        if before in answer.body and (not spoiled or spoiled == [ask.target]):
            spoiled.append(ask.target)
            return Answer(answer.status, answer.body.replace(before, after, 1), answer.headers)
        return answer

    bench.line.behind = one_spoiled
    try:
        services.first_load(connection_key=connected.key, now=NOW)
        run_jobs(now=NOW)
    finally:
        bench.line.behind = behind
    run = SyncRun.objects.get()
    assert run.finished_at is not None
    assert (run.quarantined, run.read - run.taken) == (1, 1)
    item = QuarantineItem.objects.get()
    assert (item.kind, item.state) == ("order" if bench.name.startswith("erp") else "deal", "OPEN")
    assert {problem["code"] for problem in item.problems} <= {"unreadable", "format"}
    assert Record.objects.count() == run.taken > 1
    assert not Record.objects.filter(external_id=item.external_id, kind=item.kind).exists()


def test_a_system_that_is_away_is_told_once_and_so_is_its_return(bench: Bench, connected: Connection, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="apps.integrations")
    bench.line.fault = lines.resets
    for _time in range(3):
        services.reset_breakers()  # each call is really made
        with pytest.raises(TransientError):
            call(connected, lambda: bench.ask("fetch"), now=NOW)
    assert Connection.objects.get().state == "down"
    bench.line.fault = None
    behind = bench.line.behind
    if not bench.sandbox:
        bench.line.behind = lambda ask: lines.of_json(200, EMPTY)
    try:
        for _time in range(3):
            services.reset_breakers()
            call(connected, lambda: bench.ask("fetch"), now=NOW)
    finally:
        bench.line.behind = behind
    told = [(record.levelname, record.getMessage().split(" is ")[0].split(" answers ")[0]) for record in caplog.records]
    assert told == [("ERROR", f"connection {connected.key}"), ("WARNING", f"connection {connected.key}")]
    assert Connection.objects.get().state == "up"


def test_the_secrets_of_a_connection_are_not_readable_in_its_row(bench: Bench, connected: Connection) -> None:
    row = Connection.objects.filter(pk=connected.pk).values().get()
    assert [secret for secret in SECRETS if secret in json.dumps(row, default=repr)] == []
    assert [secret for secret in SECRETS if secret in repr(connected)] == []


def test_an_answer_of_another_shape_is_news_of_the_connection_and_not_a_crash(bench: Bench, connected: Connection, cast: Any) -> None:
    bench.line.fault = lines.says(lines.of_json(200, {"hello": "from another system"}))
    found = services.check(person=cast.admin, connection_key=connected.key, now=NOW)
    assert found.ok is False
    assert found.message
