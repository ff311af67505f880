"""Approvals and cases as facts, against SQL over the tables of the process engine."""

from __future__ import annotations

import datetime as dt
import random
import statistics
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from apps.core.kpis import KPIS
from apps.insight import selectors, services
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import rights
from apps.insight.selectors.rights import Reach
from apps.workflows.models import ProcessDefinition, ProcessInstance, Task
from tests.conftest import NOW
from tests.insight.conftest import add_up

FIRST, END = "2026-10-31 16:00:00", "2026-11-23 16:00:00"  # November until today, in the company's zone
T, C = "workflows_task", "workflows_processinstance"
IN = f">= '{FIRST}' AND {{0}} < '{END}'"


def between(column: str) -> str:
    return f"{column} >= '{FIRST}' AND {column} < '{END}'"


def share(table: str, condition: str, where: str) -> str:
    return f"SELECT round(100.0 * SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) / COUNT(*), 1) FROM {table} WHERE {where}"


DONE = f"state = 'COMPLETED' AND {between('decided_at')}"
GIVEN_UP = "state IN ('WITHDRAWN', 'CANCELLED')"
SQL = {
    "oa.completion": share(T, "state = 'COMPLETED'", f"state != 'CANCELLED' AND {between('created_at')}"),
    "oa.decisions": f"SELECT COUNT(*) FROM {T} WHERE {DONE}",
    "oa.decided_on_time": share(T, "decided_at <= due_at", f"{DONE} AND due_at IS NOT NULL"),
    "oa.overdue": f"SELECT COUNT(*) FROM {T} WHERE state IN ('READY', 'RESERVED', 'DECIDED') AND {between('due_at')}",
    "oa.open_tasks": f"SELECT COUNT(*) FROM {T} WHERE state NOT IN ('COMPLETED', 'CANCELLED')",
    "oa.rework": share(T, "outcome = 'RETURNED'", DONE),
    "oa.cases_finished": share(C, "ended_at IS NOT NULL", f"NOT {GIVEN_UP} AND {between('created_at')}"),
    "oa.first_time_right": share(C, f"(SELECT MAX(iteration) FROM {T} WHERE instance_id = {C}.id) = 1", f"NOT {GIVEN_UP} AND {between('ended_at')}"),
    "oa.withdrawn": share(C, GIVEN_UP, between("ended_at")),
}
MEDIANS = {
    "oa.approval_time": f"SELECT (julianday(decided_at) - julianday(created_at)) * 24 FROM {T} WHERE {DONE} ORDER BY 1",
    "oa.flow_time": f"SELECT (julianday(ended_at) - julianday(created_at)) * 24 FROM {C} WHERE NOT {GIVEN_UP} AND {between('ended_at')} ORDER BY 1",
}


def _cases(cast: SimpleNamespace, rng: random.Random) -> None:
    definition = ProcessDefinition.objects.create(
        key="tried", version=1, name="Tried", bpmn_xml="", compiled={}, checksum="", created_at=NOW, updated_at=NOW)
    people = [cast.boss, cast.fin, cast.eve, cast.admin]
    for number in range(50):
        began = NOW - dt.timedelta(hours=rng.randint(30, 1500))
        state = rng.choice(["ACTIVE", "COMPLETED", "COMPLETED", "WITHDRAWN", "CANCELLED"])
        case = ProcessInstance.objects.create(
            definition=definition, process_key="tried", business_key=f"tried:{number}", title=f"Case {number}", state=state, starter=cast.ana,
            ended_at=None if state == "ACTIVE" else began + dt.timedelta(hours=rng.randint(1, 29)), created_at=began, updated_at=began)
        for turn in range(1, rng.choice([2, 2, 3])):
            done, asked = rng.choice(["READY", "COMPLETED", "COMPLETED", "CANCELLED"]), began + dt.timedelta(minutes=turn)
            closed = {"decided_by": rng.choice(people), "decided_at": asked + dt.timedelta(minutes=rng.randint(1, 1500)),
                      "outcome": rng.choice(["APPROVED", "RETURNED"])} if done == "COMPLETED" else {}  # fmt: skip
            Task.objects.create(instance=case, token="t", node="n", iteration=turn, name="Approve", state=done, created_at=asked, updated_at=asked,
                                due_at=rng.choice([None, asked + dt.timedelta(hours=12)]), **closed)  # fmt: skip


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the recomputation is written in SQLite's functions of dates")
@pytest.mark.req("E8")
def test_each_figure_is_what_sql_says_of_the_cases(cast: SimpleNamespace, travel: Any, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    travel(NOW)
    settings.INSIGHT_SMALLEST_GROUP = 1
    _cases(cast, random.Random(20261123))
    services.take_all(now=NOW)
    add_up()
    assert {key for key, kpi in KPIS.items() if kpi.system == "oa"} == {*SQL, *MEDIANS}
    with monkeypatch.context() as patched:
        patched.setattr(rights, "_reach", lambda *_given: Reach(True, everything=True))
        found = selectors.board_readings(
            cast.admin, [*SQL, *MEDIANS], period=periods.period("month", today=NOW.date()), filters=Filters(), now=NOW)
    values = {one.key: one.value for one in found}
    with connection.cursor() as cursor:
        for key, sql in SQL.items():
            cursor.execute(sql)
            assert values[key] == Decimal(str(cursor.fetchone()[0])), key
        for key, sql in MEDIANS.items():
            cursor.execute(sql)
            hours = [row[0] for row in cursor.fetchall()]
            assert abs(float(values[key]) - statistics.median(hours)) <= statistics.median(hours) / 64 + 0.01, (key, values[key])
    # two managers, two totals: the admin's reach is everybody, the sales director's is his department
    period = periods.period("month", today=NOW.date())
    decided = {who: selectors.reading(getattr(cast, who), "oa.decisions", period=period, filters=Filters(), now=NOW).value for who in ("admin", "boss")}
    assert decided["admin"] > decided["boss"] > 0
    # rows of cases: only those this person may see have a page
    page = selectors.rows(cast.boss, "oa.decisions", period=period, filters=Filters(), now=NOW)
    assert page.total == decided["boss"]
    assert all(row.url.startswith("/loop/tried:") for row in page.rows)
