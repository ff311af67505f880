"""Records by a few letters, for one person: candidates by an index of grams, then judged by what this person may read of them.

A hidden or masked field never makes a record match: the last judgement is over the projected record alone.
"""

from __future__ import annotations

import functools
import operator
from collections import defaultdict
from typing import Any

from django.db import connection
from django.db.models import Count, Q

from apps.core import matching
from apps.core.access import Projected, plan
from apps.records import policies
from apps.records.models import Record, RecordGram
from apps.records.selectors.rows import raw_of

CANDIDATES, EACH = 150, 12
COMMON = 15000  # a gram of more records than this tells little
ENOUGH = 30000  # postings that one search reads at most


def find(person: Any, q: str, *, size: int) -> dict[str, list[tuple[float, Projected]]]:
    """kind -> the best matches, best first. Kinds this person may not see are not there."""
    plans = {kind: plan(person, "view", policies.RESOURCES[kind]) for kind in policies.SEARCHED}
    rights = {kind: one for kind, one in plans.items() if one.allowed}
    ids = _candidates(q, rights) if rights else []
    if not ids:
        return {}
    near: dict[str, list[tuple[float, Any]]] = defaultdict(list)
    for pk, kind, text in Record.objects.filter(pk__in=ids).values_list("pk", "kind", "search"):
        near[kind].append((matching.score(q, text), pk))
    best = [pk for rows in near.values() for value, pk in sorted(rows, key=lambda row: -row[0])[:EACH] if value]
    found: dict[str, list[tuple[float, Projected]]] = defaultdict(list)
    for row in Record.objects.filter(pk__in=best).select_related("owner"):
        shown = rights[row.kind].project(raw_of(row))
        value = matching.score(q, policies.search_text(row.kind, shown))
        if value:
            found[row.kind].append((value, shown))
    return {kind: sorted(rows, key=lambda row: (-row[0], str(row[1].get("name") or row[1]["id"])))[:size] for kind, rows in found.items()}


def _candidates(q: str, rights: dict[str, Any]) -> list[Any]:
    """Ids of visible records that share the most of the query's rare grams."""
    counts = _frequencies(sorted(matching.query_grams(q)))
    if not counts:
        return []
    visible = functools.reduce(operator.or_, (Q(record__kind=kind) & one.q("record__owner_id") for kind, one in rights.items()))
    rows = RecordGram.objects.filter(visible, record__deleted_at=None)
    chosen = chosen_grams(q, counts)
    if not chosen:
        return list(rows.filter(gram=min(counts, key=counts.__getitem__)).values_list("record_id", flat=True)[:CANDIDATES])
    found = rows.filter(gram__in=chosen).values("record_id").annotate(n=Count("pk")).order_by("-n")[:CANDIDATES]
    return [row["record_id"] for row in found]


def chosen_grams(q: str, counts: dict[str, int]) -> list[str]:
    """The two rarest grams of each word (a slip may have made one of them), or the rarest alone where two are too many; [] when all are common."""
    words = [sorted((gram for gram in matching.query_grams(word) if gram in counts), key=lambda gram: (counts[gram], gram)) for word in matching.words(q)]
    for each in (2, 1):
        found = sorted({gram for grams in words for gram in grams[:each] if counts[gram] <= COMMON})
        if found and sum(counts[gram] for gram in found) <= ENOUGH:
            return found
    return []


def _frequencies(wanted: list[str]) -> dict[str, int]:
    """gram -> in how many records, counted up to `COMMON` + 1; grams of none are left out. One query."""
    if not wanted:
        return {}
    table = connection.ops.quote_name(RecordGram._meta.db_table)
    one = f"SELECT %s AS gram, (SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE gram = %s LIMIT {COMMON + 1}) AS few) AS n"
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(wanted)), [value for gram in wanted for value in (gram, gram)])
        return {gram: int(count) for gram, count in cursor.fetchall() if count}
