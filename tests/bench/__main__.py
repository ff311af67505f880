"""python -m tests.bench [SUBJECT ...]: run, print and write docs/bench/<date>.md."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import sys
import tempfile

SUBJECTS = ("realtime",)


def main(asked: list[str]) -> int:
    """Its own PostgreSQL and Redis for the run. 0 also when a limit is not held: the page says so."""
    unknown = set(asked) - set(SUBJECTS)
    if unknown:
        print(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    from tests.bench.processes import raise_file_limit
    from tests.support.servers import running

    raise_file_limit()
    load = os.getloadavg()
    with running() as values, tempfile.TemporaryDirectory(prefix="atrium-bench-") as folder:
        os.environ.update(values, DJANGO_SETTINGS_MODULE="portal.settings", DEMO_SIGN_IN="true", ATRIUM_WORKER="process")
        return _measure(pathlib.Path(folder), load)


def _measure(folder: pathlib.Path, load: tuple[float, float, float]) -> int:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.bench import report
    from tests.bench.realtime.measure import Scale, run

    call_command("migrate", verbosity=0)
    call_command("compile_po", verbosity=0)
    results = run(Scale(), folder, lambda result: print(report.section(result), flush=True))
    today = dt.datetime.now(dt.UTC).date()
    page = report.text(results, report.machine(load), today)
    print(f"written to {report.write(page, today).relative_to(pathlib.Path.cwd())}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
