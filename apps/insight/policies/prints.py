"""What a print keeps of its figures, and whether figures read again are the same: pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from apps.insight.payloads import Gauge, Reading

Verdict = Literal["same", "other", "not_yours", "gone"]
Json = dict[str, Any]


def figures_of(readings: Sequence[Reading]) -> list[Json]:
    """Everything that was said of each figure, without the words of a language and without the age of its sources."""
    return [_figure(one) for one in readings]


def _figure(one: Reading) -> Json:
    return {
        "key": one.key, "version": one.version, "unit": one.unit, "state": one.state, "value": _text(one.value), "target": _text(one.target),
        "former": _text(one.former), "rows": one.rows, "window": [day.isoformat() for day in one.window or ()],
        "series": [[point.label, _text(point.value), point.whole] for point in one.series],
        "breakdown": [one.breakdown_by, [[share.key, _text(share.value), share.rows, share.suppressed] for share in one.breakdown]],
        "excluded": [[left.reason, left.count, _text(left.amount)] for left in one.excluded],
        "old": [[old.version, [[point.label, _text(point.value)] for point in old.series]] for old in one.old],
        "notes": [[str(note.id), note.text] for note in one.notes], **({"gauge": _gauge(one.gauge)} if one.gauge else {}),
    }  # fmt: skip


def _gauge(one: Gauge) -> Json:
    """What it said is proven; the bounds as they are drawn, to a tenth."""
    two = one.control
    beside = [_text(two.value), two.count, _tenths(two.change), _tenths(two.low), _tenths(two.high), two.verdict] if two else []
    return {"verdict": one.verdict, "before": [_text(one.before), one.before_count], "now": [_text(one.now), one.now_count], "target": one.target,
            "change": [_tenths(one.change), _tenths(one.low), _tenths(one.high)], "control": beside}  # fmt: skip


def _tenths(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


def _text(value: Decimal | None) -> str | None:
    """A figure is the same however many noughts stand behind it."""
    return None if value is None else f"{value.normalize():f}"


def digest(figures: Sequence[Json]) -> str:
    """SHA-256 of the figures in their one way of being written."""
    return hashlib.sha256(json.dumps(list(figures), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class Compared:
    """One figure of a print beside the same read again. `parts`: which of its sayings differ, [] where it is the same."""

    key: str
    unit: str
    printed: Decimal | None
    again: Decimal | None
    verdict: Verdict
    parts: tuple[str, ...] = ()


def compare(printed: Sequence[Json], again: Mapping[str, Json]) -> list[Compared]:
    """Each figure of a print; `again`: the same figures read now as of its moment, by key. Not all that was shown then may be shown today."""
    return [_compared(one, again.get(one["key"])) for one in printed]


def _compared(one: Json, other: Json | None) -> Compared:
    before, unit = _number(one["value"]), one["unit"]
    if other is None:
        return Compared(one["key"], unit, before, None, "gone")
    if other["state"] == "forbidden" and one["state"] != "forbidden":
        return Compared(one["key"], unit, before, None, "not_yours")
    differing = tuple(sorted(name for name in one if one[name] != other[name]))
    return Compared(one["key"], unit, before, _number(other["value"]), "other" if differing else "same", differing)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
