"""A value that a person may not see is nowhere in what the portal tells that person; one that may be seen is not hidden."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import URLPattern

from apps.access.policies import FULL, HeldPlan
from apps.business import services as business
from apps.core import clock
from apps.core.widgets import WIDGETS
from apps.integrations.models import Connection
from apps.notifications.models import Notification
from apps.realtime.models import Hint
from apps.records.models import Record
from tests.access.test_routes import ALL
from tests.leaks.canaries import Cage, Canary
from tests.leaks.crawler import Crawler
from tests.support import dummy, shop

pytestmark = pytest.mark.django_db
LOGINS = ("ana", "boss", "fin", "eve", "admin", "guest")
BEGIN = ("/", "/inbox/", "/inbox/?tab=notices", "/inbox/?tab=closed", "/customers/", "/deals/", "/deals/?view=list", "/orders/", "/shipments/", "/stock/",
         "/approvals/", "/requests/", "/done/", "/connections/", "/quarantine/", "/access/", "/profile/")  # fmt: skip
OF_ONE_RECORD = re.compile(r"^/(api/v1/)?(customers|deals|orders|shipments)/[\w-]+/?$")


@pytest.fixture
def cage(cast: SimpleNamespace, run_jobs: Any, monkeypatch: pytest.MonkeyPatch) -> Cage:
    """The company's records with canaries, two loops begun, and every message sent to everybody as if it had gone astray."""
    shop.fill(cast)
    for system, connector in ((dummy.crm, dummy.CRM), (dummy.erp, dummy.ERP)):
        system.reset()
        monkeypatch.setattr(system, "down", True)  # what is shown is what is known
        Connection.objects.filter(key=system.key).update(connector_id=connector.id)
    cage = Cage()
    cage.put_into_every_record()
    now = clock.now()
    business.publish_processes(now=now)
    for deal in Record.objects.filter(kind="deal", state="won"):
        business.start_loop(deal=deal.data, won_at=now, now=now)
    run_jobs()
    for row in list(Notification.objects.all()):
        astray = {login: getattr(cast, login) for login in LOGINS if getattr(cast, login).pk != row.person_id}
        for person in astray.values():
            row.pk, row.person_id, row.dedupe = uuid.uuid4(), person.pk, None
            row._state.adding = True
            row.save(force_insert=True)
    return cage


def api_paths() -> list[str]:
    """Every GET of the API; ids of one record of each kind in the places for ids."""
    found = []
    for route, entry in ALL:
        if not route.startswith("api/v1/") or "schema" in route or not isinstance(entry, URLPattern):
            continue
        names = set(re.findall(r"<[^>]+>", route))
        if not names:
            found.append(f"/{route}")
            continue
        for ident in ("c-0", "c-3", "d-0", "d-3", "d-10", "o-0", "o-3", "s-1", "K100", "deal:d-10", *(str(row.pk) for row in Notification.objects.all()[:4])):
            found.append("/" + re.sub(r"<[^>]+>", ident, route))
    return found


def queries(cage: Cage) -> list[str]:
    """Searches for a value that is guarded."""
    one_each: dict[tuple[str, str], Canary] = {}
    for canary in cage.canaries.values():
        one_each.setdefault((canary.resource, canary.field), canary)
    return [f"{place}?q={one.value}" for one in one_each.values() for place in ("/search/", "/customers/", "/orders/", "/inbox/", "/api/v1/search")]


@pytest.mark.req("A9", "I4", "E13")
def test_nobody_is_told_what_is_masked_and_nothing_is_hidden_from_those_who_may_see_it(cage: Cage, cast: SimpleNamespace, sign_in: Any) -> None:
    assert len(cage.canaries) == 142
    leaks: list[str] = []
    seen: dict[str, dict[str, set[str]]] = {}
    reached: dict[str, int] = {}
    for login in LOGINS:
        person = getattr(cast, login)
        hidden = {one.value for one in cage.canaries.values() if not one.may_be_seen_by(person)}
        begin = [*BEGIN, *(f"/widgets/{key}/" for key in sorted(WIDGETS)), *api_paths(), *queries(cage)]
        pages = Crawler(sign_in(Client(headers={"accept-language": "en"}), person)).walk(begin)
        reached[login] = sum(status == 200 for status, _text in pages.values())
        for path, (status, text) in pages.items():
            assert status < 500 or status == 503, (login, path)
            asked = path.partition("?q=")[2]
            found = {one.value: one for one in cage.found_in(text) if one.value != asked}
            leaks += [f"{login} {path}: {one.resource} {one.field} of {one.record}" for value, one in found.items() if value in hidden]
            if status == 200 and OF_ONE_RECORD.match(path):
                seen.setdefault(path, {})[login] = set(found)
    assert leaks == []
    assert reached["ana"] > 60 and reached["boss"] > 60 and reached["admin"] > 60, reached
    assert reached["guest"] < 15, reached
    assert wrongly_hidden(cage, cast, seen) == []
    told = {cage.canaries[value] for by_person in seen.values() for values in by_person.values() for value in values}
    assert len({(one.resource, one.field) for one in told}) == 17  # the crawl was where guarded fields are shown


def wrongly_hidden(cage: Cage, cast: SimpleNamespace, seen: dict[str, dict[str, set[str]]]) -> list[str]:
    """What one person reads on a record's page and another, who may, does not."""
    found = []
    for path, by_person in seen.items():
        shown = set().union(*by_person.values())
        for login, values in by_person.items():
            missing = [cage.canaries[value] for value in shown - values]
            found += [f"{login} {path}: {one.field} of {one.record}" for one in missing if one.may_be_seen_by(getattr(cast, login))]
    return found


@pytest.mark.req("A9")
def test_what_goes_over_the_socket_holds_no_value_of_any_record(cage: Cage) -> None:
    assert Hint.objects.exists()
    assert [hint.body for hint in Hint.objects.all() if any(cage.found_in(hint.body))] == []


@pytest.mark.req("A9", "E14")
def test_mail_tells_its_reader_no_more_than_the_page_would(cage: Cage, cast: SimpleNamespace, run_jobs: Any) -> None:
    run_jobs(now=clock.now() + dt.timedelta(days=2))
    people = {getattr(cast, login).email: getattr(cast, login) for login in LOGINS}
    leaks = []
    for message in mail.outbox:
        told = message.subject + message.body + "".join(str(part[0]) for part in getattr(message, "alternatives", ()))
        leaks += [f"{message.to}: {one.field}" for one in cage.found_in(told) for to in message.to if not one.may_be_seen_by(people[to])]
    assert leaks == []


def test_the_crawl_finds_a_planted_leak(cage: Cage, cast: SimpleNamespace, sign_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test of the test: with masks switched off eve's pages tell what she may not see."""
    monkeypatch.setattr(HeldPlan, "cell", lambda self, name, owner_id: (FULL, None, "*"))
    pages = Crawler(sign_in(Client(), cast.eve)).walk(["/orders/o-0/"])
    values = {one.field for _status, text in pages.values() for one in cage.found_in(text)}
    assert "amount" in values
