"""The measures of the value meter: what each counts, against what was frozen and against departments that are not live yet."""

from __future__ import annotations

import datetime as dt
import json
import random
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from apps.audit import selectors as audit
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.insight import selectors, services
from apps.insight.models import Baseline, Fact, LiveDepartment, Sight
from apps.insight.policies import facts as policies
from apps.insight.policies import meter
from apps.insight.policies.facts import Draft
from apps.workflows.models import InstanceEvent, ProcessDefinition, ProcessInstance
from apps.workflows.registry import AGREEMENTS, Agreement, AgreementRow
from tests.conftest import NOW
from tests.support import shop

TODAY = NOW.date()
AGO = dt.timedelta(days=200)


def put_values(stream: str, values: list[int], *, day: dt.date = TODAY, owner: Any = None, tag: str = "") -> None:
    drafts = [Draft(stream, day, part=str(n), value=value, hit=bool(value), owner=owner.pk if owner else None, department=owner.org_unit_id if owner else None)
              for n, value in enumerate(values)]  # fmt: skip
    services.keep(subject=f"oa:case:{uuid.uuid5(uuid.NAMESPACE_OID, f'{stream}{day}{tag}')}", drafts=drafts, now=NOW)


def gauge(person: Any, key: str) -> Any:
    return selectors.gauge(person, key, now=NOW)


# --- the comparison ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("V4", "V5", "V8")
@pytest.mark.parametrize("statistic", ["p95", "mean", "share"])
def test_the_true_change_lies_in_the_interval_in_95_of_100_samples(statistic: Any) -> None:
    inside = 0
    for seed in range(100):
        rng = random.Random(seed)
        if statistic == "share":
            before, after = ([meter.WHOLE * (rng.random() < rate) for _one in range(200)] for rate in (0.6, 0.9))
            true = 30.0
        else:
            before, after = ([round(100 * scale * rng.expovariate(1)) + 1 for _one in range(300)] for scale in (10, 5))
            true = -50.0
        found = meter.compare(before, after, statistic=statistic, better="up" if statistic == "share" else "down")
        inside += found.low <= true <= found.high
        assert found.verdict in ("proven", "not_yet")
    assert inside >= 95


@pytest.mark.req("V8")
@pytest.mark.parametrize(
    ("before", "after", "better", "verdict"),
    [(0.5, 0.95, "up", "proven"), (0.95, 0.5, "up", "worse"), (0.5, 0.1, "down", "proven"), (0.8, 0.82, "up", "not_yet"), (1.0, 1.0, "up", "not_yet")],
)
def test_shares_change_by_points_toward_their_better_side(before: float, after: float, better: str, verdict: str) -> None:
    samples = [[meter.WHOLE] * round(100 * rate) + [0] * round(100 * (1 - rate)) for rate in (before, after)]
    found = meter.compare(*samples, statistic="share", better=better)
    assert found.verdict == verdict
    assert found.change == pytest.approx(100 * (after - before))


def test_twenty_of_twenty_is_not_taken_for_certainty() -> None:
    found = meter.compare([meter.WHOLE] * 19 + [0], [meter.WHOLE] * 20, statistic="share", better="up")
    assert found.verdict == "not_yet"
    assert found.low < 0 < found.high


@pytest.mark.parametrize(
    ("target", "better", "change", "reached"),
    [(-30, "down", -31.0, True), (-30, "down", -29.0, False), (None, "down", -1.0, True), (20, "up", 21.0, True), (20, "up", 19.0, False)],
)
def test_what_was_promised(target: int | None, better: Any, change: float, reached: bool) -> None:
    one = meter.Measure("x", "", "", "hours", "s", "k", target, better=better)
    assert meter.reached(one, meter.Comparison(change, change - 1, change + 1, "proven")) is reached
    assert meter.reached(one, meter.Comparison(change, change - 1, change + 1, "not_yet")) is False


