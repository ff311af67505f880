"""A worker process."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.jobs import services


class Command(BaseCommand):
    help = "Run background jobs until SIGTERM or Ctrl-C; running jobs are allowed to end."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("-c", "--concurrency", type=int, default=settings.JOBS_THREADS, help="jobs at a time")
        parser.add_argument("--grace", type=float, default=20.0, help="seconds that running jobs get after SIGTERM")

    def handle(self, *args: Any, **options: Any) -> None:
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        worker = services.Worker(threads=options["concurrency"])
        worker.start()
        self.stdout.write(f"worker {worker.owner} runs {options['concurrency']} jobs at a time")
        self.stdout.flush()
        while not ended.wait(1.0):
            pass
        self.stdout.write("worker is stopping: running jobs may end")
        self.stdout.flush()
        clean = worker.stop(within=options["grace"])
        self.stdout.write("worker stopped" if clean else "worker stopped; a running job will be tried again when its lease ends")
