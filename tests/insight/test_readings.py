"""Figures of the small company, as its people see them."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.access import selectors as access_reading
from apps.access import services as access
from apps.core import kpis
from apps.core.errors import InvalidInput, NotPermitted
from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.models import KpiVersion, Note, Target
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.policies.facts import Draft
from apps.integrations.models import Connection, QuarantineItem
from apps.records.services import taking
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

PERIOD = periods.period("month", today=NOW.date())


def read(person: Any, key: str, *, filters: Filters = Filters(), now: dt.datetime = NOW, **more: Any) -> Any:
    return selectors.reading(person, key, period=PERIOD, filters=filters, now=now, **more)


def grant(person: Any, *grants: tuple[str, dict[str, str]], resource: str = "erp.receivable") -> None:
    """A role of its own with these (scope, fields)."""
    listed = [{"resource": resource, "scope": scope, "actions": ["view"], "fields": fields} for scope, fields in grants]
    access.seed_roles(roles=[{"code": "tried", "name": "Tried", "name_zh": "试用", "grants": listed}], now=NOW)
    access.seed_assignment(role="tried", person=person, now=NOW - dt.timedelta(days=1))


@pytest.mark.req("E6", "E7", "E8")
def test_the_whole_catalogue_is_read_in_a_handful_of_queries(shopped: SimpleNamespace, django_assert_max_num_queries: Any) -> None:
    with access_reading.one_request(), django_assert_max_num_queries(40):
        found = selectors.board_readings(shopped.boss, list(KPIS), period=PERIOD, filters=Filters(), now=NOW)
    values = {one.key: (one.state, one.value) for one in found}
    assert [one.key for one in found] == list(KPIS)
    assert values["erp.orders_taken"] == ("ok", Decimal(343800))
    assert values["erp.order_value"] == ("ok", Decimal("85950.00"))
    assert values["erp.backlog"] == ("ok", Decimal(255600))
    assert values["erp.overdue_share"] == ("ok", Decimal("4.5"))
    assert values["crm.pipeline"] == ("ok", Decimal(808500))
    assert values["erp.invoiced"] == ("forbidden", None)
    assert values["erp.production_progress"] == ("forbidden", None)
    assert values["crm.first_response"] == ("empty", None)  # nobody asked for anything yet
    assert {group: sum(one.group == group for one in found) for group in ("erp.production", "crm.growth", "oa.efficiency")} == {
        "erp.production": 4, "crm.growth": 3, "oa.efficiency": 4}  # fmt: skip
    assert len(KPIS) >= 28


RIGHTS = [
    ("nothing", [], "forbidden", None, "all"),
    ("own", [("own", {"*": "read"})], "ok", Decimal(637200), "own"),
    ("department", [("department", {"*": "read"})], "ok", Decimal(1062000), "some"),
    ("all", [("all", {"*": "read"})], "ok", Decimal(1062100), "all"),
    ("all, but the balance masked", [("all", {"*": "read", "balance": "masked"})], "forbidden", None, "all"),
    ("all masked, the own in clear", [("all", {"*": "read", "balance": "masked"}), ("own", {"*": "read"})], "ok", Decimal(637200), "own"),
]


@pytest.mark.req("E9", "U4")
@pytest.mark.parametrize(("_case", "grants", "state", "value", "scope"), RIGHTS, ids=[row[0] for row in RIGHTS])
def test_a_figure_counts_what_its_viewer_may_see(shopped: SimpleNamespace, _case: str, grants: Any, state: str, value: Any, scope: str) -> None:
    shop.put("customer", "c-9", key="K109", name="Eve's own", owner_email=shopped.eve.email)
    shop.put("receivable", "K109", key="K109", customer_name="Eve's own", balance="100", currency="CNY")
    services.take_records(connection="erp", kind="receivable", external_ids=["K109"], now=NOW)
    add_up()
    if grants:
        grant(shopped.ana, *grants)
    found = read(shopped.ana, "erp.receivables")
    assert (found.state, found.value) == (state, value)
    page = selectors.rows(shopped.ana, "erp.receivables", period=PERIOD, filters=Filters(), now=NOW)
    if state == "forbidden":
        assert found.why
        assert "Guo Peng" in found.ask
        assert (page.state, page.rows) == ("forbidden", ())
        assert found.series == found.breakdown == found.excluded == ()
        return
    assert found.scope == scope
    assert sum(row.value for row in page.rows) == value
    assert page.total == found.rows
    assert all(row.record is not None for row in page.rows)
    # the same by the facts themselves
    assert read(shopped.ana, "erp.receivables", as_shown=NOW + dt.timedelta(seconds=1)).value == value


@pytest.mark.req("E9")
def test_quarantine_moves_the_figure_and_stands_beside_it_until_the_cure(shopped: SimpleNamespace, run_jobs: Any) -> None:
    before = read(shopped.admin, "erp.orders_taken")
    assert (before.value, before.excluded) == (Decimal(343800), ())
    erp = Connection.objects.get(key="erp")
    bad = NOW + dt.timedelta(minutes=1)
    held = {"connection": erp, "stream": "orders", "kind": "order", "created_at": bad, "updated_at": bad}
    item = QuarantineItem.objects.create(external_id="o-1", raw={}, **held)
    QuarantineItem.objects.create(external_id="never-seen", raw={"total_amount": "1234.50"}, **held)
    services.take_records(connection="erp", kind="order", external_ids=["o-1", "never-seen"], now=bad)
    add_up()
    found = read(shopped.admin, "erp.orders_taken", now=bad)
    assert found.value == Decimal(343800 - 70200)
    assert [(one.reason, one.words, one.count, one.amount, one.url) for one in found.excluded] == [
        ("quarantine", "2 records in quarantine", 2, Decimal("71434.5"), "/quarantine/")]  # fmt: skip
    assert read(shopped.fin, "erp.orders_taken", now=bad).excluded[0].url == ""
    item.state = "RELEASED"
    item.save()
    services.take_records(connection="erp", kind="order", external_ids=["o-1"], now=bad + dt.timedelta(minutes=1))
    add_up()
    cured = read(shopped.admin, "erp.orders_taken", now=bad)
    assert (cured.value, cured.excluded[0].amount) == (Decimal(343800), Decimal("1234.5"))
    # as it was shown: before, and while it was held
    assert read(shopped.admin, "erp.orders_taken", as_shown=NOW).value == Decimal(343800)
    then = read(shopped.admin, "erp.orders_taken", as_shown=bad)
    assert (then.value, then.excluded[0].count) == (Decimal(343800 - 70200), 2)


@pytest.mark.req("E9")
def test_a_deal_whose_winning_is_not_taken_stands_beside_what_was_won(shopped: SimpleNamespace, run_jobs: Any) -> None:
    """The portal knows it as open: it leaves the pipeline with what it was worth there, and what it is worth now is missing among the won ones."""
    before = {key: read(shopped.admin, key) for key in ("crm.won", "crm.pipeline")}
    shop.put("deal", "d-99", name="Nine", stage_kind="open", amount="520", currency="CNY", created_at="2026-11-02T02:00:00+00:00")
    services.take_records(connection="crm", kind="deal", external_ids=["d-99"], now=NOW)
    crm, bad = Connection.objects.get(key="crm"), NOW + dt.timedelta(minutes=1)
    item = QuarantineItem.objects.create(connection=crm, stream="deals", kind="deal", created_at=bad, updated_at=bad, external_id="d-99",
                                         raw={"organisation": "o", "deal": {"id": "d-99", "amount": "620.00"}})  # fmt: skip
    services.take_records(connection="crm", kind="deal", external_ids=["d-99"], now=bad)
    add_up()
    for key, amount in (("crm.won", 620), ("crm.pipeline", 520)):
        found = read(shopped.admin, key, now=bad)
        assert found.value == before[key].value
        assert [(one.reason, one.count, one.amount) for one in found.excluded] == [("quarantine", 1, Decimal(amount))]
    item.state = "RELEASED"
    item.save()
    won = {"stage_kind": "won", "closed_on": "2026-11-23", "amount": "520", "created_at": "2026-11-02T02:00:00+00:00"}
    shop.put("deal", "d-99", name="Nine", currency="CNY", now=bad, **won)
    services.take_records(connection="crm", kind="deal", external_ids=["d-99"], now=bad + dt.timedelta(minutes=1))
    add_up()
    cured = read(shopped.admin, "crm.won", now=bad)
    assert (cured.value, cured.excluded) == (before["crm.won"].value + 520, ())


def test_another_currency_and_a_missing_date_are_left_out_with_a_reason(shopped: SimpleNamespace) -> None:
    for ident, values in (("x-1", {"currency": "EUR", "ordered_on": "2026-11-20"}), ("x-2", {"currency": "CNY"})):
        shop.put("order", ident, key=ident, customer_key="K100", state="confirmed", amount="10.00", **values)
    services.take_records(connection="erp", kind="order", external_ids=["x-1", "x-2"], now=NOW)
    add_up()
    found = read(shopped.admin, "erp.orders_taken")
    assert found.value == Decimal(343800)
    assert [(one.reason, one.count, one.amount, one.url) for one in found.excluded] == [("currency", 1, 10, ""), ("no_date", 1, 10, "")]


BOUGHT = {"state": "open", "supplier_key": "S1", "amount": "5", "currency": "CNY"}
MISSED = [
    ("erp.shipping_late", "shipment", {"state": "packed", "planned_on": "2026-11-20"},
     {"state": "done", "planned_on": "2026-11-19", "shipped_at": "2026-11-19T02:00:00+00:00"}),
    ("erp.production_late", "production", {"state": "running", "planned_on": "2026-11-20", "quantity": "3", "sku": "PU"},
     {"state": "done", "planned_on": "2026-11-19", "done_on": "2026-11-19", "quantity": "3", "sku": "PU"}),
    ("erp.supply_late", "purchase_order", {**BOUGHT, "planned_on": "2026-11-20"}, {**BOUGHT, "planned_on": "2026-11-19", "received_on": "2026-11-19"}),
]  # fmt: skip


@pytest.mark.req("E8")
@pytest.mark.parametrize(("key", "kind", "late", "fine"), MISSED, ids=[row[0] for row in MISSED])
def test_behind_what_is_late_stands_what_is_late(shopped: SimpleNamespace, key: str, kind: str, late: dict[str, Any], fine: dict[str, Any]) -> None:
    resource = f"erp.{kind}"
    grant(shopped.ana, ("all", {"*": "read"}), resource=resource)
    for ident, values in (("late-1", late), ("fine-1", fine), ("fine-2", fine)):
        shop.put(kind, ident, key=ident, **values)
    services.take_records(connection="erp", kind=kind, external_ids=["late-1", "fine-1", "fine-2"], now=NOW)
    add_up()
    found, page = read(shopped.ana, key), selectors.rows(shopped.ana, key, period=PERIOD, filters=Filters(), now=NOW)
    assert (found.state, found.value, page.total) == ("ok", Decimal(1), 1)
    assert [(row.title, row.hit, row.value) for row in page.rows] == [("late-1", False, Decimal(1))]


@pytest.mark.req("E8")
def test_behind_overdue_approvals_stand_those_that_wait(cast: SimpleNamespace, travel: Any) -> None:
    travel(NOW)
    for number, person in enumerate((cast.ana, cast.boss, cast.fin)):
        for hit in (True, False):
            drafts = [Draft("task.due", NOW.date(), part="t", hit=hit, owner=person.pk)]
            services.keep(subject=f"oa:case:{uuid.UUID(int=10 * number + hit)}", drafts=drafts, now=NOW)
    add_up()
    page = selectors.rows(cast.admin, "oa.overdue", period=PERIOD, filters=Filters(), now=NOW)
    assert (read(cast.admin, "oa.overdue").value, page.total, {row.hit for row in page.rows}) == (Decimal(3), 3, {False})


@pytest.mark.req("E8")
def test_an_order_of_two_product_lines_is_one_of_the_orders_counted(shopped: SimpleNamespace) -> None:
    for sku, line in (("PU", "Pumps"), ("SP", "Spares")):
        shop.put("product", f"p-{sku}", key=sku, name=sku, product_line=line)
    shop.put("order", "o-8", key="SO-8", customer_key="K100", state="confirmed", amount="1000", currency="CNY", ordered_on="2026-11-22",
             lines=[{"sku": sku, "quantity": 1, "unit_price": amount, "amount": amount} for sku, amount in (("PU", 900), ("SP", 100))])
    services.take_records(connection="erp", kind="order", external_ids=["o-8"], now=NOW)
    add_up()
    page = selectors.rows(shopped.admin, "erp.order_count", period=PERIOD, filters=Filters(), now=NOW)
    assert (read(shopped.admin, "erp.order_count").value, page.total) == (Decimal(5), 5)
    assert [row.value for row in page.rows] == [Decimal(1)] * 5


def test_events_of_records_reach_the_board_through_jobs(shopped: SimpleNamespace, run_jobs: Any) -> None:
    record = {"external_id": "o-7", "kind": "order", "key": "SO-7", "customer_key": "K100", "state": "confirmed", "amount": "1000", "currency": "CNY",
              "ordered_on": "2026-11-22"}  # fmt: skip
    data = {"system": "erp", "connection": "erp", "kind": "order", "records": [record], "as_of": NOW.isoformat()}
    taking.take_loaded(data=data, now=NOW)  # a first load: nobody announces the single record
    run_jobs(now=NOW + dt.timedelta(seconds=1))
    assert read(shopped.admin, "erp.orders_taken").value == Decimal(344800)
    taking.take_gone(data={**data, "external_id": "o-7", "as_of": (NOW + dt.timedelta(hours=1)).isoformat()}, now=NOW + dt.timedelta(hours=1))
    run_jobs(now=NOW + dt.timedelta(hours=1, seconds=1))
    assert read(shopped.admin, "erp.orders_taken").value == Decimal(343800)


def test_a_customer_that_moves_takes_its_figures_along(shopped: SimpleNamespace) -> None:
    def parts(by: str) -> dict[str, Decimal]:
        return {part.label: part.value for part in read(shopped.admin, by).breakdown}

    assert parts("erp.shipped") == {"Suzhou": Decimal(1)}
    customer = {"key": "K103", "name": "Jinsha Chemical", "city": "Wuhan", "owner_email": shopped.ana.email}
    shop.put("customer", "c-3", now=NOW + dt.timedelta(minutes=1), **customer)
    services.take_records(connection="crm", kind="customer", external_ids=["c-3"], now=NOW + dt.timedelta(minutes=1))
    add_up()
    assert parts("erp.shipped") == {"Wuhan": Decimal(1)}
    assert services.reconcile() == []


def _decided(people: dict[Any, int], now: dt.datetime = NOW) -> None:
    for person, count in people.items():
        drafts = [
            Draft("task.decided", now.date(), part=str(index), value=200, bucket=kpis.bucket_of(200), owner=person.pk, department=person.org_unit_id)
            for index in range(count)
        ]
        services.keep(subject=f"oa:case:{person.pk}", drafts=drafts, now=now)
    add_up()


def test_figures_about_fewer_than_three_people_are_not_shown(cast: SimpleNamespace, travel: Any, clock: dt.datetime) -> None:
    travel(clock)
    _decided({cast.ana: 4, cast.boss: 2})
    found = read(cast.admin, "oa.approval_time")
    assert (found.state, found.value, found.series, found.breakdown) == ("suppressed", None, (), ())
    assert found.why == ("Fewer than 3 people stand behind this figure, so it is not shown.",)
    assert selectors.rows(cast.admin, "oa.approval_time", period=PERIOD, filters=Filters(), now=NOW).rows == ()
    _decided({cast.ana: 4, cast.boss: 2, cast.fin: 1})
    found = read(cast.admin, "oa.approval_time")
    assert found.state == "ok"
    assert found.value is not None
    # both departments are small; neither is shown, so neither can be worked out from the whole
    assert [(part.label, part.value, part.suppressed) for part in found.breakdown] == [("Finance", None, True), ("Sales", None, True)]
    grant(cast.eve, ("own", {}), resource="insight.flow")
    _decided({cast.eve: 1})
    assert read(cast.eve, "oa.approval_time").state == "ok"  # about the viewer alone


def test_a_changed_formula_keeps_the_old_series_in_sight(shopped: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(shopped.admin, "erp.orders_taken")

    class Newer(type(KPIS["erp.orders_taken"])):  # type: ignore[misc]
        version, since, former = 2, dt.date(2026, 11, 1), type(KPIS["erp.orders_taken"])
        stream, formula = "order.open", "Only open ones."

    services.register_formulas(now=NOW)
    monkeypatch.setitem(KPIS, "erp.orders_taken", Newer())
    assert services.register_formulas(now=NOW) == 1
    assert services.register_formulas(now=NOW) == 0
    found = read(shopped.admin, "erp.orders_taken")
    assert (found.version, found.formula) == (2, "Only open ones.")
    assert [(one.version, one.until, one.series) for one in found.old] == [(1, dt.date(2026, 11, 1), before.series)]
    assert list(KpiVersion.objects.filter(key="erp.orders_taken").order_by("version").values_list("version", "since")) == [
        (1, NOW.date()), (2, dt.date(2026, 11, 1))]  # fmt: skip


def test_a_source_older_than_promised_is_said(shopped: SimpleNamespace) -> None:
    assert not read(shopped.admin, "erp.orders_taken").stale
    late = NOW + dt.timedelta(minutes=16)
    found = read(shopped.admin, "erp.orders_taken", now=late)
    assert found.stale
    assert found.as_of == {"erp": NOW}


def test_filters_that_mean_nothing_are_named_and_the_others_count(shopped: SimpleNamespace) -> None:
    sales = shopped.ana.org_unit_id
    found = read(shopped.admin, "erp.orders_taken", filters=Filters(department=sales, region="Hangzhou"))
    assert (found.value, found.ignores) == (Decimal(106200), ())
    found = read(shopped.admin, "erp.stock_short", filters=Filters(department=sales, region="Hangzhou"))
    assert (found.value, found.ignores) == (Decimal(3), ("department", "region"))
    assert read(shopped.admin, "erp.orders_taken", filters=Filters(department=shopped.fin.org_unit_id)).state == "empty"
    assert read(shopped.admin, "erp.orders_taken", filters=Filters(region="Hangzhou")).value == Decimal(106200)


def test_targets_are_set_by_those_who_may_and_shown_with_the_figure(shopped: SimpleNamespace) -> None:
    sales = shopped.boss.org_unit_id
    services.set_target(person=shopped.boss, key="erp.orders_taken", period=PERIOD, value=Decimal(400000), now=NOW)
    services.set_target(person=shopped.boss, key="erp.orders_taken", period=PERIOD, value=Decimal(450000), now=NOW)
    services.set_target(person=shopped.boss, key="erp.orders_taken", period=PERIOD, department=sales, value=Decimal(300000), now=NOW)
    assert read(shopped.admin, "erp.orders_taken").target == 450000
    assert read(shopped.admin, "erp.orders_taken", filters=Filters(department=sales)).target == 300000
    with pytest.raises(NotPermitted):
        services.set_target(person=shopped.fin, key="erp.orders_taken", period=PERIOD, value=Decimal(1), now=NOW)
    with pytest.raises(NotPermitted):
        services.clear_target(person=shopped.fin, key="erp.orders_taken", period=PERIOD, now=NOW)
    with pytest.raises(InvalidInput):
        services.set_target(person=shopped.boss, key="crm.win_rate", period=PERIOD, value=Decimal(101), now=NOW)
    assert Target.objects.filter(replaced_at=None).count() == 2
    assert Target.objects.count() == 3  # what it was before stays, ended
    assert services.clear_target(person=shopped.boss, key="erp.orders_taken", period=PERIOD, now=NOW)
    assert read(shopped.admin, "erp.orders_taken").target is None


def test_notes_are_written_by_those_who_see_the_figure(shopped: SimpleNamespace) -> None:
    row = services.add_note(person=shopped.fin, key="erp.orders_taken", period=PERIOD, text=" The Delta order slipped. ", now=NOW)
    with pytest.raises(NotPermitted):
        services.add_note(person=shopped.ana, key="erp.orders_taken", period=PERIOD, text="No right to notes", now=NOW)
    with pytest.raises(NotPermitted):
        services.add_note(person=shopped.boss, key="erp.invoiced", period=PERIOD, text="No right to the figure", now=NOW)
    assert Note.objects.count() == 1
    found = read(shopped.boss, "erp.orders_taken").notes
    assert [(note.text, note.author, note.mine) for note in found] == [("The Delta order slipped.", "He Jing", False)]
    later = NOW + dt.timedelta(hours=1)
    services.remove_note(person=shopped.fin, note_id=row.pk, now=later)
    assert read(shopped.boss, "erp.orders_taken").notes == ()
    assert len(read(shopped.boss, "erp.orders_taken", as_shown=NOW).notes) == 1
