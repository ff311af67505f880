"""Two years of the real ERP and CRM on the board: every figure is what SQL says of the systems' own databases.

First as it was loaded, then after half a thousand events in the systems, late ones and bad ones among them; for two heads of different departments; and
after the process that adds up was killed in the middle of it.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from apps.insight.policies import periods
from stack.layout import PORTAL_PYTHON, REPO
from stack.parts.portal import tables_mark
from tests.journeys.happenings import CrmDays
from tests.journeys.ledger import rows
from tests.journeys.setbacks.office import Office
from tests.journeys.sources import FIGURES, LEDGER, Cut, Sources
from tests.support.stack import PortalProcesses, RealStack, running_stack
from tests.support.until import until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]
QUICK = {"JOBS_RETRY_BASE_SECONDS": "0.3", "FEED_INTERVAL_SECONDS": "1", "INSIGHT_SMALLEST_GROUP": "1"}
MONEY = ("erp.invoiced", "erp.payments", "erp.collection")  # who may see these is in finance
SETUP = """
import django; django.setup()
from apps.access import services as access
from apps.business import services as business
from apps.core import clock
from apps.devtools import company
from apps.directory import services as directory
from apps.integrations import services as integrations
now = clock.now()
people = company.seed(now=now)
{more}
business.publish_processes(now=now)
integrations.connect_from_env(now=now)
"""
# Sales is two departments: North sells for boss and is seen by guest, South sells for ana and is seen by eve.
DEPARTMENTS = """
from apps.directory import selectors
sales = next(unit for unit in selectors.units() if unit.code == "sales")
units = {code: directory.upsert_unit(code=code, name=name, name_zh=chinese, parent=sales)
         for code, name, chinese in (("north", "Sales North", "销售北区"), ("south", "Sales South", "销售南区"))}
for one in company.PEOPLE:
    code = {"boss": "north", "guest": "north", "ana": "south", "eve": "south"}.get(one["login"])
    if code:
        people[one["login"]] = company._person({**one, "unit": code}, units, now)
access.seed_roles(now=now, roles=[{"code": "head", "name": "Head", "name_zh": "主管", "grants": [company._g("insight.board", "all", "view")]}])
for login in ("guest", "eve"):
    access.seed_assignment(role="head", person=people[login], now=now)
