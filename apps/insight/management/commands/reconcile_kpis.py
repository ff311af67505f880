"""manage.py reconcile_kpis: do the sums of the board hold?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.core import clock
from apps.insight import services
from apps.insight.services.facts import mark_dirty
from apps.insight.services.rollups import Difference


class Command(BaseCommand):
    help = "Compare the sums of the board with the facts; --repair adds up again what differs; --take reads the facts of all records first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--stream", action="append", default=[], help="only this stream of facts (may be given again)")
        parser.add_argument("--repair", action="store_true")
        parser.add_argument("--take", action="store_true", help="read the facts of every record and case again, for a portal that had none")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["take"]:
            changed = services.take_all(now=clock.now())
            while services.rebuild():
                pass
            self.stdout.write(f"facts written or replaced: {changed}")
        found = services.reconcile(streams=options["stream"])
        for one in found[:50]:
            self.stdout.write(f"{one.grain} {one.stream} {one.start}: kept {one.kept}, facts {one.facts}")
        if found and options["repair"]:
            self._repair(found)
            found = services.reconcile(streams=options["stream"])
        if found:
            raise CommandError(f"{len(found)} sums do not hold")
        self.stdout.write("All sums hold.")

    def _repair(self, found: list[Difference]) -> None:
        with transaction.atomic():
            mark_dirty(days={(one.stream, one.start) for one in found}, now=clock.now())
        while services.rebuild():
            pass
