"""Messages that connectors declare: what an ERP and a CRM have to say reaches the right people, once, in their words, masks applied."""

from __future__ import annotations

import datetime as dt
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone, translation
from pydantic import ValidationError

from apps.access.selectors import who_may
from apps.core import kinds
from apps.integrations.canonical import KINDS
from apps.integrations.models import Connection
from apps.integrations.registry import Message, manifests
from apps.notifications import selectors, services
from apps.notifications.models import Notification
from apps.records import services as records

SYSTEMS = [("erp", "erp_sandbox"), ("erp", "erp_tryton"), ("crm", "crm_sandbox"), ("crm", "crm_bottle")]


@pytest.fixture
def hear(cast: SimpleNamespace, clock: dt.datetime) -> Any:
    """hear("erp", "stock", "k-1", {...}): the connection's system says so now, live."""
    for key, connector in (("erp", "erp_sandbox"), ("crm", "crm_sandbox")):
        Connection.objects.create(key=key, connector_id=connector, live_from=clock, steward="admin", since=clock, created_at=clock, updated_at=clock)
    said = iter(range(10_000))

    def one(system: str, kind: str, external_id: str, *, live: bool = True, **fields: Any) -> None:
        record = KINDS[kind].model_validate({"external_id": external_id, "version": str(next(said)), **fields}).model_dump(mode="json")
        records.take_read(now=clock, data={
            "system": system, "connection": system, "kind": kind, "external_id": external_id, "record": record, "live": live,
            "as_of": (clock + dt.timedelta(seconds=next(said))).isoformat(), "transition": "", "event_id": f"e{next(said)}", "occurred_at": None})

    return one


def told(person: Any, language: str = "en") -> list[tuple[str, str, str]]:
    """(kind, title, body) of every open message, oldest first."""
    with translation.override(language), timezone.override("Asia/Shanghai"):
        rows = Notification.objects.filter(person=person, state="OPEN").order_by("created_at", "kind")
        return [(shown.kind, shown.title, shown.body) for shown in (selectors.rendered(row, person) for row in rows)]


def customer(hear: Any, cast: SimpleNamespace) -> None:
    hear("crm", "customer", "c-1", key="K1", name="Delta Water Group", owner_email=cast.ana.email)


STOCK = {"key": "6308-2RS", "name": "Bearing", "on_hand": 80, "order_point": 60}
OWED = {"key": "K1", "customer_name": "Delta Water Group", "currency": "CNY", "open_invoices": 2}


@pytest.mark.req("E10")
def test_the_warehouse_hears_of_stock_that_falls_below_its_order_point_each_time_it_does(hear: Any, cast: SimpleNamespace) -> None:
    hear("erp", "stock", "k-1", **STOCK, available=80, live=False)
    hear("erp", "stock", "k-1", **STOCK, available=60)
    assert told(cast.eve) == []
    hear("erp", "stock", "k-1", **STOCK, available=14)
    hear("erp", "stock", "k-1", **STOCK, available=12)  # it was below already
    assert told(cast.eve) == [("erp_sandbox.stock_warning", "Bearing (6308-2RS) fell below its order point", "12 available, order point 60.")] or \
        told(cast.eve) == [("erp_sandbox.stock_warning", "Bearing (6308-2RS) fell below its order point", "14 available, order point 60.")]
    assert told(cast.eve, "zh-hans")[0][1:] == ("Bearing（6308-2RS）低于订货点", "可用14，订货点60。")
    assert told(cast.ana) == told(cast.guest) == []
    row = selectors.rendered(Notification.objects.get(person=cast.eve), cast.eve)
    assert (row.system, row.number, row.actions[0].url) == ("erp", "6308-2RS", "/stock/?q=6308-2RS")


@pytest.mark.req("E10")
def test_finance_is_reminded_when_more_is_overdue(hear: Any, cast: SimpleNamespace) -> None:
    customer(hear, cast)
    hear("erp", "receivable", "K1", **OWED, balance=1000, overdue=0)
    hear("erp", "receivable", "K1", **OWED, balance=1000, overdue=400)
    hear("erp", "receivable", "K1", **OWED, balance=600, overdue=0)  # paid: nothing to be reminded of
    words = ("erp_sandbox.payment_reminder", "Delta Water Group: ¥400 is overdue", "¥1,000 open in 2 invoices.")
    assert told(cast.fin) == [words]
    assert told(cast.ana) == told(cast.eve) == []  # their roles see nothing of what a customer owes


