"""DingTalk 钉钉: interactive cards with a box for words. Callbacks are signed by their moment alone (the vendor's rule) and must be answered
within 1500 ms."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from apps.core.http import AuthError, PermanentError, TransientError, json_of, understanding
from apps.notifications.channels.chat.contract import (
    Call,
    Callback,
    CallbackRefused,
    ChatCard,
    CodeRefused,
    Tokens,
    client_of,
    fresh,
    same,
    with_query,
)

PAGE, OAPI = "https://login.dingtalk.com/oauth2/auth", "https://oapi.dingtalk.com"
TOKEN_REFUSED, LATER, NO_MEMBER = {40014, 42001, 88}, {-1, 90018}, {60121, 60103}

class Dingtalk:
    key, name = "dingtalk", "DingTalk"
    updates, reason_box = True, True
    needs: tuple[str, ...] = ("url", "id", "secret", "agent")
    sign_in_needs: tuple[str, ...] = ("corp",)

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._client = client_of(settings, self.name)
        self._old = client_of({"url": settings.get("oapi_url") or OAPI}, self.name)  # the directory stands at the older address
        self._tokens = Tokens(self._fetch_token, time.monotonic)

    def _fetch_token(self) -> tuple[str, float]:
        found = json_of(self._client.request("POST", "/v1.0/oauth2/accessToken", json={
            "appKey": self._settings["id"], "appSecret": self._settings["secret"]}))
        with understanding(self.name):
            return str(found["accessToken"]), float(found["expireIn"])

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self._tokens.once_more(lambda token: json_of(self._client.request(
            method, path, json=body, headers={"x-acs-dingtalk-access-token": token})))

    def send_card(self, user_id: str, card: ChatCard) -> str:
        self._call("POST", "/v1.0/card/instances/createAndDeliver", {
            "cardTemplateId": self._settings["agent"], "outTrackId": card.id, "callbackType": "HTTP", "userIdType": 1,
            "openSpaceId": f"dtv1.card//IM_ROBOT.{user_id}", "imRobotOpenDeliverModel": {"spaceType": "IM_ROBOT"},
            "cardData": {"cardParamMap": _shape(card)}})
        return card.id

    def update_card(self, user_id: str, card: ChatCard, handle: str) -> str:
        self._call("PUT", "/v1.0/card/instances", {"outTrackId": handle or card.id, "cardData": {"cardParamMap": _shape(card)},
                                                   "cardUpdateOptions": {"updateCardDataByKey": False}})
        return handle or card.id

    def send_text(self, user_id: str, text: str, key: str) -> None:
        self._call("POST", "/v1.0/robot/oToMessages/batchSend", {
            "robotCode": self._settings["id"], "userIds": [user_id], "msgKey": "sampleText", "msgParam": json.dumps({"content": text})})

    def sign_in_url(self, state: str, back: str) -> str:
        return with_query(self._settings.get("sign_in_url") or PAGE, {
            "client_id": self._settings["id"], "redirect_uri": back, "response_type": "code", "scope": "openid corpid", "state": state,
            "prompt": "consent", "corpId": self._settings["corp"]})

    def code_of(self, query: Mapping[str, str]) -> str:
        return query.get("authCode") or query.get("code", "")

    def user_of(self, code: str) -> str:
        """Code, then the person's own token, then who that is everywhere (`unionId`), then who that is in this company."""
        union = self._union_of(code)
        found = self._tokens.once_more(lambda token: self._directory("/topapi/user/getbyunionid", token, {"unionid": union}))
        with understanding(self.name):
            user, outsider = str(found["userid"]), int(found.get("contact_type") or 0) != 0
        if outsider or not user:
            raise CodeRefused("no member of this company")
        return user

    def _union_of(self, code: str) -> str:
        try:
            given = json_of(self._client.request("POST", "/v1.0/oauth2/userAccessToken", json={
                "clientId": self._settings["id"], "clientSecret": self._settings["secret"], "code": code, "grantType": "authorization_code"}))
        except PermanentError as error:
            raise (CodeRefused(error.message) if error.status in (400, 403) else error) from error
        with understanding(self.name):
            token, company = str(given["accessToken"]), str(given.get("corpId") or "")
        if company != self._settings["corp"]:
            raise CodeRefused("of another company")
        me = json_of(self._client.request("GET", "/v1.0/contact/users/me", headers={"x-acs-dingtalk-access-token": token}))
        with understanding(self.name):
            return str(me["unionId"])

    def _directory(self, path: str, token: str, body: dict[str, Any]) -> Any:
        """`result` of an answer with errcode 0; the others are sorted."""
        found = json_of(self._old.request("POST", path, params={"access_token": token}, json=body))
        with understanding(self.name):
            code = int(found.get("errcode", 0))
            if code == 0:
                return found["result"]
        if code in NO_MEMBER:
            raise CodeRefused("no member of this company")
        kind = AuthError if code in TOKEN_REFUSED else TransientError if code in LATER else PermanentError
        raise kind(f"{self.name} answered {code}", system=self.name, code=str(code))

    def read(self, call: Call, now: dt.datetime) -> Callback:
        moment = call.headers.get("timestamp", "")
        fresh(moment, now, unit=1000)
        same(call.headers.get("sign", ""), signature(self._settings["secret"], moment))
        try:
            told = json.loads(call.body)
            if "outTrackId" in told:
                return _pressed(told)
            text = str(told["text"]["content"]).strip()
            return Callback("text", str(told["msgId"]), str(told["senderStaffId"]), text=text, answer=(b"{}", "application/json"))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise CallbackRefused("shape") from None


def _pressed(told: dict[str, Any]) -> Callback:
    private = json.loads(told["content"])["cardPrivateData"]
    params = private.get("params") or {}
    value = str(params.get("value") or private["actionIds"][0])
    key = str(told.get("eventId") or hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest())
    return Callback("pressed", key, str(told["userId"]), str(told["outTrackId"]), value, reason=str(params.get("reason") or ""),
                    answer=(b"{}", "application/json"))


def _shape(card: ChatCard) -> dict[str, str]:
    """The values of the card template: every one is text."""
    buttons = [{"text": one.label, "color": {"primary": "blue", "danger": "red"}.get(one.style, "gray"), "input": one.wants_reason,
                **({"url": one.url} if one.url else {"id": one.value})} for one in card.buttons]
    return {"title": card.title, "text": card.text, "note": card.note, "url": card.url, "buttons": json.dumps(buttons, ensure_ascii=False),
            "facts": json.dumps([{"label": label, "value": value} for label, value in card.facts], ensure_ascii=False)}


def signature(secret: str, moment: str) -> str:
    """base64(HMAC-SHA-256(secret, moment newline secret)): the vendor's rule."""
    return base64.b64encode(hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()).decode()
