"""Asking systems: time-outs, the breaker, the state of a connection."""

import datetime as dt
import time

import pytest
from django.db import transaction

from apps.core.http import AuthError, PermanentError, TransientError
from apps.integrations import selectors, services
from apps.integrations.models import Connection
from apps.integrations.services import LiveRead
from apps.integrations.services.calls import breaker
from apps.jobs import services as jobs
from apps.jobs.models import Job
from apps.jobs.services.failing import retry


def invoke(systems, key="k-1", **given):
    data = {"customer_id": "acc-C-001", "changes": {"city": "Ningbo"}, **given}
    return services.invoke_action(system="crm", action="customer.update", data=data, key=key, now=systems.now)


def test_the_same_key_twice_is_one_effect_and_the_same_answer(systems):
    assert invoke(systems) == invoke(systems) == {"external_id": "acc-C-001", "version": "2"}
    assert systems.crm.rows["customers"]["acc-C-001"]["version"] == "2"


def test_a_refusal_says_nothing_of_the_system(systems):
    with pytest.raises(PermanentError, match="Name: already in use"):
        invoke(systems, changes={"name": "taken"})
    assert selectors.connection("crm").state == "up"


def test_input_that_does_not_fit_is_not_sent(systems):
    with pytest.raises(PermanentError) as refused:
        services.invoke_action(system="crm", action="customer.update", data={"changes": {}}, key="k", now=systems.now)
    assert refused.value.code == "bad_request"
    assert systems.crm.calls == []


def test_unknown_actions_and_systems_fail(systems):
    with pytest.raises(LookupError):
        services.invoke_action(system="crm", action="sale.create", data={}, key="k", now=systems.now)
    with pytest.raises(TransientError):
        services.invoke_action(system="hr", action="x", data={}, key="k", now=systems.now)


def test_a_dead_system_costs_one_time_out_and_is_told_once(systems, run_jobs, turned, caplog):
    systems.crm.down = True
    for _try in range(4):
        with pytest.raises(TransientError):
            invoke(systems)
    assert len(systems.crm.calls) == 1  # the breaker refused the others
    run_jobs(now=systems.now)
    assert [(t["key"], t["state"]) for t in turned] == [("crm", "down")]
    assert [r.message for r in caplog.records if "is down" in r.message] == ["connection crm is down: crm did not answer"]
    connection = Connection.objects.get(key="crm")
    assert (connection.state, connection.since, connection.last_error) == ("down", systems.now, "crm did not answer")


def test_a_system_that_is_back_is_told_once(systems, run_jobs, turned, monkeypatch):
    systems.crm.down = True
    with pytest.raises(TransientError):
        invoke(systems)
    systems.crm.down = False
    monkeypatch.setattr("apps.integrations.services.calls.time.monotonic", lambda: time.perf_counter() + 10_000)
    breaker("crm")._open_until = 1.0
    assert invoke(systems)["version"] == "2"
    invoke(systems, key="k-2")
    run_jobs(now=systems.now)
    assert [t["state"] for t in turned] == ["down", "up"]
    assert selectors.connection("crm").last_error == ""


def test_what_waited_for_a_system_is_due_at_once_when_it_is_back_and_nothing_else_is(systems):
    far = systems.now + dt.timedelta(minutes=5)

    def put_off(key, error):
        job = jobs.enqueue(kind="integrations.read_record", payload={}, key=key, now=systems.now)
        retry(Job.objects.filter(key=key), job, error, systems.now)
        Job.objects.filter(key=key).update(attempts=9, run_at=far)

    put_off("crm", TransientError("CRM did not answer", system="CRM"))
    put_off("erp", TransientError("ERP did not answer", system="ERP"))
    put_off("crm-refused", KeyError("CRM"))
    Connection.objects.filter(key="crm").update(state="down")
    invoke(systems)
    found = {job.key: (job.state, job.run_at, job.attempts) for job in Job.objects.filter(key__in=["crm", "erp", "crm-refused"])}
    assert found == {"crm": ("UNKNOWN", systems.now, 0), "erp": ("UNKNOWN", far, 9), "crm-refused": ("UNKNOWN", far, 9)}


def test_refused_credentials_of_the_service_account_are_a_dead_connection(systems):
    systems.crm.fail = [AuthError("no such key", system="crm", status=401)]
    with pytest.raises(AuthError):
        invoke(systems)
    assert (selectors.connection("crm").state, selectors.connection("crm").last_error) == ("down", "no such key")


