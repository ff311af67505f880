"""Reading BottleCRM: customers, deals with their lines, follow-ups, cases; and its change feed.

First loads page by ascending id over `/portal/rows` (40 ms a thousand rows); what a row lacks is read from the record itself.
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

PAGE = 25
FEED_PAGE = 200
MOST_CONTACTS = 200
Raw = Mapping[str, Any]


def row(config: BottleConfig, kind: str, external_id: str) -> Json | None:
    """One plain row: the page of one that begins right before it."""
    try:
        before = uuid.UUID(int=uuid.UUID(external_id).int - 1)
    except ValueError:
        return None
    rows = client_of(config).get(f"/portal/rows/{kind}", {"after": str(before), "limit": 1})["rows"]
    return rows[0] if rows and rows[0]["id"] == external_id else None


def read_customer(config: BottleConfig, external_id: str) -> Raw | None:
    answer = client_of(config).find(f"/api/accounts/{external_id}/")
    if answer is None or not answer.get("account_obj"):
        return None
    plain = row(config, "account", external_id) or {}
    return {"account": {**answer["account_obj"], "updated_at": plain.get("updated_at")}, "contacts": contacts_of(config, external_id, answer)}


def contacts_of(config: BottleConfig, account: str, answer: Raw) -> list[Raw]:
    """The CRM links a contact in two ways: from the account, which its answer tells, and from the contact itself."""
    rows = client_of(config).get("/portal/rows/contact", {"account": account, "limit": MOST_CONTACTS})["rows"]
    own = {str(one["id"]): one for one in rows if str(one.get("account_id")) == account and one.get("is_active", True)}
    linked = {str(one["id"]): one for one in answer.get("contacts") or ()}
    return list({**own, **linked}.values())


def read_deal(config: BottleConfig, external_id: str) -> Raw | None:
    answer = client_of(config).find(f"/api/opportunities/{external_id}/")
    if answer is None or not answer.get("opportunity_obj"):
        return None
    found = answer["opportunity_obj"]
    account = found.get("account") or {}
    return {"deal": found, "account": row(config, "account", str(account["id"])) if account.get("id") else None, "organisation": config.organisation}


def read_follow_up(config: BottleConfig, external_id: str) -> Raw | None:
    found = row(config, "interaction", external_id)
    return with_author(config, found, _people(config)) if found else None


def follow_ups_of(config: BottleConfig, rows: list[Json]) -> list[Raw]:
    people = _people(config)
    return [with_author(config, found, people) for found in rows]


def read_case(config: BottleConfig, external_id: str) -> Raw | None:
    """A row of a case names its account and its owner."""
    found = row(config, "case", external_id)
    return {"case": found} if found else None


def cases_of(config: BottleConfig, rows: list[Json]) -> list[Raw]:
    return [{"case": found} for found in rows]


def with_author(config: BottleConfig, found: Json, people: Mapping[str, str]) -> Raw:
    """A follow-up of a deal belongs to the deal's customer as well."""
    account = found.get("account_id")
    if not account and found.get("opportunity_id"):
        deal = row(config, "opportunity", str(found["opportunity_id"])) or {}
        account = deal.get("account_id")
    return {"interaction": found, "account_id": account or "", "author": people.get(str(found.get("logged_by_id") or ""), "")}


def _people(config: BottleConfig) -> dict[str, str]:
    """Profile id -> e-mail of the organisation's users."""
    answer = client_of(config).get("/api/users/", {"limit": 200})
    found = {}
    for group in answer.values():
        for users in group.values() if isinstance(group, dict) else ():
            for user in users if isinstance(users, list) else ():
                found[str(user["id"])] = str(user["user_details"]["email"])
    return found


@dataclass(eq=False)
class BottleStream:
    """`what`: the kind of `/portal/rows`; `read`: one whole record; `whole`: a page of rows made whole, where that takes no question for each."""

    name: str
    kind: str
    what: str
    read: Callable[[BottleConfig, str], Raw | None]
    mapped: Callable[[Raw], Canonical]
    whole: Callable[[BottleConfig, list[Json]], list[Raw]] | None = None

    def load(self, config: BottleConfig, cursor: str) -> Page:
        params: Json = {"limit": PAGE, **({"after": cursor} if cursor else {})}
        answer = retry_reading(lambda: client_of(config).get(f"/portal/rows/{self.what}", params))
        found = self._whole(config, answer["rows"])
        last = str(answer["rows"][-1]["id"]) if answer["rows"] else cursor
        return Page(vendor=tuple(found), cursor=str(answer["next"] or last), more=bool(answer["next"]))

    def _whole(self, config: BottleConfig, rows: list[Json]) -> list[tuple[str, Raw]]:
        idents = [str(plain["id"]) for plain in rows]
        if self.whole is not None:
            whole = self.whole
            return list(zip(idents, retry_reading(lambda: whole(config, rows)), strict=True)) if rows else []
        read = [(ident, retry_reading(lambda ident=ident: self.read(config, ident))) for ident in idents]  # type: ignore[misc]
        return [(ident, raw) for ident, raw in read if raw is not None]

    def fetch(self, config: BottleConfig, external_id: str) -> Raw | None:
        return retry_reading(lambda: self.read(config, external_id))

    def map(self, raw: Raw) -> Canonical:
        return self.mapped(raw)


STREAMS = (
    BottleStream("customers", "customer", "account", read_customer, mapping.customer),
    BottleStream("deals", "deal", "opportunity", read_deal, mapping.deal),
    BottleStream("follow_ups", "follow_up", "interaction", read_follow_up, mapping.follow_up, follow_ups_of),
    BottleStream("cases", "case", "case", read_case, mapping.case, cases_of),
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
