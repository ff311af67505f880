"""DingTalk: interactive cards by track id; a callback is signed by its moment."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Request
from apps.devtools.sandbox.chat.core import Chat, Count, Seen, Signed


class Dingtalk(Chat):
    name = "dingtalk"
    _ids = Count("ding-")

    def work(self, request: Request) -> dict[str, Any]:
        given = request.json()
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
