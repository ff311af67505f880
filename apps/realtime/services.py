"""Hints to browsers: stored with the change, sent when it committed, replayed to who missed them."""

from __future__ import annotations

import datetime as dt
import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import Max

from apps.realtime import buses, registry
from apps.realtime.models import Hint

logger = logging.getLogger(__name__)
KEPT = 500  # hints kept a person; who is further behind is told to load everything again
TRIM_EVERY = 100


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder)


def push(*, person_ids: Iterable[uuid.UUID], hint: Mapping[str, Any], now: dt.datetime) -> None:
    """Hint to these people, in the caller's transaction; sent when it commits.

    `hint`: small JSON with "t" (todo | notice | record | widget | instance) and ids; never a value that a viewer might not be allowed to see.
    """
    people = sorted(set(person_ids))
    if not people:
        return
    body = _text(hint)
    with transaction.atomic():
        rows = [Hint(person_id=person, body=body, at=now) for person in people]
        if connection.vendor != "postgresql":  # there a trigger numbers them at commit
            last = dict(Hint.objects.filter(person_id__in=people).values_list("person_id").annotate(Max("seq")))
            for row in rows:
                row.seq = last.get(row.person_id, 0) + 1
        stored = Hint.objects.bulk_create(rows)
        transaction.on_commit(lambda: _send([row.pk for row in stored], str(hint.get("t", ""))), robust=True)


def _send(ids: list[int], hint_type: str) -> None:
    """After the commit: read the numbers, add the fresh facts, hand over to the bus. A failure here only makes the hint late."""
    rows = list(Hint.objects.filter(pk__in=ids).exclude(seq=None).values_list("person_id", "seq", "body"))
    facts = registry.freshen(hint_type, [person for person, _, _ in rows])
    buses.bus().publish([(str(person), seq, frame(seq, body, facts.get(person))) for person, seq, body in rows])  # type: ignore[arg-type, misc]
    for person, seq, _ in rows:
        if seq % TRIM_EVERY == 0:  # type: ignore[operator]
            Hint.objects.filter(person_id=person, seq__lte=seq - KEPT).delete()  # type: ignore[operator]


def frame(seq: int, body: str, facts: Mapping[str, Any] | None = None) -> str:
    """What goes over the wire for one stored hint."""
    hint = {**json.loads(body), **facts} if facts else json.loads(body)
    return _text({"seq": seq, "hint": hint})


def broadcast(*, hint: Mapping[str, Any], now: dt.datetime) -> None:
    """Hint to everybody who is connected when the transaction commits; not stored, not replayed."""
    text = _text({"hint": hint})
    transaction.on_commit(lambda: buses.bus().publish([(buses.EVERYBODY, 0, text)]), robust=True)


def close(*, session_keys: Iterable[str]) -> None:
    """Close the sockets of these sessions in every process, after the commit (signed out, ended, revoked)."""
    keys = [key for key in session_keys if key]
    if keys:
        transaction.on_commit(lambda: buses.bus().publish([(buses.CLOSE_SESSION, 0, key) for key in keys]), robust=True)


def close_person(person_id: uuid.UUID) -> None:
    """Close every socket of a person in every process, after the commit."""
    transaction.on_commit(lambda: buses.bus().publish([(buses.CLOSE_PERSON, 0, str(person_id))]), robust=True)
