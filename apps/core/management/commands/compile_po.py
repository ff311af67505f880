"""Compiles every catalog of the project with Babel, so that no gettext tools are needed."""

from __future__ import annotations

import os
import pathlib
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.core.management.base import BaseCommand


def catalogs() -> list[pathlib.Path]:
    """Every .po file of the project's own locale folders."""
    return [path for folder in locale_folders() for path in sorted(folder.glob("*/LC_MESSAGES/*.po"))]


def locale_folders() -> list[pathlib.Path]:
    """The shared folder and that of each app."""
    root = pathlib.Path(__file__).resolve().parents[4]
    return [root / "templates" / "locale", *sorted((root / "apps").glob("**/locale"))]


def compile_catalog(source: pathlib.Path) -> bool:
    """Write the .mo beside the .po when it is missing or older. True when written."""
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
        return False
    with source.open("rb") as file:
        catalog = read_po(file, locale=source.parts[-3])
    # A process that reads the catalog at this moment must see the old or the new one, never half of one.
    waiting = target.with_suffix(f".mo.{os.getpid()}")
    with waiting.open("wb") as file:
        write_mo(file, catalog, use_fuzzy=False)
    waiting.replace(target)
    return True


class Command(BaseCommand):
    help = "Compile the translations (.po to .mo) of all apps and of the shared templates."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        written = sum(compile_catalog(path) for path in catalogs())
        self.stdout.write(f"{written} of {len(catalogs())} catalogs compiled")
