"""Who is no chat product is not believed: nothing is stored, nothing is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.notifications import channels
from apps.notifications.channels.chat import VENDORS, Call, CallbackRefused, dingtalk, missing, welink
from apps.notifications.models import ChatEvent
from portal import checks

pytestmark = [pytest.mark.req("X1", "S8"), pytest.mark.django_db]
WHOLE = {"url": "https://chat.example", "id": "corp", "secret": "s3", "agent": "7", "token": "t0", "aes_key": "k" * 43}
PRESS = {"outTrackId": "x", "userId": "boss", "content": json.dumps({"cardPrivateData": {"params": {"value": "APPROVED@1"}}})}
NAMELESS = [(vendor, name) for vendor in VENDORS for name in VENDORS[vendor].needs if name != "url"]


def signed_with_nothing(vendor: str) -> Call:
    """What anybody can make who knows the vendor's rule and that the secret is empty."""
    moment = str(int(timezone.now().timestamp() * 1000))
    if vendor == "dingtalk":
        return Call("POST", {}, {"timestamp": moment, "sign": dingtalk.signature("", moment)}, json.dumps(PRESS).encode())
    body = json.dumps({"type": "card", "eventId": "e", "userId": "boss", "cardId": "x", "value": "APPROVED@1"}).encode()
    headers = {"x-wlk-timestamp": moment, "x-wlk-nonce": "n", "x-wlk-sign": welink.signature("", moment, "n", body)}
    return Call("POST", {}, headers, body)


@pytest.mark.parametrize("vendor", ["dingtalk", "welink"])
def test_an_empty_secret_signs_nothing(vendor: str, settings: Any) -> None:
    settings.CHAT = {vendor: {**WHOLE, "secret": "", "token": ""}}
    call = signed_with_nothing(vendor)
    answer = Client().post(f"/hooks/{vendor}/chat/", call.body, content_type="application/json", headers=dict(call.headers))
    assert (answer.status_code, ChatEvent.objects.count()) == (404, 0)


@pytest.mark.parametrize(("vendor", "name"), NAMELESS)
def test_a_product_without_one_of_its_settings_is_not_set_up_and_the_start_says_which(vendor: str, name: str, settings: Any) -> None:
    settings.CHAT = {vendor: {**WHOLE, name: ""}}
    assert f"chat:{vendor}" not in channels.outside() and missing(vendor, settings.CHAT[vendor]) == [name]
    assert [(one.id, one.msg) for one in checks.chat_products_are_whole(None)] == [("portal.E003", f"CHAT_{vendor.upper()}_{name.upper()} is empty.")]
    settings.CHAT = {vendor: WHOLE}
    assert f"chat:{vendor}" in channels.outside() and checks.chat_products_are_whole(None) == []


@pytest.mark.req("S3")
@pytest.mark.parametrize(("url", "found"), [("https://chat.example", []), ("http://chat.example", ["portal.E004"]), ("http://localhost:9", [])])
def test_secrets_of_a_product_do_not_travel_in_the_clear(url: str, found: list[str], settings: Any) -> None:
    settings.ATRIUM_MODE, settings.CHAT = "stack", {"wecom": {**WHOLE, "url": url}}
    assert [one.id for one in checks.chat_products_are_whole(None)] == found


@pytest.mark.parametrize("moment", ["", "x", "nan", "inf", "-inf", "1e400", "²", "9" * 400])
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_moment_that_is_none_is_refused(vendor: str, moment: str) -> None:
    call = Call("POST", {"timestamp": moment}, {"timestamp": moment, "x-wlk-timestamp": moment}, b"{}")
    with pytest.raises(CallbackRefused):
        VENDORS[vendor](WHOLE).read(call, timezone.now())


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"null", b'"outTrackId"', b"[" * 5000, b'{"outTrackId": 1}', b'{"outTrackId":1,"content":"[]"}', b"\xff"])
def test_a_signed_body_of_another_shape_is_refused(body: bytes, settings: Any) -> None:
    settings.CHAT = {"dingtalk": WHOLE}
    moment = str(int(timezone.now().timestamp() * 1000))
    headers = {"timestamp": moment, "sign": dingtalk.signature("s3", moment)}
    answer = Client().post("/hooks/dingtalk/chat/", body, content_type="application/json", headers=headers)
    assert (answer.status_code, ChatEvent.objects.count()) == (401, 0)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_not_read(chunked: bool, settings: Any, rf: Any) -> None:
    from apps.notifications.views.chat import LARGEST, callback

    settings.CHAT = {"dingtalk": WHOLE}
    request = rf.post("/hooks/dingtalk/chat/", b"x" * (LARGEST + 1), content_type="application/json")
    if chunked:
        request.META["CONTENT_LENGTH"] = ""  # as of a body whose length nobody said
    view: Callable[..., Any] = callback
    assert (view(request, vendor="dingtalk").status_code, ChatEvent.objects.count()) == (413, 0)
