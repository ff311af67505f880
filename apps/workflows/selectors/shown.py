"""Cards as one viewer may see them: every value of another system has passed its access rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from apps.core.access import Masked
from apps.core.templatetags.atrium import parsed, quantity
from apps.workflows import policies
from apps.workflows.engine.cards import HAPPENED, Card, Fact, FormField, Line, Option, Watch, moves
from apps.workflows.models import DecisionSnapshot
from apps.workflows.selectors.frozen import decision_of, document_of, is_intact


@dataclass(frozen=True)
class ShownFact:
    """`value`: words or a Masked; a masked fact has no note and no pill, since both may tell the value."""

    key: str
    label: str
    system: str
    value: Any
    as_of: dt.datetime | dt.date | None
    ok: bool
    error: str
    note: str
    pill: str
    tone: str
    url: str
    watched: bool
    tile: bool
    happened: bool = False

    @property
    def needs_attention(self) -> bool:
        return not self.ok or self.tone in ("warn", "danger")


@dataclass(frozen=True)
class ShownLine:
    line: Line
    stock: Any = ""
    stock_tone: str = ""


@dataclass(frozen=True)
class ShownField:
    """A term: `value` as proposed or as typed, `errors` from a refusal, `changed` against the proposal."""

    field: FormField
    label: str
    help: str
    value: Any
    options: tuple[tuple[str, str, bool], ...] = ()
    errors: tuple[str, ...] = ()
    changed: bool = False
    words: str = ""


@dataclass(frozen=True)
class ShownCard:
    version: str
    facts: tuple[ShownFact, ...]
    lines: tuple[ShownLine, ...]
    lines_masked: Masked | None
    lines_total: str
    lines_system: str
    lines_as_of: Any
    terms: tuple[ShownField, ...]
    links: tuple[dict[str, Any], ...]
    obstacles: tuple[dict[str, str], ...] = ()

    @property
    def tiles(self) -> list[ShownFact]:
        return [fact for fact in self.facts if fact.tile]

    @property
    def unusual(self) -> list[ShownFact]:
        """What the confirm dialog lists."""
        return [fact for fact in self.facts if fact.needs_attention]

    @property
    def unavailable(self) -> list[ShownFact]:
        """Facts that must be acknowledged."""
        return [fact for fact in self.facts if not fact.ok]


@dataclass(frozen=True)
class ShownDecision:
    """What the approver saw and chose. `intact`: text and digest are proven by the audit chain."""

    snapshot: DecisionSnapshot
    card: ShownCard
    comment: str
    acknowledged: tuple[str, ...]
    seen_at: Any
    checked_at: Any
    intact: bool
    fields: Mapping[str, Any] = field(default_factory=dict)


def shown_card(card: Card, person: Any, *, typed: Mapping[str, Any] | None = None, errors: Mapping[str, list[str]] | None = None) -> ShownCard:
    """`typed`: what stands in the form now; `errors`: term -> messages."""
    facts = tuple(_fact(fact, person) for fact in card.facts)
    hidden = policies.shown(person, card.lines_resource, card.lines_field, "", card.lines_owner_id)
    masked = hidden if isinstance(hidden, Masked) else None
    return ShownCard(
        version=card.version, facts=facts, lines=() if masked else tuple(_line(line, card, person) for line in card.lines),
        lines_masked=masked, lines_total=_total(card.lines), lines_system=card.lines_system, lines_as_of=parsed(card.lines_as_of),
        terms=tuple(_term(item, typed or {}, errors or {}) for item in card.form), links=tuple(_link(link, person) for link in card.links),
        obstacles=tuple(policies.obstacle(person, one) for one in card.obstacles))


def _link(link: Any, person: Any) -> dict[str, Any]:
    return {"system": link.system, "url": link.url,
            "label": policies.shown(person, link.resource, link.field, link.label, link.owner_id)}


def _fact(fact: Fact, person: Any) -> ShownFact:
    value = policies.fact_value(person, fact)
    open_ = not isinstance(value, Masked)
    return ShownFact(
        key=fact.key, label=policies.filled(fact.label, fact.params) or fact.key, system=fact.system, value=value, as_of=parsed(fact.as_of),
        ok=fact.ok, error=fact.error, note=policies.filled(fact.note, fact.params) if open_ else "",
        pill=policies.filled(fact.pill, fact.params) if open_ else "", tone=fact.tone if open_ else "", url=fact.url, watched=bool(fact.watch),
        tile=fact.tile, happened=fact.state == HAPPENED)


def _line(line: Line, card: Card, person: Any) -> ShownLine:
    fact = card.fact(line.stock_fact) if line.stock_fact else None
    if fact is None or not isinstance(fact.value, Mapping):
        return ShownLine(line)
    row = fact.value.get(line.sku)
    if row is None:
        return ShownLine(line)
    available = row.get("available") if isinstance(row, Mapping) else row
    words = f"{quantity(available)} / {quantity(line.quantity)}"
    value = policies.shown(person, fact.resource, fact.field, words, fact.owner_id)
    tone = "" if isinstance(value, Masked) else "ok" if _number(available) >= _number(line.quantity) else "warn"
    return ShownLine(line, value, tone)


def _number(text: Any) -> Decimal:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return Decimal(0)


def _total(lines: tuple[Line, ...]) -> str:
    return str(sum((_number(line.amount) for line in lines), Decimal(0)))


def _term(item: FormField, typed: Mapping[str, Any], errors: Mapping[str, list[str]]) -> ShownField:
    value = typed.get(item.key, item.value)
    chosen = value if isinstance(value, list) else [str(value)]
    options = tuple((option.value, _option_words(item, option), option.value in chosen) for option in item.options)
    words = ", ".join(label for _value, label, is_chosen in options if is_chosen) if options else str(value)
    return ShownField(item, policies.filled(item.label, item.params), policies.filled(item.help, item.params), value, options,
                      tuple(errors.get(item.key, ())), value != item.value, words)


def _option_words(item: FormField, option: Option) -> str:
    """An option's label may name its own value, so that thirty and sixty days share one text."""
    return policies.filled(option.label, {**item.params, "value": option.value} if "%(" in option.label else {})


def changes(seen: Card, fresh: Card, watches: tuple[Watch, ...], person: Any) -> list[dict[str, Any]]:
    """"Changed since you looked", for this viewer."""
    return [policies.difference(person, old, new) for old, new in moves(seen, fresh, watches)]


def shown_decision(snapshot: DecisionSnapshot, person: Any) -> ShownDecision:
    """What the approver saw, for this viewer, and whether it is proven."""
    data, decision = document_of(snapshot), decision_of(snapshot)
    return ShownDecision(
        snapshot=snapshot, card=shown_card(decision.card, person, typed=decision.form), comment=decision.comment,
        acknowledged=tuple(data["acknowledged"]), seen_at=parsed(data["seen_at"]), checked_at=parsed(data["checked"]["at"]),
        intact=is_intact(snapshot), fields=data)
