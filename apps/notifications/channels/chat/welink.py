"""WeLink 华为云: cards of a service account. A card that was sent cannot be changed: what became of it is said in a text behind it."""

from __future__ import annotations

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

TOKEN_REFUSED, LATER = {"41001", "41002"}, {"50000", "58601"}
PAGE = "https://login.welink.huaweicloud.com/connect/oauth2/sns_authorize"


class Welink:
    key, name = "welink", "WeLink"
    updates, reason_box = False, True
    needs: tuple[str, ...] = ("url", "id", "secret", "agent", "token")
    sign_in_needs: tuple[str, ...] = ("corp",)

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._client = client_of(settings, self.name)
        self._tokens = Tokens(self._fetch_token, time.monotonic)

    def _fetch_token(self) -> tuple[str, float]:
        found = self._sorted("POST", "/api/auth/v2/tickets", json={"client_id": self._settings["id"], "client_secret": self._settings["secret"]})
        with understanding(self.name):
            return str(found["access_token"]), float(found["expires_in"])

    def _sorted(self, method: str, path: str, **given: Any) -> Any:
        found = json_of(self._client.request(method, path, **given))
        with understanding(self.name):
            code = str(found.get("code", "0"))
        if code == "0":
            return found
        kind = AuthError if code in TOKEN_REFUSED else TransientError if code in LATER else PermanentError
        raise kind(f"{self.name} answered {code}", system=self.name, code=code)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._tokens.once_more(lambda token: self._sorted("POST", path, json=body, headers={"x-wlk-Authorization": token}))

    def send_card(self, user_id: str, card: ChatCard) -> str:
        self._post("/api/messages/v3/card", {
            "msgOwner": self._settings["agent"], "toUserList": [user_id], "cardId": card.id, "msgTitle": card.title, "msgContent": card.text,
            "urlPath": card.url, "fields": [{"name": label, "value": value} for label, value in card.facts],
            "buttons": [{"text": one.label, "input": one.wants_reason, **({"url": one.url} if one.url else {"value": one.value})}
                        for one in card.buttons]})
        return card.id

    def update_card(self, user_id: str, card: ChatCard, handle: str) -> str:
        raise PermanentError("WeLink does not change a card that was sent", system=self.name)

    def send_text(self, user_id: str, text: str, key: str) -> None:
        self._post("/api/messages/v3/text", {"msgOwner": self._settings["agent"], "toUserList": [user_id], "msgId": key, "msgContent": text})

    def sign_in_url(self, state: str, back: str) -> str:
        return with_query(self._settings.get("sign_in_url") or PAGE, {
            "client_id": self._settings["id"], "redirect_uri": back, "response_type": "code", "scope": "snsapi_login", "state": state})

    def code_of(self, query: Mapping[str, str]) -> str:
        return query.get("code", "")

    def user_of(self, code: str) -> str:
        """User ids are a tenant's own: the same one of another tenant is somebody else."""
        try:
            found = self._tokens.once_more(lambda token: self._sorted(
                "GET", "/api/auth/v2/userid", params={"code": code}, headers={"x-wlk-Authorization": token}))
        except AuthError:
            raise
        except PermanentError as error:
            raise CodeRefused(error.message) from error
        with understanding(self.name):
            user, tenant = str(found["userId"]), str(found.get("tenantId") or "")
        if not user or tenant != self._settings["corp"]:
            raise CodeRefused("of another company")
        return user

    def read(self, call: Call, now: dt.datetime) -> Callback:
        moment, nonce = call.headers.get("x-wlk-timestamp", ""), call.headers.get("x-wlk-nonce", "")
        fresh(moment, now, unit=1000)
        same(call.headers.get("x-wlk-sign", ""), signature(self._settings["token"], moment, nonce, call.body))
        try:
            told = json.loads(call.body)
            if told["type"] == "card":
                return Callback("pressed", str(told["eventId"]), str(told["userId"]), str(told["cardId"]), str(told["value"]),
                                reason=str(told.get("input") or ""), answer=(b'{"code":"0"}', "application/json"))
            return Callback("text", str(told["eventId"]), str(told["userId"]), text=str(told["content"]),
                            answer=(b'{"code":"0"}', "application/json"))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise CallbackRefused("shape") from None


def signature(token: str, moment: str, nonce: str, body: bytes) -> str:
    """hex(HMAC-SHA-256(token, moment nonce body))"""
    return hmac.new(token.encode(), f"{moment}{nonce}".encode() + body, hashlib.sha256).hexdigest()
