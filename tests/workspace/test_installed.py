"""The portal as an installed program: what a browser needs to install it, the last state without a connection, forms that are not sent, pushes."""

# ruff: noqa: F811 - fixtures of the browser tests are imported by name
from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as given
from django.test import Client

from apps.notifications.models import Device
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.notifications.conftest import own_kinds, tell  # noqa: F401 - fixtures
from tests.support.until import until

pytestmark = [pytest.mark.req("X2"), pytest.mark.django_db, *(pytest.mark.filterwarnings(line) for line in NOISE)]


@pytest.mark.parametrize(("language", "name", "shortcut"), [("en", "Atrium of Yunhe Pump Works", "Inbox"), ("zh-hans", "云禾泵业 Atrium", "消息")])
def test_the_manifest_speaks_the_readers_language(language: str, name: str, shortcut: str) -> None:
    answer = Client(headers={"accept-language": language}).get("/manifest.webmanifest")
    told = answer.json()
    assert (answer.headers["Content-Type"], told["name"], told["shortcuts"][0]) == (
        "application/manifest+json", name, {"name": shortcut, "url": "/inbox/"})  # fmt: skip
    assert (told["start_url"], told["scope"], told["display"]) == ("/", "/", "standalone")
    for icon in told["icons"]:
        head = (given.BASE_DIR / icon["src"].removeprefix("/")).read_bytes()[:24]
        assert head[:8] == b"\x89PNG\r\n\x1a\n" and "x".join(map(str, struct.unpack(">II", head[16:24]))) == icon["sizes"]
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}


def test_the_service_worker_is_a_script_of_the_root_asked_for_anew() -> None:
    answer = Client().get("/sw.js")
    assert answer.headers["Content-Type"].startswith("text/javascript") and answer.headers["Cache-Control"] == "no-cache"
    assert b"VERSION_OF_THIS_FILE" not in answer.content
    page = Client().get("/offline/").content.decode()
    assert 'data-page="unavailable"' in page and "data-person" not in page


@pytest.fixture
def boss(live_portal: str, cast: SimpleNamespace, open_page: Any, tell: Any) -> SimpleNamespace:
    """Boss on the phone, with the service worker in charge of the tab."""
    from apps.core import clock

    notice = tell(cast.boss, "ask", "the pump", clock.now())
    tab = open_page(cast.boss, width=360, height=740)
    tab.goto("/")
    tab.page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    return SimpleNamespace(tab=tab, page=tab.page, notice=notice, person=cast.boss, url=live_portal)


def kept(page: Any) -> list[str]:
    return sorted(page.evaluate("async () => (await (await caches.open('pages')).keys()).map((one) => new URL(one.url).pathname)"))


def test_without_a_connection_the_last_state_is_shown_and_nothing_is_sent(boss: SimpleNamespace) -> None:
    tab, page, offline = boss.tab, boss.page, boss.page.context.set_offline
    for path in ("/inbox/", "/profile/"):
        tab.goto(path)
    until(lambda: "/inbox/" in kept(page), what="the inbox is kept")
    assert "/profile/" not in kept(page)
    offline(True)
    # a form that is sent without a connection: the words stay
    page.locator("#f-time_zone").select_option("Asia/Tokyo")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("No connection: this was not sent.").wait_for()
    assert page.locator("#f-time_zone").input_value() == "Asia/Tokyo"
    # the last state, with its age
    assert page.goto(f"{boss.url}/inbox/").status == 200
    page.get_by_text("No connection. This is the last state this device saw").wait_for()
    assert "now" in page.locator("[data-kept-at]").inner_text()
    page.get_by_text("Decide the pump").first.wait_for()
    tab.errors.clear()
    assert [one for one in tab.findings() if "request failed" not in one and "WebSocket" not in one and "console error" not in one] == []
    tab.shot("offline_inbox.boss.en.light.360")
    # a page that was never kept
    assert page.goto(f"{boss.url}/deals/").status == 503
    page.get_by_text("This page was not kept on this device.").wait_for()
    tab.shot("offline_page.boss.en.light.360")
    offline(False)
    page.locator("body[data-page='deals']").wait_for()  # by itself, as soon as there is a connection
    tab.settle()
    boss.person.account.refresh_from_db()
    assert boss.person.account.time_zone == ""
    # signed out: nothing of the person stays, neither a page nor what was rung for
    page.context.grant_permissions(["notifications"], origin=boss.url)
    rung = "async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((one) => one.title)"
    page.evaluate("async () => (await navigator.serviceWorker.ready).showNotification('Decide the pump')")
    until(lambda: page.evaluate(rung) == ["Decide the pump"], what="the device rang")
    page.locator("[popovertarget='me-menu']").click()
    page.locator("#me-menu").get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/oidc/signed-out/")
    until(lambda: kept(page) == [] and page.evaluate(rung) == [], what="nothing is kept")


def test_a_push_is_shown_opened_and_taken_away_and_the_device_is_registered(boss: SimpleNamespace, settings: Any) -> None:
    settings.WEB_PUSH_HOSTS = ["push.example"]
    page, context = boss.page, boss.page.context
    context.grant_permissions(["notifications"], origin=boss.url)
    devtools = context.new_cdp_session(page)
    found: list[str] = []
    devtools.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(one["registrationId"] for one in event["registrations"]))
    devtools.send("ServiceWorker.enable")
    until(lambda: page.evaluate("() => 1") and found, what="the registration is known")

    def push(text: str) -> None:
        devtools.send("ServiceWorker.deliverPushMessage", {"origin": boss.url, "registrationId": found[-1], "data": text})

    def shown() -> list[list[str]]:
        return page.evaluate("""async () => (await (await navigator.serviceWorker.ready).getNotifications())
            .map((one) => [one.title, one.body, one.tag, one.data.url])""")  # type: ignore[no-any-return]

    tag = boss.notice.hex
    push(f'{{"title": "Decide the pump", "body": "asked by 陈安", "url": "/inbox/", "tag": "{tag}", "lang": "en"}}')
    until(lambda: shown() == [["Decide the pump", "asked by 陈安", tag, "/inbox/"]], what="the push is shown")
    push("no json")
    push(f'{{"close": "{tag}"}}')
    until(lambda: shown() == [], what="the push is taken away")
    # the browser's own service cannot be reached from here: its answer is given, the rest is real
    page.add_init_script("""PushManager.prototype.subscribe = async (options) => ({ toJSON: () => ({ endpoint: "https://push.example/1", keys: {
        p256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", auth: "BTBZMqHH6r4Tts7J_aSIgg" } }) });""")
    boss.tab.goto("/profile/notifications/")
    page.get_by_role("button", name="Let this device ring").click()
    page.get_by_text("This device rings from now on.").wait_for()
    until(lambda: Device.objects.filter(person_id=boss.person.pk).count() == 1, what="the device is stored")
    assert boss.tab.findings() == []
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("This device does not ring any more.").wait_for()
    assert not Device.objects.exists()
    # the portal knows nothing of its subscription: the browser gives it back
    page.add_init_script("""PushManager.prototype.getSubscription = async () => ({ endpoint: "https://push.example/1",
        unsubscribe: async () => { window.gaveBack = true; return true; } });""")
    page.evaluate("() => sessionStorage.clear()")
    page.reload()
    page.wait_for_function("() => window.gaveBack")
