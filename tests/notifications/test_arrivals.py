"""Coming in from a chat product: who is let in, and who is not."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from apps.audit.models import Entry
from apps.core import clock as wall
from apps.core.errors import NotPermitted
from apps.core.http import OutsideError, TransientError
from apps.directory import services as directory
from apps.identity.models import OidcSession
from apps.identity.services import digest_of, standing
from apps.notifications.channels.chat import VENDORS as OURS
from apps.notifications.channels.chat import CodeRefused
from apps.notifications.models import ChatAccount
from apps.notifications.services import chats, preferences
from tests.notifications.arriving import API, ONE, USER, begun, come, nobody_in
from tests.support.chat import VENDORS, Product
from tests.support.jwks import FakeProvider

pytestmark = [pytest.mark.django_db, pytest.mark.req("X1")]


def test_the_product_says_who_it_is_and_a_session_of_the_portal_begins(open_way: SimpleNamespace, client: Client) -> None:
    answer = come(client, open_way.product)
    assert (answer.status_code, answer["Location"]) == (302, "/inbox/")
    row = OidcSession.objects.get()
    assert (row.account, row.via, row.sid, row.acr, row.auth_time) == (open_way.cast.ana.account, open_way.vendor, "", "", None)
    assert (row.id_token, row.access_token, row.refresh_token) == ("", "", "")
    assert row.pk == client.session.session_key
    assert client.get("/inbox/").status_code == 200
    entry = Entry.objects.filter(action="identity.session.opened").latest("seq")
    assert (entry.object, entry.data["via"]) == ("identity.account:ana", open_way.vendor)
    page = client.get("/profile/sessions/").content.decode()
    assert {"wecom": "Signed in through WeCom", "dingtalk": "Signed in through DingTalk", "welink": "Signed in through WeLink"}[open_way.vendor] in page
    (told,) = client.get("/api/v1/me/sessions").json()
    assert (told["via"], told["here"], told["name"]) == (open_way.vendor, True, digest_of(row.pk))
    assert client.get(f"/chat/{open_way.vendor}/", {"to": "/calendar/"})["Location"] == "/calendar/"  # already in: nothing is asked


@ONE
def test_it_is_off_until_an_administrator_switches_it_on(product: Product, provider: FakeProvider, cast: SimpleNamespace, client: Client) -> None:
    chats.bind(person=cast.ana, vendor=product.vendor, user_id=USER, actor=cast.admin, now=wall.now())
    answer = client.get(f"/chat/{product.vendor}/")
    assert (answer.status_code, nobody_in(client)) == (403, True)
    assert "is switched off here" in answer.content.decode()
    assert f"/chat/{product.vendor}/" not in client.get("/sign-in/").content.decode()
    with pytest.raises(NotPermitted):
        preferences.set_company(actor=cast.ana, changes={"sign_in": [product.vendor]}, now=wall.now())
    preferences.set_company(actor=cast.admin, changes={"sign_in": [product.vendor]}, now=wall.now())
    assert f"/chat/{product.vendor}/?to=%2F" in client.get("/sign-in/").content.decode()
    entry = Entry.objects.filter(action="notifications.reach.company").latest("seq")
    assert (entry.actor_login, entry.data["from"]["sign_in"], entry.data["to"]["sign_in"]) == ("admin", [], [product.vendor])


SAME = [
    ("foreign state", "state", 400), ("no state", "state", 400), ("state of another browser", "state", 400), ("state used before", "state", 400),
    ("state of another product", "state", 400), ("state too old", "state", 400), ("endless code", "refused", 403),
    ("switched off meanwhile", "off", 403), ("person left", "disabled", 403), ("disabled at the provider", "disabled", 403),
    ("unknown at the provider", "disabled", 403), ("account locked", "disabled", 403), ("provider away", "sign_on_away", 503),
    ("of another issuer", "stranger", 403),
]  # fmt: skip
THEIRS = [
    ("code used before", "refused", 403), ("invented code", "refused", 403), ("code of another app", "refused", 403),
    ("code of another company", "refused", 403), ("no code", "declined", 403), ("visitor", "refused", 403), ("unbound user", "unbound", 403),
    ("product down", "silent", 503), ("product broken", "silent", 503), ("product talks nonsense", "silent", 503),
]  # fmt: skip


@pytest.mark.parametrize(
    ("product", "_case", "why", "status"),
    [*(("wecom", *one) for one in SAME), *((vendor, *one) for vendor in VENDORS for one in THEIRS if (vendor, one[0]) != ("welink", "visitor"))],
    indirect=["product"],
)
def test_who_is_not_let_in(
    open_way: SimpleNamespace, client: Client, travel: Any, settings: Any, products: dict[str, Product], _case: str, why: str, status: int
) -> None:
    product, ana, vendor = open_way.product, open_way.cast.ana, open_way.vendor
    given: dict[str, str] = {}
    user = USER
    if _case == "code used before":
        given["code"] = product.code(USER)
        OURS[vendor](product.settings).user_of(given["code"])
    if _case == "invented code":
        given["code"] = "f" * 32
    if _case == "endless code":
        given["code"] = "f" * 2000
    if _case == "code of another app":
        given["code"] = product.code(USER, app="app-2")
    if _case == "code of another company":
        given["code"] = product.code(USER, corp="corp-2")
    if _case == "visitor":
        user = "visitor.x"
    if _case == "unbound user":
        user = "li.si"
    if _case == "product down":
        product.fault(mode="down", path=API[vendor])
    if _case == "product broken":
        product.fault(mode="error500", path=API[vendor])
    if _case == "product talks nonsense":
        product.hold(USER, nonsense=True)
    if _case == "person left":
        directory.set_active(person_id=ana.pk, active=False, now=wall.now())
    if _case == "disabled at the provider":
        open_way.provider.people[ana.subject] = {"enabled": False}
    if _case == "unknown at the provider":
        open_way.provider.people[ana.subject] = None
    if _case == "account locked":
        ana.account.is_active = False
        ana.account.save(update_fields=["is_active"])
    if _case == "of another issuer":
        settings.OIDC_ISSUER = "https://sign-on.example/realms/other"
    asked = begun(client, vendor)
    code = given.get("code") or product.code(user)
    if _case == "provider away":
        open_way.provider.away = True
    state, browser, where = asked["state"], client, vendor
    if _case == "foreign state":
        state = begun(Client(), vendor)["state"]
    if _case == "no state":
        state = ""
    if _case == "state of another browser":
        browser = Client()
        begun(browser, vendor)
    if _case == "state of another product":
        where = next(one for one in VENDORS if one != vendor)
        settings.CHAT = {**settings.CHAT, where: products[where].settings}
    if _case == "state too old":
        travel(wall.now() + dt.timedelta(minutes=11))
    if _case == "switched off meanwhile":
        preferences.set_company(actor=open_way.cast.admin, changes={"sign_in": []}, now=wall.now())
    if _case == "state used before":
        client.get(f"/chat/{vendor}/back/", {"state": state})
    name = "authCode" if vendor == "dingtalk" else "code"
    before = Entry.objects.filter(action="notifications.chat.not_let_in").count()
    answer = browser.get(f"/chat/{where}/back/", {name: "" if _case == "no code" else code, "state": state})
    product.mend()
    assert (answer.status_code, answer.context["why"]) == (status, why)
    assert nobody_in(browser)
    assert browser.get("/inbox/").status_code == 302
    named = why in ("unbound", "disabled", "stranger", "sign_on_away")  # somebody the product vouched for: that is written down
    assert Entry.objects.filter(action="notifications.chat.not_let_in").count() - before == int(named)
    body = answer.content.decode()
    assert code not in body
    assert not state or state not in body
    assert answer["Cache-Control"].find("no-store") >= 0


@ONE
@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", "https:evil.example"])
def test_a_link_to_the_door_leads_nowhere_else(open_way: SimpleNamespace, client: Client, to: str) -> None:
    answer = come(client, open_way.product, to=to)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get(f"/chat/{open_way.vendor}/", {"to": to})["Location"] == "/"


@ONE
def test_a_code_is_asked_about_once_and_a_slow_product_holds_nobody_long(open_way: SimpleNamespace, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor, asked = OURS[open_way.vendor], []

    def silent(self: Any, code: str) -> str:
        asked.append(code)
        raise TransientError("no answer", system="x")

    monkeypatch.setattr(vendor, "user_of", silent)
    assert come(client, open_way.product, code="c1").status_code == 503
    assert asked == ["c1"]
    monkeypatch.undo()
    from apps.notifications.services import arrivals

    monkeypatch.setattr(arrivals, "READ", 0.1)
    open_way.product.fault(mode="slow", seconds=1, count=1, path=API[open_way.vendor])
    answer = come(client, open_way.product)
    open_way.product.mend()
    assert (answer.status_code, answer.context["why"], nobody_in(client)) == (503, "silent", True)


def test_the_contract_of_the_three(product: Product) -> None:
    ours = OURS[product.vendor](product.settings)
    url = ours.sign_in_url("ab12", "http://localhost:8000/chat/x/back/")
    assert url.startswith(product.settings["sign_in_url"] + "?")
    assert parse_qs(urlsplit(url).query)["state"] == ["ab12"]
    code = product.code(USER)
    assert ours.user_of(code) == USER
    with pytest.raises(CodeRefused):
        ours.user_of(code)  # used up
    stolen = OURS[product.vendor]({**product.settings, "secret": "wrong"})
    fresh = product.code(USER)
    with pytest.raises((OutsideError, CodeRefused)):
        stolen.user_of(fresh)
    assert ours.user_of(fresh) == USER  # a wrong secret used nothing up
    assert {name: urlsplit(OURS[name]({**product.settings, "sign_in_url": ""}).sign_in_url("s", "b")).netloc for name in VENDORS} == {
        "wecom": "open.weixin.qq.com", "dingtalk": "login.dingtalk.com", "welink": "login.welink.huaweicloud.com"}  # fmt: skip


@ONE
def test_a_newcomer_signs_on_once_and_is_asked_whether_the_account_is_hers(open_way: SimpleNamespace, client: Client) -> None:
    vendor, fin = open_way.vendor, open_way.cast.fin
    answer = come(client, open_way.product, user="he.jing")
    assert "next=%2Fchat%2F" + vendor + "%2Fconnect%2F" in answer.content.decode()
    open_way.provider.subject, open_way.provider.username = fin.subject, "fin"
    assert open_way.provider.sign_on(client, after=f"/chat/{vendor}/connect/")["Location"] == f"/chat/{vendor}/connect/"
    assert "he.jing" in client.get(f"/chat/{vendor}/connect/").content.decode()
    assert not ChatAccount.objects.filter(person=fin).exists()  # looking connects nothing
    assert client.post(f"/chat/{vendor}/connect/")["Location"] == "/profile/notifications/#chats"
    assert ChatAccount.objects.get(person=fin).user_id == "he.jing"
    entry = Entry.objects.filter(action="notifications.chat.bound").latest("seq")
    assert (entry.actor_login, entry.data) == ("fin", {"vendor": vendor, "user_id": "he.jing"})
    assert client.post(f"/chat/{vendor}/connect/").status_code == 302  # once: nothing is left to connect
    assert ChatAccount.objects.filter(vendor=vendor).count() == 2
    assert come(Client(), open_way.product, user="he.jing").status_code == 302


@ONE
def test_nobody_connects_what_this_browser_did_not_show(open_way: SimpleNamespace, client: Client, sign_in: Any, travel: Any) -> None:
    vendor = open_way.vendor
    fin = sign_in(client, open_way.cast.fin)
    assert fin.post(f"/chat/{vendor}/connect/").status_code == 302
    stale = Client()
    come(stale, open_way.product, user="he.jing")
    travel(wall.now() + dt.timedelta(minutes=11))
    sign_in(stale, open_way.cast.fin)
    stale.post(f"/chat/{vendor}/connect/")
    assert list(ChatAccount.objects.values_list("user_id", flat=True)) == [USER]


@ONE
def test_the_demo_lets_its_people_in_without_a_provider_and_only_in_the_demo(product: Product, cast: SimpleNamespace, client: Client, settings: Any) -> None:
    preferences.set_company(actor=cast.admin, changes={"sign_in": [product.vendor]}, now=wall.now())
    chats.bind(person=cast.ana, vendor=product.vendor, user_id=USER, actor=cast.admin, now=wall.now())
    settings.DEMO_SIGN_IN = False
    answer = come(client, product)
    assert (answer.status_code, answer.context["why"], nobody_in(client)) == (403, "stranger", True)
    settings.DEMO_SIGN_IN = True
    assert come(client, product).status_code == 302
    assert client.get("/inbox/").status_code == 200


def test_the_administrators_page_and_the_api_choose_the_products(product: Product, cast: SimpleNamespace, client: Client, sign_in: Any, settings: Any) -> None:
    admin = sign_in(client, cast.admin)
    page = admin.get("/channels/").content.decode()
    assert f'name="sign_in" value="{product.vendor}"' in page
    answer = admin.post("/channels/", {"sign_in_shown": "1", "sign_in": product.vendor, "digest": "daily", "remind_after": "120"})
    assert answer.status_code == 302, answer.content
    assert admin.get("/api/v1/reach/company").json()["sign_in"] == [product.vendor]
    assert admin.patch("/api/v1/reach/company", {"sign_in": []}, content_type="application/json").json()["sign_in"] == []
    settings.CHAT = {product.vendor: {**product.settings, "corp": ""}}
    needs = OURS[product.vendor].sign_in_needs
    answer = admin.patch("/api/v1/reach/company", {"sign_in": [product.vendor]}, content_type="application/json")
    assert answer.status_code == (422 if needs else 200)
    assert ("Not possible yet" in admin.get("/channels/").content.decode()) is bool(needs)
    ana = sign_in(Client(), cast.ana)
    assert ana.patch("/api/v1/reach/company", {"sign_in": []}, content_type="application/json").status_code == 403


def test_what_the_provider_says_of_a_person() -> None:
    since = dt.datetime(2026, 3, 4, 9, 0, 0, 500_000, tzinfo=dt.UTC)
    whole = since.replace(microsecond=0)
    table = {(True, None): True, (False, None): False, (True, whole - dt.timedelta(seconds=1)): True, (True, whole): False,
             (True, whole + dt.timedelta(hours=1)): False}  # fmt: skip
    assert {key: standing.Standing(*key).lets_in(since=since) for key in table} == table
    assert standing.Standing(True, whole + dt.timedelta(hours=1)).lets_in()
