"""The calendar: what stands on it, absences, the secret link, and the text that calendar programs read."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from types import SimpleNamespace
from typing import Any

import icalendar
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from apps.audit.models import Entry as AuditEntry
from apps.business import policies, selectors, services
from apps.business.models import CalendarLink, CustomerVisit
from apps.core.errors import InvalidInput, NotFound, NotPermitted
from apps.directory import services as directory
from apps.directory.models import Absence
from apps.notifications import services as notifications
from tests.support import shop

TODAY = dt.date(2026, 11, 23)  # of the fixture clock, a Monday
DAY = dt.timedelta(days=1)


@pytest.fixture
def office(cast: SimpleNamespace, clock: dt.datetime, travel: Any) -> SimpleNamespace:
    travel(clock)
    return SimpleNamespace(**vars(shop.fill(cast)), now=clock)


def shown(person: Any, now: dt.datetime, first: dt.date = TODAY - DAY, last: dt.date = TODAY + 6 * DAY) -> list[tuple[str, str]]:
    return [(one.kind, one.title) for one in selectors.entries(person, first, last, now)]


@pytest.mark.req("G1", "E1")
def test_G1_visits_due_dates_and_absences_stand_on_one_calendar(office: SimpleNamespace) -> None:
    directory.add_absence(person=office.boss, first_date=TODAY + DAY, last_date=TODAY + 2 * DAY, deputy_id=office.ana.pk, reason="Surgery", now=office.now)
    notifications.notify(kind="business.announcement_confirm", person_ids=[office.ana.pk], ref="x", now=office.now, due_at=office.now + 2 * DAY,
                         params={"announcement_id": "0", "title": "Rules", "title_zh": "", "confirm": True, "confirm_by": ""})
    assert shown(office.ana, office.now) == [
        ("visit", "Visit: Delta Water Group"), ("absence", "Lin Wei is away"), ("due", "Due: Read and confirm: Rules"), ("visit", "Visit: Delta Water Group"),
    ]  # fmt: skip
    (away,) = [one for one in selectors.entries(office.ana, TODAY, TODAY + 6 * DAY, office.now) if one.kind == "absence"]
    assert (away.first_date, away.last_date, away.place, away.mine) == (TODAY + DAY, TODAY + 2 * DAY, "Chen An stands in", False)
    assert "Surgery" not in repr(away)


def test_a_week_is_named_by_its_days_and_a_cell_by_what_falls_due(office: SimpleNamespace, sign_in: Any) -> None:
    notifications.notify(kind="workflows.task_assigned", person_ids=[office.boss.pk], ref="x", now=office.now, due_at=office.now + DAY,
                         params={"task_id": "0", "name": "Approve the contract", "title": "Pumps for Delta", "business_key": "deal:d-1"})  # fmt: skip
    client = sign_in(Client(headers={"accept-language": "en"}), office.boss)
    week = client.get("/calendar/?view=week&day=2026-11-25").content.decode()
    assert "23 Nov – 29 Nov</h1>" in week
    assert 'title="Due: Approve the contract: Pumps for Delta"' in week and "Pumps for Delta</a>" in week


@pytest.mark.req("A9")
def test_A9_a_companion_sees_the_visit_masked_and_others_see_nothing(office: SimpleNamespace) -> None:
    assert shown(office.eve, office.now) == [("visit", "Visit: ••••")] * 2
    assert shown(office.fin, office.now) == []
    CustomerVisit.objects.update(state="REQUESTED")
    assert shown(office.ana, office.now) == []


@pytest.mark.parametrize(
    ("view", "day", "first", "last"),
    [
        ("month", "2026-11-23", "2026-10-26", "2026-12-06"), ("month", "2027-02-10", "2027-02-01", "2027-02-28"),
        ("week", "2026-11-29", "2026-11-23", "2026-11-29"),
        ("agenda", "2026-11-23", "2026-11-23", "2026-12-22"),
    ],
)  # fmt: skip
def test_a_view_shows_whole_weeks(view: str, day: str, first: str, last: str) -> None:
    begin, end = selectors.span(view, dt.date.fromisoformat(day))
    assert (begin.isoformat(), end.isoformat()) == (first, last)


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no day": ({"first_date": None}, "first_date"),
    "order": ({"last_date": TODAY - DAY}, "last_date"),
    "past": ({"first_date": TODAY - 9 * DAY, "last_date": TODAY - 8 * DAY}, "last_date"),
    "too long": ({"last_date": TODAY + 400 * DAY}, "last_date"),
    "a stranger": ({"deputy_id": "00000000-0000-4000-8000-000000000000"}, "deputy"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_absence_is_refused_at_its_field(case: str, office: SimpleNamespace) -> None:
    changes, field = BAD[case]
    with pytest.raises(InvalidInput) as refused:
        directory.add_absence(**{"person": office.ana, "first_date": TODAY, "last_date": TODAY + DAY, "now": office.now, **changes})
    assert list(refused.value.details["fields"]) == [field]
    assert Absence.objects.count() == 0


@pytest.mark.req("A9")
def test_A9_an_absence_is_its_persons_alone(office: SimpleNamespace) -> None:
    row = directory.add_absence(person=office.ana, first_date=TODAY, last_date=TODAY, reason="Doctor", now=office.now)
    before = AuditEntry.objects.count()
    with pytest.raises(NotFound):
        directory.cancel_absence(person=office.boss, absence_id=row.pk, now=office.now)
    with pytest.raises(NotPermitted):
        directory.add_absence(person=office.guest, first_date=TODAY, last_date=TODAY, now=office.now)
    row.refresh_from_db()
    assert (row.cancelled_at, AuditEntry.objects.count(), Absence.objects.count()) == (None, before, 1)
    assert not any("Doctor" in str(entry.data) for entry in AuditEntry.objects.all())
    directory.cancel_absence(person=office.ana, absence_id=row.pk, now=office.now)
    assert [kind for kind, _title in shown(office.boss, office.now) if kind == "absence"] == []


# --- the secret link --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.req("E1", "A9")
def test_A9_the_link_opens_the_own_calendar_until_it_is_renewed_or_revoked(office: SimpleNamespace, client: Client) -> None:
    directory.add_absence(person=office.ana, first_date=TODAY, last_date=TODAY, reason="Doctor", now=office.now)
    first = services.make_calendar_link(person=office.ana, now=office.now)
    link = CalendarLink.objects.get()
    assert link.token_sha256 == hashlib.sha256(first.encode()).hexdigest() and first not in repr(vars(link))
    answer = client.get(f"/calendar/feed/{first}.ics")
    text = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (200, "text/calendar; charset=utf-8", "private, no-store")
    assert text.count("BEGIN:VEVENT") == 3 and "Doctor" not in text and "SUMMARY:You are away" in text.replace("\r\n ", "")
    second = services.make_calendar_link(person=office.ana, now=office.now)
    assert [client.get(f"/calendar/feed/{token}.ics").status_code for token in (first, second, "x", link.token_sha256)] == [404, 200, 404, 404]
    assert services.revoke_calendar_link(person=office.ana, now=office.now) and not services.revoke_calendar_link(person=office.ana, now=office.now)
    assert client.get(f"/calendar/feed/{second}.ics").status_code == 404
    entries = AuditEntry.objects.filter(action__startswith="business.calendar_link.").order_by("seq")
    assert [one.action.rsplit(".", 1)[1] for one in entries] == ["made", "renewed", "revoked"]
    assert not any(token in str(one.data) for one in entries for token in (first, second))


@pytest.mark.req("A9")
def test_A9_who_left_or_lost_the_right_feeds_nobody(office: SimpleNamespace, client: Client) -> None:
    token = services.make_calendar_link(person=office.eve, now=office.now)
    assert "Delta" not in client.get(f"/calendar/feed/{token}.ics").content.decode()
    directory.set_active(person_id=office.eve.pk, active=False, now=office.now)
    assert client.get(f"/calendar/feed/{token}.ics").status_code == 404
    with pytest.raises(NotPermitted):
        services.make_calendar_link(person=office.guest, now=office.now)
    assert CalendarLink.objects.count() == 1


def test_the_text_is_as_the_standard_says() -> None:
    stamp = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)
    zone = dt.timezone(dt.timedelta(hours=8))
    timed = {"uid": "a@atrium", "title": "Visit; a, b\\c\nd", "place": "X", "url": "http://localhost/x", "starts_at": dt.datetime(2026, 11, 24, 9, tzinfo=zone),
             "ends_at": dt.datetime(2026, 11, 24, 10, tzinfo=zone)}  # fmt: skip
    whole = {"uid": "b@atrium", "title": "Away", "first_date": dt.date(2026, 12, 31), "last_date": dt.date(2026, 12, 31)}
    lines = policies.ical.calendar(name="N", events=[timed, whole], stamp=stamp).split("\r\n")
    assert lines == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Atrium//Calendar//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH", "X-WR-CALNAME:N",
        "BEGIN:VEVENT", "UID:a@atrium", "DTSTAMP:20261123T010000Z", "DTSTART:20261124T010000Z", "DTEND:20261124T020000Z",
        "SUMMARY:Visit\\; a\\, b\\\\c\\nd", "LOCATION:X", "URL:http://localhost/x", "END:VEVENT",
        "BEGIN:VEVENT", "UID:b@atrium", "DTSTAMP:20261123T010000Z", "DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270101", "SUMMARY:Away",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_is_folded_and_comes_back(text: str) -> None:
    moment = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)
    event = {"uid": "a@atrium", "title": text, "starts_at": moment, "ends_at": moment + dt.timedelta(hours=1)}
    made = policies.ical.calendar(name="N", events=[event], stamp=moment)
    assert all(len(line.encode()) <= 75 for line in made.split("\r\n")) and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", made)
    (back,) = icalendar.Calendar.from_ical(made).walk("VEVENT")
    assert str(back["summary"]) == policies.ical.plain(text)


@pytest.mark.req("E1")
def test_pages_and_api(office: SimpleNamespace, client: Client, sign_in: Any) -> None:
    sign_in(client, office.ana)
    for path in ("/calendar/", "/calendar/?view=week", "/calendar/?view=agenda&day=2026-11-20", "/widgets/business.calendar/"):
        assert "Delta Water Group" in client.get(path).content.decode(), path
    assert client.get("/calendar/?view=x&day=nonsense").status_code == 200
    assert client.post("/calendar/absences/", {"first_date": "2026-11-25", "last_date": "2026-11-24"}).status_code == 422
    assert "You are away" in client.post("/calendar/absences/", {"first_date": "2026-11-25", "last_date": "2026-11-26"}, follow=True).content.decode()
    card = client.post("/calendar/link/make/", headers={"HX-Request": "true"})
    url = re.search(r"http://testserver(/calendar/feed/\S+?\.ics)", card.content.decode())
    assert url and card["Cache-Control"] == "no-store" and client.get(url[1]).status_code == 200
    assert url[1] not in client.get("/calendar/link/").content.decode()
    rows = client.get("/api/v1/calendar?first=2026-11-23&last=2026-11-30").json()
    assert [row["kind"] for row in rows] == ["absence", "visit"]
    made = client.post("/api/v1/absences", {"first_date": "2026-12-01", "last_date": "2026-12-02"}, content_type="application/json")
    assert (made.status_code, client.delete(f"/api/v1/absences/{made.json()['id']}").status_code) == (201, 204)
    assert client.post("/api/v1/calendar/link").status_code == 201 and client.delete("/api/v1/calendar/link").status_code == 204
    assert client.get("/api/v1/calendar?first=2026-01-01&last=2029-01-01").status_code == 422
