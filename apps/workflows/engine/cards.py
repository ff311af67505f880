"""The decision card: facts of several systems, each with its age, and what may be changed on it.

Providers (`registry.card`) make a Card from live reads. A card is plain data: it goes to JSON and back without loss, has a version that
does not depend on ages, and can be compared with the card that a person saw. Texts are msgids with named parameters, translated when shown.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

Json = Any
HAPPENED = "happened"
FactKind = Literal["text", "money", "quantity", "date", "moment", "days", "list", "number", "lines"]
FieldKind = Literal["text", "number", "date", "choice", "checks"]


@dataclass(frozen=True)
class Fact:
    """One fact of one system.

    `value` is what is watched and frozen: JSON-able, numbers as text (money: {"amount": "486000.00", "currency": "CNY"}).
    `state` is what a rule made of it ("ok", "short", "over"); conditional watches compare it. HAPPENED: `as_of` is when it happened, so it
    does not grow stale. `ok` False: the system did not answer now;
    value and `as_of` are then the last known ones (or None), and the fact must be acknowledged before a decision.
    `label`, `note`, `pill`, `error` are msgids with %(named)s parameters from `params`. `resource`/`field`/`owner_id`: the access rule that
    may mask the value; empty resource: shown to everybody who may see the task. `tile` False: watched and frozen, not shown as a tile.
    """

    key: str
    label: str
    system: str
    value: Json
    as_of: str = ""
    kind: FactKind = "text"
    state: str = ""
    ok: bool = True
    error: str = ""
    note: str = ""
    pill: str = ""
    tone: str = ""
    params: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    resource: str = ""
    field: str = ""
    owner_id: str = ""
    url: str = ""
    tile: bool = True
    watch: str = ""


@dataclass(frozen=True)
class Line:
    """One order line. Numbers as text. `stock_fact`: key of the fact that tells its stock; its pill stands in the line."""

    sku: str
    name: str
    quantity: str
    unit_price: str
    amount: str
    currency: str
    unit: str = ""
    stock_fact: str = ""


@dataclass(frozen=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True)
class FormField:
    """A term that the approver may change on the card. `value`: the proposed one ("checks": a list of option values)."""

    key: str
    label: str
    kind: FieldKind
    value: Json
    options: tuple[Option, ...] = ()
    required: bool = True
    minimum: str = ""
    maximum: str = ""
    help: str = ""
    params: Mapping[str, Json] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A record of an outside system that belongs to the case. `url`: our page of it, or empty."""

    system: str
    label: str
    url: str = ""
    resource: str = ""
    field: str = ""
    owner_id: str = ""


@dataclass(frozen=True)
class Obstacle:
    """What keeps the case from being approved as it stands; rejecting and returning stay open.

    `text` says what is wrong, `cure` what to do: msgids with %(named)s from `params`. `resource`/`field`/`owner_id`: the access rule of what they tell.
    """

    key: str
    text: str
    cure: str = ""
    params: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    url: str = ""
    resource: str = ""
    field: str = ""
    owner_id: str = ""


@dataclass(frozen=True)
class Card:
    """What the approver decides on. `variables`: JSON merged into the instance's variables when the decision takes effect.

    `lines_resource`, `lines_field`, `lines_owner_id`: the access rule of the lines table. The lines are watched as the fact "lines".
    """

    facts: tuple[Fact, ...]
    lines: tuple[Line, ...] = ()
    form: tuple[FormField, ...] = ()
    links: tuple[Link, ...] = ()
    headline: str = ""
    variables: Mapping[str, Json] = dataclasses.field(default_factory=dict)
    lines_system: str = "crm"
    lines_as_of: str = ""
    lines_resource: str = ""
    lines_field: str = ""
    lines_owner_id: str = ""
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def version(self) -> str:
        """16 hex digits over everything a decision may depend on, without the ages."""
        return hashlib.sha256(canonical(self._ageless()).encode()).hexdigest()[:16]

    def _ageless(self) -> Json:
        data = to_json(self)
        data.pop("lines_as_of")
        for fact in data["facts"]:
            for name in ("as_of", "note", "params", "url"):
                fact.pop(name)
        return data

    def fact(self, key: str) -> Fact | None:
        """The fact of that key; "lines" stands for the order lines."""
        return next((fact for fact in self.watchable() if fact.key == key), None)

    def watchable(self) -> tuple[Fact, ...]:
        """All facts, and the lines as one fact (unless the provider made its own)."""
        if not self.lines or any(fact.key == "lines" for fact in self.facts):
            return self.facts
        value = [{"sku": line.sku, "quantity": line.quantity, "unit_price": line.unit_price, "amount": line.amount, "currency": line.currency}
                 for line in self.lines]
        lines = Fact(key="lines", label="Order lines", system=self.lines_system, value=value, as_of=self.lines_as_of, kind="lines", tile=False,
                     resource=self.lines_resource, field=self.lines_field, owner_id=self.lines_owner_id)
        return (*self.facts, lines)


