"""What work there is: tasks by kind, subscribers by event, periodic kinds, what to do with a dead one. Filled by decorators at start.

A subscriber is a task too: its kind is its name, and each publishing of the event makes one job for it.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from apps.jobs.models import Job

logger = logging.getLogger(__name__)
Json = dict[str, Any]
Run = Callable[["JobContext"], Json | None]
OnDead = Callable[["Job", Exception, dt.datetime], None]
T = TypeVar("T", bound=Callable[..., Any])

MAX_ATTEMPTS = 5  # for failures that are neither transient nor permanent


class LeaseLost(Exception):
    """Somebody else has the job now (this process was stopped past its lease): whatever this run did in the database is rolled back."""


@dataclass
class JobContext:
    """What a task gets. `key`: idempotency key, stable over retries. `attempt`: 1, 2, ... `now`: when this run began.

    A task may talk to the network before `commit()`, never inside. `result` set inside the block is stored with it.
    """

    id: int
    kind: str
    key: str
    order_key: str
    payload: Json
    attempt: int
    actor: Json | None
    now: dt.datetime
    result: Json | None = None
    committed: bool = False
    _commit: Callable[[JobContext], AbstractContextManager[None]] | None = field(default=None, repr=False)

    @contextmanager
    def commit(self) -> Iterator[None]:
        """One transaction that marks the job done and holds what the caller changes. Raises LeaseLost before the body when fenced off."""
        if self._commit is None or self.committed:
            raise RuntimeError("a job commits once, and only while it runs")
        with self._commit(self):
            yield


@dataclass(frozen=True)
class Task:
    """`max_attempts`: None = tried again while failures are transient (for a day), else MAX_ATTEMPTS. `lease`: None = settings.JOBS_LEASE."""

    kind: str
    run: Run
    max_attempts: int | None = None
    lease: dt.timedelta | None = None
    blocking: bool = False
    event: str = ""


@dataclass(frozen=True)
class Periodic:
    kind: str
    interval: dt.timedelta
    payload: Json


TASKS: dict[str, Task] = {}
SUBSCRIBERS: dict[str, list[Task]] = {}
PERIODIC: dict[str, Periodic] = {}
ON_DEAD: dict[str, OnDead] = {}


def _add(entry: Task) -> None:
    known = TASKS.get(entry.kind)
    if known and (known.run.__module__, known.run.__qualname__) != (entry.run.__module__, entry.run.__qualname__):
        raise ValueError(f"job kind {entry.kind!r} is registered twice")
    TASKS[entry.kind] = entry


def task(kind: str, *, max_attempts: int | None = None, lease: dt.timedelta | None = None, blocking: bool = False) -> Callable[[T], T]:
    """Decorator in <app>/tasks.py: `def run(ctx: JobContext) -> dict | None`. `lease`: longer than the longest run of it."""

    def register(run: T) -> T:
        _add(Task(kind, run, max_attempts, lease, blocking))
        return run

    return register


def on(event: str, *, name: str, max_attempts: int | None = None, lease: dt.timedelta | None = None,
       blocking: bool = False) -> Callable[[T], T]:
    """Decorator in <app>/handlers.py: `def handle(ctx: JobContext) -> None`; `ctx.payload` is the data of the event.

    `name`: stable for ever, "<app>.<what it does>": waiting jobs are found by it. Order per order_key is kept for each subscriber.
    """

    def register(run: T) -> T:
        entry = Task(name, run, max_attempts, lease, blocking, event)
        _add(entry)
        others = [other for other in SUBSCRIBERS.get(event, []) if other.kind != name]
        SUBSCRIBERS[event] = [*others, entry]
        return run

    return register


def every(kind: str, interval: dt.timedelta, *, payload: Json | None = None) -> None:
    """Run the task `kind` again and again: one row, armed again in the transaction that ends a run. A failed run waits for the next turn."""
    PERIODIC[kind] = Periodic(kind, interval, dict(payload or {}))


def on_dead(kind: str) -> Callable[[T], T]:
    """Decorator: `callback(job, error, now)`, called in the transaction that marks a job of this kind dead."""

    def register(callback: T) -> T:
        ON_DEAD[kind] = callback
        return callback

    return register


def get(kind: str) -> Task:
    """The task, or LookupError."""
    return TASKS[kind]


def forget(*names: str) -> None:
    """Take kinds out again (tests that register their own)."""
    for name in names:
        TASKS.pop(name, None)
        PERIODIC.pop(name, None)
        ON_DEAD.pop(name, None)
        for event, entries in SUBSCRIBERS.items():
            SUBSCRIBERS[event] = [entry for entry in entries if entry.kind != name]


def unique_name(prefix: str) -> str:
    """A kind nobody else has (tests)."""
    return f"{prefix}.{uuid.uuid4().hex[:8]}"