@pytest.mark.req("E11", "E13")
def test_what_erp_and_crm_both_report_is_one_message(hear: Any, cast: SimpleNamespace) -> None:
    customer(hear, cast)
    deal = {"name": "Pump set", "customer_id": "c-1", "customer_key": "K1", "owner_email": cast.ana.email, "stage_kind": "won"}
    order = {"erp_order_no": "SO-9"}
    note = {"key": "DN-1", "order_keys": ["SO-9"], "order_ids": ["9"], "customer_key": "K1", "customer_name": "Delta Water Group"}
    hear("crm", "deal", "d-1", **deal, custom={**order, "erp_order_state": "ordered"})
    hear("erp", "shipment", "s-1", **note, state="packed")
    assert told(cast.ana) == []
    hear("erp", "shipment", "s-1", **note, state="shipped")
    hear("erp", "shipment", "s-1", **note, state="done")
    hear("crm", "deal", "d-1", **deal, custom={**order, "erp_order_state": "shipped"})
    assert told(cast.ana) == [("erp_sandbox.shipped", "A delivery of order SO-9 for Delta Water Group left the house", "Delivery note DN-1.")]
    row = selectors.rendered(Notification.objects.get(person=cast.ana), cast.ana)
    assert (row.system, row.also, row.number, row.url) == ("erp", ("crm",), "SO-9", "/shipments/s-1/")
    hear("crm", "deal", "d-2", **deal, custom={"erp_order_no": "SO-10", "erp_order_state": "shipped"})  # the CRM alone
    assert told(cast.ana)[-1:] == [("erp_sandbox.shipped", "A delivery of order SO-9 for Delta Water Group left the house", "Delivery note DN-1.")] \
        or told(cast.ana)[-1][0] == "crm_sandbox.order_status"
    assert Notification.objects.filter(person=cast.ana).count() == 2


