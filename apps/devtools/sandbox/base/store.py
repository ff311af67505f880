"""One SQLite file: writers take turns, every change leaves a row in the change log, a command's key commits with its effect."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = dict[str, Any]

COMMON = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE commands (request_key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, organisation TEXT NOT NULL, entity TEXT NOT NULL,
    record TEXT NOT NULL, number TEXT NOT NULL, op TEXT NOT NULL, status TEXT NOT NULL, transition TEXT NOT NULL,
    request_key TEXT NOT NULL, changed_by TEXT NOT NULL);
"""


class Refused(Exception):
    """The system understood and refuses; the whole transaction is undone. `status` is HTTP's."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


def stamp() -> str:
    """This moment as ISO text, UTC, microseconds: sorts as it happened."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Reader:
    """Questions to the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return [dict(row) for row in self._connection.execute(sql, values)]

    def one(self, sql: str, *values: Any) -> Row | None:
        row = self._connection.execute(sql, values).fetchone()
        return dict(row) if row is not None else None

    def value(self, sql: str, *values: Any) -> Any:
        """First column of the first row, None without one."""
        row = self._connection.execute(sql, values).fetchone()
        return row[0] if row is not None else None

    def meta(self, name: str) -> str:
        return str(self.value("SELECT value FROM meta WHERE name = ?", name) or "")


class Writer(Reader):
    """One transaction of a user's. `touch` notes that a record changed; the log is written as the last act before the commit, one row a record."""

    def __init__(self, connection: sqlite3.Connection, user: str, key: str) -> None:
        super().__init__(connection)
        self.user, self.key, self.now = user, key, stamp()
        self._touched: dict[tuple[str, str], Row] = {}

    def run(self, sql: str, *values: Any) -> int:
        """The id of an inserted row."""
        return self._connection.execute(sql, values).lastrowid or 0

    def set_meta(self, name: str, value: str) -> None:
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def next_number(self, name: str, start: int = 1) -> int:
        """Numbers without gaps: drawn in the transaction."""
        number = int(self.meta(f"number:{name}") or start - 1) + 1
        self.set_meta(f"number:{name}", str(number))
        return number

    def touch(
        self, entity: str, record: Any, *, op: str = "updated", number: str = "", status: str = "", transition: str = "", organisation: str = ""
    ) -> None:
        known = self._touched.pop((entity, str(record)), None)
        if known and op == "updated":
            op, transition = known["op"], transition or known["transition"]
        self._touched[(entity, str(record))] = {"op": op, "number": number, "status": status, "transition": transition, "organisation": organisation}

    def log_changes(self) -> None:
        for (entity, record), row in self._touched.items():
            self.run(
                "INSERT INTO changes (at, organisation, entity, record, number, op, status, transition, request_key, changed_by) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                self.now,
                row["organisation"],
                entity,
                record,
                row["number"],
                row["op"],
                row["status"],
                row["transition"],
                self.key,
                self.user,
            )


