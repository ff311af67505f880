"""As shown on a day: what was printed is read again from the records, exactly; files made by a job, for their reader alone."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import translation

from apps.access import services as access
from apps.audit import selectors as audit
from apps.core import clock as time
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.core.kpis import KPIS
from apps.directory import services as directory
from apps.insight import forms, selectors, services
from apps.insight.models import Print, PrintState, UnitThen
from apps.insight.payloads import Filters
from apps.insight.policies import periods
from apps.insight.policies import prints as policies
from apps.insight.selectors import boards, prints
from apps.insight.services import exporting, sending
from apps.insight.services.organisation import keep_units
from apps.insight.views.prints import name_of
from apps.integrations.models import Connection, QuarantineItem
from apps.notifications.models import Notification
from tests.conftest import NOW
from tests.insight.conftest import add_up
from tests.support import shop

MONTH = periods.period("month", today=NOW.date())
LATER = NOW + dt.timedelta(days=2)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def printed(shopped: SimpleNamespace) -> SimpleNamespace:
    """The board of the sales director, taken at NOW."""
    services.register_formulas(now=NOW - HOUR)
    keep_units(now=NOW - HOUR)
    services.set_target(person=shopped.boss, key="erp.orders_taken", period=MONTH, value=Decimal(400000), now=NOW - HOUR)
    services.add_note(person=shopped.boss, key="erp.orders_taken", period=MONTH, text="On the way.", now=NOW - HOUR)
    shopped.print = take(shopped.boss)
    return shopped


def take(person: Any, form: str = "csv", filters: Filters = Filters(), now: dt.datetime = NOW) -> Print:
    before = set(Print.objects.values_list("pk", flat=True))  # two may be taken in the same moment
    exporting.export(person=person, board=boards.board(person, "company"), form=form, period=MONTH, filters=filters, as_shown=None, now=now)
    return Print.objects.exclude(pk__in=before).get()


def again(person: Any, of: Print, filters: Filters = Filters(), now: dt.datetime = LATER) -> Any:
    return prints.comparison(person, of, period=MONTH, filters=filters, now=now)


def order(ident: str, **fields: Any) -> None:
    shop.put("order", ident, key=f"SO-{ident}", customer_key="K100", customer_name="Delta Water Group",
             **{"state": "confirmed", "amount": "1000", "currency": "CNY", "ordered_on": "2026-11-20", **fields})
    services.take_records(connection="erp", kind="order", external_ids=[ident], now=LATER)


def newer_formula(people: SimpleNamespace, patch: pytest.MonkeyPatch) -> None:
    class Newer(type(KPIS["erp.orders_taken"])):  # type: ignore[misc]
        version, since, former = 2, dt.date(2026, 11, 1), type(KPIS["erp.orders_taken"])
        stream, formula = "order.open", "Only open ones."

    patch.setitem(KPIS, "erp.orders_taken", Newer())
    services.register_formulas(now=NOW + HOUR)


def another_target(people: SimpleNamespace, _patch: Any) -> None:
    services.set_target(person=people.boss, key="erp.orders_taken", period=MONTH, value=Decimal(1), now=NOW + HOUR)


def no_target(people: SimpleNamespace, _patch: Any) -> None:
    services.clear_target(person=people.boss, key="erp.orders_taken", period=MONTH, now=NOW + HOUR)


def another_note(people: SimpleNamespace, _patch: Any) -> None:
    services.remove_note(person=people.boss, note_id=prints_note(people), now=NOW + HOUR)
    services.add_note(person=people.boss, key="erp.orders_taken", period=MONTH, text="Arrived.", now=NOW + HOUR)


def prints_note(people: SimpleNamespace) -> Any:
    return selectors.reading(people.boss, "erp.orders_taken", period=MONTH, filters=Filters(), now=NOW).notes[0].id


def late_record(_people: SimpleNamespace, _patch: Any) -> None:
    order("late")


def changed_record(_people: SimpleNamespace, _patch: Any) -> None:
    order("o-1", amount="7")


def gone_record(_people: SimpleNamespace, _patch: Any) -> None:
    services.keep(subject="erp:order:o-1", drafts=[], now=LATER)


def moved_department(people: SimpleNamespace, _patch: Any) -> None:
    unit = people.boss.org_unit
    directory.upsert_unit(code=unit.code, name="Sales and more", name_zh="销售等", parent=people.fin.org_unit)
    keep_units(now=NOW + HOUR)


CHANGES = [newer_formula, another_target, no_target, another_note, late_record, changed_record, gone_record, moved_department]


@pytest.mark.req("E9")
def test_what_was_printed_is_read_again_exactly_whatever_came_after(printed: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """One change after the other: each makes today's board another, none touches the one that was printed."""
    before, today = printed.print, printed.print.digest
    for step, change in enumerate(CHANGES):
        change(printed, monkeypatch)
        add_up()
        found = again(printed.boss, before)
        assert [(one.key, one.parts) for one in found.figures if one.verdict != "same"] == [], change.__name__
        assert (found.same, found.digest) == (True, before.digest), change.__name__
        newer = take(printed.boss, now=LATER + step * HOUR).digest
        assert (newer == today) == (change is moved_department), change.__name__  # that one does not touch a figure of the whole company
        today = newer