@pytest.mark.req("E11")
def test_a_follow_up_is_due_at_its_moment_and_not_if_it_was_moved(hear: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> None:
    first, moved = clock + dt.timedelta(hours=2), clock + dt.timedelta(hours=5)
    call = {"subject": "Call about the quote", "channel": "call", "author_email": cast.ana.email, "deal_id": "d-1"}
    hear("crm", "follow_up", "f-0", **call, occurred_at=clock - dt.timedelta(hours=1))  # a note of what was
    hear("crm", "follow_up", "f-1", **call, occurred_at=first)
    hear("crm", "follow_up", "f-1", **call, occurred_at=moved)
    run_jobs(now=first)
    assert told(cast.ana) == []
    run_jobs(now=moved)
    assert told(cast.ana) == [("crm_sandbox.follow_up_due", "Follow up now: Call about the quote", "call")]
    assert selectors.rendered(Notification.objects.get(), cast.ana).url == "/deals/d-1/"


@pytest.mark.req("E11")
def test_a_follow_up_that_was_read_after_its_moment_is_told_once_if_it_was_planned(
    hear: Any, cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any
) -> None:
    hour = dt.timedelta(hours=1)
    call = {"subject": "Call about the quote", "channel": "call", "author_email": cast.ana.email, "deal_id": "d-1"}
    # (written down, its moment, told?): planned and overdue; a note written afterwards; written at its moment; a plan nobody can use any more
    table = [(-3 * hour, -hour, True), (-hour, -3 * hour, False), (-hour, -hour, False), (-20 * 24 * hour, -15 * 24 * hour, False)]
    for place, (written, moment, told_of) in enumerate(table):
        given = {**call, "subject": f"Call {place}", "updated_at": clock + written, "occurred_at": clock + moment}
        hear("crm", "follow_up", f"f-{place}", **given)
        hear("crm", "follow_up", f"f-{place}", **given)  # read again: nothing new
        run_jobs(now=clock + dt.timedelta(seconds=1))
        assert [title for _kind, title, _body in told(cast.ana) if title.endswith(f"Call {place}")] == ([f"Follow up now: Call {place}"] if told_of else [])
    again = {**call, "subject": "Call 0", "updated_at": clock - 2 * hour, "occurred_at": clock - hour, "body": "with the new price"}
    hear("crm", "follow_up", "f-0", **again)  # changed, but not its moment
    run_jobs(now=clock + dt.timedelta(minutes=1))
    assert len(told(cast.ana)) == 1


@pytest.mark.req("E11")
def test_the_owner_hears_of_a_lost_deal_and_of_a_cancelled_order(hear: Any, cast: SimpleNamespace) -> None:
    deal = {"name": "Pump set", "customer_name": "Delta", "owner_email": cast.ana.email}
    hear("crm", "deal", "d-1", **deal, stage_kind="open")
    hear("crm", "deal", "d-1", **deal, stage_kind="lost")
    hear("crm", "deal", "d-2", **deal, custom={"erp_order_no": "SO-1", "erp_order_state": "cancelled"})
    assert told(cast.ana) == [("crm_sandbox.deal_changed", "Pump set was set to lost", "Delta"),
                              ("crm_sandbox.order_cancelled", "Order SO-1 of Pump set was cancelled", "")]  # fmt: skip


@pytest.mark.req("E10")
def test_an_invoice_is_told_when_it_is_posted_and_when_it_is_paid(hear: Any, cast: SimpleNamespace) -> None:
    customer(hear, cast)
    bill = {"customer_key": "K1", "amount": 5000, "currency": "CNY", "key": "INV-1", "due_on": "2026-12-23", "order_ids": ["9"]}
    for state in ("draft", "posted", "paid"):
        hear("erp", "invoice", "i-1", **bill, state=state)
    assert told(cast.fin) == [
        ("erp_sandbox.invoiced", "Invoice INV-1 over ¥5,000 was posted", "Due on 2026-12-23."), ("erp_sandbox.paid", "Invoice INV-1 was paid", "¥5,000"),
    ]
    assert told(cast.ana) == []  # sellers see no invoices


@pytest.mark.req("D3")
def test_values_pass_the_rules_of_their_fields(hear: Any, cast: SimpleNamespace) -> None:
    hear("erp", "receivable", "K1", **OWED, balance=1000, overdue=400)
    row = Notification.objects.get(person=cast.fin)
    assert "400" not in selectors.rendered(row, cast.guest).title  # whoever may not read the figure does not read it here


def test_a_first_load_tells_nobody(hear: Any, cast: SimpleNamespace) -> None:
    hear("erp", "stock", "k-1", **STOCK, available=1, live=False)
    assert Notification.objects.count() == 0


@pytest.mark.req("E13")
@pytest.mark.parametrize("first", ["generic", "case"])
def test_a_message_that_knows_the_case_takes_the_place_of_one_made_from_a_record(
    cast: SimpleNamespace, clock: dt.datetime, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    from tests.notifications.test_inbox import Know

    class FromCase(Know):
        key, system = "tests.case", "oa"

    class FromRecord(Know):
        key, generic = "tests.record", True

    for kind in (FromCase, FromRecord):
        monkeypatch.setitem(kinds.KINDS, kind.key, kind())
    given = {"person_ids": [cast.ana.pk], "ref": "r", "case": "order:1", "fact": "shipped", "now": clock}
    order = [("tests.record", "a"), ("tests.case", "b")]
    made = [services.report(kind=kind, params={"what": what}, **given) for kind, what in (order if first == "generic" else reversed(order))]
    assert [len(ids) for ids in made] == [1, 0]
    row = Notification.objects.get()
    assert (row.kind, row.params["what"], row.system, row.params["also"]) == ("tests.case", "b", "oa", ["erp"])
    later = clock + dt.timedelta(days=2)
    services.report(kind="tests.case", params={"what": "c"}, **{**given, "now": later})  # that was another time
    assert Notification.objects.count() == 2


# --- manifests ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E10", "E11")
@pytest.mark.parametrize(("system", "connector"), SYSTEMS)
def test_every_shipped_connector_brings_its_kinds(cast: SimpleNamespace, system: str, connector: str) -> None:
    wanted = {"erp": {"stock_warning", "payment_reminder", "shipped", "invoiced", "paid"},
              "crm": {"follow_up_due", "deal_changed", "order_status", "order_cancelled", "case_changed"}}  # fmt: skip
    assert {message.key for message in manifests()[connector].messages} == wanted[system]
    for key in wanted[system]:
        kind = kinds.get(f"{connector}.{key}")
        assert (kind.system, kind.todo, bool(str(kind.label))) == (system, False, True)
    groups = {whom for message in manifests()[connector].messages for whom in message.to if whom.startswith("who:")}
    for whom in groups:  # raises for a right that nobody registered
        assert who_may(*whom.split(":")[1:])


GOOD: dict[str, Any] = {"key": "x", "record": "stock", "to": ["owner"], "rises": "on_hand", "label": {"en": "a", "zh": "b"}, "title": {"en": "a", "zh": "b"}}


@pytest.mark.parametrize(
    "change",
    [{"record": "car"}, {"to": []}, {"to": ["boss"]}, {"rises": ""}, {"at": "updated_at"}, {"title": {"en": "{colour}", "zh": "b"}}, {"title": {"en": "a"}},
     {"case": "colour"}, {"extra": 1}],
)  # fmt: skip
def test_a_manifest_with_a_message_that_makes_no_sense_is_refused(change: dict[str, Any]) -> None:
    assert Message.model_validate(GOOD).key == "x"
    with pytest.raises(ValidationError):
        Message.model_validate({**GOOD, **change})


def test_sister_connectors_say_the_same() -> None:
    root = pathlib.Path(__file__).resolve().parents[2] / "apps/connectors"
    assert root.is_dir()
    assert manifests()["erp_sandbox"].messages == manifests()["erp_tryton"].messages
    assert manifests()["crm_sandbox"].messages == manifests()["crm_bottle"].messages
