"""The supervisor with stand-in parts: nothing is left behind, the crashed come back, the stubborn are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import control
from stack.layout import REPO, State, read_env
from stack.part import born
from stack.ports import is_free
from tests.support.until import until


class Standin:
    def __init__(self, root: Path, owner: int, *wishes: str) -> None:
        self.state = State(root, root / "standin.env")
        self.state.prepare()
        self.out = root / "out.txt"
        argv = [sys.executable, "-m", "tests.stack.standin", str(root), str(owner), *wishes]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(argv, cwd=REPO, stdout=out, stderr=subprocess.STDOUT)

    def wait_ready(self) -> Standin:
        until(lambda: self.state.run("ready").exists(), seconds=90, what="stand-in ready")
        return self

    def ask(self, verb: str, part: str = "", **more: object) -> dict:
        return control.ask(self.state.socket_dir() / "control.sock", {"do": verb, "part": part, **more}, timeout=30)

    def part(self, name: str) -> dict:
        return {part["name"]: part for part in self.ask("status")["parts"]}[name]

    def pids(self) -> list[int]:
        """Both parts and the children they started."""
        children = [int((self.state.root / f"{name}.child").read_text()) for name in ("base", "top")]
        return children + [self.part(name)["pid"] for name in ("base", "top")]

    def ports(self) -> list[int]:
        return [int(value) for value in read_env(self.state.env_file).values()]

    def text(self) -> str:
        return self.out.read_text()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with _standin(tmp_path) as running:
        yield running.wait_ready()


@contextlib.contextmanager
def _standin(root: Path, *wishes: str, owner: int = 0) -> Iterator[Standin]:
    running = Standin(root, owner or os.getpid(), *wishes)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.send(signal.SIGINT)
            running.send(signal.SIGINT)
            running.process.wait(90)


def _all_gone(pids: list[int]) -> bool:
    return all(born(pid) is None for pid in pids)


def test_interrupt_stops_everything_and_frees_the_ports(standin: Standin) -> None:
    pids, ports = standin.pids(), standin.ports()
    standin.send(signal.SIGINT)
    assert standin.process.wait(90) == 0
    until(lambda: _all_gone(pids), what="all processes gone")
    assert all(is_free(port) for port in ports)
    assert not standin.state.run("ready").exists()
    assert list(standin.state.run("").glob("*.pid")) == []


def test_a_crashed_part_is_started_again_and_reported_in_one_line(standin: Standin) -> None:
    before = standin.part("top")["pid"]
    child = int((standin.state.root / "top.child").read_text())
    standin.ask("crash", "top")
    until(lambda: standin.part("top")["restarts"] == 1 and standin.part("top")["up"], what="restart of top")
    assert standin.part("top")["pid"] != before
    until(lambda: born(child) is None, what="the crashed part's child gone")
    reports = [line for line in standin.text().splitlines() if "top" in line and "ended" in line]
    assert len(reports) == 1
    assert "signal SIGKILL" in reports[0]
    assert "starting it again in 0.5 s" in reports[0]


def test_a_part_stopped_on_request_stays_down_until_it_is_started(standin: Standin) -> None:
    standin.ask("stop", "top")
    assert not standin.part("top")["up"]
    assert not standin.part("top")["wanted"]
    standin.ask("start", "top")
    assert standin.part("top")["up"]
    assert standin.part("top")["restarts"] == 0


def test_restart_by_kill_gives_a_new_process(standin: Standin) -> None:
    before = standin.part("base")["pid"]
    answer = standin.ask("restart", "base", kill=True)
    assert answer["pid"] != before
    assert born(before) is None


def test_a_paused_part_can_be_stopped(standin: Standin) -> None:
    standin.ask("pause", "top")
    standin.ask("stop", "top")
    assert not standin.part("top")["up"]


def test_an_unknown_part_is_refused_with_the_names_there_are(standin: Standin) -> None:
    with pytest.raises(control.ControlRefused, match="no part is called 'nothing'; there are: base, top"):
        standin.ask("stop", "nothing")


def test_the_second_interrupt_forces(tmp_path: Path) -> None:
    with _standin(tmp_path, "stubborn") as running:
        pids = running.wait_ready().pids()
        running.send(signal.SIGINT)
        until(lambda: "Stopping" in running.text(), what="first interrupt seen")
        assert running.process.poll() is None
        running.send(signal.SIGINT)
        assert running.process.wait(90) == 0
        until(lambda: _all_gone(pids), what="all processes gone")


def test_it_ends_when_its_owner_has_ended(tmp_path: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with _standin(tmp_path, owner=owner.pid) as running:
        pids = running.wait_ready().pids()
        owner.communicate(b"\n")
        assert running.process.wait(90) == 0
        until(lambda: _all_gone(pids), what="all processes gone")


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next(tmp_path: Path) -> None:
    with _standin(tmp_path) as first:
        pids = first.wait_ready().pids()
        first.send(signal.SIGKILL)
        first.process.wait(90)
        assert not _all_gone(pids)
        first.state.run("ready").unlink()
        with _standin(tmp_path) as second:
            second.wait_ready()
            until(lambda: _all_gone(pids), what="all processes gone")
            assert "left over from an earlier run: ended" in second.text()


def test_a_second_supervisor_is_refused(standin: Standin) -> None:
    second = subprocess.run([sys.executable, "-m", "tests.stack.standin", str(standin.state.root), "0"], cwd=REPO, capture_output=True, text=True, timeout=20)
    assert second.returncode != 0
    assert "is in use by a running Atrium" in second.stderr
    assert standin.part("base")["up"]


def test_a_failing_step_stops_the_others_and_says_one_line(tmp_path: Path) -> None:
    with _standin(tmp_path, "broken") as running:
        assert running.process.wait(90) == 1
        assert "failed: the prerequisite is missing: apt-get install it" in running.text()
        assert list(running.state.run("").glob("*.pid")) == []
        for name in ("base", "top"):
            note = running.state.root / f"{name}.child"
            assert not note.exists() or born(int(note.read_text())) is None
