"""WeLink: a card that was sent stays as it was."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request, json_answer
from apps.devtools.sandbox.chat.core import Chat, Count, Seen, Signed


class Welink(Chat):
    name = "welink"
    _ids = Count("we-")

    def refusal(self, request: Request, refused: Refused) -> Answer:
        return json_answer({"code": {"NO_USER": "58404"}.get(refused.code, "50000"), "message": refused.message},
                           refused.status if refused.status >= 500 else 200)

    def answer(self, request: Request) -> Answer:
        if request.path == "/connect/oauth2/sns_authorize":
            return self.page(request, request.query.get("client_id", ""))
        return super().answer(request)

    def work(self, request: Request) -> dict[str, Any]:
        given = request.json()
        if request.path == "/api/auth/v2/tickets":
            if (given.get("client_id"), given.get("client_secret")) != (self.keys.id, self.keys.secret):
                return {"code": "41000", "message": "wrong client"}
            return {"code": "0", "access_token": self.access, "expires_in": 7200}
        if request.headers.get("x-wlk-authorization") != self.access:
            return {"code": "41001", "message": "invalid token"}
        if request.path == "/api/auth/v2/userid":
            found = self.trade(request.query.get("code", ""))
            if found is None:
                return {"code": "41502", "message": "the code is invalid"}
            return {"code": "0", "message": "ok", "userId": found.user, "tenantId": found.corp}
        for user in given["toUserList"]:
            if request.path == "/api/messages/v3/card":
                self.show(user, given["cardId"], {
                    "title": given["msgTitle"], "text": given["msgContent"], "note": "", "buttons": given["buttons"],
                    "facts": [[one["name"], one["value"]] for one in given["fields"]]})
            else:
                self.write(user, given["msgContent"], given["msgId"])
        return {"code": "0", "message": "ok"}

    def pressed(self, user: str, seen: Seen, button: dict[str, Any], reason: str) -> Signed:
        return self._signed({"type": "card", "eventId": self._ids.next(), "userId": user, "cardId": seen.id, "value": button["value"],
                             "input": reason})

    def said(self, user: str, text: str) -> Signed:
        return self._signed({"type": "text", "eventId": self._ids.next(), "userId": user, "content": text})

    def _signed(self, told: dict[str, Any]) -> Signed:
        moment, nonce, body = str(int(time.time() * 1000)), secrets.token_hex(8), json.dumps(told).encode()
        sign = hmac.new(self.keys.token.encode(), f"{moment}{nonce}".encode() + body, hashlib.sha256).hexdigest()
        return Signed({}, {"x-wlk-timestamp": moment, "x-wlk-nonce": nonce, "x-wlk-sign": sign}, body)