@dataclass(frozen=True)
class Watch:
    """One line of the process file: which fact ("stock" covers "stock.IH-200" too), and when a move of it counts.

    `when`: "always" (value differs), "crosses" (state differs), "turns:<state>" (state became that one).
    """

    fact: str
    when: str = "always"

    def covers(self, key: str) -> bool:
        return key == self.fact or key.startswith(f"{self.fact}.")

    def moved(self, old: Fact | None, new: Fact | None) -> bool:
        old_state, new_state = (old.state if old else ""), (new.state if new else "")
        if self.when == "crosses":
            return old_state != new_state
        if self.when.startswith("turns:"):
            wanted = self.when.removeprefix("turns:")
            return new_state == wanted and old_state != wanted
        return canonical(old.value if old else None) != canonical(new.value if new else None)


def watched(card: Card, watches: Iterable[Watch]) -> Card:
    """The card with each fact's `watch` filled in from the process file."""
    rules = tuple(watches)

    def rule(key: str) -> str:
        return next((watch.when for watch in rules if watch.covers(key)), "")

    return replace(card, facts=tuple(replace(fact, watch=rule(fact.key)) for fact in card.facts))


def moves(seen: Card, fresh: Card, watches: Iterable[Watch]) -> list[tuple[Fact | None, Fact | None]]:
    """Watched facts that moved: (as seen, as now) pairs, in the order of the card. Facts whose system is down now are not compared."""
    before = {fact.key: fact for fact in seen.watchable()}
    after = {fact.key: fact for fact in fresh.watchable()}
    rules = tuple(watches)
    found: list[tuple[Fact | None, Fact | None]] = []
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if new is not None and not new.ok:
            continue
        if any(watch.covers(key) and watch.moved(old, new) for watch in rules):
            found.append((old, new))
    return found


def canonical(value: Json) -> str:
    """JSON text that is the same for the same content: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def to_json(card: Card) -> dict[str, Json]:
    """Plain data, JSON-able."""
    data: dict[str, Json] = json.loads(canonical(asdict(card)))
    return data


def from_json(data: Mapping[str, Json]) -> Card:
    """The card again. Unknown keys are left out, so that an old process can read what a newer one wrote."""
    parts: dict[str, Json] = _known(Card, data)
    parts["facts"] = tuple(Fact(**_known(Fact, fact)) for fact in data["facts"])
    parts["lines"] = tuple(Line(**_known(Line, line)) for line in data.get("lines", ()))
    parts["links"] = tuple(Link(**_known(Link, link)) for link in data.get("links", ()))
    parts["obstacles"] = tuple(Obstacle(**_known(Obstacle, item)) for item in data.get("obstacles", ()))
    parts["form"] = tuple(_form_field(item) for item in data.get("form", ()))
    return Card(**parts)


def _form_field(data: Mapping[str, Json]) -> FormField:
    parts = _known(FormField, data)
    parts["options"] = tuple(Option(**_known(Option, option)) for option in data.get("options", ()))
    return FormField(**parts)


def _known(kind: type, data: Mapping[str, Json]) -> dict[str, Json]:
    names = {item.name for item in fields(kind)}
    return {key: value for key, value in data.items() if key in names}


def stamp(moment: dt.datetime | None) -> str:
    """A moment as a fact carries it (ISO 8601, UTC), or ""."""
    return moment.astimezone(dt.UTC).isoformat() if moment else ""