@pytest.mark.req("E9")
def test_a_quarantined_record_cured_later_stays_left_out_of_the_former_board(printed: SimpleNamespace) -> None:
    held = QuarantineItem.objects.create(connection=Connection.objects.get(key="erp"), kind="order", stream="orders", external_id="o-1", created_at=NOW,
                                         updated_at=NOW)  # fmt: skip
    services.take_records(connection="erp", kind="order", external_ids=["o-1"], now=NOW + HOUR)
    add_up()
    before = take(printed.boss, now=NOW + 2 * HOUR)
    figure = next(one for one in before.figures if one["key"] == "erp.orders_taken")
    assert figure["excluded"] == [["quarantine", 1, "70200"]]
    held.state = "RELEASED"
    held.save()
    services.take_records(connection="erp", kind="order", external_ids=["o-1"], now=LATER)
    add_up()
    assert selectors.reading(printed.boss, "erp.orders_taken", period=MONTH, filters=Filters(), now=LATER).excluded == ()
    assert again(printed.boss, before).same


def test_sums_that_wait_to_be_made_again_have_no_part_in_a_print(printed: SimpleNamespace) -> None:
    order("late", amount="1000")
    before = take(printed.boss, now=LATER)  # the job has not added it up yet
    assert next(one["value"] for one in before.figures if one["key"] == "erp.orders_taken") == "344800"
    add_up()
    assert again(printed.boss, before, now=LATER + HOUR).same


@pytest.mark.req("E9")
def test_a_department_counts_with_what_stood_below_it_then_under_the_name_of_then(printed: SimpleNamespace) -> None:
    sales, finance = printed.boss.org_unit, printed.fin.org_unit
    board = Filters(department=finance.pk)
    before = take(printed.boss, filters=board)
    directory.upsert_unit(code=sales.code, name="Sales and more", name_zh="销售等", parent=finance)
    keep_units(now=NOW + HOUR)
    assert again(printed.boss, before, board).same

    def read(at: dt.datetime | None) -> Any:
        return selectors.reading(printed.boss, "erp.orders_taken", period=MONTH, filters=board, now=LATER, as_shown=at)

    assert (read(NOW).state, read(None).state, read(None).value) == ("empty", "ok", Decimal(343800))
    company = selectors.reading(printed.boss, "erp.orders_taken", period=MONTH, filters=Filters(), now=LATER, as_shown=NOW)
    assert [share.label for share in company.breakdown] == ["Sales"]
    assert [share.label for share in read(None).breakdown] == ["Sales and more"]


def test_departments_are_kept_once_and_only_what_changed(cast: SimpleNamespace) -> None:
    first = keep_units(now=NOW)
    assert (first > 3, keep_units(now=NOW + HOUR)) == (True, 0)
    directory.upsert_unit(code=cast.fin.org_unit.code, name="Money", parent=cast.fin.org_unit.parent)
    assert keep_units(now=NOW + 2 * HOUR) == 2  # one ended, one written
    assert UnitThen.objects.filter(replaced_at=None).count() == first
    assert UnitThen.objects.get(unit=cast.fin.org_unit_id, replaced_at=None).recorded_at == NOW + 2 * HOUR


@pytest.mark.req("U4", "E9")
def test_the_rights_of_a_former_board_are_those_of_today(printed: SimpleNamespace) -> None:
    before = printed.print
    assert again(printed.fin, before).same is False
    verdicts = {one.key: one.verdict for one in again(printed.fin, before).figures}
    assert verdicts["crm.won"] == "not_yours" and verdicts["erp.orders_taken"] == "same"
    assert next(one.again for one in again(printed.fin, before).figures if one.key == "crm.won") is None


