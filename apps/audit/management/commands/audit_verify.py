"""Proves the audit chain."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit import services


class Command(BaseCommand):
    help = "Verify the audit chain; exit code 1 when it does not hold. Prints the head to be kept elsewhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", type=int, default=0, help="start after this link")
        parser.add_argument("--anchor", default="", help="SEQ:HASH noted earlier; must still be there")

    def handle(self, *args: Any, **options: Any) -> None:
        seq, _, digest = options["anchor"].partition(":")
        report = services.verify(since=options["since"], anchor=(int(seq), digest) if digest else None)
        for problem in report.problems[:50]:
            self.stderr.write(f"link {problem.seq}: {problem.what}")
        if not report.ok:
            raise CommandError(f"the chain does not hold: {len(report.problems)} problems in {report.checked} links", returncode=1)
        self.stdout.write(f"{report.checked} links hold; head {report.seq}:{report.head}")
