"""The conformance suite of jobs, audit, realtime and the process engine, on the other database too."""

import subprocess
import sys

import pytest

WHAT = (
    "tests/jobs",
    "tests/audit",
    "tests/realtime",
    "tests/insight/test_facts.py",
    "tests/insight/test_readings.py",
    "tests/workflows/test_flow.py",
    "tests/workflows/test_decisions.py",
    "tests/workflows/test_concurrency.py",
    "tests/workflows/test_crashes.py",
)


@pytest.mark.postgres
@pytest.mark.timeout(2400)
def test_the_same_suite_holds_on_postgresql() -> None:
    """A second run, in a process of its own, on a PostgreSQL of its own (fsync on) with a Redis beside it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.servers", "--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "-m", "not one_database and not browser", *WHAT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
