"""Bad records: held, told, cured."""

import datetime as dt

import pytest

from apps.core.errors import NotFound, NotPermitted
from apps.integrations import registry, selectors, services
from apps.integrations.events import Problem
from apps.integrations.models import InboundMessage, QuarantineItem
from apps.notifications.models import Notification
from apps.records.models import Record

AFTER = dt.timedelta(seconds=5)


@pytest.fixture
def strict():
    """A rule of an app above: a deal that was won is sure. `strict["on"] = False`: what it asks for was put right elsewhere."""

    switch = {"on": True}

    def rule(record, context):
        if switch["on"] and context["live"] and context["transition"] == "won" and record["probability"] != 100:
            return [Problem("not_sure", "probability", {"name": record["name"]})]
        return []

    registry.register_validator("deal", rule)
    yield switch
    registry._validators["deal"].remove(rule)


@pytest.fixture
def held(systems, strict, run_jobs, cast):
    """Deal d-1, ana's, was won without being sure."""
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("deals", "d-1", stage_kind="won", transition="won", probability=50, at=systems.now + dt.timedelta(seconds=1))
    run_jobs(now=systems.now + AFTER)
    return QuarantineItem.objects.get()


def codes(item):
    return [problem["code"] for problem in item.problems]


@pytest.mark.req("D8")
def test_a_bad_record_is_not_written_and_its_hint_waits(held, systems):
    assert codes(held) == ["not_sure"]
    assert (held.external_id, held.name, held.state, held.owner_email) == ("d-1", "Pumps d-1", "OPEN", "ana@yunhe.example")
    assert Record.objects.get(external_id="d-1").state == "open"
    assert InboundMessage.objects.get().state == "HELD"


@pytest.mark.req("D9")
def test_the_owner_gets_a_message_with_record_field_rule_and_link(held, cast, run_jobs):
    from apps.notifications import selectors as notifications

    notice = Notification.objects.get(kind="records.quarantined")
    assert (notice.person_id, notice.todo, notice.state) == (cast.ana.pk, True, "OPEN")
    shown = notifications.rendered(notice, cast.ana)
    assert "Pumps d-1" in str(shown.title)
    assert shown.url == f"/quarantine/{held.pk}/"


@pytest.mark.req("D9")
def test_after_the_cure_in_the_source_the_hint_goes_on_as_live(held, systems, changes, run_jobs):
    systems.crm.put("deals", "d-1", probability=100, at=systems.now + dt.timedelta(minutes=1))
    run_jobs(now=systems.now + dt.timedelta(minutes=2))
    held.refresh_from_db()
    assert (held.state, held.reason) == ("RELEASED", "cured")
    assert [(c["transition"], c["state"], c["live"]) for c in changes] == [("won", "won", True)]
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"DONE"}
    assert Notification.objects.get(kind="records.quarantined").state == "RESOLVED"


def test_the_same_reasons_again_are_no_news(held, systems, quarantined, run_jobs):
    systems.crm.put("deals", "d-1", probability=90, at=systems.now + dt.timedelta(minutes=1))
    run_jobs(now=systems.now + dt.timedelta(minutes=2))
    held.refresh_from_db()
    assert held.tries >= 2
    assert quarantined == []


@pytest.mark.parametrize("by", ["ana", "admin", "clock"])
def test_a_cure_elsewhere_is_found_by_asking_again(held, systems, changes, run_jobs, cast, strict, by):
    strict["on"] = False
    if by == "clock":
        assert services.recheck(now=systems.now) == 1
    else:
        services.read_again(person=getattr(cast, by), item_id=held.pk, now=systems.now)
    run_jobs(now=systems.now + AFTER)
    held.refresh_from_db()
    assert held.state == "RELEASED"
    assert [c["transition"] for c in changes] == ["won"]


def test_putting_away_needs_a_reason_and_drops_what_waited(held, systems, cast, changes, run_jobs):
    with pytest.raises(services.UnableToCure):
        services.dismiss(person=cast.admin, item_id=held.pk, reason=" ", now=systems.now)
    services.dismiss(person=cast.admin, item_id=held.pk, reason="a test deal", now=systems.now)
    held.refresh_from_db()
    assert (held.state, held.reason, held.closed_by_id) == ("DISMISSED", "a test deal", cast.admin.pk)
    assert InboundMessage.objects.get().state == "IGNORED"
    run_jobs(now=systems.now + AFTER)
    assert changes == []
    with pytest.raises(services.UnableToCure):
        services.read_again(person=cast.admin, item_id=held.pk, now=systems.now)


def test_others_do_not_learn_of_it(held, cast, systems):
    assert [item.pk for item in selectors.quarantine(cast.admin)] == [held.pk]
    assert [item.pk for item in selectors.quarantine(cast.ana)] == [held.pk]
    for person in (cast.guest, cast.eve):
        assert list(selectors.quarantine(person)) == []
        with pytest.raises((NotFound, NotPermitted)):
            services.dismiss(person=person, item_id=held.pk, reason="x", now=systems.now)
    assert QuarantineItem.objects.get().state == "OPEN"


def test_a_deleted_record_leaves_quarantine(held, systems, run_jobs):
    systems.crm.remove("deals", "d-1", at=systems.now + dt.timedelta(minutes=1))
    run_jobs(now=systems.now + dt.timedelta(minutes=2))
    held.refresh_from_db()
    assert (held.state, held.reason) == ("RELEASED", "gone")


def test_a_record_nobody_owns_goes_to_the_steward(systems, run_jobs, cast):
    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("customers", "acc-C-001", email="nonsense", owner_email="stranger@elsewhere.example", at=systems.now + dt.timedelta(seconds=1))
    run_jobs(now=systems.now + AFTER)
    assert Notification.objects.get(kind="records.quarantined").person_id == cast.admin.pk


def test_a_record_that_the_source_refuses_to_give_is_heard_of(systems, run_jobs, cast):
    from apps.core.http import PermanentError

    systems.load()
    run_jobs(now=systems.now)
    systems.crm.put("deals", "d-1", name="x", at=systems.now + dt.timedelta(seconds=1))
    run_jobs(now=systems.now) # nothing is due yet
    systems.crm.fail = []
    real = systems.crm.touch

    def refuse(what):
        real(what)
        if what == "fetch deals d-1":
            raise PermanentError("no right to read this", system="crm", status=403)

    systems.crm.touch = refuse
    try:
        run_jobs(now=systems.now + AFTER)
    finally:
        del systems.crm.touch
    item = QuarantineItem.objects.get()
    assert item.problems == [{"code": "not_read", "field": "", "params": {"why": "no right to read this"}}]
    assert InboundMessage.objects.get().state == "HELD"
