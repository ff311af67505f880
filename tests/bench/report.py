"""docs/bench/<date>.md: the machine, the table, the raw numbers."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import platform
import re
from collections.abc import Iterable, Sequence

from tests.bench.figures import Figure, Result, Series

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "bench"


def machine(load_before: tuple[float, float, float]) -> str:
    """Processor, memory, system, and what else it was doing."""
    processor = _first("/proc/cpuinfo", r"model name\s*:\s*(.+)")
    memory = int(_first("/proc/meminfo", r"MemTotal:\s*(\d+)") or 0) / 1024**2
    return (
        f"{processor}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}. Load average before the run {load_before[0]:.2f}, after it {os.getloadavg()[0]:.2f}."
    )


def _first(path: str, pattern: str) -> str:
    try:
        found = re.search(pattern, pathlib.Path(path).read_text())
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def text(results: Iterable[Result], about: str, on: dt.date) -> str:
    """The whole page."""
    return "\n".join([f"# Benchmarks of {on.isoformat()}\n\n{about}\n", *map(section, results)])


def section(result: Result) -> str:
    return "\n\n".join([f"## {result.subject}", _table(result.figures), *result.notes, _raw(result.raw)]) + "\n"


def _table(figures: Sequence[Figure]) -> str:
    rows = ["| id | what | minimum | median | limit | held |", "|---|---|---|---|---|---|"]
    rows += [
        f"| {one.id} | {one.what} | {_number(one.measured.least)} | {_number(one.measured.middle)} | {one.bound} | {'yes' if one.held else '**no**'} |"
        for one in figures
    ]
    return "\n".join(rows)


def _raw(raw: Sequence[Series]) -> str:
    rows = ["| raw | unit | minimum | median | each repetition |", "|---|---|---|---|---|"]
    rows += [
        f"| {one.name} | {one.unit} | {_number(one.least)} | {_number(one.middle)} | {', '.join(map(_number, one.values))} |" for one in raw
    ]
    return "\n".join(rows)


def write(page: str, on: dt.date, subject: str, folder: pathlib.Path = FOLDER) -> pathlib.Path:
    """A page a subject; a second run of a day replaces the first."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{on.isoformat()}-{subject}.md"
    path.write_text(page)
    return path
