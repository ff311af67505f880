"""What this app announces, and the small types that travel with it.

`integrations.record.read`: one record as its source has it now.
    {connection, system, stream, kind, external_id, record, as_of, transition, occurred_at, event_id, origin, echo, live}
`integrations.records.loaded`: a page of a first load or of a resync; starts nothing.
    {connection, system, stream, kind, records: [...], as_of}
`integrations.stream.loaded`: a stream was read to its end; what was not seen since `started_at` is gone.
    {connection, system, stream, kind, started_at}
`integrations.record.gone`: {connection, system, stream, kind, external_id, as_of, event_id, occurred_at, live}
`integrations.record.quarantined`: {item_id, connection, system, stream, kind, external_id, key, name, owner_email, steward, problems, live}
`integrations.record.released`: {item_id, connection, system, kind, external_id, outcome}
`integrations.connection.changed`: {key, name, state, since, reason}
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

RECORD_READ = "integrations.record.read"
RECORDS_LOADED = "integrations.records.loaded"
STREAM_LOADED = "integrations.stream.loaded"
RECORD_GONE = "integrations.record.gone"
RECORD_QUARANTINED = "integrations.record.quarantined"
RECORD_RELEASED = "integrations.record.released"
CONNECTION_CHANGED = "integrations.connection.changed"

# Keys of what a person does through the portal begin so. Their return from the source is news (a deal set to won in the portal starts the
# loop); the return of a process step's own write is an echo and starts nothing.
PERSON_KEY = "person-"


def is_echo(origin: str) -> bool:
    """Whether a change was made by one of our own process steps."""
    return bool(origin) and not origin.startswith(PERSON_KEY)


@dataclasses.dataclass(frozen=True)
class Problem:
    """One reason why a record is not taken. `code` names the rule (its words: registry.problem_text), `field` the canonical field,
    `params` what the words need. Nothing here may be a private value."""

    code: str
    field: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "field": self.field, "params": dict(self.params)}
