"""The contract of a chat product, shown on all three against running products of the same signatures."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone

from apps.core.http import PermanentError, TransientError
from apps.notifications.channels.chat import VENDORS as OURS
from apps.notifications.channels.chat import Call, CallbackRefused, CardButton, ChatCard, Vendor
from tests.support.chat import VENDORS, Product

pytestmark = pytest.mark.req("X1")
BUTTONS = (CardButton("Approve", "APPROVED:v1", style="primary"), CardButton("Reject", "REJECTED:v1", style="danger", wants_reason=True))


@pytest.fixture(params=VENDORS)
def product(request: pytest.FixtureRequest, products: dict[str, Product]) -> Product:
    return products[request.param]


@pytest.fixture
def ours(product: Product) -> Vendor:
    return OURS[product.vendor](product.settings)


@pytest.fixture
def user() -> str:
    return f"u-{uuid.uuid4().hex[:8]}"


def card(name: str, note: str = "", buttons: tuple[CardButton, ...] = BUTTONS) -> ChatCard:
    return ChatCard(name, "Decide x", "asked by 陈安", (("Amount", "¥1,000 (CRM)"), ("Stock", "short (ERP)")), buttons, "http://localhost:8000/x/", note)


def as_call(signed: dict[str, Any], **changed: Any) -> Call:
    given = {
        "query": signed["query"],
        "headers": {name.lower(): value for name, value in signed["headers"].items()},
        "body": signed["body"].encode(),
        **changed,
    }
    return Call("POST", **given)


def test_a_card_is_shown_once_however_often_it_is_sent(ours: Vendor, product: Product, user: str) -> None:
    name = str(uuid.uuid4())
    for _try in range(2):
        assert ours.send_card(user, card(name))
    (shown,) = product.shown(user)
    assert (shown["id"], shown["shown"]["title"], shown["shown"]["text"]) == (name, "Decide x", "asked by 陈安")
    assert shown["shown"]["facts"] == [["Amount", "¥1,000 (CRM)"], ["Stock", "short (ERP)"]]
    assert [one["text"] for one in shown["shown"]["buttons"]] == ["Approve", "Reject"]


def test_a_press_comes_back_signed_and_says_what_was_pressed(ours: Vendor, product: Product, user: str) -> None:
    name = str(uuid.uuid4())
    ours.send_card(user, card(name))
    told = ours.read(as_call(product.press(user, "Reject", reason="too cheap")), timezone.now())
    assert (told.kind, told.user_id, told.card_id, told.value) == ("pressed", user, name, "REJECTED:v1")
    assert told.reason == ("too cheap" if ours.reason_box else "")
    assert told.key != ours.read(as_call(product.press(user, "Approve")), timezone.now()).key
    said = ours.read(as_call(product.say(user, "AT-1234")), timezone.now())
    assert (said.kind, said.user_id, said.text) == ("text", user, "AT-1234")


@pytest.mark.parametrize("_case", ["signature", "old", "no signature", "empty"])
def test_what_is_not_signed_or_too_old_is_not_believed(_case: str, ours: Vendor, product: Product, user: str) -> None:
    ours.send_card(user, card(str(uuid.uuid4())))
    signed, now = product.press(user, "Approve"), timezone.now()
    changed: dict[str, Any] = {}
    if _case == "signature":
        names = {"sign", "msg_signature", "x-wlk-sign"}
        changed = {part: {name: ("0" * len(value) if name in names else value) for name, value in signed[part].items()} for part in ("query", "headers")}
    if _case == "old":
        now += dt.timedelta(minutes=6)
    if _case in ("no signature", "empty"):
        changed = {"query": {}, "headers": {}, **({"body": b""} if _case == "empty" else {})}
    with pytest.raises(CallbackRefused):
        ours.read(as_call(signed, **changed), now)


def test_a_card_can_be_changed_or_says_that_it_cannot(ours: Vendor, product: Product, user: str) -> None:
    name = str(uuid.uuid4())
    handle = ours.send_card(user, card(name))
    if not ours.updates:
        with pytest.raises(PermanentError):
            ours.update_card(user, card(name, "approved", ()), handle)
        assert product.cards(user)[0]["times"] == 0
        return
    again = ours.update_card(user, card(name, "Amount: ¥1,000 → ¥900"), handle)
    ours.update_card(user, card(name, "approved by you", ()), again)
    (shown,) = product.shown(user)
    assert (shown["shown"]["note"], shown["shown"]["buttons"], shown["times"]) == ("approved by you", [], 2)


def test_texts_arrive(ours: Vendor, product: Product, user: str) -> None:
    ours.send_text(user, "Decide x: already approved by 林薇", key="k-1")
    assert product.texts(user) == ["Decide x: already approved by 林薇"]


def test_failures_are_told_apart(ours: Vendor, product: Product, user: str) -> None:
    with pytest.raises(PermanentError):
        ours.send_card("nobody-here", card(str(uuid.uuid4())))
    product.fault(mode="error500", count=1)
    with pytest.raises(TransientError):
        ours.send_text(user, "x", key="k-2")
    product.fault(mode="down", count=1)
    with pytest.raises(TransientError):
        ours.send_text(user, "x", key="k-2")
    ours.send_text(user, "x", key="k-2")
    assert product.texts(user) == ["x"]


def test_wrong_keys_are_refused_for_good(product: Product, user: str) -> None:
    wrong = OURS[product.vendor]({**product.settings, "secret": "wrong"})
    with pytest.raises(PermanentError):
        wrong.send_text(user, "x", key="k-3")
    assert product.texts(user) == []


def test_a_token_that_is_refused_is_fetched_anew(ours: Any, product: Product, user: str) -> None:
    ours.send_text(user, "first", key="k-4")
    ours._tokens._token = "stale"  # as after a restart on the other side
    ours.send_text(user, "second", key="k-5")
    assert product.texts(user) == ["first", "second"]


def test_the_address_check_of_wecom_is_answered_with_what_was_sealed(products: dict[str, Product]) -> None:
    from apps.notifications.channels.chat.wecom import seal, signature

    product = products["wecom"]
    ours, now = OURS["wecom"](product.settings), timezone.now()
    sealed = seal(product.settings["aes_key"], b"echo-1", product.settings["id"])
    query = {"timestamp": str(int(now.timestamp())), "nonce": "n", "echostr": sealed}
    query["msg_signature"] = signature(product.settings["token"], query["timestamp"], "n", sealed)
    assert ours.read(Call("GET", query, {}), now).answer == (b"echo-1", "text/plain")
    with pytest.raises(CallbackRefused):
        ours.read(Call("GET", {**query, "echostr": seal(product.settings["aes_key"], b"x", "other")}, {}), now)