def test_refused_credentials_of_a_person_are_not(systems):
    systems.crm.fail = [AuthError("expired", system="crm", status=401)]
    with pytest.raises(AuthError):
        services.invoke_action(system="crm", action="customer.update", data={"customer_id": "acc-C-001", "changes": {}}, key="k",
                               actor=services.Actor(login="ana", token="t"), now=systems.now)
    assert selectors.connection("crm").state == "up"


def test_nothing_is_sent_inside_a_transaction(systems):
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        invoke(systems)
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        services.read_live(system="erp", action="stock.read", data={"skus": ["P-1001"]}, now=systems.now)
    assert systems.crm.calls == systems.erp.calls == []


def test_a_switched_off_connection_sends_nothing(systems):
    Connection.objects.filter(key="crm").update(enabled=False)
    with pytest.raises(TransientError, match="switched off"):
        invoke(systems)
    assert systems.crm.calls == []


def test_live_reads_answer_with_their_moment_and_never_raise(systems):
    answer = services.read_live(system="erp", action="stock.read", data={"skus": ["P-1002"]}, now=systems.now)
    assert (answer.ok, answer.as_of, answer.data) == (True, systems.now, {"stock": {"P-1002": {"on_hand": "3", "available": "3"}}})
    record = services.read_record(system="crm", stream="deals", external_id="d-1", now=systems.now)
    assert (record.ok, record.data["name"], record.data["lines"][0]["amount"]) == (True, "Pumps d-1", "1000")
    assert services.read_record(system="crm", stream="deals", external_id="nothing", now=systems.now) == services.LiveAnswer(None, systems.now, ok=True)
    systems.erp.down = True
    dead = services.read_live(system="erp", action="stock.read", data={"skus": []}, now=systems.now)
    assert (dead.ok, dead.data, dead.error) == (False, None, "erp did not answer")
    assert services.read_live(system="erp", action="nothing.read", data={}, now=systems.now).ok is False


def test_live_reads_run_side_by_side_and_stop_waiting(systems, monkeypatch):
    import threading

    monkeypatch.setattr("apps.integrations.services.calls.LIVE_DEADLINE", 1.0)
    gate, both = threading.Event(), threading.Barrier(2, timeout=5)

    def slow(what):
        if what.startswith("fetch deals"):
            both.wait()
        if what == "fetch customers acc-C-001":
            both.wait()
            gate.wait(5)

    monkeypatch.setattr(systems.crm, "touch", slow)
    reads = [LiveRead("crm", stream="deals", external_id="d-1"), LiveRead("crm", stream="customers", external_id="acc-C-001")]
    first, second = services.read_all_live(reads=reads, now=systems.now)
    gate.set()
    assert first.ok
    assert (second.ok, second.error) == (False, "CRM did not answer in time")


def test_the_end_of_a_session_ends_those_of_other_systems(systems, run_jobs):
    jobs.publish(event="identity.session.ended", data={"subject": "s-1", "issuer": "i", "sid": "", "login": "ana"}, now=systems.now)
    run_jobs(now=systems.now)
    assert [c.split()[0] for c in systems.erp.calls if c.startswith("sessions")] == ["sessions.end"]


def test_secrets_are_sealed_and_never_shown(systems):
    from tests.support.dummy import SECRET

    connection = selectors.connection("crm")
    assert SECRET not in connection.secrets
    assert SECRET not in repr(services.config_of(connection))
    assert services.config_of(connection).webhook_secret.get_secret_value() == SECRET


def test_a_connection_with_wrong_settings_is_refused(systems):
    with pytest.raises(services.UnableToConnect, match="nonsense"):
        services.upsert_connection(key="crm", connector_id="dummy_crm", config={"nonsense": "1"}, secrets={}, live_from=systems.now, now=systems.now)
    with pytest.raises(services.UnableToConnect, match="no connector"):
        services.upsert_connection(key="crm", connector_id="nobody", config={}, secrets={}, live_from=systems.now, now=systems.now)
    assert selectors.connection("crm").config == {}


def test_new_settings_keep_where_we_stand(systems, run_jobs):
    systems.load()
    run_jobs(now=systems.now)
    later = systems.now + dt.timedelta(days=1)
    services.upsert_connection(key="crm", connector_id="dummy_crm", config={"base_url": "http://localhost:2"}, secrets={}, live_from=later, now=later)
    connection = selectors.connection("crm")
    assert (connection.live_from, connection.feed_cursor) == (systems.now, "1:0")
