"""The worker: threads that claim and run, a keeper that ends dead leases and gives signs of life, a listener that wakes them."""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import logging
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connection, connections
from django.db.models import Min

from apps.jobs import registry
from apps.jobs.models import CLAIMABLE, Job, WorkerBeat
from apps.jobs.selectors import database_now
from apps.jobs.services.claiming import claim, claimable, expire_leases, give_back, new_owner
from apps.jobs.services.queue import arm_periodic
from apps.jobs.services.running import run_claimed
from apps.jobs.services.waking import CHANNEL, register_sleeper

logger = logging.getLogger(__name__)
FIRST_WAIT, LAST_WAIT = 0.05, 1.0  # seconds between polls: doubled while nothing is found
BEAT = 5.0
KEEP = 1.0


class Worker:
    """`threads` jobs at a time. `start()` returns at once; `stop()` lets running jobs end."""

    def __init__(self, *, threads: int = 2) -> None:
        self.threads = threads
        self.owner = new_owner()
        self.stopping = threading.Event()
        self.work = threading.Event()
        self._running: list[threading.Thread] = []

    def start(self) -> None:
        """Start threads, keeper and (PostgreSQL) listener; all are daemons."""
        register_sleeper(self.work)
        self._spawn(self._keep, "keeper")
        if connection.vendor == "postgresql":
            self._spawn(self._listen, "listener")
        for number in range(self.threads):
            self._spawn(functools.partial(self._loop, f"{self.owner}.{number}"), str(number))

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=target, name=f"worker-{name}", daemon=True)
        self._running.append(thread)
        thread.start()

    def stop(self, *, within: float = 20.0) -> bool:
        """Claim nothing more and wait for what runs. False when something was still running; its lease ends by itself."""
        self.stopping.set()
        self.work.set()
        deadline = time.monotonic() + within
        for thread in self._running:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._running)

    def _loop(self, owner: str) -> None:
        wait, broken = FIRST_WAIT, False
        while not self.stopping.is_set():
            self.work.clear()
            try:
                if broken:
                    give_back(owner=owner)
                    broken = False
                if self._run_one(owner):
                    wait = FIRST_WAIT
                    self.work.set()  # there may be more: a sleeping thread should look
                    continue
                close_old_connections()
                pause = min(wait, self._seconds_to_next())
            except Exception:
                logger.warning("the worker could not reach its table; it goes on trying", exc_info=True)
                connections["default"].close()
                pause, broken = LAST_WAIT, True
            if self.stopping.is_set():
                break
            self.work.wait(pause)
            wait = min(LAST_WAIT, wait * 2)
        connections.close_all()

    def _run_one(self, owner: str) -> bool:
        # Look before claiming: on SQLite a claim takes the write lock, which an idle worker must not do all the time.
        if not claimable(database_now()).exists():
            return False
        held = claim(owner=owner)
        if held is None:
            return False
        run_claimed(held)
        return True

    def _seconds_to_next(self) -> float:
        ahead = Job.objects.filter(state__in=CLAIMABLE, kind__in=list(registry.TASKS)).aggregate(at=Min("run_at"))["at"]
        return LAST_WAIT if ahead is None else max(0.02, (ahead - database_now()).total_seconds())

    def _keep(self) -> None:
        armed, beat_at = False, 0.0
        while not self.stopping.wait(KEEP if armed else 0.0 if not beat_at else KEEP):
            try:
                now = database_now()
                if not armed:
                    arm_periodic(now=now)
                    armed = True
                if expire_leases():
                    self.work.set()
                if time.monotonic() - beat_at > BEAT:
                    self._beat(now)
                    beat_at = time.monotonic()
            except Exception:
                logger.warning("the keeper could not reach the table; it goes on trying", exc_info=True)
                connections["default"].close()
                beat_at = beat_at or time.monotonic()
        WorkerBeat.objects.filter(owner=self.owner).delete()
        connections.close_all()

    def _beat(self, now: dt.datetime) -> None:
        WorkerBeat.objects.update_or_create(
            owner=self.owner, defaults={"beat_at": now, "threads": self.threads}, create_defaults={
                "beat_at": now, "started_at": now, "threads": self.threads})
        WorkerBeat.objects.filter(beat_at__lt=now - dt.timedelta(hours=1)).delete()

    def _listen(self) -> None:
        while not self.stopping.is_set():
            own = connections.create_connection("default")
            try:
                own.ensure_connection()
                with own.cursor() as cursor:
                    cursor.execute(f"LISTEN {CHANNEL}")
                while not self.stopping.is_set():
                    for _notice in own.connection.notifies(timeout=0.5):
                        self.work.set()
            except Exception:
                logger.warning("no wake-ups from the database; polling instead", exc_info=True)
                self.stopping.wait(2.0)
            finally:
                own.close()


_thread_worker: Worker | None = None


def start_worker_thread() -> Worker:
    """The embedded default: a worker inside this process, once. It ends with the process; an interrupted job is tried again."""
    global _thread_worker
    if _thread_worker is None:
        _thread_worker = Worker(threads=settings.JOBS_THREADS)
        _thread_worker.start()
        atexit.register(_thread_worker.stop, within=3.0)
    return _thread_worker
