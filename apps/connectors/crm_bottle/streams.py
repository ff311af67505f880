"""Reading BottleCRM: customers, deals with their lines, follow-ups, cases; and its change feed.

Both whole loads and single records come from `/portal/rows`, whose rows tell what else belongs to a record: a first load is one question for each page.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from apps.connectors.crm_bottle import mapping
from apps.connectors.crm_bottle.client import client_of
from apps.connectors.crm_bottle.config import BottleConfig
from apps.integrations.canonical import Canonical
from apps.integrations.sdk import Hint, HintPage, Json, Page, retry_reading

PAGE = 200
FEED_PAGE = 200
Raw = Mapping[str, Any]


def row(config: BottleConfig, kind: str, external_id: str) -> Json | None:
    """One plain row: the page of one that begins right before it."""
    try:
        before = uuid.UUID(int=uuid.UUID(external_id).int - 1)
    except ValueError:
        return None
    rows = client_of(config).get(f"/portal/rows/{kind}", {"after": str(before), "limit": 1})["rows"]
    return rows[0] if rows and rows[0]["id"] == external_id else None


def whole_customer(config: BottleConfig, found: Json) -> Raw:
    return {"account": found, "contacts": found["contacts"]}


def whole_deal(config: BottleConfig, found: Json) -> Raw:
    return {"deal": found, "account": found["account"], "organisation": config.organisation}


def whole_follow_up(config: BottleConfig, found: Json) -> Raw:
    """A follow-up of a deal belongs to the deal's customer as well."""
    return {"interaction": found, "account_id": found["deal_account_id"] or "", "author": found["author_email"] or ""}


def whole_case(config: BottleConfig, found: Json) -> Raw:
    return {"case": found}


def read_deal(config: BottleConfig, external_id: str) -> Raw | None:
    found = row(config, "opportunity", external_id)
    return whole_deal(config, found) if found else None


@dataclass(eq=False)
class BottleStream:
    """`what`: the kind of `/portal/rows`; `whole`: the record a row tells."""

    name: str
    kind: str
    what: str
    whole: Callable[[BottleConfig, Json], Raw]
    mapped: Callable[[Raw], Canonical]

    def load(self, config: BottleConfig, cursor: str) -> Page:
        params: Json = {"limit": PAGE, **({"after": cursor} if cursor else {})}
        answer = retry_reading(lambda: client_of(config).get(f"/portal/rows/{self.what}", params))
        found = [(str(one["id"]), self.whole(config, one)) for one in answer["rows"]]
        last = found[-1][0] if found else cursor
        return Page(vendor=tuple(found), cursor=str(answer["next"] or last), more=bool(answer["next"]))

    def fetch(self, config: BottleConfig, external_id: str) -> Raw | None:
        found = retry_reading(lambda: row(config, self.what, external_id))
        return self.whole(config, found) if found else None

    def map(self, raw: Raw) -> Canonical:
        return self.mapped(raw)


STREAMS = (
    BottleStream("customers", "customer", "account", whole_customer, mapping.customer),
    BottleStream("deals", "deal", "opportunity", whole_deal, mapping.deal),
    BottleStream("follow_ups", "follow_up", "interaction", whole_follow_up, mapping.follow_up),
    BottleStream("cases", "case", "case", whole_case, mapping.case),
)
ENTITIES = {"account": "customers", "opportunity": "deals", "interaction": "follow_ups", "case": "cases"}


def hint_of(event: Raw, organisation: str) -> Hint:
    """One change; feed and webhook tell it in the same words. Raises LookupError or ValueError for another shape."""
    kind = str(event["kind"])
    return Hint(
        event_id=str(event["id"]),
        stream=ENTITIES.get(kind, kind),
        external_id=str(event["object_id"]),
        transition="deleted" if event["action"] == "delete" else str(event.get("transition") or ""),
        occurred_at=dt.datetime.fromisoformat(str(event["at"])),
        origin=str(event.get("origin") or ""),
        organisation=organisation,
        raw={name: event.get(name) for name in ("kind", "action", "transition", "actor", "origin", "at")},
    )


def feed(config: BottleConfig, cursor: str) -> HintPage:
    """Cursor: the CRM's own opaque text; "" begins now. Raises GoneError when the database is another one or events were pruned."""
    answer = retry_reading(lambda: client_of(config).get("/portal/events", {"since": cursor or "now", "limit": FEED_PAGE}))
    hints = tuple(hint_of(event, str(answer["org_id"])) for event in answer["events"])
    return HintPage(hints=hints, cursor=str(answer["next"]), more=bool(answer["more"]))
