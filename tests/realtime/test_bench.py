"""The benchmarks of the hub run through with tiny numbers, so that they cannot rot. What they find is not asked here."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import pytest

from tests.bench import report
from tests.bench.figures import Figure, Result, series
from tests.bench.realtime.measure import Scale, run

TINY = Scale(browsers=6, notifications=2, alternative_notifications=1, burst=12, requests=3, connections=10, frames=60, repetitions=1)


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(400)
def test_each_figure_of_the_hub_is_measured_and_nothing_is_lost_on_the_way(settings: Any, redis_url: str, tmp_path: pathlib.Path) -> None:
    settings.REALTIME_BUS, settings.REDIS_URL = "redis", redis_url
    told: list[Result] = []
    results = run(TINY, tmp_path, told.append)
    assert told == results
    figures = [figure for result in results for figure in result.figures]
    assert [figure.id for figure in figures] == ["PF-1", "PF-1", "PF-2", "PF-3", "PF-3", "PF-4", "PF-5", "PF-5"]
    assert next(figure for figure in figures if "lost" in figure.what).measured.values == (0,)
    page = report.text(results, report.machine((0, 0, 0)), dt.date(2026, 11, 30))
    assert all(f"| {figure.id} | {figure.what} |" in page for figure in figures)


def test_a_figure_holds_when_its_median_does() -> None:
    measured = series("", "x", [1, 2, 9])
    assert Figure("PF-0", "", measured, 2).held
    assert not Figure("PF-0", "", measured, 1.9).held
    assert Figure("PF-0", "", measured, 2, at_least=True).held
    assert not Figure("PF-0", "", measured, 2.1, at_least=True).held


def test_the_page_says_what_is_not_held(tmp_path: pathlib.Path) -> None:
    result = Result("Subject", (Figure("PF-0", "work", series("", "x", [1, 2, 9]), 1.5),), (series("raw", "us", [123.4, 5]),), ("A note.",))
    path = report.write(report.text([result], "A machine.", dt.date(2026, 11, 30)), dt.date(2026, 11, 30), "hub", tmp_path)
    assert path.name == "2026-11-30-hub.md"
    assert path.read_text() == (
        "# Benchmarks of 2026-11-30\n\nA machine.\n\n## Subject\n\n"
        "| id | what | minimum | median | limit | held |\n|---|---|---|---|---|---|\n| PF-0 | work | 1 | 2 | <= 1.5 x | **no** |\n\n"
        "A note.\n\n"
        "| raw | unit | minimum | median | each repetition |\n|---|---|---|---|---|\n| raw | us | 5 | 64.2 | 123, 5 |\n"
    )