"""
OWNERS = {"sales": ("ana", "boss", "eve", "guest"), "north": ("boss", "guest"), "south": ("ana", "eve")}


class Board:
    """The portal over the real systems, its databases, and what people read at its API."""

    def __init__(self, stack: RealStack, portal: PortalProcesses) -> None:
        self.stack, self.portal, self.env = stack, portal, stack.env
        self.office = Office(stack, portal)
        self.seconds = 0.0
        self.told_before: dict[str, Any] = {}
        self.told_after: dict[str, Any] = {}

    def portal_rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        return rows(self.env["DATABASE_URL"], sql, *values)

    def one(self, sql: str, *values: Any) -> Any:
        (row,) = self.portal_rows(sql, *values)
        return next(iter(row.values()))

    @property
    def today(self) -> dt.date:
        return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=8)).date()

    def unit(self, code: str) -> str:
        return str(self.one("select id from directory_orgunit where code = %s", code))

    def readings(self, login: str, *keys: str, **asked: Any) -> dict[str, dict[str, Any]]:
        params = [("key", key) for key in keys] + [(name, str(value)) for name, value in asked.items() if value]
        answer = self.office.at(login).get("/api/v1/kpis/readings", params=params)
        assert answer.status_code == 200, answer.text[:300]
        return {one["key"]: one for one in answer.json()}

    def calm(self, seconds: float = 240) -> None:
        """Everything that happened is taken and added up."""
        def done() -> bool:
            waiting = self.one("""select (select count(*) from jobs_job where state in ('DUE', 'LEASED', 'UNKNOWN') and repeat_seconds is null
                and (kind ~ '^(records|insight[.](take|rebuild)|integrations[.](load|begin|read))'))
                + (select count(*) from insight_dirtyday) + (select count(*) from integrations_inboundmessage where state = 'PENDING')""")
            return int(waiting) == 0

        until(done, seconds=seconds, every=0.3, what="the facts are added up")

    def seen(self, seconds: float = 240) -> None:
        """As `calm`, for what the systems have just told: the feeds are read to their ends first."""
        asked = self.one("select now()")
        until(lambda: self.one("select count(*) from integrations_connection where feed_read_at > %s", asked + dt.timedelta(seconds=1)) == 2, seconds=seconds,
              every=0.3, what="the feeds are read")  # fmt: skip
        self.calm(seconds)

    # -- comparing

    def differences(self, sources: Sources, period: str, start: dt.date, *, department: str = "", product_line: str = "", region: str = "") -> list[str]:
        """What the board says otherwise than the sources do, for one period and one set of filters."""
        asked = {"period": period, "start": start, "department": department and self.unit(department), "product_line": product_line, "region": region}
        window = periods.window(periods.period(period, today=start), self.today)  # type: ignore[arg-type]
        cut = Cut(*window, OWNERS[department] if department else None, product_line, region)
        said = self.readings("admin", *(key for key in FIGURES if key not in MONEY), **asked) | self.readings("fin", *MONEY, **asked)
        assert set(said) == set(FIGURES)
        found = []
        for key, one in said.items():
            if FIGURES[key].today and window[1] <= self.today:
                continue
            expected = sources.value(key, cut)
            if not _equal(key, one, expected):
                found.append(f"{key} {period} {start} {department}{product_line}{region}: board {one['state']} {one['value']}, sources {expected}")
        return found


def _equal(key: str, said: Mapping[str, Any], expected: Decimal | None) -> bool:
    value = None if said["value"] is None else Decimal(said["value"])
    if value is None or expected is None:
        return not value and not expected
    if FIGURES[key].middle:
        return abs(value - expected) <= expected / 64 + Decimal("0.01")  # the board's middle one is read from a histogram
    return value == expected.quantize(Decimal("0.01"))


def _fresh_portal(stack: RealStack) -> None:
    """An empty portal database with its tables, and the company with its departments; nothing is read yet."""
    template = f"portal_template_{tables_mark()}"
    with psycopg.connect(stack.env["POSTGRES_URL"], autocommit=True) as server:
        server.execute("drop database if exists portal with (force)")
        known = server.execute("select 1 from pg_database where datname = %s", [template]).fetchone()
        server.execute(f"create database portal owner portal {f'template {template}' if known else ''}")  # type: ignore[arg-type]
        if not known:
            _manage(stack, "manage.py", "migrate", "--noinput", "-v", "0")
            server.execute(f"create database {template} template portal owner portal")  # type: ignore[arg-type]
    _manage(stack, "-c", SETUP.format(more=DEPARTMENTS))


def _manage(stack: RealStack, *command: str, timeout: float = 240) -> str:
    env = {**stack.portal_env(**QUICK), "DJANGO_SETTINGS_MODULE": "portal.settings", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([str(PORTAL_PYTHON), *command], cwd=REPO, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


# A busy machine may make a system slow, which is news of the system and no message to anybody.
TOLD = {
    "cases": "select count(*) from workflows_processinstance", "tasks": "select count(*) from workflows_task",
    "incidents": "select count(*) from workflows_incident", "notices": "select count(*) from notifications_notification",
    "deliveries": "select count(*) from notifications_delivery", "batches": "select count(*) from notifications_batch",
    "kept messages": "select count(*) from workflows_inboxmessage", "quarantine": "select count(*) from integrations_quarantineitem",
    "jobs of others": """select string_agg(distinct kind, ' ' order by kind) from jobs_job where payload::text <> '{}'
        and kind !~ '^(integrations[.](begin_load|load_stream|feed|recheck)|records[.]take|records[.]tell_connection|insight[.])'""",
}  # fmt: skip


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with running_stack("--history", name="history") as stack:
        _fresh_portal(stack)
        portal = PortalProcesses(stack, QUICK)
        try:
            board = Board(stack, portal)
            board.told_before = {name: board.one(sql) for name, sql in TOLD.items()}
            began = time.monotonic()
            _manage(stack, "-c", """
import django; django.setup()
from apps.core import clock
from apps.integrations import services
for key in ("crm", "erp"):
    services.first_load(connection_key=key, now=clock.now())
