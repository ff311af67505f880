"""python -m tests.bench [SUBJECT ...]: run, print and write docs/bench/<date>-<subject>.md of each.

0 also when a limit is not held: the page says so.
"""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import sys
import tempfile
from collections.abc import Callable

from tests.bench.figures import Result

Tell = Callable[[Result], None]


def _realtime(folder: pathlib.Path, tell: Tell) -> list[Result]:
    """On a PostgreSQL and a Redis of this run."""
    from tests.support.servers import running

    with running() as values:
        _set_up(values)
        from tests.bench.realtime.measure import Scale, run

        return run(Scale(), folder, tell)


def _home(folder: pathlib.Path, tell: Tell) -> list[Result]:
    """On a PostgreSQL and a Redis of this run."""
    from tests.support.servers import running

    with running() as values:
        _set_up(values)
        from tests.bench.home.measure import Scale, run

        return run(Scale(), folder, tell)


def _inbox(folder: pathlib.Path, tell: Tell) -> list[Result]:
    """On a PostgreSQL of this run."""
    from tests.support.servers import running

    with running() as values:
        _set_up(values)
        from tests.bench.inbox.measure import Scale, run

        return run(Scale(), tell)


def _signon(folder: pathlib.Path, tell: Tell) -> list[Result]:
    from tests.bench.signon.measure import Scale, run

    return run(Scale(), folder, tell)


def _kpi(folder: pathlib.Path, tell: Tell) -> list[Result]:
    """A million facts on a SQLite and on a PostgreSQL of this run."""
    from tests.bench.kpi.measure import Scale, run

    return run(Scale(), folder, tell)


SUBJECTS: dict[str, Callable[[pathlib.Path, Tell], list[Result]]] = {"realtime": _realtime, "home": _home, "inbox": _inbox, "signon": _signon, "kpi": _kpi}


def _set_up(values: dict[str, str]) -> None:
    """Django, on the servers of `values`, with tables."""
    os.environ.update(values, DJANGO_SETTINGS_MODULE="portal.settings", DEMO_SIGN_IN="true", ATRIUM_WORKER="process")
    os.environ.update(WIDGET_THREADS="8", DATABASE_CONN_MAX_AGE="60")  # as in production, not as in tests
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("compile_po", verbosity=0)


def main(asked: list[str]) -> int:
    """Each subject in a process of its own: Django is set up once a process, on the servers of that subject."""
    unknown = set(asked) - set(SUBJECTS)
    if unknown:
        print(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    if len(asked) == 1:
        return _measure(asked[0])
    import subprocess

    return max(subprocess.call([sys.executable, "-m", "tests.bench", subject]) for subject in asked or SUBJECTS)


def _measure(subject: str) -> int:
    from tests.bench import report
    from tests.bench.processes import raise_file_limit

    raise_file_limit()
    load = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="atrium-bench-") as folder:
        results = SUBJECTS[subject](pathlib.Path(folder), lambda result: print(report.section(result), flush=True))
    today = dt.datetime.now(dt.UTC).date()
    page = report.text(results, report.machine(load), today)
    print(f"written to {report.write(page, today, subject).relative_to(pathlib.Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
