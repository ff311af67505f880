# ruff: noqa: F811 - fixtures of the browser tests are imported by name
"""A telephone inside each of the three products: in by one touch, where one is signed in, what the company account is still needed for, and who is
not let in, on 360 px in both languages."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.core import clock
from apps.identity.models import OidcSession
from apps.notifications.models import ChatAccount
from apps.notifications.services import chats, preferences
from tests.browser.conftest import NOISE, chromium, live_portal, open_page  # noqa: F401 - fixtures
from tests.support.chat import VENDORS, Product
from tests.support.until import until

pytestmark = [pytest.mark.browser, pytest.mark.req("X1", "X2"), *(pytest.mark.filterwarnings(line) for line in NOISE)]
LANGUAGE = {"wecom": "zh-hans", "dingtalk": "en", "welink": "en"}
WORDS = {
    "en": ("Continue with", "Signed in through", "This chat account belongs to nobody", "Continue with company account",
           "You came in from a chat product.", "Yes, it is mine"),
    "zh-hans": ("登录", "通过", "此聊天账号在门户中尚未对应任何人", "使用公司账号登录", "您是从聊天产品进入的。", "是，它属于我"),
}  # fmt: skip


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_portal_opens_inside_the_product(
    open_page: Any, live_portal: str, cast: SimpleNamespace, products: dict[str, Product], settings: Any, vendor: str
) -> None:
    product, language = products[vendor], LANGUAGE[vendor]
    words = WORDS[language]
    settings.CHAT, settings.PORTAL_URL, settings.DEMO_SIGN_IN = {vendor: product.settings}, live_portal, True
    preferences.set_company(actor=cast.admin, changes={"sign_in": [vendor]}, now=clock.now())
    chats.bind(person=cast.ana, vendor=vendor, user_id="chen.an", actor=cast.admin, now=clock.now())
    product.mend()
    product.hold("chen.an")
    tab = open_page(None, language=language, theme="light", width=360, height=740)
    page = tab.page
    tab.goto("/inbox/")  # a card's link, opened inside the product
    button = page.locator(f"a[href^='/chat/{vendor}/']")
    assert words[0] in button.inner_text()
    tab.shot(f"chat_sign_in.{vendor}.{language}.360")
    assert tab.findings() == []
    button.click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/inbox/")
    assert OidcSession.objects.get().via == vendor
    tab.goto("/profile/")
    page.wait_for_selector(f"#sessions >> text={words[1]}")
    tab.shot(f"chat_profile.{vendor}.{language}.360")
    assert tab.findings() == []
    if vendor != "wecom":
        return  # what follows is the same for all
    # a second device is ended from here, by keyboard
    second = open_page(cast.ana, language=language, width=360, height=740)
    second.goto("/profile/")
    tab.goto("/profile/sessions/")
    page.locator("#sessions button[name=name]").focus()
    page.keyboard.press("Enter")
    until(lambda: OidcSession.objects.count() == 1, what="the other session is over")
    assert tab.findings() == []
    # whom the product names and nobody knows: no session, and a way on
    product.hold("li.si")
    other = open_page(None, language=language, theme="dark", width=360, height=740)
    other.goto(f"/chat/{vendor}/?to=/inbox/", status=403)
    other.page.wait_for_selector(f"text={words[2]}")
    other.errors.clear()  # the browser's own line about the 403
    other.shot(f"chat_not_in.{vendor}.{language}.dark.360")
    assert other.findings() == []
    other.page.click(f"text={words[3]}")
    other.page.click(f"button[value={cast.fin.login}]")
    other.page.wait_for_url(f"**/chat/{vendor}/connect/")
    other.shot(f"chat_connect.{vendor}.{language}.dark.360")
    assert other.findings() == []
    other.page.click(f"text={words[5]}")
    other.page.wait_for_url("**/profile/notifications/**")
    assert ChatAccount.objects.get(person=cast.fin).user_id == "li.si"
    assert other.findings() == []
