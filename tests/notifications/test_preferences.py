"""Choices of a person and limits of the company: page and API, what is refused, and the preview of last week."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core.errors import InvalidInput, NotPermitted
from apps.notifications import selectors
from apps.notifications.models import Reach
from apps.notifications.services import chats, preferences
from tests.support import shop
from tests.support.chat import Product

pytestmark = [pytest.mark.django_db, pytest.mark.req("E14")]
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def _channels(settings: Any, own_kinds: None) -> None:
    settings.EMAIL_HOST, settings.WEB_PUSH_HOSTS = "localhost", ["push.example"]


@pytest.fixture
def as_(sign_in: Any, travel: Any, clock: dt.datetime) -> Callable[..., Client]:
    travel(clock)
    return lambda person: sign_in(Client(headers={"accept-language": "en"}), person)


def words(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.parametrize(("_case", "changes", "field"), [
    ("an alarm's mail", {"kinds": {"tests.alarm": {"email": "off"}}}, "kinds"),
    ("against the company", {"kinds": {"tests.news": {"web_push": "instant"}}}, "kinds"),
    ("a digest where there is none", {"kinds": {"tests.ask": {"web_push": "digest"}}}, "kinds"),
    ("the inbox", {"kinds": {"tests.ask": {"in_app": "off"}}}, "kinds"),
    ("the inbox as a whole", {"off": ["in_app"]}, "off"),
    ("an unknown kind", {"kinds": {"no.kind": {"email": "off"}}}, "kinds"),
    ("a quarter of an hour", {"quiet": {"0": ["22:15", "07:00"]}}, "quiet"),
    ("an eighth day", {"quiet": {"7": ["22:00", "07:00"]}}, "quiet"),
    ("one time only", {"quiet": {"0": ["22:00"]}}, "quiet"),
    ("an unknown digest", {"digest": "yearly"}, "digest"),
    ("a reminder in years", {"remind_after": 10**6}, "remind_after"),
    ("no number", {"remind_after": "soon"}, "remind_after"),
    ("the company's limits", {"limits": {}}, "limits"),
    ("rubbish", {"kinds": ["x"], "off": 3}, "off"),
])  # fmt: skip
def test_what_cannot_be_chosen(_case: str, changes: dict[str, Any], field: str, cast: SimpleNamespace, clock: dt.datetime) -> None:
    preferences.set_company(actor=cast.admin, changes={"limits": {"web_push": {"tests.news": "off"}}}, now=clock)
    with pytest.raises(InvalidInput) as refused:
        preferences.choose(person=cast.boss, changes={"digest": "weekly", **changes}, now=clock)
    assert field in refused.value.details["fields"]
    assert not Reach.objects.filter(person=cast.boss.pk).exists()
    assert not Entry.objects.filter(action="notifications.reach.chosen").exists()


def test_what_is_as_the_company_has_it_goes_on_following_the_company(cast: SimpleNamespace, clock: dt.datetime) -> None:
    same = {"digest": "daily", "remind_after": 120, "quiet": {}, "kinds": {"tests.ask": {"email": "instant"}}}
    preferences.choose(person=cast.boss, changes=same, now=clock)
    preferences.set_company(actor=cast.admin, changes={"digest": "3h", "remind_after": 60, "quiet": {"5": ["00:00", "00:00"]}}, now=clock)
    found = selectors.reaching_of(cast.boss)
    assert (found.digest, found.remind_after, found.quiet, dict(found.kinds)) == ("3h", 60, {"5": ["00:00", "00:00"]}, {})
    preferences.choose(person=cast.boss, changes={"digest": "off", "quiet": {}}, now=clock)
    found = selectors.reaching_of(cast.boss)
    assert (found.digest, found.quiet) == ("off", {})


@pytest.mark.parametrize("login", ["boss", "guest"])
def test_only_administrators_set_it_for_everybody(login: str, cast: SimpleNamespace, as_: Any, clock: dt.datetime) -> None:
    person = getattr(cast, login)
    with pytest.raises(NotPermitted):
        preferences.set_company(actor=person, changes={"digest": "off"}, now=clock)
    assert as_(person).post("/channels/", {"digest": "off"}).status_code == 403
    assert as_(person).patch("/api/v1/reach/company", {"digest": "off"}, content_type="application/json").status_code == 403
    assert not Reach.objects.exists()


def test_the_page_saves_what_it_shows(as_: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    client = as_(cast.boss)
    assert "Last week with these choices" in words(client.get("/profile/notifications/"))
    form = {"on-email": "1", "kind tests.news email": "instant", "kind tests.ask web_push": "off", "quiet-0": "1", "from-0": "21:30", "to-0": "06:30",
            "digest": "weekly", "remind_after": "60", "remind_by": "email"}  # fmt: skip
    assert client.post("/profile/notifications/", {**form, "copy": "0:workdays"}).status_code == 302
    found = selectors.reaching_of(cast.boss)
    assert (found.off, found.digest, found.remind_after, found.remind_by) == (frozenset({"web_push"}), "weekly", 60, "email")
    assert found.kinds == {"tests.news": {"email": "instant"}, "tests.ask": {"web_push": "off"}}
    assert found.quiet == {str(day): ["21:30", "06:30"] for day in range(5)}
    page = client.get("/profile/notifications/").content.decode()
    assert page.count('<option selected>21:30</option>') == 5 and 'name="on-web_push" value="1" aria-label' in page
    refused = client.post("/profile/notifications/", {**form, "from-0": "21:10"}, headers={"HX-Request": "true"})
    assert (refused.status_code, "Quiet hours begin and end at a full or a half hour." in words(refused)) == (422, True)
    assert selectors.reaching_of(cast.boss) == found


def test_the_api_does_what_the_page_does(as_: Any, cast: SimpleNamespace) -> None:
    client = as_(cast.boss)
    got = client.patch("/api/v1/me/reach", {"off": ["email"], "quiet": {"6": ["00:00", "00:00"]}}, content_type="application/json")
    assert (got.status_code, got.json()["off"], got.json()["channels"]) == (200, ["email"], ["email", "web_push"])
    assert got.json()["quiet"] == {"6": ["00:00", "00:00"]}
    alarm = next(row for row in got.json()["grid"] if row["key"] == "tests.alarm")
    assert alarm["cells"][0] == {"channel": "email", "level": "instant", "options": ["instant", "digest", "off"], "fixed": "critical"}
    refused = client.patch("/api/v1/me/reach", {"kinds": {"tests.alarm": {"email": "off"}}}, content_type="application/json")
    assert (refused.status_code, refused.json()["error"]["details"]["fields"]["kinds"]) == (422, ["This is an alarm: its mail cannot be switched off."])
    assert client.get("/api/v1/me/reach").json()["off"] == ["email"]


def test_last_week_is_shown_with_choices_that_are_not_stored(as_: Any, tell: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    """Monday 09:12: two at once by day, one at night, three that only inform, one of the week before, one of somebody else."""
    for what, ago in (("a", HOUR), ("b", 3 * DAY), ("night", 10 * HOUR)):
        tell(cast.boss, "ask", what, clock - ago)
    for what in ("n1", "n2", "n3"):
        tell(cast.boss, "news", what, clock - DAY)
    tell(cast.boss, "ask", "old", clock - 8 * DAY)
    tell(cast.ana, "ask", "hers", clock - HOUR)
    client = as_(cast.boss)
    given = {"quiet": {"6": ["22:00", "07:00"]}, "kinds": {"tests.news": {"web_push": "instant"}}}
    shown = client.post("/api/v1/me/reach/preview", given, content_type="application/json").json()
    assert shown == {"count": 6, "totals": {
        "email": {"now": 2, "later": 1, "digest": 3, "not": 0}, "web_push": {"now": 5, "later": 1, "digest": 0, "not": 0}}}  # fmt: skip
    page = client.post("/profile/notifications/preview/", {"digest": "off", "on-email": "1", "on-web_push": "1"}, headers={"HX-Request": "true"})
    assert "6 messages in the inbox." in words(page) and "Decide night" in words(page) and "hers" not in words(page)
    assert not Reach.objects.exists()


def test_the_company_sets_limits_and_sees_how_deliveries_fare(as_: Any, cast: SimpleNamespace, clock: dt.datetime) -> None:
    client = as_(cast.admin)
    assert "Nothing was sent beside the inbox" in words(client.get("/channels/"))
    sent = {"limit tests.news email": "off", "limit * web_push": "off", "limit tests.ask email": "locked", "digest": "3h", "remind_after": "0"}
    assert client.post("/channels/", sent).status_code == 302
    row = selectors.company_row()
    assert row.limits == {"email": {"tests.news": "off", "tests.ask": "locked"}, "web_push": {"*": "off"}}
    assert (row.digest, row.remind_after) == ("3h", 0)
    assert Entry.objects.get(action="notifications.reach.company").data["to"]["digest"] == "3h"
    page = words(as_(cast.boss).get("/profile/notifications/"))
    assert "The company has set this." in page


def test_a_code_is_shown_once_and_an_account_is_let_go(
    as_: Any, products: dict[str, Product], cast: SimpleNamespace, clock: dt.datetime, settings: Any
) -> None:
    settings.CHAT = {"dingtalk": products["dingtalk"].settings}
    client, admin = as_(cast.boss), as_(cast.admin)
    page = client.post("/profile/notifications/chat/dingtalk/code/", follow=True)
    assert re.search(r"AT-[A-Z2-9]{8}", words(page))
    assert not re.search(r"AT-[A-Z2-9]{8}", words(client.get("/profile/notifications/")))
    assert client.post("/profile/notifications/chat/wecom/code/").status_code == 409
    assert client.put("/api/v1/people/boss/chat-accounts/dingtalk", {"user_id": "b-1"}, content_type="application/json").status_code == 403
    bound = admin.put("/api/v1/people/boss/chat-accounts/dingtalk", {"user_id": "b-1"}, content_type="application/json")
    assert (bound.status_code, bound.json()["user_id"]) == (200, "b-1")
    assert "b-1" in words(client.get("/profile/notifications/"))
    client.post("/profile/notifications/chat/dingtalk/remove/")
    assert selectors.chat_accounts(cast.boss) == []
    chats.bind(person=cast.ana, vendor="dingtalk", user_id="a-1", actor=cast.ana, now=clock)
    assert admin.delete("/api/v1/people/ana/chat-accounts/dingtalk").status_code == 204


@pytest.mark.req("E13")
def test_kinds_of_a_connector_that_is_connected_to_nothing_are_not_offered(cast: SimpleNamespace, clock: dt.datetime) -> None:
    def offered() -> set[str]:
        found = {kind.key.partition(".")[0] for kind in selectors.choosable()}
        return found & {"erp_sandbox", "erp_tryton", "crm_sandbox", "crm_bottle"}

    assert offered() == set()
    shop.connect(clock)
    assert offered() == {"erp_sandbox", "crm_sandbox"}
