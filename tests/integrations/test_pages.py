"""Pages of connections and quarantine."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from apps.integrations.models import Connection, QuarantineItem, SyncRun


@pytest.fixture
def as_person(client, cast, sign_in):
    return lambda login: sign_in(client, getattr(cast, login))


@pytest.fixture
def loaded(systems, run_jobs):
    systems.load()
    run_jobs(now=systems.now)
    return systems


@pytest.fixture
def bad(loaded, run_jobs, cast):
    loaded.crm.put("customers", "acc-C-001", email="nonsense", at=loaded.now + dt.timedelta(seconds=1))
    run_jobs(now=loaded.now + dt.timedelta(seconds=5))
    return QuarantineItem.objects.get()


def test_an_administrator_sees_every_connection_with_its_streams(loaded, as_person):
    html = as_person("admin").get("/connections/").content.decode()
    assert 'data-connection="crm" data-state="up"' in html
    assert "dummy_crm" in html
    assert ">Deals<" in html
    assert 'action="/connections/crm/resync/"' in html


def test_a_dead_system_is_shown_with_its_words(loaded, as_person):
    Connection.objects.filter(key="erp").update(state="down", last_error="erp did not answer")
    html = as_person("admin").get("/connections/").content.decode()
    assert 'data-connection="erp" data-state="down"' in html
    assert "erp did not answer" in html


@pytest.mark.parametrize("login", ["ana", "boss", "fin", "eve", "guest"])
def test_nobody_else_sees_or_manages_connections(loaded, as_person, login):
    client = as_person(login)
    assert client.get("/connections/").status_code == 403
    for what in ("check", "resync", "switch"):
        assert client.post(f"/connections/crm/{what}/").status_code == 403
    assert SyncRun.objects.filter(kind="RESYNC").count() == 0
    assert Connection.objects.get(key="crm").enabled


def test_check_says_what_the_system_says(loaded, as_person):
    client = as_person("admin")
    html = client.post("/connections/crm/check/", follow=True).content.decode()
    assert "CRM answers. Version 1.0." in html
    loaded.crm.down = True
    html = client.post("/connections/crm/check/", follow=True).content.decode()
    assert "CRM does not answer as it should: crm did not answer" in html
    assert client.post("/connections/none/check/").status_code == 404


def test_reading_again_and_switching_off(loaded, as_person, run_jobs):
    client = as_person("admin")
    client.post("/connections/crm/resync/")
    assert SyncRun.objects.filter(connection__key="crm", kind="RESYNC").count() == 1
    run_jobs(now=loaded.now)
    client.post("/connections/crm/switch/", {"enabled": "0"})
    loaded.crm.calls.clear()
    run_jobs(now=loaded.now + dt.timedelta(minutes=1))
    assert loaded.crm.calls == []
    client.post("/connections/crm/switch/", {"enabled": "1"})
    run_jobs(now=loaded.now + dt.timedelta(minutes=2))
    assert loaded.crm.calls == ["feed 1:0"]


@pytest.mark.req("D9")
def test_the_owner_sees_field_rule_and_cure(bad, as_person):
    client = as_person("ana")
    rows = client.get("/quarantine/").content.decode()
    assert "Blue Ocean Retail" in rows
    sheet = client.get(f"/quarantine/{bad.pk}/").content.decode()
    assert "The e-mail address is not one." in sheet
    assert "Correct the address in the CRM." in sheet
    assert 'href="/customers/acc-C-001/"' in sheet
    assert "nonsense" not in sheet  # the private value itself is not shown


def test_the_page_speaks_chinese(bad, as_person, cast):
    from apps.identity.services import update_preferences

    client = as_person("ana")
    update_preferences(account=cast.ana.account, changes={"language": "zh-hans"})
    sheet = client.get(f"/quarantine/{bad.pk}/").content.decode()
    assert "电子邮件地址格式不正确" in sheet


def test_reading_again_asks_the_source_and_releases(bad, as_person, loaded, run_jobs):
    client = as_person("ana")
    loaded.crm.put("customers", "acc-C-001", quiet=True, email="a@customer.example")
    assert client.post(f"/quarantine/{bad.pk}/read-again/").status_code == 302
    run_jobs(now=loaded.now + dt.timedelta(seconds=6))
    bad.refresh_from_db()
    assert bad.state == "RELEASED"
    assert "Out of quarantine" in client.get(f"/quarantine/{bad.pk}/").content.decode()
    assert client.post(f"/quarantine/{bad.pk}/read-again/").status_code == 409


def test_putting_away_asks_for_a_reason(bad, as_person):
    client = as_person("admin")
    response = client.post(f"/quarantine/{bad.pk}/dismiss/", {"reason": ""})
    assert response.status_code == 409
    assert "Say why this record is not needed." in response.content.decode()
    assert client.post(f"/quarantine/{bad.pk}/dismiss/", {"reason": "a test"}).status_code == 302
    bad.refresh_from_db()
    assert (bad.state, bad.reason) == ("DISMISSED", "a test")


@pytest.mark.parametrize("login", ["boss", "eve", "fin", "guest"])
def test_others_do_not_find_it(bad, as_person, login):
    client = as_person(login)
    expected = 404 if login == "boss" else 403
    assert client.get(f"/quarantine/{bad.pk}/").status_code == expected
    for what in ("read-again", "dismiss"):
        assert client.post(f"/quarantine/{bad.pk}/{what}/", {"reason": "x"}).status_code == expected
    bad.refresh_from_db()
    assert bad.state == "OPEN"


def test_an_empty_quarantine_says_so(loaded, as_person):
    assert "Nothing is in quarantine" in as_person("admin").get("/quarantine/").content.decode()


def test_the_chinese_page_of_connections_speaks_chinese(client: Client, cast: SimpleNamespace, sign_in: Any, systems: SimpleNamespace) -> None:
    """Streams, the steward's name and the open ones in quarantine, not their codes."""
    systems.load()
    cast.admin.account.language = "zh-hans"
    cast.admin.account.save()
    sign_in(client, cast.admin)
    page = client.get("/connections/").content.decode()
    for words in ("<td>订单</td>", "<td>客户</td>", "<dd>郭鹏</dd>"):
        assert words in page
    assert "<td>orders</td>" not in page and "<dd>admin</dd>" not in page
    page = client.get("/quarantine/").content.decode()
    assert "待处理" in page and "打开 " not in page
    assert "郭鹏 · " in client.get("/profile/").content.decode()
