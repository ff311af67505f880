"""Keeping facts: what a record says now stands beside what it said before, never over it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace

from apps.insight.models import DirtyDay, Fact
from apps.insight.policies.facts import Draft
from apps.jobs import services as jobs

REBUILD = "insight.rebuild"
Place = tuple[str, str]  # stream and part
SAME = [one.name for one in fields(Draft)]


def keep(*, subject: str, drafts: Iterable[Draft], now: dt.datetime, streams: Sequence[str] | None = None, since: dt.date | None = None,
         part: str | None = None, stay: bool = False) -> int:
    """Make `drafts` the facts in force of a subject (of `streams`, of this `part` and from the day `since` only, where given). Writes what differs, ends what
    it replaces, marks both days dirty; in the caller's transaction. `stay`: what is known stays in its department while it is the same person's and day's.
    Returns how many facts were written or ended."""
    rows = Fact.objects.select_for_update().filter(subject=subject, replaced_at=None)
    if streams is not None:
        rows = rows.filter(stream__in=streams)
    if since is not None:
        rows = rows.filter(day__gte=since)
    if part is not None:
        rows = rows.filter(part=part)
    return _write([_Page(subject, rows, drafts, now, stay)], now)


def keep_many(*, drafts: Mapping[str, Sequence[Draft]], now: dt.datetime, stay: bool = False) -> int:
    """`keep` of all streams for each of several subjects, with a few statements for all of them together."""
    known: dict[str, list[Fact]] = {subject: [] for subject in drafts}
    for row in Fact.objects.select_for_update().filter(subject__in=sorted(drafts), replaced_at=None).order_by("pk"):
        known[row.subject].append(row)
    return _write([_Page(subject, known[subject], made, now, stay) for subject, made in drafts.items()], now)


class _Page:
    """What differs of one subject: rows that end, drafts that become facts, and at which moment."""

    def __init__(self, subject: str, rows: Iterable[Fact], drafts: Iterable[Draft], now: dt.datetime, stay: bool) -> None:
        known = {(row.stream, row.part): row for row in rows}
        wanted = {draft.place: draft for draft in drafts}
        if stay:
            wanted = _settled(wanted, known)
        self.subject = subject
        self.ended = [row for place, row in known.items() if place not in wanted or not _same(row, wanted[place])]
        self.fresh = [draft for place, draft in wanted.items() if place not in known or not _same(known[place], draft)]
        self.moment = max([now, *(row.recorded_at for row in self.ended)])


def _settled(wanted: Mapping[Place, Draft], known: Mapping[Place, Fact]) -> dict[Place, Draft]:
    """Who moves to another department takes along what comes, not what was: what is known of the same person and day stays where it was recorded, and
    what goes out leaves where it came in."""
    found = {place: _where_it_was(draft, known.get(place)) for place, draft in wanted.items()}
    for (stream, part), draft in wanted.items():
        came = found.get((stream, f"in{part[3:]}")) if part.startswith("out") else None
        if came is not None and came.owner == draft.owner:
            found[stream, part] = replace(draft, department=came.department)
    return found


def _where_it_was(draft: Draft, known: Fact | None) -> Draft:
    if known is None or known.department is None or (known.owner, known.day) != (draft.owner, draft.day):
        return draft
    return replace(draft, department=known.department)


def _write(pages: Iterable[_Page], now: dt.datetime) -> int:
    differing = [page for page in pages if page.ended or page.fresh]
    if not differing:
        return 0
    ends: dict[dt.datetime, list[int]] = {}
    for page in differing:
        ends.setdefault(page.moment, []).extend(row.pk for row in page.ended)
    for moment, pks in ends.items():
        Fact.objects.filter(pk__in=pks).update(replaced_at=moment)
    Fact.objects.bulk_create([_fact(page.subject, draft, page.moment) for page in differing for draft in page.fresh])
    ended = {(row.stream, row.day) for page in differing for row in page.ended}
    mark_dirty(days=ended | {(draft.stream, draft.day) for page in differing for draft in page.fresh}, now=now)
    return sum(len(page.ended) + len(page.fresh) for page in differing)


def add(*, subject: str, draft: Draft, now: dt.datetime) -> int:
    """A fact that happened once: what is known of its place already stays as it is. In the caller's transaction."""
    if Fact.objects.filter(subject=subject, stream=draft.stream, part=draft.part, replaced_at=None).exists():
        return 0
    Fact.objects.bulk_create([_fact(subject, draft, now)])
    mark_dirty(days=[(draft.stream, draft.day)], now=now)
    return 1


def _same(row: Fact, draft: Draft) -> bool:
    return all(getattr(row, name) == getattr(draft, name) for name in SAME)


def _fact(subject: str, draft: Draft, now: dt.datetime) -> Fact:
    return Fact(subject=subject, recorded_at=now, **{name: getattr(draft, name) for name in SAME})


def mark_dirty(*, days: Iterable[tuple[str, dt.date]], now: dt.datetime) -> None:
    """In the transaction of the facts. The first mark asks for the job; it takes the others along."""
    first = not DirtyDay.objects.exists()
    DirtyDay.objects.bulk_create([DirtyDay(stream=stream, day=day, since=now) for stream, day in sorted(days)])
    if first:
        jobs.enqueue(kind=REBUILD, payload={}, now=now, order_key="insight:rollup")
