"""Appending to the chain, and proving that nobody touched it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection, transaction

from apps.audit import policies, selectors
from apps.audit.models import Entry


class Actor(Protocol):
    """A person of the directory."""

    @property
    def pk(self) -> Any: ...

    @property
    def login(self) -> str: ...


def record(*, actor: Actor | None, action: str, object: str, data: Mapping[str, Any], now: dt.datetime, decider: str = "") -> Entry:
    """Append one link in the caller's transaction: it stands if and only if the change stands.

    `action`: "<app>.<entity>.<past tense>"; `object`: "<app>.<entity>:<id>"; `actor` None: the portal itself, then `decider` is the login
    of the person whose decision it carries out. `data` holds no secret and no clear private value (ValueError for keys that smell of one).
    """
    entry = Entry(
        at=now, actor_id=actor.pk if actor else None, actor_login=actor.login if actor else "", decider=decider, action=action,
        object=object, data_json=policies.canonical(data),
    )
    entry.content_hash = policies.content_hash(entry)
    with transaction.atomic():
        if connection.vendor != "postgresql":  # one writer at a time holds the database: the end of the chain is ours until we commit
            last = selectors.head()
            entry.seq = last.seq + 1 if last and last.seq else 1
            entry.prev_hash = last.hash if last else ""
            entry.hash = policies.link_hash(entry.seq, entry.prev_hash, entry.content_hash)
        entry.save(force_insert=True)
    return entry


@dataclass(frozen=True)
class Problem:
    """Where the chain does not hold: `seq` of the link, or 0 for links that were never sealed."""

    seq: int
    what: str


@dataclass
class Report:
    """`checked` links up to `seq`, whose hash is `head`: keep both elsewhere to notice a cut-off end."""

    checked: int = 0
    seq: int = 0
    head: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(*, since: int = 0, anchor: tuple[int, str] | None = None) -> Report:
    """Compute every hash after link `since` again. `anchor`: (seq, hash) noted earlier; finds a cut-off or rewritten end as well."""
    report = Report(seq=since)
    before = Entry.objects.filter(seq=since).first() if since else None
    report.head = before.hash if before else ""
    if since and before is None:
        report.problems.append(Problem(since, "the link to start from is missing"))
    for entry in Entry.objects.filter(seq__gt=since).order_by("seq").iterator(chunk_size=2000):
        _check(entry, report)
    unsealed = Entry.objects.filter(seq__isnull=True).count()
    if unsealed:
        report.problems.append(Problem(0, f"{unsealed} links were never sealed"))
    if anchor and not Entry.objects.filter(seq=anchor[0], hash=anchor[1]).exists():
        report.problems.append(Problem(anchor[0], "the link that was noted outside is not there any more"))
    return report


def _check(entry: Entry, report: Report) -> None:
    seq = entry.seq or 0
    if seq != report.seq + 1:
        report.problems.append(Problem(seq, f"links {report.seq + 1} to {seq - 1} are missing"))
    if entry.prev_hash != report.head:
        report.problems.append(Problem(seq, "does not follow the link before it"))
    if entry.content_hash != policies.content_hash(entry):
        report.problems.append(Problem(seq, "was changed"))
    if entry.hash != policies.link_hash(seq, entry.prev_hash, entry.content_hash):
        report.problems.append(Problem(seq, "its hash is wrong"))
    report.checked, report.seq, report.head = report.checked + 1, seq, entry.hash
