"""Compares every to-do list with what can be done now."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.notifications import services


class Command(BaseCommand):
    help = "Compare the to-do lists of all people with what they can act on now; exit code 1 when they differ."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--cure", action="store_true", help="put right what differs; audited, and the administrator is told")

    def handle(self, *args: Any, **options: Any) -> None:
        report = services.reconcile(now=clock.now(), cure=options["cure"])
        for one in report.found[:50]:
            self.stderr.write(f"{one.what} {one.kind} {one.ref} of {one.person_id}")
        if report.found and not report.cured:
            raise CommandError(f"{len(report.found)} differences; --cure puts them right", returncode=1)
        self.stdout.write(f"{len(report.found)} differences{' put right' if report.cured else ''}")
