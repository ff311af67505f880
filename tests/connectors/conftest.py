"""The benches, started once; each test finds its line whole and its questions forgotten."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.connectors import benches
from tests.connectors.benches import Bench
from tests.connectors.scenarios import SCENARIOS, Play, playing


@pytest.fixture(scope="session")
def every_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    with benches.all_benches(tmp_path_factory.mktemp("benches")) as found:
        yield found


@pytest.fixture(params=benches.NAMES)
def bench(request: pytest.FixtureRequest, every_bench: dict[str, Bench]) -> Iterator[Bench]:
    yield from _ready(every_bench[request.param])


@pytest.fixture(params=benches.LIVE)
def live(request: pytest.FixtureRequest, every_bench: dict[str, Bench]) -> Iterator[Bench]:
    """The benches that run, sandboxes; what the real systems say stands on the tape: see `play`."""
    yield from _ready(every_bench[request.param])


def _ready(found: Bench) -> Iterator[Bench]:
    found.line.clear()
    if found.name == "erp_sandbox-soap":
        found.ask("check")  # the WSDL is read once, at the first call
        found.line.clear()
    yield found
    found.line.clear()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between two readings, noted and not waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("apps.core.http.pause", pauses.append)
    return pauses


@pytest.fixture(scope="session")
def every_play() -> Iterator[dict[str, Play]]:
    """Both scenarios, played from the tape once; a test reads what came of it."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setattr("apps.core.http.pause", lambda seconds: None)
        yield {name: stack.enter_context(playing(name)) for name in SCENARIOS}


@pytest.fixture(params=list(SCENARIOS))
def play(request: pytest.FixtureRequest, every_play: dict[str, Play]) -> Play:
    return every_play[request.param]