# --- what is counted -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("V1")
def test_an_order_counts_from_the_winning_of_its_deal_to_its_delivery_note(cast: SimpleNamespace, travel: Any) -> None:
    travel(NOW)
    shop.connect(NOW)
    won, left = dt.datetime(2026, 11, 19, 8, tzinfo=dt.UTC), dt.datetime(2026, 11, 23, 1, tzinfo=dt.UTC)  # Thursday 16:00, Monday 9:00
    shop.put("deal", "d-9", name="Pumps", stage_kind="won", stage_changed_at=won, amount=9, currency="CNY", owner_email=cast.ana.email)
    shop.put("order", "o-9", key="SO-9", customer_key="K1", state="done", amount=9, currency="CNY", reference="d-9", ordered_on="2026-11-20")
    shop.put("shipment", "s-9", key="DN-9", order_ids=["o-9"], customer_key="K1", state="done", shipped_at=left)
    services.take_all(now=NOW)
    # Thursday 16 to 18, Friday 8 hours, Monday 8:30 to 9:00
    assert list(Fact.objects.filter(stream="shipment.cycle", replaced_at=None).values_list("value", "day")) == [(1050, dt.date(2026, 11, 23))]


def test_without_a_deal_the_entry_counts_and_without_an_hour_the_beginning_of_the_day() -> None:
    from apps.core import worktime

    made = "2026-11-20T03:00:00+00:00"
    calendar = worktime.company()
    assert policies.begun_at({"created_at": made}, {"stage_kind": "open", "stage_changed_at": "2026-11-01T00:00:00+00:00"}, calendar) == \
        dt.datetime.fromisoformat(made)
    assert policies.begun_at({"ordered_on": "2026-11-20"}, None, calendar) == dt.datetime(2026, 11, 20, 0, 30, tzinfo=dt.UTC)
    assert policies.begun_at({}, None, calendar) is None


def a_case(cast: SimpleNamespace, *, process: str = "tried", ended_at: dt.datetime = NOW, state: str = "COMPLETED") -> ProcessInstance:
    definition, _made = ProcessDefinition.objects.get_or_create(key=process, version=1, defaults={
        "name": "Tried", "bpmn_xml": "", "compiled": {}, "checksum": "", "created_at": NOW, "updated_at": NOW})
    return ProcessInstance.objects.create(
        definition=definition, process_key=process, business_key=f"{process}:{uuid.uuid4()}", title="Case", state=state, starter=cast.ana,
        created_at=NOW - dt.timedelta(days=3), updated_at=NOW, ended_at=ended_at)


@pytest.mark.req("V3")
def test_touches_and_switches_are_read_from_the_timeline(cast: SimpleNamespace) -> None:
    case = a_case(cast)
    lines = [("instance.started", "crm", cast.ana), ("step.completed", "erp", None), ("task.decided", "", cast.boss), ("task.completed", "", cast.boss),
             ("message.received", "erp", None), ("business.shipped", "erp", None), ("step.skipped", "erp", cast.admin), ("instance.ended", "", None)]
    for kind, system, actor in lines:
        InstanceEvent.objects.create(instance=case, kind=kind, system=system, actor=actor, at=NOW)
    services.take_case(instance_id=case.pk, now=NOW)
    found = dict(Fact.objects.filter(subject=f"oa:case:{case.pk}", replaced_at=None).values_list("stream", "value"))
    # the deal won in the CRM, the decision here, the delivery in the ERP, a step skipped here
    assert (found["case.touches"], found["case.switches"]) == (400, 300)


@pytest.mark.req("V5")
def test_a_claim_counts_from_its_approval_to_its_voucher_and_without_one_there_is_no_data(cast: SimpleNamespace) -> None:
    assert gauge(cast.admin, "claim_voucher").verdict == "no_data"
    from apps.workflows.models import Task

    case = a_case(cast)
    Task.objects.create(instance=case, token="t", node="approve", name="Approve", state="COMPLETED", outcome="APPROVED", decided_by=cast.boss,
                        decided_at=NOW - dt.timedelta(hours=5), created_at=NOW, updated_at=NOW)
    services.take_case(instance_id=case.pk, now=NOW)
    assert not Fact.objects.filter(stream="claim.voucher").exists()
    InstanceEvent.objects.create(instance=case, kind="business.voucher", system="erp", at=NOW - dt.timedelta(hours=1))
    services.take_case(instance_id=case.pk, now=NOW)
    assert Fact.objects.get(stream="claim.voucher", replaced_at=None).value == 400
    assert (gauge(cast.admin, "claim_voucher").now, gauge(cast.admin, "claim_voucher").verdict) == (4, "no_baseline")


