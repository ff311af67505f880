"""The door for pushes, and that feed and webhook are one."""

import datetime as dt
import json

import pytest

from apps.integrations.models import InboundMessage
from apps.jobs import selectors as jobs
from apps.records.models import Record
from tests.support.dummy import SECRET


@pytest.fixture
def push(systems, client):
    """push(events, at=, secret=, key=): deliver a webhook as the CRM would."""

    def deliver(events, *, at=None, secret=SECRET, key="crm", slash=True):
        headers, body = systems.crm.signed(events, at=at or systems.now, secret=secret)
        given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        return client.post(f"/hooks/{key}{'/' if slash else ''}", data=body, content_type="application/json", **given)

    return deliver


@pytest.fixture
def won(systems, run_jobs):
    """The event of a deal that was won after the connection went live, everything else loaded."""
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("deals", "d-1", stage_kind="won", transition="won", at=systems.now + dt.timedelta(seconds=1))
    return systems.crm.events[-1]


@pytest.mark.req("P3")
def test_a_webhook_is_stored_answered_at_once_and_then_worked_on(systems, push, won, run_jobs, changes):
    systems.crm.calls.clear()
    response = push([won])
    assert (response.status_code, response.json()) == (202, {"stored": 1})
    assert systems.crm.calls == []
    run_jobs(now=systems.now)
    assert [(c["external_id"], c["transition"], c["state"], c["live"]) for c in changes] == [("d-1", "won", "won", True)]


def test_five_deliveries_and_the_feed_are_one_message_and_one_effect(systems, push, won, run_jobs, changes):
    for _time in range(5):
        assert push([won], slash=False).status_code == 202
    run_jobs(now=systems.now + dt.timedelta(seconds=5))
    assert [c["transition"] for c in changes] == ["won"]
    assert InboundMessage.objects.values_list("event_id", "channel", "state").get() == ("1.1", "WEBHOOK", "DONE")


def test_events_in_the_wrong_order_end_in_the_state_of_the_source(systems, push, won, run_jobs, changes):
    systems.crm.put("deals", "d-1", stage_kind="open", transition="reopened", at=systems.now + dt.timedelta(seconds=2))
    reopened = systems.crm.events[-1]
    push([reopened])
    run_jobs(now=systems.now)
    push([won])
    run_jobs(now=systems.now)
    # The late "won" is told with the state that holds now, so nobody takes it for a deal that is won.
    assert [(c["transition"], c["state"]) for c in changes] == [("reopened", "open"), ("won", "open")]
    assert Record.objects.get(external_id="d-1").state == "open"


@pytest.mark.parametrize(("secret", "minutes"), [("another-secret-of-at-least-32-characters", 0), (SECRET, -6), (SECRET, 6)])
def test_forged_or_stale_is_refused_and_nothing_is_stored(systems, push, won, secret, minutes):
    before = jobs.pending().count()
    response = push([won], secret=secret, at=systems.now + dt.timedelta(minutes=minutes))
    assert response.status_code == 401
    assert InboundMessage.objects.count() == 0
    assert jobs.pending().count() == before


def test_a_changed_body_is_refused(systems, client, won):
    headers, body = systems.crm.signed([won], at=systems.now)
    given = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    response = client.post("/hooks/crm/", data=body.replace(b"won", b"los"), content_type="application/json", **given)
    assert response.status_code == 401
    assert InboundMessage.objects.count() == 0


def test_another_organisation_or_an_unknown_kind_is_taken_once_without_effect(systems, push, run_jobs):
    from apps.integrations.models import Connection

    Connection.objects.filter(key="crm").update(organisation="Yunhe")
    at = systems.now.isoformat()
    other = {"id": "o1", "stream": "deals", "record": "x", "transition": "won", "origin": "", "at": at, "organisation": "Other"}
    unknown = {"id": "u1", "stream": "cases", "record": "y", "transition": "", "origin": "", "at": at, "organisation": "Yunhe"}
    for _time in range(2):
        assert push([other, unknown]).status_code == 202
    assert sorted(InboundMessage.objects.values_list("event_id", "state", "reason")) == [
        ("o1", "IGNORED", "organisation"), ("u1", "IGNORED", "unknown_kind"),
    ]  # fmt: skip
    assert jobs.pending(kind="integrations.read_record").count() == 0


def test_a_signed_body_that_cannot_be_read_is_taken_once(systems, client):
    import hashlib
    import hmac

    body, stamp = json.dumps(["nonsense"]).encode(), str(int(systems.now.timestamp()))
    mac = hmac.new(SECRET.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    for _time in range(2):
        response = client.post("/hooks/crm/", data=body, content_type="application/json", HTTP_X_PORTAL_TIMESTAMP=stamp,
                               HTTP_X_PORTAL_SIGNATURE=f"v1={mac}")
        assert response.status_code == 202
    assert InboundMessage.objects.values_list("state", "reason").get() == ("IGNORED", "unknown_kind")


def test_an_unknown_connection_and_a_get_are_refused(systems, push, client, won):
    assert push([won], key="nobody").status_code == 404
    assert client.get("/hooks/crm/").status_code == 405
    assert InboundMessage.objects.count() == 0


def test_an_echo_updates_the_record_and_says_that_it_is_one(systems, push, won, run_jobs, changes):
    run_jobs(now=systems.now)
    changes.clear()
    systems.crm.put("deals", "d-1", custom={"erp_order_no": "S0001"}, origin="process-key-1", at=systems.now + dt.timedelta(seconds=3))
    systems.crm.put("deals", "d-2", name="By a person", origin="person-7", at=systems.now + dt.timedelta(seconds=4))
    push(systems.crm.events[-2:])
    run_jobs(now=systems.now)
    assert [(c["external_id"], c["origin"], c["echo"]) for c in changes] == [("d-1", "process-key-1", True), ("d-2", "person-7", False)]
    assert Record.objects.get(external_id="d-1").data["custom"] == {"erp_order_no": "S0001"}
