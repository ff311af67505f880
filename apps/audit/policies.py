"""How a link is hashed, and what may not stand in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from apps.audit.models import Entry

SECRET_WORDS = ("password", "passwd", "secret", "token", "authorization", "cookie", "api_key")


def canonical(data: Mapping[str, Any]) -> str:
    """One text for one content: keys sorted, no spaces. Raises ValueError for a key that smells of a secret."""
    _refuse_secrets(data)
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, cls=DjangoJSONEncoder)


def _refuse_secrets(value: Any) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if any(word in str(key).lower() for word in SECRET_WORDS):
                raise ValueError(f"the key {key!r} may not stand in the audit chain: record that it changed, not its value")
            _refuse_secrets(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_secrets(inner)


def _prefixed(*texts: str) -> bytes:
    """Each text with its length in bytes before it: no two lists of texts give the same bytes."""
    return b"".join(b"%d:%s," % (len(raw), raw) for raw in (text.encode() for text in texts))


def content_hash(entry: Entry) -> str:
    """Over every column that the caller gave."""
    at = entry.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    actor = str(entry.actor_id) if entry.actor_id else ""
    return hashlib.sha256(_prefixed(at, actor, entry.actor_login, entry.decider, entry.action, entry.object, entry.data_json)).hexdigest()


def link_hash(seq: int, prev_hash: str, content: str) -> str:
    """The same that the trigger on PostgreSQL computes."""
    return hashlib.sha256(_prefixed(str(seq), prev_hash, content)).hexdigest()
