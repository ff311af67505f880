"""The board by REST, as each member of the cast meets it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from apps.audit import selectors as audit
from apps.insight.models import Note, Target

READING, ROWS, TARGET, NOTES = (f"/api/v1/kpis/erp.orders_taken/{name}" for name in ("reading", "rows", "target", "notes"))
SET = {"period": "month", "start": "2026-11-05", "value": "400000.00"}


def send(client: Any, method: str, path: str, data: Any = None) -> Any:
    return getattr(client, method)(path, json.dumps(data), content_type="application/json")


@pytest.mark.req("E9")
def test_who_has_no_board_is_refused_everywhere_and_changes_nothing(shopped: SimpleNamespace, as_: Any) -> None:
    for person in (shopped.ana, shopped.eve, shopped.guest):
        client = as_(person)
        answers = [client.get(path).status_code for path in ("/api/v1/kpis", "/api/v1/kpis/readings", READING, ROWS)]
        answers += [send(client, "put", TARGET, SET).status_code, client.delete(TARGET).status_code, send(client, "post", NOTES, {"text": "x"}).status_code]
        assert answers == [403] * 7
    assert not Target.objects.exists()
    assert not Note.objects.exists()
    assert not list(audit.entries(action="insight.target.set"))


@pytest.mark.req("E9")
def test_figures_rows_targets_and_notes_go_round(shopped: SimpleNamespace, as_: Any) -> None:
    client = as_(shopped.boss)
    described = {one["key"]: one for one in client.get("/api/v1/kpis").json()}
    assert described["erp.orders_taken"]["allowed"] is True
    assert described["erp.invoiced"]["allowed"] is False
    assert "Guo Peng" in described["erp.invoiced"]["ask"]
    assert send(client, "put", TARGET, SET).json()["start"] == "2026-11-01"
    note = send(client, "post", NOTES, {"text": "Delta slipped"})
    assert note.status_code == 201
    found = client.get(READING).json()
    assert (found["state"], found["value"], found["target"], found["rows"]) == ("ok", "343800.00", "400000.00", 4)
    assert found["window"] == ["2026-11-01", "2026-11-24"]
    assert [one["text"] for one in found["notes"]] == ["Delta slipped"]
    assert [(one["label"], one["value"]) for one in found["breakdown"]] == [("Sales", "343800.00")]
    page = client.get(f"{ROWS}?size=3").json()
    assert (page["total"], len(page["rows"])) == (4, 3)
    assert page["rows"][0]["url"] == f"/orders/{page['rows'][0]['record']['external_id']}/"
    rest = client.get(f"{ROWS}?size=3&after={page['after']}").json()
    assert (len(rest["rows"]), rest["after"]) == (1, "")
    several = client.get("/api/v1/kpis/readings?key=crm.pipeline&key=erp.invoiced&period=quarter").json()
    assert [(one["key"], one["state"]) for one in several] == [("crm.pipeline", "ok"), ("erp.invoiced", "forbidden")]
    assert client.delete(f"/api/v1/kpis/notes/{note.json()['id']}").status_code == 204
    assert client.delete(f"{TARGET}?period=month&start=2026-11-05").status_code == 204
    found = client.get(READING).json()
    assert (found["target"], found["notes"]) == (None, [])


def test_a_masked_amount_is_refused_not_shown(shopped: SimpleNamespace, as_: Any) -> None:
    from apps.access import services as access
    from tests.conftest import NOW

    access.seed_roles(roles=[{"code": "looker", "name": "Looker", "name_zh": "查看", "grants": [
        {"resource": "insight.board", "scope": "all", "actions": ["view"], "fields": {}}]}], now=NOW)  # fmt: skip
    access.seed_assignment(role="looker", person=shopped.eve, now=NOW)
    client = as_(shopped.eve)  # the warehouse sees orders, but not their amounts
    found = client.get(READING).json()
    assert (found["state"], found["value"]) == ("forbidden", None)
    assert found["why"][-1] == "rule: the field this figure is made of is masked for you"
    assert client.get("/api/v1/kpis/erp.order_count/reading").json()["value"] == "4.00"
    rows = client.get("/api/v1/kpis/erp.order_count/rows").json()["rows"]
    assert {row["record"]["amount"] for row in rows} == {"••••"}
    assert {row["value"] for row in rows} == {"1.00"}  # what it counts as, not what it is worth


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/kpis/erp.nothing/reading", 404), ("/api/v1/kpis/readings?key=x", 404), (f"{READING}?period=week", 422),
        (f"{READING}?period=custom&start=2026-11-05", 422), (f"{READING}?start=soon", 422), (f"{READING}?department=x", 422), (f"{READING}?as_shown=x", 422),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(shopped: SimpleNamespace, as_: Any, path: str, status: int) -> None:
    assert as_(shopped.boss).get(path).status_code == status


@pytest.mark.req("V1", "V2")
def test_the_value_meter_is_read_and_its_baseline_frozen(shopped: SimpleNamespace, as_: Any) -> None:
    days = {"first_day": "2026-10-01", "last_day": "2026-11-23"}
    freeze = "/api/v1/value-meter/order_hours/baseline"
    assert as_(shopped.ana).get("/api/v1/value-meter").status_code == 403
    assert send(as_(shopped.fin), "post", freeze, days).status_code == 403
    client = as_(shopped.boss)
    verdicts = {one["key"]: one["verdict"] for one in client.get("/api/v1/value-meter").json()}
    assert {key: verdicts[key] for key in ("order_hours", "approval_time", "first_response", "shipping_lag", "closed_loop")} == {
        "order_hours": "no_baseline", "approval_time": "forbidden", "first_response": "no_data", "shipping_lag": "no_data",
        "closed_loop": "forbidden"}  # fmt: skip
    assert send(client, "post", freeze, days).status_code == 201
    assert send(client, "post", freeze, days).status_code == 409
    gauge = client.get("/api/v1/value-meter").json()[0]
    assert (gauge["key"], gauge["verdict"], gauge["before_count"]) == ("order_hours", "not_yet", 1)
    # o-3 was entered on Friday the 20th (its day alone is known: 8:30), its delivery left on Monday at 9:12: one day of eight hours and 42 minutes
    assert gauge["before"] == "8.70"


def test_a_row_leads_to_the_message_it_came_by(shopped: SimpleNamespace, as_: Any) -> None:
    from apps.integrations.models import Connection, InboundMessage
    from tests.conftest import NOW

    InboundMessage.objects.create(connection=Connection.objects.get(key="erp"), event_id="ev-1", stream="orders", external_id="o-1", transition="confirmed",
                                  channel="FEED", raw={"secret": "not shown"}, received_at=NOW)  # fmt: skip
    rows = as_(shopped.admin).get(ROWS).json()["rows"]
    urls = {row["record"]["external_id"]: row["message_url"] for row in rows}
    assert [ident for ident, url in urls.items() if url] == ["o-1"]
    message = as_(shopped.admin).get(urls["o-1"])
    assert (message.json()["event_id"], "not shown" in message.content.decode()) == ("ev-1", False)
    assert as_(shopped.boss).get(urls["o-1"]).status_code == 403
    assert {row["message_url"] for row in as_(shopped.boss).get(ROWS).json()["rows"]} == {""}
