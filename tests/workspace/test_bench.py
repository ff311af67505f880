# ruff: noqa: F811 - the fixture is imported by name
"""The benchmark of the home page runs through with tiny numbers, so that it cannot rot. What it finds is not asked here."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import pytest

from apps.core.widgets import WIDGETS
from tests.bench import report
from tests.bench.figures import Result
from tests.bench.home.measure import Scale, run
from tests.realtime.conftest import redis_servers, redis_url  # noqa: F401 - fixtures


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
def test_the_home_page_is_measured_cold_and_warm(settings: Any, redis_url: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REALTIME_BUS, settings.REDIS_URL = "redis", redis_url
    monkeypatch.setenv("BENCH_OUTSIDE", "")
    monkeypatch.setenv("WIDGET_THREADS", "8")
    told: list[Result] = []
    try:
        [result] = run(Scale(requests=2, repetitions=1), tmp_path, told.append)
    finally:
        for key in [key for key in WIDGETS if key.startswith("bench.")]:
            del WIDGETS[key]
    assert told == [result]
    assert [figure.id for figure in result.figures] == ["PF-6"] * 6
    assert next(figure for figure in result.figures if figure.limit == 0).measured.values == (0,)
    page = report.text([result], report.machine((0, 0, 0)), dt.date(2026, 11, 30))
    assert all(f"| {figure.id} | {figure.what} |" in page for figure in result.figures)
