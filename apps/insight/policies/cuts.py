"""How one figure is divided: by what, by what else, into how many parts, in which order. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.core.kpis import Count, Kpi, Level, Missed, Total
from apps.insight.policies import periods
from apps.insight.policies.periods import Window

TIMES, PLACES = ("month", "week", "day"), ("department", "product_line", "region", "person")
DIMENSIONS = (*TIMES, *PLACES)
FIELDS = {"person": "owner"}  # where the facts call it otherwise
SORTS = ("value", "name")
TOPS = (5, 8, 12, 20, 50)
TOP, MOST_SERIES, WEEKS, DAYS = 8, 6, 13, 31
OTHERS = "\x00"  # the part that holds all parts beyond the largest
ADDITIVE = (Total, Count, Missed, Level)


@dataclass(frozen=True)
class Cut:
    """`by`: what stands along the axis; `split`: what each part of it is divided by, "" for nothing; `top`: so many parts, the others together as one;
    `sort`: by value or by name (time is always in its order)."""

    by: str
    split: str = ""
    top: int = TOP
    sort: str = "value"


def cut_of(item: Any) -> Cut | None:
    """Out of stored JSON; None for none. Raises ValueError for what is no cut."""
    if not item:
        return None
    if not isinstance(item, Mapping) or not isinstance(item.get("top", TOP), int):
        raise ValueError("no cut")
    return arranged(Cut(str(item.get("by", "")), str(item.get("split", "") or ""), item.get("top", TOP), str(item.get("sort", "value"))))


def as_item(cut: Cut | None) -> dict[str, Any] | None:
    return {"by": cut.by, "split": cut.split, "top": cut.top, "sort": cut.sort} if cut else None


def arranged(cut: Cut) -> Cut:
    """Time stands along the axis, whichever way it was asked for."""
    return Cut(cut.split, cut.by, cut.top, cut.sort) if cut.split in TIMES and cut.by not in TIMES else cut


def offered(kpi: Kpi) -> tuple[str, ...]:
    """What the facts of an indicator know. How people do their office work is never divided by person."""
    known = [name for name in PLACES if name in kpi.knows]
    if "department" in kpi.knows and not kpi.about_people and kpi.system != "oa":
        known.append("person")
    return (*TIMES, *known)


def is_additive(kpi: Kpi) -> bool:
    """Whether its parts make up the whole, so that they may be stacked."""
    return isinstance(kpi, ADDITIVE)


def problems(kpi: Kpi, cut: Cut, look: str) -> list[str]:
    """Why an indicator cannot be divided so: by | split | top | sort | look. A figure about people is divided by one thing alone: of two, the small groups
    that are hidden could be worked out."""
    there, found = offered(kpi), []
    if cut.by not in there:
        found.append("by")
    if cut.split and (cut.split not in there or cut.split == cut.by or cut.split in TIMES or kpi.about_people):
        found.append("split")
    if not 1 <= cut.top <= max(TOPS):
        found.append("top")
    if cut.sort not in SORTS:
        found.append("sort")
    if look == "figure" or (look == "line" and cut.by not in TIMES) or (look == "stacked" and not is_additive(kpi)) or (look == "parts" and bool(cut.split)):
        found.append("look")
    return found


def weeks(end: dt.date) -> list[Window]:
    """The last weeks before a day, the oldest first; the last one ends there."""
    monday = (end - periods.DAY) - dt.timedelta(days=(end - periods.DAY).weekday())
    starts = [monday - dt.timedelta(weeks=back) for back in reversed(range(WEEKS))]
    return [(start, min(start + dt.timedelta(weeks=1), end)) for start in starts]


def days(end: dt.date) -> list[Window]:
    """The last days before a day, the oldest first."""
    return [(day, day + periods.DAY) for day in (end - dt.timedelta(days=back) for back in range(DAYS, 0, -1))]


def leading(worth: Mapping[str, Any], names: Mapping[str, str], *, top: int, sort: str) -> tuple[list[str], list[str]]:
    """(parts that are shown, parts that are put together as others), by their worth and names; one part is never put together alone."""
    by_worth = sorted(worth, key=lambda part: (-(worth[part] if worth[part] is not None else 0), names[part]))
    first, rest = (by_worth, []) if len(by_worth) <= top + 1 else (by_worth[:top], by_worth[top:])
    return (first if sort == "value" else sorted(first, key=lambda part: names[part])), rest


def hidden(people: Mapping[Any, Collection[str]], shown: Iterable[Any], least: int) -> set[Any]:
    """Parts with fewer people than `least` (but some), and the next smallest with them until that many people stand behind those that are hidden, and they
    are two: the whole less what is shown is no small group."""
    there = sorted((part for part in shown if people.get(part)), key=lambda part: (len(people[part]), str(part)))
    found = [part for part in there if len(people[part]) < least]
    for part in there[len(found):] if found else ():
        if len(found) > 1 and len({person for one in found for person in people[one]}) >= least:
            break
        found.append(part)
    return set(found)
