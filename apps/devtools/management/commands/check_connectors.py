"""`manage.py check_connectors [id ...]`: each connector against the tier that it claims. Exit code 1 when one falls short."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.devtools.connectors import checked


class Command(BaseCommand):
    help = "Check every connector against the tier it claims."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", help="only these; none: all")

    def handle(self, *args: Any, ids: list[str], **options: Any) -> None:
        found = [row for row in checked() if not ids or row[0] in ids]
        unknown = sorted(set(ids) - {row[0] for row in found})
        if unknown:
            raise CommandError(f"there is no connector {', '.join(unknown)}")
        for connector_id, tier, problems in found:
            self.stdout.write(f"{connector_id}: {tier or 'no tier'}: {'ok' if not problems else f'{len(problems)} problems'}")
            for problem in problems:
                self.stdout.write(f"  - {problem}")
        if any(problems for _id, _tier, problems in found):
            sys.exit(1)
