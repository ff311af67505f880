"""DingTalk: interactive cards by track id; a callback is signed by its moment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request
from apps.devtools.sandbox.chat.core import Chat, Count, Keys, Seen, Signed


class Dingtalk(Chat):
    name = "dingtalk"
    code_name = "authCode"
    _ids = Count("ding-")

    def __init__(self, keys: Keys, service_key: str) -> None:
        super().__init__(keys, service_key)
        self._tokens: dict[str, str] = {}

    def answer(self, request: Request) -> Answer:
        if request.path == "/oauth2/auth":
            return self.page(request, request.query.get("client_id", ""))
        return super().answer(request)

    def work(self, request: Request) -> dict[str, Any]:
        given = request.json()
        if request.path == "/v1.0/oauth2/userAccessToken":
            return self._own_token(given)
        if request.path == "/v1.0/contact/users/me":
            user = self._tokens.get(request.headers.get("x-acs-dingtalk-access-token", ""))
            if user is None:
                raise Refused(401, "InvalidAuthentication", "The token is not valid.")
            return {"nick": user, "unionId": f"union-{user}", "openId": f"open-{user}"}
        if request.path == "/topapi/user/getbyunionid":
            return self._member(request, str(given.get("unionid", "")))
        if request.path == "/v1.0/oauth2/accessToken":
            if (given.get("appKey"), given.get("appSecret")) != (self.keys.id, self.keys.secret):
                raise Refused(400, "invalidClientIdOrSecret", "The key or the secret is wrong.")
            return {"accessToken": self.access, "expireIn": 7200}
        if request.headers.get("x-acs-dingtalk-access-token") != self.access:
            raise Refused(401, "InvalidAuthentication", "The token is not valid.")
        if request.path == "/v1.0/card/instances/createAndDeliver":
            user = given["openSpaceId"].removeprefix("dtv1.card//IM_ROBOT.")
            seen = self.show(user, given["outTrackId"], _shown(given["cardData"]["cardParamMap"]))
            return {"success": True, "result": {"outTrackId": seen.id}}
        if request.path == "/v1.0/card/instances" and request.method == "PUT":
            self.change(lambda one: one.id == given["outTrackId"], _shown(given["cardData"]["cardParamMap"]))
            return {"success": True}
        if request.path == "/v1.0/robot/oToMessages/batchSend":
            for user in given["userIds"]:
                self.write(user, json.loads(given["msgParam"])["content"])
            return {"processQueryKey": self._ids.next()}
        raise Refused(404, "NO_PATH", "There is nothing here.")

    def _own_token(self, given: dict[str, Any]) -> dict[str, Any]:
        if (given.get("clientId"), given.get("clientSecret"), given.get("grantType")) != (self.keys.id, self.keys.secret, "authorization_code"):
            raise Refused(400, "invalidClientIdOrSecret", "The key or the secret is wrong.")
        found = self.trade(str(given.get("code", "")))
        if found is None:
            raise Refused(400, "invalidParameter.authCode.notFound", "The code is not known.")
        token = secrets.token_hex(8)
        self._tokens[token] = found.user
        return {"accessToken": token, "refreshToken": secrets.token_hex(8), "expireIn": 7200, "corpId": found.corp}

    def _member(self, request: Request, union: str) -> dict[str, Any]:
        if request.query.get("access_token") != self.access:
            return {"errcode": 40014, "errmsg": "invalid access_token"}
        user = union.removeprefix("union-")
        if user.startswith("nobody"):
            return {"errcode": 60121, "errmsg": "user not found"}
        return {"errcode": 0, "errmsg": "ok", "result": {"contact_type": 1 if user.startswith("visitor") else 0, "userid": user}}

    def pressed(self, user: str, seen: Seen, button: dict[str, Any], reason: str) -> Signed:
        params = {"value": button["id"], **({"reason": reason} if reason else {})}
        content = json.dumps({"cardPrivateData": {"actionIds": [button["id"]], "params": params}})
        return self._signed({"type": "actionCallback", "eventId": self._ids.next(), "userId": user, "corpId": "c", "outTrackId": seen.id,
                             "content": content})

    def said(self, user: str, text: str) -> Signed:
        return self._signed({"msgtype": "text", "msgId": self._ids.next(), "senderStaffId": user, "text": {"content": f" {text}"}})

    def _signed(self, told: dict[str, Any]) -> Signed:
        moment, secret = str(int(time.time() * 1000)), self.keys.secret
        sign = base64.b64encode(hmac.new(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256).digest()).decode()
        return Signed({}, {"timestamp": moment, "sign": sign}, json.dumps(told).encode())


def _shown(card: dict[str, str]) -> dict[str, Any]:
    return {"title": card["title"], "text": card["text"], "note": card["note"], "buttons": json.loads(card["buttons"]),
            "facts": [[one["label"], one["value"]] for one in json.loads(card["facts"])]}