""")
            portal.start_worker(1)
            portal.start_worker(2)
            until(lambda: not board.one("select count(*) from integrations_streamstate where loaded_at is null")
                  and board.one("select count(*) from integrations_streamstate") == 14, seconds=400, every=0.3, what="both systems are read")
            board.calm(400)
            board.seconds = time.monotonic() - began
            board.told_after = {name: board.one(sql) for name, sql in TOLD.items()}
            portal.start_web()
            yield board
        finally:
            portal.stop_all()
            with psycopg.connect(stack.env["POSTGRES_URL"], autocommit=True) as server:
                server.execute("drop database if exists portal with (force)")


@pytest.mark.req("E6", "E7", "PF-8")
def test_the_history_is_read_whole_and_tells_nobody(board: Board) -> None:
    counted = {
        "customer": (rows, "CRM_DATABASE_URL", "select count(*) as n from accounts where org_id = %s", True),
        "deal": (rows, "CRM_DATABASE_URL", "select count(*) as n from opportunity where org_id = %s", True),
        "follow_up": (rows, "CRM_DATABASE_URL", "select count(*) as n from interaction where org_id = %s", True),
        "case": (rows, "CRM_DATABASE_URL", 'select count(*) as n from "case" where org_id = %s', True),
        "order": (rows, "ERP_DATABASE_URL", "select count(*) as n from sale_sale", False),
        "shipment": (rows, "ERP_DATABASE_URL", "select count(*) as n from stock_shipment_out", False),
        "invoice": (rows, "ERP_DATABASE_URL", "select count(*) as n from account_invoice where type = 'out'", False),
        "purchase_order": (rows, "ERP_DATABASE_URL", "select count(*) as n from purchase_purchase", False),
        "production": (rows, "ERP_DATABASE_URL", "select count(*) as n from production", False),
    }  # fmt: skip
    print(f"\nread and added up in {board.seconds:.1f} s, {board.one('select count(*) from insight_fact')} facts")
    taken = {row["kind"]: row["n"] for row in board.portal_rows("select kind, count(*) as n from records_record where deleted_at is null group by 1")}
    there = {kind: ask(board.env[url], sql, *([board.env["CRM_ORG_ID"]] if ours else []))[0]["n"] for kind, (ask, url, sql, ours) in counted.items()}
    assert {kind: taken[kind] for kind in there} == there
    assert there["order"] > 2000
    assert there["deal"] > 700
    assert board.told_after == board.told_before


@pytest.mark.req("E6")
def test_the_erps_history_is_a_ledger_that_balances(board: Board) -> None:
    found = {}
    with psycopg.connect(board.env["ERP_DATABASE_URL"]) as erp:
        for name, sql in LEDGER.items():
            row = erp.execute(sql).fetchone()  # type: ignore[arg-type]
            found[name] = row[0] if row else None
        letters = erp.execute("select count(*) from account_dunning").fetchone()
    assert found == dict.fromkeys(LEDGER, 0)
    assert letters
    assert letters[0] > 10


def _months(today: dt.date) -> dict[str, dt.date]:
    return {"this": today, "last": periods.add_months(periods.month_of(today), -1), "quarter": periods.add_months(periods.month_of(today), -9)}


@pytest.mark.req("E6", "E7")
def test_every_figure_is_what_the_sources_say(board: Board) -> None:
    assert board.portal_rows("select key from insight_kpiversion") is not None
    catalogue = {one["key"] for one in board.office.at("admin").get("/api/v1/kpis").json()}
    assert catalogue == set(FIGURES)
    start = _months(board.today)
    regions = [row["name"] for row in rows(board.env["ERP_DATABASE_URL"],
        "select c.name from party_category c join party_category p on p.id = c.parent where p.name = 'Region' order by 1")]
    cuts: list[tuple[str, dt.date, dict[str, str]]] = [
        ("month", start["last"], {}), ("quarter", start["quarter"], {}), *((kind, start["this"], {}) for kind in ("month", "last12", "year")),
        *(("last12", start["this"], {"department": code}) for code in OWNERS), *(("quarter", start["quarter"], {"department": code}) for code in OWNERS),
        *(("last12", start["this"], {"product_line": line}) for line in ("Pumps", "Spare parts", "Service")),
        *(("quarter", start["quarter"], {"region": region}) for region in regions),
        *(("last12", start["this"], {"department": code, "product_line": "Pumps", "region": regions[0]}) for code in ("north", "south")),
    ]  # fmt: skip
    with Sources(board.env) as sources:
        found = [line for period, day, filters in cuts for line in board.differences(sources, period, day, **filters)]
    assert not found, "\n".join(found)


@pytest.mark.req("E6", "E7", "S5")
def test_two_heads_see_their_own_and_an_employee_hears_whom_to_ask(board: Board) -> None:
    deals = ("crm.won", "crm.won_count", "crm.win_rate", "crm.deal_value", "crm.pipeline", "crm.pipeline_weighted")
    asked: dict[str, Any] = {"period": "last12", "start": board.today}
    window = periods.window(periods.period("last12", today=board.today), board.today)
    seen = {}
    with Sources(board.env) as sources:
        for login, owners in (("guest", ("boss", "guest")), ("eve", ("ana", "eve")), ("admin", None)):
            said = board.readings(login, *deals, **asked)
            seen[login] = {key: Decimal(said[key]["value"]) for key in deals}
            assert seen[login] == {key: (sources.value(key, Cut(*window, owners)) or Decimal(0)).quantize(Decimal("0.01")) for key in deals}, login
            assert {said[key]["scope"] for key in deals} == {"all" if owners is None else "some"}
    assert seen["guest"]["crm.won"] != seen["eve"]["crm.won"]
    for key in ("crm.won", "crm.won_count", "crm.pipeline"):
        assert seen["guest"][key] + seen["eve"][key] == seen["admin"][key]
    for login in ("guest", "eve"):
        # the other's department asked for by name: nothing of it comes
        other = board.readings(login, "crm.won", **asked, department=board.unit("south" if login == "guest" else "north"))
        assert Decimal(other["crm.won"]["value"] or 0) == 0
    refused = board.office.at("ana").get("/api/v1/kpis/readings")
    assert refused.status_code == 403
    assert refused.json()["error"]["details"]["owner"]
    assert refused.json()["error"]["details"]["chain"]
    page = board.office.at("ana").get("/board/")
    assert page.status_code == 403
    assert refused.json()["error"]["details"]["owner"] in page.text
    money = board.readings("fin", *MONEY, "crm.won", **asked)
    assert [money[key]["state"] for key in (*MONEY, "crm.won")] == ["ok", "ok", "ok", "forbidden"]
    assert money["crm.won"]["value"] is None
    assert money["crm.won"]["ask"]


# -- then the systems work on


KEPT = ("crm.won", "crm.pipeline", "crm.follow_ups", "erp.orders_taken", "erp.backlog", "erp.shipped", "crm.open_cases")
EVENTS_OF_THE_ERP = 30


def _happen_in_the_erp(board: Board, *late: dt.date) -> dict[str, int]:
    folder = board.stack.state.root / "erp"
    python = sorted((REPO / "var/cache/erp").glob("venv-*/.done"), key=lambda one: one.stat().st_mtime)[-1].parent / "bin/python"
    command = [str(python), str(REPO / "stack/erp/happenings.py"), str(folder / "trytond.conf"), "erp", "7", str(EVENTS_OF_THE_ERP), *map(str, late)]
    bridge = sorted((REPO / "var/cache/erp").glob("bridge-*/.done"), key=lambda one: one.stat().st_mtime)[-1].parent
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env={"PYTHONPATH": str(bridge), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.req("E6", "E7", "T4")
def test_after_half_a_thousand_events_every_figure_is_what_the_sources_say(board: Board) -> None:
    start = _months(board.today)
    closed = periods.add_months(periods.month_of(board.today), -3) + dt.timedelta(days=9)
    asked: dict[str, Any] = {"period": "last12", "start": board.today}
    before, moment = board.readings("admin", *KEPT, **asked), dt.datetime.now(dt.UTC)
    happened = _happen_in_the_erp(board, closed, closed)
    with CrmDays(board.env, 11) as days:
        counts = days.go(500 - EVENTS_OF_THE_ERP)
        late = days.deal(stage="CLOSED_LOST", created_at=dt.datetime.combine(closed, dt.time(3), dt.UTC), closed_on=closed,
                         stage_changed_at=dt.datetime.combine(closed, dt.time(4), dt.UTC))  # fmt: skip
    assert sum(counts.values()) + sum(happened.values()) == 502
    assert happened["back"] > 0  # goods came back: an order with a minus, and a credit note
    with psycopg.connect(board.env["ERP_DATABASE_URL"]) as erp:
        credited = erp.execute("select count(*) from account_invoice where type = 'out' and state in ('posted', 'paid') and total_amount_cache < 0"
                               " and invoice_date >= %s and create_date > %s", [board.today, moment.replace(tzinfo=None)]).fetchone()
    assert credited == (happened["back"],)
    assert late
    board.seen(seconds=300)
    with Sources(board.env) as sources:
        found = [line for period, day in (("month", start["this"]), ("last12", start["this"]), ("month", closed))
                 for line in board.differences(sources, period, day)]  # fmt: skip
        found += [line for code in ("north", "south") for line in board.differences(sources, "month", start["this"], department=code)]
    assert not found, "\n".join(found)
    assert board.one("select count(*) from workflows_processinstance") > 0  # what was won now did begin
    after = board.readings("admin", *KEPT, **asked)
    changed = {key: [at["label"] for at, was in zip(after[key]["series"], before[key]["series"], strict=True) if at["value"] != was["value"]] for key in KEPT}
    month, this = f"{closed:%Y-%m}", f"{board.today:%Y-%m}"
    assert changed["erp.orders_taken"] == [month, this]  # what came late is in its own month, and in no other of the past
    assert changed["crm.follow_ups"] == [this]
    then = board.readings("admin", *KEPT, **asked, as_shown=moment.isoformat())
    assert {key: (one["value"], one["series"]) for key, one in then.items()} == {key: (one["value"], one["series"]) for key, one in before.items()}


@pytest.mark.req("E6", "E9", "T4")
def test_a_bad_record_stands_beside_the_figure_until_it_is_put_right(board: Board) -> None:
    asked: dict[str, Any] = {"period": "last12", "start": board.today}  # the CRM's day and the company's may be of two months
    quiet = board.readings("admin", "crm.won", **asked)["crm.won"]
    crm = board.office.crm
    deal = crm.deal(customer="C-003", lines=[("P-1017", "4", "130"), ("NOT-A-PRODUCT", "2", "50")])
    crm.set_stage(deal, "CLOSED_WON")
    (item,) = until(lambda: board.portal_rows("select id::text from integrations_quarantineitem where external_id = %s and state = 'OPEN'", deal), seconds=120,
                    every=0.3, what="the deal in quarantine")  # fmt: skip
    board.seen()
    with_it = board.readings("admin", "crm.won", **asked)["crm.won"]
    assert with_it["value"] == quiet["value"]
    left_out = {one["reason"]: (one["count"], Decimal(one["amount"])) for one in with_it["excluded"]}
    before = {one["reason"]: (one["count"], Decimal(one["amount"])) for one in quiet["excluded"]}.get("quarantine", (0, Decimal(0)))
    assert left_out["quarantine"] == (before[0] + 1, before[1] + Decimal("620.00"))
    crm.remove_line(deal, "NOT-A-PRODUCT")
    until(lambda: board.office.at("admin").post(f"/api/v1/quarantine/{item['id']}/read-again").status_code in {202, 409}, seconds=30, what="the click")
    until(lambda: not board.portal_rows("select 1 from integrations_quarantineitem where id = %s::uuid and state = 'OPEN'", item["id"]), seconds=120, every=0.3,
          what="out of quarantine")
    board.seen()
    cured = board.readings("admin", "crm.won", **asked)["crm.won"]
    assert Decimal(cured["value"]) == Decimal(quiet["value"]) + Decimal("520.00")
    assert {one["reason"]: one["count"] for one in cured["excluded"]}.get("quarantine", 0) == before[0]


@pytest.mark.req("E6", "R3")
def test_killed_in_the_middle_of_adding_up_the_sums_are_those_of_the_facts(board: Board) -> None:
    """The process that adds up dies between the taking away of old sums and the making of new ones."""
    marker = board.stack.state.root / "adding-up-died"
    marker.unlink(missing_ok=True)
    board.portal.start_worker(1, ATRIUM_FAILPOINT="insight.adding_up", ATRIUM_FAILPOINT_ONCE=str(marker))
    board.portal.start_worker(2, ATRIUM_FAILPOINT="insight.adding_up", ATRIUM_FAILPOINT_ONCE=str(marker))
    with CrmDays(board.env, 12) as days:
        days.go(20)
    until(marker.exists, seconds=120, every=0.2, what="the worker was killed while it added up")
    for number in (1, 2):
        board.portal.start_worker(number)
    board.seen(seconds=240)
    assert "All sums hold." in _manage(board.stack, "manage.py", "reconcile_kpis")
    with Sources(board.env) as sources:
        assert not board.differences(sources, "month", board.today)
