"""The conformance suite of jobs, audit and realtime, on the other database too."""

import subprocess
import sys

import pytest


@pytest.mark.postgres
@pytest.mark.timeout(2400)
def test_the_same_suite_holds_on_postgresql() -> None:
    """A second run of these folders, in a process of its own, on a PostgreSQL of its own (fsync on) with a Redis beside it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.servers", "--", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
         "tests/jobs", "tests/audit", "tests/realtime"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