@pytest.mark.req("V4", "V8")
def test_a_loop_is_closed_when_all_systems_agree_a_day_after_its_end_at_the_latest(cast: SimpleNamespace, monkeypatch: Any) -> None:
    says: dict[str, str] = {"crm": "10", "erp": ""}

    def compared(_instance: Any, _now: dt.datetime) -> Agreement:
        known = {value for value in says.values() if value}
        return Agreement((AgreementRow("Amount", dict(says), len(known) <= 1), AgreementRow("Contract", {"crm": "H", "oa": "H"}, True),
                          AgreementRow("Shipped", {"crm": "x", "erp": ""}, True)))

    monkeypatch.setitem(AGREEMENTS, "tried", compared)
    case = a_case(cast, ended_at=NOW - dt.timedelta(hours=2))
    services.take_case(instance_id=case.pk, now=NOW)

    def judged() -> dict[tuple[str, str], bool]:
        rows = Fact.objects.filter(stream__in=policies.JUDGED, replaced_at=None)
        return {(stream, part): hit for stream, part, hit in rows.values_list("stream", "part", "hit")}

    assert judged() == {("case.agreed", ""): True, ("case.field", "Contract"): False}  # what one system alone says is no comparison
    says["erp"] = "12"  # the ERP tells late
    services.judge_ended(now=NOW + dt.timedelta(minutes=10))
    assert judged() == {("case.agreed", ""): False, ("case.field", "Amount"): True, ("case.field", "Contract"): False}
    says["erp"] = "10"  # put right within the day
    services.judge_ended(now=NOW + dt.timedelta(hours=3))
    assert judged()[("case.agreed", "")] is True
    says["erp"] = "99"  # later the answer stays
    services.judge_ended(now=NOW + dt.timedelta(days=2))
    services.take_case(instance_id=case.pk, now=NOW + dt.timedelta(days=2))
    assert judged()[("case.agreed", "")] is True
    found = gauge(cast.admin, "mismatch")
    assert [(part.label, part.value, part.count) for part in found.parts] == [("Amount", 0, 1), ("Contract", 0, 1)]
    assert gauge(cast.admin, "closed_loop").now == 100


@pytest.mark.parametrize("state", ["WITHDRAWN", "CANCELLED"])
def test_a_case_that_was_given_up_closes_no_loop(cast: SimpleNamespace, monkeypatch: Any, state: str) -> None:
    monkeypatch.setitem(AGREEMENTS, "tried", lambda _i, _n: Agreement((AgreementRow("Amount", {"crm": "1", "erp": "1"}, True),)))
    case = a_case(cast, state=state)
    services.take_case(instance_id=case.pk, now=NOW)
    assert not Fact.objects.filter(stream__in=(*policies.JUDGED, "case.touches")).exists()


@pytest.mark.req("V5")
def test_a_status_that_was_on_its_way_counts_once_for_each_change(cast: SimpleNamespace, run_jobs: Any, clock: Any, travel: Any) -> None:
    from apps.jobs import services as jobs
    from apps.records.events import RECORD_CHANGED

    travel(clock)
    shop.put("shipment", "s-1", key="DN-1", state="packed", customer_key="K1")
    data = {"system": "erp", "connection": "erp", "kind": "shipment", "external_id": "s-1", "key": "DN-1", "state": "packed", "previous_state": "picked",
            "as_of": (NOW - dt.timedelta(seconds=3)).isoformat(), "transition": "packed", "event_id": "e1", "live": True, "origin": "", "echo": False,
            "occurred_at": (NOW - dt.timedelta(seconds=10)).isoformat()}
    for change in ({}, {"event_id": "e1 again"}, {"live": False, "state": "done"}, {"occurred_at": None, "state": "done"}, {"kind": "order"}):
        jobs.publish(event=RECORD_CHANGED, data={**data, **change}, now=NOW)
    run_jobs()
    assert [fact.value for fact in Fact.objects.filter(stream="shipment.lag")] == [700]
    services.take_all(now=NOW)  # a delivery that is read again keeps what happened
    assert Fact.objects.filter(stream="shipment.lag", replaced_at=None).count() == 1
    page = selectors.meter_rows(cast.admin, "shipping_lag", now=NOW)
    assert [(str(row.title), row.value, row.url) for row in page.rows] == [("DN-1", 7, "/shipments/s-1/")]


