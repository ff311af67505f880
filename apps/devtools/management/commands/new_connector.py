"""`manage.py new_connector KEY --kind crm|erp [--name NAME]`: a connector that works against a system of no name, at tier bronze."""

from __future__ import annotations

import argparse
import pathlib
import re
from string import Template
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.devtools.connectors import checked
from apps.integrations import registry

SKELETON = pathlib.Path(__file__).resolve().parents[2] / "skeleton"
KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
KINDS = {
    "crm": {"stream": "customers", "record": "customer", "capabilities": '["deal.note", "stages.read"]'},
    "erp": {"stream": "products", "record": "product", "capabilities": '["invoice.post", "currencies.read"]'},
}


def written(*, key: str, kind: str, name: str, owner: str, into: pathlib.Path) -> pathlib.Path:
    """Write the skeleton; returns its folder. Raises CommandError for a key that is none or taken."""
    if not KEY.fullmatch(key):
        raise CommandError(f"{key!r} cannot be a folder of Python: small letters, digits and single underscores, like crm_acme")
    folder = into / key
    if folder.exists():
        raise CommandError(f"{folder} is there already; choose another key, or remove it")
    words = {"key": key, "kind": kind, "name": name, "owner": owner, "label": kind.upper(), **KINDS[kind]}
    words["Class"] = "".join(part.capitalize() for part in key.split("_"))
    folder.mkdir(parents=True)
    for source in [*SKELETON.glob("*.txt"), *(SKELETON / kind).glob("*.txt")]:
        (folder / source.name.removesuffix(".txt")).write_text(Template(source.read_text()).substitute(words))
    return folder


class Command(BaseCommand):
    help = "Write the skeleton of a connector."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("key", help="name of the folder, like crm_acme")
        parser.add_argument("--kind", choices=sorted(KINDS), required=True)
        parser.add_argument("--name", default="", help="what people call the system")
        parser.add_argument("--owner", default="Atrium maintainers", help="who answers for it")
        parser.add_argument("--into", type=pathlib.Path, default=registry.CONNECTORS, help=argparse.SUPPRESS)

    def handle(self, *args: Any, key: str, kind: str, name: str, owner: str, into: pathlib.Path, **options: Any) -> None:
        wrong = re.search(r'["\\\n{$]', name + owner)
        if wrong:
            raise CommandError("a name has no quotes, backslashes, braces or dollar signs")
        folder = written(key=key, kind=kind, name=name or key, owner=owner, into=into)
        self.stdout.write(f"written: {folder}")
        if into == registry.CONNECTORS:
            registry.manifests.cache_clear()
            for _id, tier, problems in (row for row in checked() if row[0] == key):
                self.stdout.write(f"{key}: {tier}: {'ok' if not problems else '; '.join(problems)}")
        self.stdout.write("Next: docs/guide/connectors.md, from “Make it yours” on.")
