"""Announcements: who is reached, what each state allows, receipts, confirmations, reminders; and cases copied to people."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.access.models import Role
from apps.audit.models import Entry
from apps.business import policies, selectors, services
from apps.business.models import Announcement, AnnouncementReceipt, Circulation
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.directory.models import OrgUnit
from apps.notifications import selectors as notifications
from apps.notifications import services as notification_services
from apps.notifications.models import Notification
from apps.notifications.selectors import rendered, todo_count
from apps.workflows import selectors as workflow_selectors

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
EVERYBODY = {"admin", "ana", "boss", "eve", "fin", "guest"}


@pytest.fixture
def desk(cast: SimpleNamespace, clock: dt.datetime, run_jobs: Any) -> SimpleNamespace:
    """write(**fields): a draft of admin; publish(row): published and delivered."""

    def write(person: Any = None, **fields: Any) -> Announcement:
        given = {"title": "Stocktaking on Friday", "title_zh": "周五盘点", "body": "The warehouse is closed.", "everybody": True, **fields}
        return services.save_announcement(person=person or cast.admin, fields=given, now=clock)

    def publish(row: Announcement, now: dt.datetime = clock) -> Announcement:
        services.publish_announcement(person=row.author, announcement_id=row.pk, now=now)
        run_jobs(now=now)
        row.refresh_from_db()
        return row

    return SimpleNamespace(write=write, publish=publish, now=clock, **vars(cast))


def told(row: Announcement) -> set[str]:
    return set(Notification.objects.filter(params__announcement_id=str(row.pk)).values_list("person__login", flat=True))


AUDIENCES: dict[str, tuple[dict[str, Any], set[str]]] = {
    "everybody": ({"everybody": True}, EVERYBODY),
    "the company": ({"units": ["yunhe"]}, EVERYBODY - {"guest"}),
    "a department": ({"units": ["sales"]}, {"ana", "boss"}),
    "a role": ({"roles": ["warehouse"]}, {"eve"}),
    "a person": ({"people": ["guest"]}, {"guest"}),
    "several": ({"units": ["finance"], "roles": ["sales_manager"], "people": ["eve"]}, {"fin", "boss", "eve"}),
}


@pytest.mark.req("M6", "G1")
@pytest.mark.parametrize("case", AUDIENCES)
def test_M6_it_reaches_whom_it_names_and_nobody_else(case: str, desk: SimpleNamespace) -> None:
    who, expected = AUDIENCES[case]
    fields = {
        "everybody": who.get("everybody", False), "unit_ids": [OrgUnit.objects.get(code=code).pk for code in who.get("units", ())],
        "role_ids": [Role.objects.get(code=code).pk for code in who.get("roles", ())], "person_ids": [getattr(desk, one).pk for one in who.get("people", ())],
    }  # fmt: skip
    row = desk.publish(desk.write(**fields))
    assert {one.login for one in selectors.audience(row)} == expected
    assert told(row) == expected - {"admin"}  # its writer is not told
    seen = {one.login for one in (desk.ana, desk.boss, desk.fin, desk.eve, desk.admin) if selectors.announcements(one, now=desk.now).count}
    assert seen == expected - {"guest"}  # who holds no role sees no page
    assert set(row.receipts.values_list("person__login", flat=True)) == expected


def test_every_state_allows_what_the_table_says(desk: SimpleNamespace) -> None:
    acts = {
        "save": lambda row: services.save_announcement(person=desk.admin, fields={"title": "New", "everybody": True}, announcement_id=row.pk, now=desk.now),
        "publish": lambda row: services.publish_announcement(person=desk.admin, announcement_id=row.pk, now=desk.now),
        "pin": lambda row: services.pin_announcement(person=desk.admin, announcement_id=row.pk, pinned=True, now=desk.now),
        "correct": lambda row: services.correct_announcement(
            person=desk.admin, announcement_id=row.pk, texts={"title": "New"}, ask_again=False, now=desk.now),
        "remind": lambda row: services.remind_announcement(person=desk.admin, announcement_id=row.pk, now=desk.now),
        "withdraw": lambda row: services.withdraw_announcement(person=desk.admin, announcement_id=row.pk, now=desk.now),
    }
    for state in ("DRAFT", "PUBLISHED", "WITHDRAWN"):
        for happens, act in acts.items():
            row = desk.write()
            Announcement.objects.filter(pk=row.pk).update(state=state)
            after, entries = policies.announcement_state(state, happens), Entry.objects.count()
            if after is None:
                with pytest.raises(services.UnableToChangeAnnouncement):
                    act(row)
                assert Entry.objects.count() == entries
            else:
                act(row)
            row.refresh_from_db()
            assert row.state == (after or state), (state, happens)


@pytest.mark.req("M6")
def test_M6_a_confirmation_is_a_todo_until_it_is_given_and_the_report_says_who_is_missing(desk: SimpleNamespace) -> None:
    sales = OrgUnit.objects.get(code="sales").pk
    row = desk.publish(desk.write(everybody=False, unit_ids=[sales], confirm=True, confirm_by=desk.now + 2 * DAY))
    assert (todo_count(desk.ana), todo_count(desk.boss)) == (1, 1)
    services.read_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now + HOUR)
    services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now + 2 * HOUR)
    services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now + 3 * HOUR)
    assert (todo_count(desk.ana), todo_count(desk.boss)) == (0, 1)
    report = selectors.reading_report(row)
    assert (report.total, report.read, report.confirmed) == (2, 1, 1)
    assert [(one.login, bool(receipt and receipt.confirmed_at)) for one, receipt in report.rows] == [("boss", False), ("ana", True)]
    receipt = row.receipts.get(person=desk.ana)
    assert (receipt.read_at, receipt.confirmed_at) == (desk.now + HOUR, desk.now + 2 * HOUR)
    assert [one.login for one in selectors.missing_readers(row, desk.now)] == ["boss"]
    assert [one.row.pk for one in selectors.deadlines(desk.boss, desk.now, desk.now + 3 * DAY, desk.now)] == [row.pk]
    assert selectors.deadlines(desk.ana, desk.now, desk.now + 3 * DAY, desk.now) == []


@pytest.mark.req("M6")
def test_M6_a_reminder_reaches_who_is_missing_once_a_day(desk: SimpleNamespace) -> None:
    row = desk.publish(desk.write())
    for one in (desk.ana, desk.fin):
        services.read_announcement(person=one, announcement_id=row.pk, now=desk.now)
    counts = [services.remind_announcement(person=desk.admin, announcement_id=row.pk, now=desk.now + delay) for delay in (HOUR, 2 * HOUR, DAY)]
    assert counts == [3, 0, 3]
    reminded = Notification.objects.filter(kind="business.announcement_reminder").values_list("person__login", flat=True)
    assert sorted(reminded) == ["boss", "boss", "eve", "eve", "guest", "guest"]


@pytest.mark.req("M6")
def test_M6_it_is_shown_and_told_in_its_time(desk: SimpleNamespace, run_jobs: Any) -> None:
    row = desk.publish(desk.write(visible_from=desk.now + DAY, visible_until=desk.now + 2 * DAY))
    assert told(row) == set()
    with pytest.raises(NotFound):
        services.read_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now)
    run_jobs(now=desk.now + DAY)
    assert told(row) == EVERYBODY - {"admin"}
    shown = [selectors.announcements(desk.ana, now=desk.now + moment).count for moment in (HOUR, DAY, 2 * DAY - HOUR, 2 * DAY)]
    assert shown == [0, 1, 1, 0]


def test_a_withdrawn_one_takes_its_todos_along(desk: SimpleNamespace) -> None:
    row = desk.publish(desk.write(confirm=True))
    assert todo_count(desk.eve) == 1
    services.withdraw_announcement(person=desk.admin, announcement_id=row.pk, now=desk.now)
    assert todo_count(desk.eve) == 0
    with pytest.raises(NotFound):
        selectors.announcement(desk.eve, row.pk, desk.now)


def test_a_large_audience_is_told_in_several_jobs(desk: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.business.services.announcements.BATCH", 2)
    row = desk.publish(desk.write())
    assert told(row) == EVERYBODY - {"admin"}
    assert Notification.objects.filter(params__announcement_id=str(row.pk)).count() == 5
    assert row.delivered_at == desk.now


def test_the_reader_gets_the_version_in_the_own_language(desk: SimpleNamespace) -> None:
    row = desk.publish(desk.write())
    notice = Notification.objects.get(person=desk.ana, params__announcement_id=str(row.pk))
    assert [rendered(notice, desk.ana, language).title for language in ("en", "zh-hans")] == ["Stocktaking on Friday", "周五盘点"]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no title": ({"title": " "}, "title"),
    "long": ({"title": "x" * 161}, "title"),
    "nobody": ({"everybody": False}, "audience"),
    "stranger": ({"everybody": False, "person_ids": ["00000000-0000-4000-8000-000000000000"]}, "audience"),
    "nonsense": ({"unit_ids": ["x"]}, "audience"),
    "ends first": ({"visible_until": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "visible_until"),
    "late": ({"confirm": True, "confirm_by": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "confirm_by"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_written(case: str, desk: SimpleNamespace) -> None:
    changes, field = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        desk.write(**changes)
    assert list(refused.value.details["fields"]) == [field]
    assert Announcement.objects.count() == 0


@pytest.mark.req("M6", "A9")
def test_A9_who_may_not_write_changes_nothing(desk: SimpleNamespace) -> None:
    for person in (desk.ana, desk.eve, desk.fin, desk.guest):
        with pytest.raises(NotPermitted):
            desk.write(person=person)
    assert Announcement.objects.count() == 0
    row = desk.publish(desk.write())
    before = (Entry.objects.count(), Notification.objects.count(), Announcement.objects.values_list("state", "pinned", "updated_at").get())
    for person in (desk.ana, desk.boss):  # boss writes, but this one is not his
        for act in (services.withdraw_announcement, services.remind_announcement, services.publish_announcement):
            with pytest.raises(NotFound):
                act(person=person, announcement_id=row.pk, now=desk.now)
        with pytest.raises(NotFound):
            services.correct_announcement(person=person, announcement_id=row.pk, texts={"title": "Mine"}, ask_again=True, now=desk.now)
    assert (Entry.objects.count(), Notification.objects.count(), Announcement.objects.values_list("state", "pinned", "updated_at").get()) == before


@pytest.mark.req("M6")
@pytest.mark.parametrize("ask_again", [True, False])
def test_corrected_words_ask_those_again_who_confirmed_only_when_the_author_says_so(desk: SimpleNamespace, run_jobs: Any, ask_again: bool) -> None:
    row = desk.publish(desk.write(confirm=True))
    services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now)
    later = desk.now + HOUR
    texts = {"title": "Stocktaking on Monday", "title_zh": "周一盘点", "body": row.body}
    for _twice in range(2):  # the same words once more change nothing
        services.correct_announcement(person=desk.admin, announcement_id=row.pk, texts=texts, ask_again=ask_again, now=later)
    run_jobs(now=later)
    row.refresh_from_db()
    receipt = AnnouncementReceipt.objects.get(announcement=row, person=desk.ana)
    assert (row.title, row.title_zh, row.state) == ("Stocktaking on Monday", "周一盘点", "PUBLISHED")
    assert (receipt.confirmed_at, todo_count(desk.ana, later)) == ((None, 1) if ask_again else (desk.now, 0))
    assert todo_count(desk.eve, later) == 1  # she had not confirmed: asked once, not twice
    entry = Entry.objects.get(action="business.announcement.corrected")
    assert entry.data == {"before": {"title": "Stocktaking on Friday", "title_zh": "周五盘点"}, "asked_again": int(ask_again)}
    assert notifications.drift(later) == frozenset() and selectors.corrected_at(row) == later
    if ask_again:
        services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=later)
        assert todo_count(desk.ana, later) == 0


@pytest.mark.req("M6")
def test_the_page_and_the_api_correct_what_is_published(desk: SimpleNamespace, client: Client, sign_in: Any) -> None:
    row = desk.publish(desk.write(confirm=True))
    address, api = f"/announcements/{row.pk}/correct/", f"/api/v1/announcements/{row.pk}"
    sign_in(client, desk.ana)
    assert client.post(address, {"title": "Mine"}).status_code == 403
    assert client.patch(api, {"title": "Mine"}, content_type="application/json").status_code == 403
    sign_in(client, desk.admin)
    assert "Ask those again" in client.get(address).content.decode()
    assert client.post(address, {"title": "", "body": "x"}).status_code == 422
    row.refresh_from_db()
    assert row.title == "Stocktaking on Friday"
    shown = client.post(address, {"title": "Stocktaking on Monday", "body": "Closed."}, follow=True).content.decode()
    assert "Corrected." in shown and "corrected " in shown
    said = client.patch(api, {"title": "Stocktaking on Tuesday", "ask_again": True}, content_type="application/json")
    assert (said.status_code, said.json()["title"], said.json()["body"]) == (200, "Stocktaking on Tuesday", "")
    draft = desk.write()
    assert client.patch(f"/api/v1/announcements/{draft.pk}", {"title": "x"}, content_type="application/json").status_code == 409


@pytest.mark.req("M6", "G1")
def test_the_pages_write_publish_read_and_confirm(desk: SimpleNamespace, client: Client, sign_in: Any, run_jobs: Any) -> None:
    sign_in(client, desk.admin)
    assert client.post("/announcements/new/", {"title": "", "everybody": "1"}).status_code == 422
    made = client.post("/announcements/new/", {"title": "Holiday", "body": "**Closed** <b>", "everybody": "1", "confirm": "1", "publish": "1"}, follow=True)
    assert "Who has read it" in made.content.decode()
    run_jobs()
    row = Announcement.objects.get()
    sign_in(client, desk.eve)
    assert "unread" in client.get("/announcements/").content.decode() or "to confirm" in client.get("/announcements/").content.decode()
    text = client.get(f"/announcements/{row.pk}/").content.decode()
    assert "<strong>Closed</strong> &lt;b&gt;" in text and "I have read it" in text and "Who has read it" not in text
    assert AnnouncementReceipt.objects.get(person=desk.eve).read_at is not None
    assert "You confirmed it" in client.post(f"/announcements/{row.pk}/confirm/", follow=True).content.decode()
    assert "Holiday" in client.get("/widgets/business.announcements/").content.decode()


@pytest.mark.req("M6")
def test_the_api_does_the_same(desk: SimpleNamespace, client: Client, sign_in: Any, run_jobs: Any) -> None:
    sign_in(client, desk.admin)
    body = {"title": "Holiday", "body": "# Closed", "unit_ids": [str(OrgUnit.objects.get(code="sales").pk)], "confirm": True}
    made = client.post("/api/v1/announcements", body, content_type="application/json")
    assert (made.status_code, made.json()["state"], made.json()["html"]) == (201, "DRAFT", "<h2>Closed</h2>")
    root = f"/api/v1/announcements/{made.json()['id']}"
    assert client.post(f"{root}/publish").json()["state"] == "PUBLISHED"
    run_jobs()
    assert client.post(f"{root}/pin", {"pinned": True}, content_type="application/json").json()["pinned"] is True
    assert client.get(f"{root}/readers").json()["total"] == 2
    assert client.post(f"{root}/readers").json() == {"reminded": 2}
    sign_in(client, desk.ana)
    assert client.post(f"{root}/confirm").json()["confirmed_at"] is not None
    assert client.get(f"{root}/readers").status_code == 403
    sign_in(client, desk.eve)
    assert client.get(root).status_code == 404


# --- copies -----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("M6", "G1", "A9")
def test_G1_a_copy_lets_its_reader_see_the_case_with_the_own_masks(won_deal: Any, desk: SimpleNamespace, client: Client, sign_in: Any) -> None:
    loop = services.start_loop(deal=won_deal(), won_at=desk.now, now=desk.now)
    assert loop is not None
    with pytest.raises(NotFound):
        workflow_selectors.instance_for(desk.eve, business_key=loop.business_key)
    rows = services.circulate(person=desk.boss, business_key=loop.business_key, person_ids=[desk.eve.pk, desk.boss.pk], note="Plan the stock", now=desk.now)
    assert [(row.person.login, row.note) for row in rows] == [("eve", "Plan the stock")]
    assert services.circulate(person=desk.boss, business_key=loop.business_key, person_ids=[desk.eve.pk], now=desk.now) == []
    notice = Notification.objects.get(kind="business.case_copied")
    assert rendered(notice, desk.eve, "en").title == "Lin Wei sent you a copy: ••••"  # the warehouse sees no deals
    assert workflow_selectors.instance_for(desk.eve, business_key=loop.business_key).pk == loop.instance_id
    sign_in(client, desk.eve)
    text = client.get("/announcements/copies/").content.decode()
    assert "Plan the stock" in text and "Pumps for Delta" not in text
    assert "Lin Wei" not in client.get(f"/copies/{loop.business_key}/", headers={"HX-Request": "true"}).content.decode()
    assert Circulation.objects.get().read_at is not None
    assert client.get("/api/v1/copies").json()[0]["note"] == "Plan the stock"


@pytest.mark.req("A9")
def test_A9_a_case_that_one_does_not_see_is_copied_to_nobody(won_deal: Any, desk: SimpleNamespace) -> None:
    loop = services.start_loop(deal=won_deal(), won_at=desk.now, now=desk.now)
    assert loop is not None
    before = (Entry.objects.count(), Notification.objects.count())
    with pytest.raises(NotFound):
        services.circulate(person=desk.eve, business_key=loop.business_key, person_ids=[desk.fin.pk], now=desk.now)
    with pytest.raises(InvalidInput):
        services.circulate(person=desk.boss, business_key=loop.business_key, person_ids=[desk.boss.pk], now=desk.now)
    assert (Circulation.objects.count(), Entry.objects.count(), Notification.objects.count()) == (0, *before)


def lies(now: dt.datetime) -> set[tuple[str, str]]:
    return {(one.what, one.kind) for one in notifications.drift(now)}


@pytest.mark.req("M6", "E14")
def test_who_owes_a_confirmation_is_known_without_any_message(desk: SimpleNamespace, run_jobs: Any) -> None:
    kind = "business.announcement_confirm"
    row = desk.publish(desk.write(everybody=False, person_ids=[desk.ana.pk, desk.boss.pk, desk.eve.pk], confirm=True, visible_until=desk.now + 3 * DAY))
    assert lies(desk.now) == set()
    services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now + HOUR)
    assert lies(desk.now + HOUR) == set()
    Notification.objects.filter(kind=kind, person_id=desk.boss.pk).delete()
    assert lies(desk.now + HOUR) == {("MISSING", kind)}
    notification_services.reconcile(now=desk.now + HOUR)
    assert lies(desk.now + HOUR) == set()
    assert notifications.todo_count(desk.boss, desk.now + HOUR) == 1
    # shown no more: nobody has to confirm what nobody can open
    late = desk.now + 3 * DAY
    assert lies(late) == set()  # the end is on its way
    run_jobs(now=late)
    assert (lies(late), notifications.todo_count(desk.boss, late), notifications.todo_count(desk.eve, late)) == (set(), 0, 0)


@pytest.mark.req("M6")
def test_who_confirmed_before_being_told_is_asked_for_nothing(desk: SimpleNamespace, run_jobs: Any) -> None:
    row = desk.write(everybody=False, person_ids=[desk.ana.pk], confirm=True)
    services.publish_announcement(person=row.author, announcement_id=row.pk, now=desk.now)
    services.confirm_announcement(person=desk.ana, announcement_id=row.pk, now=desk.now)
    run_jobs(now=desk.now)
    assert (notifications.todo_count(desk.ana, desk.now), lies(desk.now)) == (0, set())