@pytest.mark.req("V4")
def test_the_age_of_data_is_kept_when_a_person_looks_and_not_who_it_was(shopped: SimpleNamespace, as_: Any, clock: Any) -> None:
    from apps.integrations.models import Connection

    Connection.objects.filter(key="erp").update(last_ok_at=clock - dt.timedelta(seconds=240), feed_read_at=clock - dt.timedelta(seconds=240))
    client = as_(shopped.boss)
    client.get("/board/figures/erp.orders_taken/")
    client.get("/board/figures/erp.orders_taken/", headers={"HX-Request": "true"})  # the page reads itself again
    client.get("/board/figures/oa.decisions/")
    client.get("/board/figures/erp.invoiced/")  # not for him
    assert [(one.kpi, one.seconds, one.department) for one in Sight.objects.all()] == [("erp.orders_taken", 240, shopped.boss.org_unit_id)]
    assert {field.name for field in Sight._meta.get_fields()} == {"id", "kpi", "day", "seconds", "department"}
    found = gauge(shopped.admin, "data_age")
    assert (found.now, [(part.label, part.count) for part in found.parts]) == (240, [("Orders taken", 1)])
    services.forget_sights(now=clock + dt.timedelta(days=500))
    assert not Sight.objects.exists()


# --- before, now, and departments that are not live ----------------------------------------------------------------------------------------


@pytest.mark.req("V1", "V8")
def test_live_departments_are_compared_with_those_not_yet_live(cast: SimpleNamespace) -> None:
    rng = random.Random(3)
    sales, finance = cast.ana.org_unit_id, cast.fin.org_unit_id
    put_values("shipment.cycle", [round(3000 * rng.lognormvariate(0, 0.3)) for _n in range(60)], owner=cast.ana, day=TODAY - dt.timedelta(days=20), tag="old")
    put_values("shipment.cycle", [round(1000 * rng.lognormvariate(0, 0.3)) for _n in range(40)], owner=cast.ana)
    put_values("shipment.cycle", [round(3000 * rng.lognormvariate(0, 0.3)) for _n in range(40)], owner=cast.fin, tag="finance")
    assert gauge(cast.admin, "order_hours").control is None
    assert gauge(cast.admin, "order_hours").now_count == 140  # nobody named: everybody is live
    services.set_live(person=cast.admin, department=sales, live_from=TODAY - dt.timedelta(days=5), now=NOW)
    found = gauge(cast.admin, "order_hours")
    assert (found.now_count, found.control.count) == (40, 100)
    # that one department takes a third of the time of another proves nothing: nobody knows how it was before
    assert (found.control.verdict, found.control.change, found.control.before) == ("no_baseline", None, None)
    assert "Finance" in found.control.names
    rows = selectors.meter_rows(cast.admin, "order_hours", side="control", now=NOW)
    assert rows.total == 100
    root = next(one.id for one in selectors.departments() if one.depth == 0)
    services.set_live(person=cast.admin, department=root, live_from=TODAY - dt.timedelta(days=100), now=NOW)
    days = {one.id: (one.live_from, one.inherited) for one in selectors.departments()}
    assert days[finance] == (TODAY - dt.timedelta(days=100), True)  # from above
    assert days[sales] == (TODAY - dt.timedelta(days=5), False)  # its own day stays
    assert gauge(cast.admin, "order_hours").now_count == 80


@pytest.mark.req("V1")
def test_who_may_say_which_departments_are_live(cast: SimpleNamespace) -> None:
    unit = cast.ana.org_unit_id
    for person in (cast.ana, cast.fin, cast.guest):
        with pytest.raises(NotPermitted):
            services.set_live(person=person, department=unit, live_from=TODAY, now=NOW)
    with pytest.raises(NotFound):
        services.set_live(person=cast.admin, department=uuid.uuid4(), live_from=TODAY, now=NOW)
    with pytest.raises(InvalidInput):
        services.set_live(person=cast.admin, department=unit, live_from=dt.date(1, 1, 1), now=NOW)
    assert not LiveDepartment.objects.filter(replaced_at=None).exists()
    assert not list(audit.entries(action="insight.department.live"))
    services.set_live(person=cast.admin, department=unit, live_from=TODAY, now=NOW)
    services.set_live(person=cast.admin, department=unit, live_from=TODAY, now=NOW)  # nothing new, nothing written
    services.set_live(person=cast.admin, department=unit, live_from=None, now=NOW)
    assert [entry.data["after"] for entry in audit.entries(action="insight.department.live")] == ["", str(TODAY)]
    assert not LiveDepartment.objects.filter(replaced_at=None).exists()


