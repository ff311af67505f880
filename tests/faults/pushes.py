"""What the two systems push, signed as they sign it; and what the portal has made of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import requests

from tests.journeys.ledger import rows
from tests.support.stack import RealStack

Json = dict[str, Any]
TRACES = """select (select count(*) from integrations_inboundmessage where external_id = %s) as hints,
 (select count(*) from jobs_job where kind = 'integrations.read_record' and payload->>'external_id' = %s) as readings,
 (select count(*) from workflows_processinstance where business_key like 'deal:' || %s || '%%') as cases,
 (select count(*) from integrations_quarantineitem where external_id = %s) as held"""


class Pushes:
    """Delivers to the portal's doors. `ago`: seconds since it was signed."""

    def __init__(self, stack: RealStack) -> None:
        self._env = stack.env

    def crm(self, events: Sequence[Json], *, organisation: str = "", secret: str = "", ago: int = 0) -> requests.Response:
        """As the CRM's sender does it."""
        batch = {"org_id": organisation or self._env["CRM_ORG_ID"], "events": list(events), "next": "unused"}
        return self.crm_body(json.dumps(batch, separators=(",", ":")).encode(), secret=secret, ago=ago)

    def crm_body(self, body: bytes, *, secret: str = "", ago: int = 0) -> requests.Response:
        stamp = str(int(time.time()) - ago)
        mac = hmac.new((secret or self._env["WEBHOOK_SECRET_CRM"]).encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        return self._post("crm", body, {"X-Portal-Timestamp": stamp, "X-Portal-Signature": f"v1={mac}"})

    def erp(self, events: Sequence[Json], *, secret: str = "", ago: int = 0) -> requests.Response:
        """As the ERP's sender does it (Standard Webhooks)."""
        body = json.dumps({"epoch": "test", "events": list(events)}).encode()
        ident, stamp = f"test:{uuid.uuid4()}", str(int(time.time()) - ago)
        mac = hmac.new((secret or self._env["WEBHOOK_SECRET_ERP"]).encode(), f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
        signature = f"v1,{base64.b64encode(mac).decode()}"
        return self._post("erp", body, {"webhook-id": ident, "webhook-timestamp": stamp, "webhook-signature": signature})

    def _post(self, system: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            url = f"{self._env['PORTAL_URL']}/hooks/{system}/"
            return session.post(url, data=body, headers={"Content-Type": "application/json", **headers}, timeout=30)


def deal_events(stack: RealStack, deal_id: str) -> list[Json]:
    """What the CRM's feed tells of a deal, in the order in which it happened."""
    env = stack.env
    sign = {"Authorization": f"Bearer {env['CRM_SERVICE_TOKEN']}", "X-Portal-Org": env["CRM_ORG_ID"]}
    since, found = "", []
    with requests.Session() as session:
        session.trust_env = False
        while True:
            answer = session.get(f"{env['CRM_URL']}/portal/events", params={"since": since, "limit": 1000}, headers=sign, timeout=30)
            answer.raise_for_status()
            page = answer.json()
            found += [event for event in page["events"] if event["object_id"] == deal_id]
            since = page["next"]
            if not page["more"]:
                return found


def traces(stack: RealStack, external_id: str) -> tuple[int, int, int, int]:
    """How many hints, readings, cases and quarantined records the portal has of one record."""
    found = rows(stack.env["DATABASE_URL"], TRACES, *[external_id] * 4)[0]
    return found["hints"], found["readings"], found["cases"], found["held"]


def hints(stack: RealStack, external_id: str) -> list[tuple[str, str, str, str]]:
    """(transition, channel, state, reason) of what is stored about a record, in the order of the events."""
    sql = "select transition, channel, state, reason from integrations_inboundmessage where external_id = %s order by occurred_at, event_id"
    return [tuple(row.values()) for row in rows(stack.env["DATABASE_URL"], sql, external_id)]  # type: ignore[misc]


@contextmanager
def only_pushes(stack: RealStack) -> Iterator[None]:
    """The portal hears of changes only what the test pushes: the CRM's sender stands still, and the portal's own look at the feed is put off."""
    stack.stop("crm-sender")
    _next_look(stack, "interval '1 hour'")
    try:
        yield
    finally:
        _next_look(stack, "interval '0'")
        stack.start("crm-sender")


def _next_look(stack: RealStack, ahead: str) -> None:
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        connection.execute(f"update jobs_job set run_at = now() + {ahead}, state = 'DUE' where key = 'feed:crm'")  # type: ignore[arg-type]