@pytest.mark.parametrize(("given", "moment"), [
    ("2026-03-03", dt.datetime(2026, 3, 3, 15, 59, 59, 999999, tzinfo=dt.UTC)),
    ("2026-03-03T10:05:00+08:00", dt.datetime(2026, 3, 3, 2, 5, tzinfo=dt.UTC)),
    ("2026-03-03T10:05", dt.datetime(2026, 3, 3, 2, 5, tzinfo=dt.UTC)),
])
def test_a_day_means_its_last_moment_and_a_moment_itself(given: str, moment: dt.datetime) -> None:
    asked = forms.asked({"shown": given}, now=NOW)
    assert asked.as_shown == moment
    assert (asked.shown_on, asked.period.start, asked.params["shown"]) == (dt.date(2026, 3, 3), dt.date(2026, 3, 1), given)
    assert periods.window(asked.period, time.company_today(moment)) == (dt.date(2026, 3, 1), dt.date(2026, 3, 4))  # the day itself, not the one after


@pytest.mark.parametrize("given", ["2026-03-03T", "2026-03-03T25:00", "1999-01-01T00:00", "T", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_says_nothing_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput):
        forms.asked({"shown": given}, now=NOW)


# --- files made by a job ----------------------------------------------------------------------------------------------


@pytest.mark.req("E9")
def test_a_file_is_made_by_a_job_told_of_and_taken_by_its_reader_alone(printed: SimpleNamespace, as_: Any, run_jobs: Any, travel: Any) -> None:
    client = as_(printed.boss)
    answer = client.post("/board/b/company/export/?period=month&start=2026-11-01", {"as": "pdf"})
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/board/b/company/")
    made = Print.objects.get(form="pdf")
    assert (made.state, made.content, made.moment) == ("DUE", None, NOW)
    assert client.get(f"/board/prints/{made.pk}/file/").status_code == 409
    order("late")  # after it was ordered: not in it
    run_jobs(now=NOW)
    made.refresh_from_db()
    assert (made.state, bytes(made.content[:5]), made.digest) == ("READY", b"%PDF-", printed.print.digest)
    notice = Notification.objects.get(kind="insight.file_ready")
    assert (notice.person_id, notice.params["print"]) == (printed.boss.pk, str(made.pk))
    file = client.get(f"/board/prints/{made.pk}/file/")
    assert (file.status_code, file["Content-Type"], file["Cache-Control"]) == (200, "application/pdf", "no-store")
    assert "Download" in client.get("/board/prints/news/").content.decode()
    page = client.get(f"/board/prints/{made.pk}/").content.decode()
    assert "every figure is the same as printed" in page and made.digest in page and "shown=2026-11-23T" in page
    assert client.get("/board/prints/").content.decode().count("Show the board of then") == 2
    # another manager, and one without the right
    other = as_(printed.fin)
    assert [other.get(path).status_code for path in (f"/board/prints/{made.pk}/", f"/board/prints/{made.pk}/file/")] == [404, 404]
    assert as_(printed.ana).get("/board/prints/").status_code == 403
    assert [entry.action for entry in audit.entries(object=f"insight.print:{made.pk}")] == ["insight.file.taken", "insight.file.ordered"]
    # its time is over
    travel(NOW + dt.timedelta(days=7))
    assert exporting.expire(now=NOW + dt.timedelta(days=7)) == 1
    gone = as_(printed.boss).get(f"/board/prints/{made.pk}/file/")
    assert (gone.status_code, Print.objects.get(pk=made.pk).digest) == (409, printed.print.digest)


@pytest.mark.req("E9")
def test_a_right_that_went_before_the_job_came_leaves_no_file(printed: SimpleNamespace, run_jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with translation.override("zh-hans"):
        made = exporting.order(person=printed.boss, board=boards.board(printed.boss, "company"), form="pdf", period=MONTH, as_shown=None, now=NOW)
    assert (made.language, made.name) == ("zh-hans", "公司总览 2026年11月")
    access.set_actions(actor=printed.admin, role="sales_manager", resource="insight.export", scope="all", actions=["data"], now=NOW)
    run_jobs(now=NOW)
    made.refresh_from_db()
    assert (made.state, made.content, made.figures) == ("FAILED", None, [])
    assert Notification.objects.get(kind="insight.file_ready").params["failed"] is True
    with pytest.raises(NotPermitted):
        exporting.take(person=printed.boss, print_id=made.pk, now=NOW)
    assert next(iter(audit.entries(action="insight.board.exported", actor_id=printed.boss.pk))).data["form"] == "csv"  # the one of before


@pytest.mark.req("E9", "I12")
def test_a_print_is_called_in_the_language_of_its_reader(printed: SimpleNamespace, as_: Any) -> None:
    found = printed.print
    own = Print(board="b7", name="Mine Nov 2026", language="en", query=found.query, moment=found.moment)
    renamed = Print(board="b7", name="Mine of winter", language="en", query=found.query, moment=found.moment)
    with translation.override("zh-hans"):
        assert (name_of(found), name_of(own), name_of(renamed)) == ("公司总览 2026年11月", "Mine 2026年11月", "Mine of winter")
    with translation.override("en"):
        assert (name_of(found), found.name) == ("Company overview Nov 2026", "Company overview Nov 2026")


def test_who_may_not_print_orders_nothing(printed: SimpleNamespace) -> None:
    for person, form in ((printed.fin, "pdf"), (printed.admin, "csv")):
        with pytest.raises(NotPermitted):
            exporting.order(person=person, board=boards.board(person, "company"), form=form, period=MONTH, as_shown=None, now=NOW)
    with pytest.raises(InvalidInput):
        exporting.order(person=printed.boss, board=boards.board(printed.boss, "company"), form="exe", period=MONTH, as_shown=None, now=NOW)
    assert Print.objects.count() == 1
    assert not list(audit.entries(action="insight.file.ordered"))


@pytest.mark.req("E9")
def test_a_mailed_board_is_a_print_too(printed: SimpleNamespace, settings: Any, run_jobs: Any) -> None:
    settings.EMAIL_HOST = "localhost"
    sending.subscribe(person=printed.boss, ident="company", rhythm="weekly", query="period=month", now=NOW - dt.timedelta(days=3))
    sending.plan_mails(now=NOW)
    run_jobs(now=NOW)
    mailed = Print.objects.get(form="mail")
    assert (mailed.state, mailed.digest, mailed.content) == ("READY", printed.print.digest, None)
    with pytest.raises(NotFound):
        exporting.take(person=printed.boss, print_id=mailed.pk, now=NOW)


@pytest.mark.req("E9")
def test_prints_go_round_by_rest(printed: SimpleNamespace, as_: Any, run_jobs: Any) -> None:
    client = as_(printed.boss)
    made = client.post("/api/v1/boards/company/prints?period=month", {"form": "xlsx"}, content_type="application/json")
    assert (made.status_code, made.json()["state"]) == (202, PrintState.DUE)
    run_jobs(now=NOW)
    path = f"/api/v1/prints/{made.json()['id']}"
    assert client.get(path).json()["state"] == "READY"
    assert client.get(f"{path}/file").content[:2] == b"PK"
    compared = client.get(f"{path}/comparison").json()
    assert (compared["same"], compared["digest"]) == (True, printed.print.digest)
    assert {one["form"] for one in client.get("/api/v1/prints").json()} == {"csv", "xlsx"}
    assert client.post("/api/v1/boards/company/prints", {"form": "exe"}, content_type="application/json").status_code in (400, 422)
    fin = as_(printed.fin)
    assert fin.post("/api/v1/boards/company/prints", {"form": "pdf"}, content_type="application/json").status_code == 403
    assert fin.get(path).status_code == 404
    assert Print.objects.count() == 2


# --- the rules by themselves ------------------------------------------------------------------------------------------


def figure(**changed: Any) -> dict[str, Any]:
    return {"key": "a", "unit": "count", "state": "ok", "value": "5", "target": None, **changed}


@pytest.mark.parametrize(("other", "verdict", "parts"), [
    (figure(), "same", ()),
    (figure(value="6", target="7"), "other", ("target", "value")),
    (figure(state="forbidden", value=None), "not_yours", ()),
    (None, "gone", ()),
])
def test_a_figure_of_a_print_is_judged(other: Any, verdict: str, parts: tuple[str, ...]) -> None:
    found = policies.compare([figure()], {"a": other} if other else {})[0]
    assert (found.verdict, found.parts, found.printed) == (verdict, parts, 5)


def test_a_digest_depends_on_every_saying_and_on_no_order_of_keys() -> None:
    one = figure()
    assert policies.digest([one]) == policies.digest([dict(reversed(one.items()))])
    assert policies.digest([one]) != policies.digest([figure(target="0")])