@pytest.mark.req("V4")
def test_a_baseline_of_many_values_keeps_their_order_and_ends(cast: SimpleNamespace, monkeypatch: Any) -> None:
    from apps.insight.services import meter as service

    monkeypatch.setattr(service, "LARGEST", 11)
    put_values("case.touches", [100 * n for n in range(101)], day=TODAY - AGO, owner=cast.ana)
    row = services.freeze_baseline(person=cast.admin, key="touches", first_day=TODAY - AGO, last_day=TODAY - AGO, now=NOW)
    assert row.sample == [1000 * n for n in range(11)]


# --- pages and REST ------------------------------------------------------------------------------------------------------------------------


def send(client: Any, method: str, path: str, data: Any = None) -> Any:
    return getattr(client, method)(path, json.dumps(data), content_type="application/json")


@pytest.mark.req("V1", "V3", "V4", "V5", "V8")
def test_the_pages_say_what_is_proven_and_lead_to_the_cases(cast: SimpleNamespace, as_: Any, travel: Any, clock: Any) -> None:
    travel(clock)
    put_values("case.touches", [100 * (8 + n % 3) for n in range(60)], day=TODAY - AGO, owner=cast.ana)
    put_values("case.touches", [100 * (3 + n % 2) for n in range(60)], owner=cast.ana)
    client = as_(cast.admin)
    page = client.get("/board/meter/touches/").content.decode()
    assert "not yet proven" in page
    assert 'action="/board/meter/touches/freeze/"' in page
    days = {"first_day": str(TODAY - AGO), "last_day": str(TODAY - AGO)}
    assert client.post("/board/meter/touches/freeze/", {**days, "last_day": "soon"}).status_code == 302
    assert not Baseline.objects.exists()
    assert client.post("/board/meter/touches/freeze/", days)["Location"] == "/board/meter/touches/"
    page = client.get("/board/meter/touches/").content.decode()
    assert "−61%" in page
    assert 'action="/board/meter/touches/freeze/"' not in page
    overview = client.get("/board/meter/").content.decode()
    assert overview.count('href="/board/meter/') == 12  # eleven measures, who is live
    assert "no data" in overview
    assert "no number was promised" in overview
    assert client.get("/board/meter/nothing/").status_code == 404
    refused = as_(cast.boss).get("/board/meter/touches/")
    assert (refused.status_code, "This measure is made of data that is not for your role" in refused.content.decode()) == (200, True)
    assert as_(cast.ana).get("/board/meter/").status_code == 403
    assert as_(cast.fin).get("/board/meter/departments/").status_code == 403


@pytest.mark.req("V1", "V8")
def test_everything_of_the_meter_goes_by_rest(cast: SimpleNamespace, as_: Any, travel: Any, clock: Any) -> None:
    travel(clock)
    put_values("case.agreed", [meter.WHOLE] * 3 + [0], owner=cast.ana)
    client, unit = as_(cast.admin), cast.ana.org_unit_id
    found = {one["key"]: one for one in client.get("/api/v1/value-meter").json()}
    assert len(found) == 11
    loop = found["closed_loop"]
    assert (loop["now"], loop["now_count"], loop["better"], loop["in_points"], loop["target"], loop["control"]) == ("75.00", 4, "up", True, None, None)
    rows = client.get("/api/v1/value-meter/closed_loop/rows?size=3").json()
    assert (rows["total"], len(rows["rows"]), rows["state"]) == (4, 3, "ok")
    rest = client.get(f"/api/v1/value-meter/closed_loop/rows?size=3&after={rows['after']}").json()
    assert (len(rest["rows"]), rest["after"]) == (1, "")
    path = f"/api/v1/value-meter/departments/{unit}"
    assert send(as_(cast.fin), "put", path, {"live_from": "2026-11-01"}).status_code == 403
    assert as_(cast.fin).get("/api/v1/value-meter/departments").status_code == 403
    assert not LiveDepartment.objects.filter(replaced_at=None).exists()
    put = send(client, "put", path, {"live_from": "2026-11-01"})
    assert [one["live_from"] for one in put.json() if one["id"] == str(unit)] == ["2026-11-01"]
    assert send(client, "put", path, {"live_from": "soon"}).status_code == 422
    assert client.delete(path).status_code == 204
    assert not LiveDepartment.objects.filter(replaced_at=None).exists()
    assert client.get("/api/v1/value-meter/nothing/rows").status_code == 404
    assert client.get("/api/v1/value-meter?department=x").status_code == 422
    assert as_(cast.boss).get("/api/v1/value-meter/closed_loop/rows").json()["state"] == "forbidden"
