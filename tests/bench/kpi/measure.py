"""The board over a million facts (PF-7): its sums against the same tiles by plain SQL over the facts, on SQLite, PostgreSQL and DuckDB.

One process a database: `python -m tests.bench.kpi.measure <how many facts>` measures the one that DATABASE_URL names and writes JSON.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import json
import os
import pathlib
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.bench.figures import REPETITIONS, Figure, Result, ratio, series

TODAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 4, tzinfo=dt.UTC)
STREAMS = ("order", "invoice", "payment", "shipment.left", "shipment.time", "deal.closed_won", "deal.closed", "follow_up", "customer", "order.open",
           "receivable", "deal.open")  # fmt: skip
TILES = ("erp.orders_taken", "erp.order_count", "erp.order_value", "erp.invoiced", "erp.shipped_on_time", "erp.shipping_time", "crm.won", "crm.win_rate")
BOARD = (*TILES, "crm.follow_ups", "crm.new_customers", "erp.backlog", "erp.receivables")
TILE_STREAMS = ("order", "order", "order", "invoice", "shipment.left", "shipment.time", "deal.closed_won", "deal.closed")
COLUMNS = ("stream", "subject", "part", "day", "value", "n", "hit", "bucket", "owner", "department", "product_line", "region", "excluded", "recorded_at")
OWNERS = [uuid.UUID(int=1000 + index) for index in range(60)]
UNITS = [uuid.UUID(int=2000 + index) for index in range(8)]
MILLISECONDS, CHEAPER, DIRTY, COLD = 25, 100, 50, 300


@dataclasses.dataclass(frozen=True)
class Scale:
    facts: int = 1_000_000
    repetitions: int = REPETITIONS


def rows(count: int) -> Iterator[tuple[Any, ...]]:
    """The same facts in every run: two years of days, sixty people in eight departments, ten product lines, eight regions."""
    rng = random.Random(7)
    for index in range(count):
        person, value = rng.randrange(60), rng.randrange(100, 90_000_000)
        yield (STREAMS[index % 12], f"erp:bench:{index}", "", TODAY - dt.timedelta(days=rng.randrange(720)), value, 1, rng.random() < 0.7,
               1 + rng.randrange(40) if index % 12 == 4 else 0, OWNERS[person], UNITS[person % 8], f"Line {rng.randrange(10)}",
               f"Region {rng.randrange(8)}", "", NOW - dt.timedelta(days=1))  # fmt: skip


def run(scale: Scale, folder: pathlib.Path, tell: Callable[[Result], None]) -> list[Result]:
    """Both databases, each by a process of its own; the PostgreSQL is one of this run."""
    from tests.support.servers import running

    found = {"SQLite": _process(scale, {"DATABASE_URL": f"sqlite:///{folder / 'kpi.sqlite3'}", "ATRIUM_VAR": str(folder)})}
    with running() as values:
        found["PostgreSQL"] = _process(scale, {**values, "ATRIUM_VAR": str(folder)})
    duck = _duckdb(scale)
    results = [_result(name, measured, duck) for name, measured in found.items()]
    for result in results:
        tell(result)
    return results


def _process(scale: Scale, values: dict[str, str]) -> dict[str, list[float]]:
    done = subprocess.run([sys.executable, "-m", "tests.bench.kpi.measure", str(scale.facts), str(scale.repetitions)], env={**os.environ, **values},
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _result(name: str, measured: dict[str, list[float]], duck: list[float]) -> Result:
    rolled, raw = series("8 tiles by the sums", "ms", measured["rolled"]), series("8 tiles by SQL over the facts", "ms", measured["raw"])
    against = series("8 tiles in DuckDB", "ms", duck) if duck else None
    return Result(
        f"Board on {name}",
        (
            Figure("PF-7", "8 tiles, read from the sums", rolled, MILLISECONDS),
            Figure("PF-7", "cheaper than SQL over the facts", ratio("raw to sums", raw, rolled), CHEAPER, at_least=True),
            Figure("PF-7", "12 tiles cold, with trend, comparison, breakdown, exclusions, rights", series("12 tiles", "ms", measured["cold"]), COLD),
            Figure("PF-7", "one dirty day added up again", series("one day", "ms", measured["dirty"]), DIRTY),
        ),
        (rolled, raw, *([against] if against else []), series("adding up everything once", "s", measured["build"])),
        ("The tiles ask for the thirteen months of a trend. Raw: one statement a tile over the indexed facts.",
         "DuckDB holds the same facts in its own format, in memory, on two threads." if against else "DuckDB is not installed here: not compared."),
    )  # fmt: skip


def _duckdb(scale: Scale) -> list[float]:
    """The same eight statements in DuckDB; [] where it is not installed."""
    try:
        import duckdb
    except ImportError:
        return []
    base = duckdb.connect()
    base.execute("SET threads = 2")
    base.execute("CREATE TABLE insight_fact (stream VARCHAR, day DATE, value BIGINT, n INT, hit BOOLEAN, bucket INT)")
    path = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / f"atrium-kpi-{os.getpid()}.csv"
    try:
        with path.open("w", newline="") as out:
            csv.writer(out).writerows((row[0], row[3], row[4], row[5], row[6], row[7]) for row in rows(scale.facts))
        base.execute(f"COPY insight_fact FROM '{path}' (FORMAT csv)")
    finally:
        path.unlink(missing_ok=True)
    ask = "SELECT date_trunc('month', day), bucket, COUNT(*), SUM(n), SUM(CASE WHEN hit THEN n ELSE 0 END), SUM(value) FROM insight_fact" \
          " WHERE stream = ? AND day >= ? GROUP BY 1, 2"  # fmt: skip
    first = dt.date(2025, 11, 1)
    return [_ms(lambda: [base.execute(ask, [stream, first]).fetchall() for stream in TILE_STREAMS]) for _ in range(scale.repetitions)]


def _ms(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _measure(count: int, repetitions: int) -> dict[str, list[float]]:
    from django.db import connection

    from apps.insight import services
    from apps.insight.services.facts import mark_dirty

    _fill(count)
    days = {(stream, TODAY - dt.timedelta(days=back)) for stream in STREAMS for back in range(720)}
    mark_dirty(days=days, now=NOW)
    build = _ms(lambda: [None for _ in iter(services.rebuild, 0)]) / 1000
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    found: dict[str, list[float]] = {"build": [build], "rolled": [], "raw": [], "cold": [], "dirty": []}
    person = _viewer()
    for number in range(repetitions):
        found["rolled"].append(_ms(_by_sums))
        found["raw"].append(_ms(lambda: _raw(connection.vendor)))
        connection.close()
        found["cold"].append(_ms(lambda: _board(person)))
        mark_dirty(days={("order", TODAY - dt.timedelta(days=40 + number))}, now=NOW)
        found["dirty"].append(_ms(services.rebuild))
    return found


def _fill(count: int) -> None:
    from django.db import connection

    names = ", ".join(COLUMNS)
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f"COPY insight_fact ({names}) FROM STDIN") as copy:
            for row in rows(count):
                copy.write_row(row)
        return
    base = connection.connection
    base.execute("BEGIN")
    marks = ", ".join("?" * len(COLUMNS))
    base.executemany(f"INSERT INTO insight_fact ({names}) VALUES ({marks})", (
        (*row[:3], str(row[3]), *row[4:8], row[8].hex, row[9].hex, *row[10:13], row[13].strftime("%Y-%m-%d %H:%M:%S")) for row in rows(count)))  # fmt: skip
    base.execute("COMMIT")


def _viewer() -> Any:
    from apps.devtools import company

    return company.seed(now=NOW - dt.timedelta(days=30))["boss"]


def _period() -> Any:
    from apps.insight.policies import periods

    return periods.period("month", today=TODAY)


def _by_sums() -> None:
    from apps.insight.policies import periods
    from apps.insight.selectors import sums

    months: Sequence[Any] = [(month, periods.add_months(month, 1)) for month in periods.months(_period())[:-1]] + [(TODAY.replace(day=1), TODAY + periods.DAY)]
    book = sums.ledger(sums.Question(tuple(set(TILE_STREAMS))), months, ())
    for stream in TILE_STREAMS:
        for window in months:
            book.flow(stream, window)


def _raw(vendor: str) -> None:
    from django.db import connection

    month = "date_trunc('month', day)" if vendor == "postgresql" else "substr(day, 1, 7)"
    with connection.cursor() as cursor:
        for stream in TILE_STREAMS:
            cursor.execute(
                f"SELECT {month}, bucket, COUNT(*), SUM(n), SUM(CASE WHEN hit THEN n ELSE 0 END), SUM(value) FROM insight_fact"
                " WHERE replaced_at IS NULL AND excluded = '' AND stream = %s AND day >= %s GROUP BY 1, 2", [stream, dt.date(2025, 11, 1)])  # fmt: skip
            cursor.fetchall()


def _board(person: Any) -> None:
    """As a page asks for it: with a connection that is opened first."""
    from apps.access import selectors as access
    from apps.insight import selectors
    from apps.insight.payloads import Filters

    with access.one_request():
        selectors.board_readings(person, BOARD, period=_period(), filters=Filters(), now=NOW)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    print(json.dumps(_measure(int(sys.argv[1]), int(sys.argv[2]))))
