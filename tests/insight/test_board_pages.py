"""The board's pages: what they show, to whom, and what they refuse."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
import zipfile
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail

from apps.audit import selectors as audit
from apps.core import clock
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.insight.models import Board, RoleBoard, Subscription, Target, Threshold
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.selectors import boards as selectors
from apps.insight.services import boards as services
from apps.insight.services import exporting, sending, watching
from apps.insight.services.exporting.sheets import safe
from apps.notifications.models import Notification
from tests.support import board as figures
from tests.workspace.conftest import as_  # noqa: F401 - a fixture

TILE = {"key": "t1", "x": 0, "y": 0, "w": 3, "h": 1, "kpis": ["erp.orders_taken"], "look": "figure", "title": ""}


@pytest.fixture
def counted(cast: SimpleNamespace) -> SimpleNamespace:
    return figures.fill(cast)


def month() -> Any:
    return periods.period("month", today=clock.company_today(clock.now()))


@pytest.mark.req("E5", "E6", "E7", "E8", "E9")
def test_every_page_opens_shows_its_figures_and_leads_to_their_records(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(counted.boss)
    for path in ("/board/b/company/", "/board/b/finance/", "/board/b/operations/", "/board/b/company/wall/", "/board/figures/", "/board/menu/",
                 "/board/new/?kpi=erp.orders_taken&look=bars"):  # fmt: skip
        assert client.get(path).status_code == 200, path
    page = client.get("/board/").content.decode()
    assert "<h1>Sales</h1>" in page  # the first board of her role
    assert 'href="/board/figures/erp.orders_taken/?period=month' in page
    drilled = client.get("/board/figures/erp.orders_taken/").content.decode()
    assert 'href="/orders/o-' in drilled and "Net amounts of sales orders dated in the period" in drilled
    part = client.get("/board/b/company/", headers={"hx-request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="board"') and "atrium:kpi from:body" in part


@pytest.mark.req("E9")
@pytest.mark.parametrize("login", ["ana", "eve", "guest"])
def test_who_has_no_right_learns_whom_to_ask_and_gets_nothing(counted: SimpleNamespace, as_: Any, login: str) -> None:  # noqa: F811
    client = as_(getattr(counted, login))
    for path in ("/board/", "/board/b/company/", "/board/figures/erp.orders_taken/", "/board/new/"):
        response = client.get(path)
        assert response.status_code == 403, path
        assert "Ask for access" in response.content.decode()
    before = audit.entries().count()
    assert client.post("/board/b/company/export/", {"as": "csv"}).status_code == 403
    assert client.post("/board/b/company/copy/").status_code == 403
    assert Board.objects.count() == 0
    assert audit.entries().count() == before
    assert b'href="/board/"' not in client.get("/profile/").content


def test_filters_and_periods_stand_in_the_address_and_nonsense_falls_back(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(counted.boss)
    page = client.get("/board/b/company/?period=quarter&region=Hangzhou").content.decode()
    assert "Region: Hangzhou" in page and "The filter by region acts on" in page and "period=quarter" in page
    for query in ("period=week", "start=yesterday", "department=x", "period=custom&start=2026-11-02&end=2026-11-01", "shown=2999-01-01", "region=" + "x" * 61):
        response = client.get(f"/board/b/company/?{query}")
        assert (response.status_code, response["Location"]) == (302, "/board/b/company/"), query
    assert client.get("/board/b/nowhere/").status_code == 404
    assert client.get(f"/board/b/{uuid.uuid4()}/").status_code == 404
    assert client.get("/board/figures/no.such/").status_code == 404


@pytest.mark.req("E9")
def test_a_board_is_copied_arranged_shared_and_deleted(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    boss, fin, now = counted.boss, counted.fin, clock.now()
    board = services.copy_board(person=boss, ident="company", now=now)
    count = len(board.tiles)
    services.step(person=boss, board_id=board.pk, key="t1", verb="hide", now=now)
    services.add_tile(person=boss, board_id=board.pk, kpis=["crm.won", "erp.invoiced"], look="line", title="Won and invoiced", now=now)
    board.refresh_from_db()
    assert (len(board.tiles), board.rev) == (count, 3)
    with pytest.raises(services.UnableToArrange):
        services.arrange(person=boss, board_id=board.pk, cells=[], now=now, seen_rev=1)
    # not shared: another manager finds nothing and changes nothing
    with pytest.raises(NotFound):
        selectors.board(fin, str(board.pk))
    with pytest.raises(NotPermitted):
        services.share(person=fin, board_id=board.pk, roles=["finance"], now=now)
    with pytest.raises(NotFound):
        services.delete_board(person=fin, board_id=board.pk, now=now)
    with pytest.raises(InvalidInput):
        services.share(person=boss, board_id=board.pk, roles=["no_such"], now=now)
    assert RoleBoard.objects.count() == 0
    services.share(person=boss, board_id=board.pk, roles=["finance"], first=["finance"], now=now)
    assert selectors.start_of(fin).ident == str(board.pk)
    assert not selectors.board(fin, str(board.pk)).own
    page = as_(fin).get("/board/").content.decode()
    assert "Not for your role" in page  # the reader's own rights: deals are not for finance
    services.delete_board(person=boss, board_id=board.pk, now=now)
    assert selectors.start_of(fin).ident == "finance"
    actions = [entry.action for entry in audit.entries(object=f"insight.board:{board.pk}")]
    assert actions == ["insight.board.deleted", "insight.board.shared", "insight.board.made"]


@pytest.mark.req("E9")
def test_a_chart_is_clicked_together_and_put_on_a_board(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(counted.boss)
    page = client.get("/board/new/?kpi=erp.orders_taken&kpi=erp.invoiced&kpi=no.such&look=bars&title=Both").content.decode()
    assert "data-chart=" in page and "Both" in page
    response = client.post("/board/add/", {"name": "Mine", "kpi": ["erp.orders_taken", "erp.invoiced"], "look": "bars", "title": "Both"})
    board = Board.objects.get()
    assert response["Location"] == f"/board/b/{board.pk}/#tiles"
    assert [(tile["kpis"], tile["look"], tile["title"]) for tile in board.tiles] == [(["erp.orders_taken", "erp.invoiced"], "bars", "Both")]
    assert client.get(f"/board/b/{board.pk}/edit/").status_code == 200
    client.post(f"/board/b/{board.pk}/layout/", {"step": "wider:t1"})
    client.post(f"/board/b/{board.pk}/rename/", {"name": "Ours"})
    board.refresh_from_db()
    assert (board.name, board.tiles[0]["w"]) == ("Ours", 9)


# --- files -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_files_hold_the_figures_and_name_who_took_them(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(counted.boss)
    text = client.post("/board/b/company/export/", {"as": "csv"}).content.decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text)))
    shown = selectors.shown(counted.boss, selectors.board(counted.boss, "company").tiles, period=month(), filters=Filters(), now=clock.now())
    orders = next(view.reading for view in shown if view.reading.key == "erp.orders_taken")
    assert next(row for row in table if row[0] == "Orders taken")[3] == str(orders.value)
    assert "taken by Lin Wei (boss)" in table[-1][0]
    sheet = client.post("/board/b/company/export/", {"as": "xlsx"}).content
    parts = zipfile.ZipFile(io.BytesIO(sheet))
    assert b"taken by Lin Wei (boss)" in parts.read("xl/sharedStrings.xml") and b"taken by Lin Wei" in parts.read("xl/worksheets/sheet1.xml")
    assert not [name for name in parts.namelist() if b"<f>" in parts.read(name)]  # no formula anywhere
    paper = client.post("/api/v1/boards/company/export", {"form": "pdf"}, content_type="application/json")
    assert paper.content.startswith(b"%PDF-") and paper["Content-Type"] == "application/pdf" and paper["Cache-Control"] == "no-store"
    assert "taken by Lin Wei (boss)" in client.post("/board/b/company/export/", {"as": "image"}).json()["watermark"]
    forms = [entry.data["form"] for entry in audit.entries(action="insight.board.exported")]
    assert forms == ["image", "pdf", "xlsx", "csv"]


@pytest.mark.req("E9")
@pytest.mark.parametrize(
    ("login", "form", "allowed"),
    [
        ("boss", "csv", True),
        ("boss", "pdf", True),
        ("fin", "csv", True),
        ("fin", "xlsx", True),
        ("fin", "pdf", False),
        ("admin", "csv", False),
        ("admin", "pdf", False),
    ],
)
def test_data_and_print_are_rights_of_their_own(counted: SimpleNamespace, login: str, form: str, allowed: bool) -> None:
    person = getattr(counted, login)
    common = {"person": person, "board": selectors.board(person, "company"), "form": form, "period": month(), "filters": Filters(), "as_shown": None}
    if allowed:
        assert exporting.export(**common, now=clock.now()).content
        return
    with pytest.raises(NotPermitted):
        exporting.export(**common, now=clock.now())
    with pytest.raises(NotPermitted):
        exporting.picture(person=person, board=common["board"], period=month(), now=clock.now())
    assert list(audit.entries(action="insight.board.exported")) == []


@pytest.mark.parametrize(("cell", "kept"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("-2", "'-2"), ("Orders", "Orders"), (Decimal(-2), Decimal(-2)), (None, None)])
def test_no_cell_is_computed_by_a_spreadsheet(cell: Any, kept: Any) -> None:
    assert safe(cell) == kept


# --- mails, lines, notes -----------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_a_board_comes_by_mail_once_a_slot_under_the_rights_of_then(cast: SimpleNamespace, travel: Any, settings: Any, run_jobs: Any) -> None:
    settings.EMAIL_HOST = "localhost"
    ordered = dt.datetime(2026, 11, 20, 4, tzinfo=dt.UTC)
    monday = dt.datetime(2026, 11, 23, 1, 12, tzinfo=dt.UTC)
    travel(monday)  # its orders are of the month of the mail, whenever the test runs
    counted = figures.fill(cast)
    with pytest.raises(InvalidInput):
        sending.subscribe(person=counted.boss, ident="company", rhythm="hourly", now=ordered)
    with pytest.raises(NotPermitted):
        sending.subscribe(person=counted.ana, ident="company", rhythm="weekly", now=ordered)
    assert Subscription.objects.count() == 0
    sending.subscribe(person=counted.boss, ident="company", rhythm="weekly", query="period=month", now=ordered)
    assert [sending.plan_mails(now=moment) for moment in (ordered, monday, monday + dt.timedelta(minutes=10))] == [0, 1, 0]
    run_jobs(now=monday)
    letter = mail.outbox[0]
    assert letter.to == [counted.boss.email] and letter.subject.startswith("Company overview: ")
    assert "Orders taken: ¥344 k" in letter.body and "/board/figures/erp.orders_taken/" in letter.alternatives[0][0]
    mine = Subscription(person_id=counted.ana.pk, board="company", rhythm="weekly", created_at=ordered)  # a right that was taken away since
    assert sending.send(order=mine, period=month(), filters=Filters(), name="y", now=monday) == "no_right"
    assert len(mail.outbox) == 1
    assert sending.unsubscribe(person=counted.boss, ident="company", now=monday) and not sending.unsubscribe(person=counted.boss, ident="company", now=monday)


@pytest.mark.req("E9")
def test_a_crossed_line_is_told_once_until_the_figure_comes_back(counted: SimpleNamespace) -> None:
    now = clock.now()
    with pytest.raises(NotPermitted):
        watching.watch(person=counted.ana, kpi="erp.orders_taken", above=True, value=Decimal(1), now=now)
    assert Threshold.objects.count() == 0
    line = watching.watch(person=counted.boss, kpi="erp.orders_taken", above=True, value=Decimal(1), now=now)
    assert [watching.look(now=now), watching.look(now=now)] == [1, 0]
    Threshold.objects.filter(pk=line.pk).update(value=Decimal(10**12))
    assert watching.look(now=now) == 0  # it is back, and may be crossed again
    Threshold.objects.filter(pk=line.pk).update(value=Decimal(1))
    assert watching.look(now=now + dt.timedelta(minutes=5)) == 1
    notices = Notification.objects.filter(kind="insight.crossed", person=counted.boss.pk)
    assert [notice.params["kpi"] for notice in notices] == ["erp.orders_taken"] * 2
    assert "value" not in notices[0].params  # the figure itself is read when it is opened, under the rights of then
    assert watching.unwatch(person=counted.boss, kpi="erp.orders_taken", above=True)


@pytest.mark.req("E9")
def test_notes_and_lines_are_written_on_the_page_of_a_figure(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client, path = as_(counted.boss), "/board/figures/erp.orders_taken/"
    client.post(f"{path}notes/", {"text": "A large order slipped into December."})
    client.post(f"{path}alerts/", {"above": "1", "value": "5,000,000"})
    page = client.get(path).content.decode()
    assert "A large order slipped into December." in page and "it rises above ¥5 M" in page
    client.post(f"{path}target/", {"value": "6,000,000"})
    assert "target ¥6 M" in client.get(path).content.decode()
    assert as_(counted.fin).post(f"{path}target/", {"value": "1"}).status_code == 403
    client.post(f"{path}target/", {"value": "lots"})
    assert [str(one.value) for one in Target.objects.all()] == ["6000000.00"]
    assert client.post(f"{path}alerts/", {"above": "1", "value": "many"}).status_code == 302
    assert [line.value for line in Threshold.objects.all()] == [Decimal("5000000.00")]
    client.post(f"{path}alerts/", {"above": "1", "value": ""})
    assert Threshold.objects.count() == 0


@pytest.mark.req("E9")
def test_the_api_does_what_the_pages_do(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    boss, fin = as_(counted.boss), as_(counted.fin)
    assert [one["id"] for one in boss.get("/api/v1/boards").json()] == ["sales", "company", "finance", "operations"]
    made = boss.post("/api/v1/boards", {"name": "Mine", "tiles": [TILE]}, content_type="application/json")
    assert made.status_code == 201, made.content
    path = f"/api/v1/boards/{made.json()['id']}"
    changed = boss.put(path, {"rev": 1, "name": "Ours", "tiles": [TILE, {**TILE, "key": "t2", "x": 3}]}, content_type="application/json").json()
    assert (changed["name"], changed["rev"], len(changed["tiles"])) == ("Ours", 2, 2)
    assert boss.put(path, {"rev": 1, "tiles": []}, content_type="application/json").status_code == 409
    assert boss.put(path, {"rev": 2, "tiles": [{**TILE, "kpis": ["no.such"]}]}, content_type="application/json").status_code == 422
    assert [client.get(path).status_code for client in (boss, fin)] == [200, 404]
    assert fin.put(f"{path}/sharing", {"roles": ["finance"]}, content_type="application/json").status_code == 403
    assert boss.put(f"{path}/sharing", {"roles": ["finance"]}, content_type="application/json").json()["roles"] == ["finance"]
    assert fin.get(path).json()["own"] is False
    assert fin.post(f"{path}/export", {"form": "pdf"}, content_type="application/json").status_code == 403
    assert fin.post(f"{path}/export?period=year", {"form": "csv"}, content_type="application/json").status_code == 200
    assert fin.post(f"{path}/copy").status_code == 201
    assert boss.put(f"{path}/mail", {"rhythm": "daily"}, content_type="application/json").json() == {"rhythm": "daily", "query": ""}
    assert boss.delete(f"{path}/mail").status_code == 204
    lines = "/api/v1/kpis/erp.orders_taken/lines"
    assert boss.put(lines, {"above": True, "value": "5"}, content_type="application/json").json()[0]["value"] == "5.00"
    assert (boss.delete(f"{lines}?above=true").status_code, boss.get(lines).json()) == (204, [])
    assert boss.delete(lines).status_code == 422
    assert [client.delete(path).status_code for client in (fin, boss)] == [404, 204]
    assert as_(counted.ana).get("/api/v1/boards").status_code == 403


@pytest.mark.req("I13", "E11")
def test_what_was_built_is_not_lost_when_it_cannot_be_put_on_a_board(counted: SimpleNamespace, as_: Any) -> None:  # noqa: F811
    client = as_(counted.boss)
    given = {"name": " ", "kpi": ["erp.orders_taken"], "look": "stacked", "title": "Mine", "by": "month", "split": "region", "top": "5", "sort": "value"}
    response = client.post("/board/add/", given)
    assert response["Location"] == "/board/new/?kpi=erp.orders_taken&look=stacked&title=Mine&by=month&split=region&top=5&sort=value"
    page = client.get(response["Location"]).content.decode()
    assert 'value="erp.orders_taken" checked' in page and 'name="title" value="Mine"' in page
    client.post("/board/add/", {**given, "name": "Mine", "look": "pie"})
    assert not Board.objects.exists()  # nor an empty board


@pytest.mark.req("I13")
@pytest.mark.parametrize(
    ("path", "given", "tone", "again"),
    [
        ("/board/figures/erp.orders_taken/target/", {"value": "12,5x"}, "danger", 'value="12,5x" aria-describedby="target-for"'),
        ("/board/figures/erp.orders_taken/alerts/", {"value": "about 9"}, "danger", 'maxlength="20" value="about 9" required'),
        ("/board/figures/erp.orders_taken/alerts/", {"value": "about 9"}, "danger", '<option value="" selected>'),
        ("/board/figures/erp.orders_taken/alerts/", {"value": "about 9", "above": "1"}, "danger", '<option value="">'),
        ("/board/figures/erp.orders_taken/notes/", {"text": "  "}, "danger", ""), ("/board/figures/erp.orders_taken/notes/", {"text": "Fair"}, "ok", "Fair"),
    ],
)  # fmt: skip
def test_a_refusal_stays_until_it_is_closed_and_what_was_typed_with_it(
    counted: SimpleNamespace, as_: Any, path: str, given: dict[str, str], tone: str, again: str  # noqa: F811
) -> None:
    client = as_(counted.boss)
    page = client.get(client.post(f"{path}?period=year", given)["Location"]).content.decode()
    assert again in page and "period=year" in page
    assert f'class="toast-x" data-tone="{tone}"' in page and ("data-stay" in page.partition('class="toast-x"')[2][:80]) == (tone == "danger")
