"""Measures of the value meter on boards: built, shown, taken out as files, printed and read again, under the rights of the meter's own page."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string

from apps.core.errors import InvalidInput
from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.models import Board, LiveDepartment, Print
from apps.insight.payloads import Filters
from apps.insight.policies import boards as policies
from apps.insight.policies import periods
from apps.insight.selectors import boards, prints
from apps.insight.services import boards as arranging
from apps.insight.services import exporting
from tests.conftest import NOW
from tests.insight.test_measures import put_values

TODAY = NOW.date()
MONTH = periods.period("month", today=TODAY)
LATER = NOW + dt.timedelta(days=2)
KEY = "meter.order_hours"
ITEM = {"key": "t1", "kpis": [KEY], "look": "meter", "title": "", "x": 0, "y": 0, "w": 6, "h": 2}


@pytest.fixture
def measured(cast: SimpleNamespace, travel: Any) -> SimpleNamespace:
    """Forty hours before, twenty-four now, in a department that is live; in another one, which is not, forty before and now."""
    travel(NOW)
    rng = random.Random(8)
    for values, day, owner in ((40, TODAY - dt.timedelta(days=200), cast.ana), (24, TODAY - dt.timedelta(days=3), cast.ana),
                               (40, TODAY - dt.timedelta(days=200), cast.fin), (40, TODAY - dt.timedelta(days=3), cast.fin)):
        put_values("shipment.cycle", [round(100 * values * rng.lognormvariate(0, 0.3)) for _n in range(60)], day=day, owner=owner, tag=owner.login)
    then = NOW - dt.timedelta(days=2)
    services.freeze_baseline(person=cast.admin, key="order_hours", first_day=TODAY - dt.timedelta(days=210), last_day=TODAY - dt.timedelta(days=190), now=then)
    services.set_live(person=cast.admin, department=cast.ana.org_unit_id, live_from=TODAY - dt.timedelta(days=80), now=then)
    from apps.insight.services.organisation import keep_units

    keep_units(now=then)
    cast.board = arranging.make_board(person=cast.admin, name="Worth", items=[ITEM], now=then)
    return cast


def tile(person: Any, key: str = KEY, **asked: Any) -> Any:
    given = {"period": MONTH, "filters": Filters(), "now": NOW, **asked}
    return boards.shown(person, policies.tiles_of([{**ITEM, "kpis": [key]}]), **given)[0]


@pytest.mark.req("V1", "I3")
@pytest.mark.parametrize(
    ("change", "problems"),
    [({}, []), ({"kpis": [KEY, "meter.touches"]}, ["measure"]), ({"kpis": [KEY, "erp.invoiced"]}, ["measure"]), ({"look": "figure"}, ["measure"]),
     ({"kpis": ["erp.invoiced"]}, ["look"]), ({"kpis": ["meter.nothing"]}, ["kpi"]), ({"cut": {"by": "month"}}, ["cut"])],
    ids=["one alone", "two", "with a figure", "as a figure", "a figure as a measure", "unknown", "divided"],
)  # fmt: skip
def test_a_measure_stands_alone_and_undivided(change: dict[str, Any], problems: list[str]) -> None:
    assert policies.problems([{**ITEM, **change}], KPIS) == problems


@pytest.mark.req("V1", "I3")
def test_the_tile_says_what_the_meter_says(measured: SimpleNamespace) -> None:
    view, gauge = tile(measured.admin), selectors.gauge(measured.admin, "order_hours", now=NOW)
    assert (view.title, view.state, view.reading.gauge) == ("From order to delivery note", "ok", gauge)
    assert (gauge.verdict, gauge.before_count, gauge.now_count, gauge.control.count) == ("proven", 60, 60, 60)
    assert (gauge.control.verdict, gauge.control.before_count) == ("proven", 60)
    assert (view.reading.value, view.reading.former, view.reading.rows) == (gauge.now, gauge.before, 60)
    filtered = tile(measured.admin, filters=Filters(department=measured.ana.org_unit_id, region="Hangzhou"))
    assert (filtered.reading.gauge.verdict, filtered.reading.ignores) == ("no_baseline", ("region",))


@pytest.mark.req("V1", "N2")
def test_the_rights_are_those_of_the_meter(measured: SimpleNamespace, as_: Any) -> None:
    found = {(person.login, key): (tile(person, f"meter.{key}").state == "forbidden", selectors.gauge(person, key, now=NOW).verdict == "forbidden")
             for person in (measured.boss, measured.fin, measured.admin) for key in ("order_hours", "touches", "first_response")}  # fmt: skip
    assert all(on_board is on_meter for on_board, on_meter in found.values())
    assert {True, False} == {on_board for on_board, _on_meter in found.values()}
    reading = tile(measured.boss, "meter.touches").reading
    arranging.add_tile(person=measured.admin, board_id=measured.board.pk, kpis=["meter.touches"], look="meter", now=NOW)
    arranging.share(person=measured.admin, board_id=measured.board.pk, roles=["sales_manager"], now=NOW)
    page = as_(measured.boss).get(f"/board/b/{measured.board.pk}/").content.decode()
    assert (reading.state, reading.value, "Not for your role" in page) == ("forbidden", None, True)
    built = as_(measured.boss).get("/board/new/?kpi=meter.touches").content.decode()
    assert ('value="meter.touches"' in built, f'value="{KEY}"' in built) == (False, True)


@pytest.mark.req("V1", "I3")
def test_it_is_built_by_clicking_and_stands_on_the_page(measured: SimpleNamespace, as_: Any) -> None:
    client = as_(measured.admin)
    built = client.get(f"/board/new/?kpi={KEY}&kpi=erp.invoiced&by=region").content.decode()
    assert "A measure of the value meter stands alone" in built
    assert '<input type="hidden" name="look" value="meter">' in built
    ident = measured.board.pk
    assert client.post("/board/add/", {"kpi": ["meter.touches"], "look": "bars", "board": ident})["Location"] == "/board/new/?kpi=meter.touches&look=bars"
    assert len(Board.objects.get().tiles) == 1
    assert client.post("/board/add/", {"kpi": ["meter.touches"], "look": "meter", "board": ident})["Location"] == f"/board/b/{ident}/#tiles"
    page = client.get(f"/board/b/{ident}/").content.decode()
    for words in ("From order to delivery note", "/board/meter/order_hours/", "n 60", "goal −30%", "proven", "departments not live yet", "no data"):
        assert words in page
    assert client.get(f"/board/b/{ident}/wall/").status_code == 200
    assert client.get(f"/board/b/{ident}/edit/").status_code == 200


@pytest.mark.req("V1", "I3")
def test_boards_with_measures_go_by_rest(measured: SimpleNamespace, as_: Any) -> None:
    client = as_(measured.admin)
    item = {**ITEM, "kpis": ["meter.approval_time"]}
    made = client.post("/api/v1/boards", json.dumps({"name": "By REST", "tiles": [item]}), content_type="application/json")
    assert (made.status_code, made.json()["tiles"][0]["look"]) == (201, "meter")
    refused = client.post("/api/v1/boards", json.dumps({"name": "No", "tiles": [{**item, "look": "bars"}]}), content_type="application/json")
    assert (refused.status_code, Board.objects.count()) == (422, 2)
    found = client.get(f"/api/v1/kpis/readings?key={KEY}&key=erp.invoiced").json()
    meter = {one["key"]: one for one in client.get("/api/v1/value-meter").json()}["order_hours"]
    assert [(one["key"], one["gauge"]) for one in found] == [(KEY, meter), ("erp.invoiced", None)]
    assert client.get("/api/v1/kpis/readings?key=meter.nothing").status_code == 404
    assert client.get(f"/api/v1/kpis/{KEY}/rows").status_code == 404


@pytest.mark.req("V1", "I8")
def test_files_say_what_is_proven_and_a_print_is_the_same_when_read_again(measured: SimpleNamespace) -> None:
    arranging.share(person=measured.admin, board_id=measured.board.pk, roles=["sales_manager"], now=NOW)
    board, taken = boards.board(measured.boss, str(measured.board.pk)), {}
    for form in ("csv", "xlsx", "pdf"):
        taken[form] = exporting.export(person=measured.boss, board=board, form=form, period=MONTH, filters=Filters(), as_shown=None, now=NOW).content
    rows = list(csv.reader(io.StringIO(taken["csv"].decode("utf-8-sig"))))
    heads = next(index for index, row in enumerate(rows) if "n before" in row)
    said = dict(zip(rows[heads], rows[heads + 1], strict=True))
    assert [said[name] for name in ("Verdict", "Goal", "n before", "n now", "n not live yet")] == ["proven", "−30%", "60", "60", "60"]
    assert taken["pdf"].startswith(b"%PDF")
    mailed = render_to_string("insight/email/board.txt", {"board": board, "readings": [tile(measured.boss).reading], "period": "", "url": ""})
    assert "n 60; now: " in mailed
    assert "proven; −" in mailed
    found = Print.objects.get(form="pdf")
    assert found.figures[0]["gauge"]["now"][1] == 60
    # a day later another department goes live, more is delivered and a baseline is frozen for the department: the print still says what it said
    services.set_live(person=measured.admin, department=measured.fin.org_unit_id, live_from=TODAY - dt.timedelta(days=70), now=LATER)
    put_values("shipment.cycle", [100] * 30, owner=measured.ana, tag="late")
    assert LiveDepartment.objects.count() == 2
    from apps.insight.models import Fact

    Fact.objects.filter(value=100).update(recorded_at=LATER)
    again = prints.comparison(measured.boss, found, period=MONTH, filters=Filters(), now=LATER)
    assert (again.same, again.digest) == (True, found.digest)
    assert tile(measured.admin, now=LATER).reading.rows == 150
    assert tile(measured.admin, now=LATER, as_shown=NOW).reading.rows == 60


@pytest.mark.req("V1")
def test_a_board_of_measures_alone_is_refused_nothing_else(measured: SimpleNamespace) -> None:
    with pytest.raises(InvalidInput):
        arranging.add_tile(person=measured.admin, board_id=measured.board.pk, kpis=[KEY, "meter.touches"], look="meter", now=NOW)
    assert len(Board.objects.get().tiles) == 1
