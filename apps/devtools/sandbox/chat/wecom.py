"""WeCom: errcode in every answer; callbacks as encrypted XML. A response code changes a card once, then there is a new one."""

from __future__ import annotations

import base64
import hashlib
import secrets
import struct
import time
from typing import Any
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from apps.devtools.sandbox.base.store import Refused
from apps.devtools.sandbox.base.web import Answer, Request, json_answer
from apps.devtools.sandbox.chat.core import Chat, Count, Seen, Signed

NO_USER, NO_CODE, BAD_TOKEN = 81013, 40058, 40014


class Wecom(Chat):
    name = "wecom"
    _ids = Count("msg-")

    def refusal(self, request: Request, refused: Refused) -> Answer:
        return json_answer({"errcode": {"NO_USER": NO_USER, "NO_CARD": NO_CODE}.get(refused.code, -1), "errmsg": refused.message},
                           refused.status if refused.status >= 500 else 200)

    def answer(self, request: Request) -> Answer:
        if request.path == "/connect/oauth2/authorize":
            return self.page(request, request.query.get("appid", ""))
        return super().answer(request)

    def work(self, request: Request) -> dict[str, Any]:
        if request.path == "/cgi-bin/gettoken":
            if (request.query.get("corpid"), request.query.get("corpsecret")) != (self.keys.id, self.keys.secret):
                return {"errcode": 40001, "errmsg": "invalid credential"}
            return {"errcode": 0, "errmsg": "ok", "access_token": self.access, "expires_in": 7200}
        if request.query.get("access_token") != self.access:
            return {"errcode": BAD_TOKEN, "errmsg": "invalid access_token"}
        if request.path == "/cgi-bin/auth/getuserinfo":
            return self._who(request.query.get("code", ""))
        given = request.json()
        if request.path == "/cgi-bin/message/update_template_card":
            seen = self.change(lambda one: one.handle == given["response_code"], _shown(given["template_card"]))
            return {"errcode": 0, "errmsg": "ok", "response_code": seen.handle}
        if given["msgtype"] == "text":
            self.write(given["touser"], given["text"]["content"])
            return {"errcode": 0, "errmsg": "ok", "msgid": self._ids.next()}
        card = given["template_card"]
        seen = self.show(given["touser"], card["task_id"], _shown(card))
        return {"errcode": 0, "errmsg": "ok", "msgid": self._ids.next(), "response_code": seen.handle}

    def _who(self, code: str) -> dict[str, Any]:
        """A member has a userid, a member of a partner company a longer one, anybody else an openid."""
        held = self.codes.get(code)
        if held is not None and held.used:
            return {"errcode": 40163, "errmsg": "code been used"}
        found = self.trade(code)
        if found is None:
            return {"errcode": 40029, "errmsg": "invalid code"}
        if found.user.startswith("visitor"):
            return {"errcode": 0, "errmsg": "ok", "openid": found.user}
        return {"errcode": 0, "errmsg": "ok", "userid": found.user if found.corp == self.keys.corp else f"{found.corp}/{found.user}"}

    def pressed(self, user: str, seen: Seen, button: dict[str, Any], reason: str) -> Signed:
        seen.handle = secrets.token_hex(6)  # the old code is used up by the press
        return self._sealed({"FromUserName": user, "MsgType": "event", "Event": "template_card_event", "EventKey": button["key"],
                             "TaskId": seen.id, "CardType": "button_interaction", "ResponseCode": seen.handle})

    def said(self, user: str, text: str) -> Signed:
        return self._sealed({"FromUserName": user, "MsgType": "text", "Content": text, "MsgId": self._ids.next()})

    def _sealed(self, told: dict[str, str]) -> Signed:
        moment, nonce = str(int(time.time())), secrets.token_hex(4)
        told = {"ToUserName": self.keys.id, "CreateTime": moment, **told}
        xml = "<xml>" + "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items()) + "</xml>"
        key = base64.b64decode(self.keys.aes_key + "=")
        plain = secrets.token_bytes(16) + struct.pack(">I", len(xml.encode())) + xml.encode() + self.keys.id.encode()
        pad = 32 - len(plain) % 32
        lock = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        sealed = base64.b64encode(lock.update(plain + bytes([pad]) * pad) + lock.finalize()).decode()
        sign = hashlib.sha1("".join(sorted([self.keys.token, moment, nonce, sealed])).encode(), usedforsecurity=False).hexdigest()
        body = f"<xml><ToUserName>{self.keys.id}</ToUserName><Encrypt>{sealed}</Encrypt><AgentID>{self.keys.agent}</AgentID></xml>"
        return Signed({"msg_signature": sign, "timestamp": moment, "nonce": nonce}, {}, body.encode(), "text/xml")


def _shown(card: dict[str, Any]) -> dict[str, Any]:
    return {"title": card["main_title"]["title"], "text": card["main_title"].get("desc", ""), "note": card.get("sub_title_text", ""),
            "facts": [[one["keyname"], one["value"]] for one in card.get("horizontal_content_list", [])], "buttons": card.get("button_list", [])}
