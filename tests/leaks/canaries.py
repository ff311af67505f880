"""Values that are told apart wherever they turn up, in every guarded field of every record."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable, Iterator
from typing import Any

from apps.core.access import plan
from apps.records import policies
from apps.records.models import Record

# 97….3 as a number, zq97….3 inside a text; never part of a longer word, so that a token or an id is no canary
SHAPE = re.compile(r"(?:(?<![0-9A-Za-z_.-])|(?<=zq))97\d{4}3(?![0-9A-Za-z_-])")
TEXTS = ("phone", "email", "website", "note", "subject", "body", "comment", "tracking")
NUMBERS = ("amount", "amount_due", "balance", "overdue", "limit")
PARTS = {"contacts": ("name", "phone", "email", "title"), "lines": ("unit_price", "amount")}


@dataclasses.dataclass(frozen=True)
class Canary:
    """One value of one record, and the rule that guards it."""

    value: str
    resource: str
    field: str
    record: str
    owner_id: Any

    def may_be_seen_by(self, person: Any) -> bool:
        """By the rights as reviewed in tests/access/golden.txt."""
        held = plan(person, "view", self.resource)
        return held.allowed and held.matches(self.owner_id) and held.may_read(self.field, self.owner_id)


class Cage:
    """Puts them in and finds them again."""

    def __init__(self) -> None:
        self.canaries: dict[str, Canary] = {}

    def put_into_every_record(self) -> None:
        for row in Record.objects.order_by("kind", "external_id"):
            data = dict(row.data)
            for field, value in row.data.items():
                data[field] = self._replaced(row, field, value)
            row.data = data
            columns = policies.columns(row.kind, data)
            for name in ("amount", "search"):
                setattr(row, name, columns[name])
            row.save()

    def _replaced(self, row: Record, field: str, value: Any) -> Any:
        def new() -> str:
            return self._new(row, field)

        if field in PARTS and value:
            return [{**part, **_each(PARTS[field], part, new)} for part in value]
        if field in TEXTS and value:
            return _text(field, new())
        if field in NUMBERS and value is not None:
            return new()
        return value

    def _new(self, row: Record, field: str) -> str:
        value = f"97{len(self.canaries):04d}3"
        self.canaries[value] = Canary(value, policies.RESOURCES[row.kind], field, f"{row.kind} {row.external_id}", row.owner_id)
        return value

    def found_in(self, text: str) -> Iterator[Canary]:
        """Those in a page, an answer, a mail; thousands separators, entities and case do not hide them."""
        plain = re.sub(r"(?<=\d)[,\u202f\u00a0](?=\d)", "", html.unescape(text)).lower()
        for value in set(SHAPE.findall(plain)):
            if value in self.canaries:
                yield self.canaries[value]


def _text(field: str, value: str) -> str:
    if field == "email":
        return f"zq{value}@canary.example"
    return f"https://zq{value}.example" if field == "website" else f"zq{value}"


def _each(names: tuple[str, ...], part: dict[str, Any], new: Callable[[], str]) -> dict[str, Any]:
    return {name: (new() if name in NUMBERS or name == "unit_price" else _text(name, new())) for name in names if part.get(name)}
