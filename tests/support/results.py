"""pytest plug-in: keeps the last result of each test that shows a requirement, for `make requirements`, and fails a run in which a test was skipped in CI."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import pytest

FILE = pathlib.Path(__file__).resolve().parents[2] / "var" / "test" / "requirements.json"
_results: dict[str, str] = {}
_skipped: list[str] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    report = (yield).get_result()
    if report.skipped:
        _skipped.append(item.nodeid)
    if not any(item.iter_markers("req")):
        return
    name = item.nodeid.split("[")[0]
    if report.failed:
        _results[name] = "FAILED"
    elif report.when == "call" and report.passed:
        _results.setdefault(name, "passed")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if _results:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(FILE.read_text()) if FILE.exists() else {}
        new = FILE.with_suffix(f".{os.getpid()}")  # two runs may end beside each other
        new.write_text(json.dumps({**known, **_results}, indent=0, sort_keys=True))
        new.replace(FILE)
    if os.environ.get("CI") and _skipped and exitstatus == 0:
        session.exitstatus = 1
        print(f"\nskipped in CI, which is not allowed: {_skipped}")
