"""Reading the CRM, record by record kind; and its change feed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from apps.connectors.crm_sandbox import mapping
from apps.connectors.crm_sandbox.client import client_of
from apps.connectors.crm_sandbox.config import SandboxCrmConfig
from apps.integrations.canonical import Canonical
from apps.integrations.sdk import Hint, HintPage, Page, PermanentError, retry_reading

PAGE = "100"
FEED_PAGE = "200"


@dataclass(eq=False)
class CrmStream:
    """`what`: the CRM's word for the records."""

    name: str
    kind: str
    what: str
    mapped: Callable[[Mapping[str, Any]], Canonical]

    def load(self, config: SandboxCrmConfig, cursor: str) -> Page:
        """One page of the connection's organisation; the cursor is the last id of it."""
        answer = retry_reading(lambda: client_of(config).get(f"/v1/{self.what}", after=cursor, limit=PAGE, organisation=config.organisation))
        rows = tuple((str(row["id"]), row) for row in answer["items"])
        return Page(vendor=rows, cursor=answer["next"] or (rows[-1][0] if rows else cursor), more=bool(answer["next"]))

    def fetch(self, config: SandboxCrmConfig, external_id: str) -> Mapping[str, Any] | None:
        try:
            row: Mapping[str, Any] = retry_reading(lambda: client_of(config).get(f"/v1/{self.what}/{quote(external_id, safe='')}"))
        except PermanentError as error:
            if error.code == "not_found":  # and not 404 alone, which something in between says, too
                return None
            raise
        return row

    def map(self, raw: Mapping[str, Any]) -> Canonical:
        return self.mapped(raw)


STREAMS = (
    CrmStream("customers", "customer", "clients", mapping.customer),
    CrmStream("deals", "deal", "deals", mapping.deal),
    CrmStream("follow_ups", "follow_up", "activities", mapping.follow_up),
    CrmStream("cases", "case", "cases", mapping.case),
)
# the CRM's word -> our stream; another word is passed on as it is and ignored by the framework
KINDS = {"client": "customers", "deal": "deals", "activity": "follow_ups", "case": "cases"}


def hint_of(event: Mapping[str, Any]) -> Hint:
    """One change; feed and webhook tell it in the same words. Raises LookupError or ValueError for another shape."""
    kind = str(event["kind"])
    return Hint(
        event_id=str(event["id"]),
        stream=KINDS.get(kind, kind),
        external_id=str(event["record_id"]),
        transition=str(event.get("transition") or ""),
        occurred_at=dt.datetime.fromisoformat(str(event["happened_at"])),
        origin=str(event.get("key") or ""),
        organisation=str(event["organisation"]),
        raw=dict(event),
    )


def feed(config: SandboxCrmConfig, cursor: str) -> HintPage:
    """The cursor is the CRM's own opaque text. Raises GoneError when its database is another one."""
    answer = retry_reading(lambda: client_of(config).get("/v1/changes", cursor=cursor or "now", limit=FEED_PAGE))
    return HintPage(hints=tuple(hint_of(row) for row in answer["items"]), cursor=answer["cursor"], more=bool(answer["more"]))
