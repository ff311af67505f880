"""The benches, started once; each test finds its line whole and its questions forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors import benches
from tests.connectors.benches import Bench


@pytest.fixture(scope="session")
def every_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Bench]]:
    with benches.all_benches(tmp_path_factory.mktemp("benches")) as found:
        yield found


@pytest.fixture(params=benches.NAMES)
def bench(request: pytest.FixtureRequest, every_bench: dict[str, Bench]) -> Iterator[Bench]:
    found = every_bench[request.param]
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