class Store:
    """The database of one system. `later`: what fills a table that a file of an earlier release does not have. `dedupe` False switches the request
    keys off: only for the test that must then see a double."""

    def __init__(self, path: Path, *, tables: str, seed: Callable[[Writer], None], dedupe: bool = True,
                 later: Mapping[str, Callable[[Writer], None]] | None = None) -> None:
        self.path, self.dedupe = path, dedupe
        self.changed = threading.Condition()
        self._turn = threading.Lock()
        if not path.exists():
            self._create(tables, seed)
        else:
            self._complete(tables, later)
        self._keeper = _connect(path)  # while one connection stays, the others need not tidy the journal at each end

    def _create(self, tables: str, seed: Callable[[Writer], None]) -> None:
        """The whole seeded file at once: a start that was killed leaves none."""
        draft = self.path.with_name(f"{self.path.name}.{uuid.uuid4().hex[:8]}.draft")
        connection = _connect(draft)
        try:
            connection.executescript(COMMON + tables)
            connection.execute("BEGIN")
            writer = Writer(connection, "seed", "")
            writer.set_meta("epoch", uuid.uuid4().hex)
            seed(writer)
            writer.set_meta("pushed", "0")
            connection.execute("COMMIT")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        draft.replace(self.path)

    def _complete(self, tables: str, later: Mapping[str, Callable[[Writer], None]] | None) -> None:
        """A file of an earlier release gets the tables it lacks, and their first day's data; the rest stays as it is."""
        connection = _connect(self.path)
        try:
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            new = [fill for table, fill in (later or {}).items() if table not in there]
            if new:
                connection.executescript(re.sub(r"CREATE (TABLE|INDEX)", r"CREATE \1 IF NOT EXISTS", tables))
                connection.execute("BEGIN")
                writer = Writer(connection, "seed", "")
                for fill in new:
                    fill(writer)
                connection.execute("COMMIT")
        finally:
            connection.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """One snapshot."""
        connection = _connect(self.path)
        try:
            connection.execute("BEGIN")
            yield Reader(connection)
        finally:
            connection.close()

    @contextmanager
    def writing(self, *, user: str, key: str = "") -> Iterator[Writer]:
        """One transaction; whatever escapes undoes it."""
        with self._turn:
            connection = _connect(self.path)
            try:
                connection.execute("BEGIN IMMEDIATE")
                writer = Writer(connection, user, key)
                yield writer
                writer.log_changes()
                connection.execute("COMMIT")
            finally:
                connection.close()  # rolls back what was not committed
        with self.changed:
            self.changed.notify_all()

    def command(self, *, name: str, key: str, user: str, body: Row, effect: Callable[[Writer], Row]) -> tuple[Row, bool]:
        """Do it once: (answer, whether it is the stored answer of an earlier request). Raises Refused 409 for a key of another request."""
        fingerprint = hashlib.sha256(json.dumps([name, user, body], sort_keys=True, default=str).encode()).hexdigest()
        with self.writing(user=user, key=key) as writer:
            known = writer.one("SELECT fingerprint, answer FROM commands WHERE request_key = ?", key) if key and self.dedupe else None
            if known is not None:
                if known["fingerprint"] != fingerprint:
                    raise Refused(409, "KEY_REUSED", "This request key was used for another request.")
                return json.loads(known["answer"]), True
            answer = effect(writer)
            if key and self.dedupe:
                writer.run("INSERT INTO commands VALUES (?, ?, ?, ?)", key, fingerprint, json.dumps(answer), writer.now)
            return answer, False

    def epoch(self) -> str:
        with self.reading() as db:
            return db.meta("epoch")

    def note_pushed(self, seq: int) -> None:
        with self._turn:
            connection = _connect(self.path)
            try:
                connection.execute("UPDATE meta SET value = ? WHERE name = 'pushed'", (str(seq),))
            finally:
                connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def change_page(db: Reader, *, epoch: str, after: str, limit: int, organisation: str = "") -> tuple[list[Row], int, bool]:
    """Rows after a position, the next position, whether more wait. `after` "now": no rows, only where the log stands.

    Raises Refused 410 for a position of another database or one beyond the end.
    """
    last = int(db.value("SELECT coalesce(max(seq), 0) FROM changes"))
    if after == "now":
        return [], last, False
    if not after.isdigit():
        raise Refused(400, "BAD_POSITION", "The position is a number, or 'now'.", "after")
    if epoch != db.meta("epoch") or int(after) > last:
        raise Refused(410, "STALE_POSITION", "This position belongs to another database. Read everything again and follow from 'now'.")
    limit = max(1, min(limit, 500))
    rows = db.rows(
        "SELECT * FROM changes WHERE seq > ? AND (? = '' OR organisation = ?) ORDER BY seq LIMIT ?", int(after), organisation, organisation, limit + 1
    )
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, rows[-1]["seq"] if rows else int(after), more
