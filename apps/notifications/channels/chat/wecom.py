"""WeCom 企业微信: template cards of the kind button_interaction. Callbacks are encrypted and signed; a card has no box for words, so a button that
needs them opens the portal's page."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import os
import struct
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from defusedxml import ElementTree

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

TOKEN_REFUSED = {40014, 42001, 42007, 42009}
LATER = {-1, 45009, 45033, 50001}
CODE_REFUSED = {"40029", "42003", "40163", "41008"}
PAGE = "https://open.weixin.qq.com/connect/oauth2/authorize"
BLOCK = 32


class Wecom:
    key, name = "wecom", "WeCom"
    updates, reason_box = True, False
    needs: tuple[str, ...] = ("url", "id", "secret", "agent", "token", "aes_key")
    sign_in_needs: tuple[str, ...] = ()

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._client = client_of(settings, self.name)
        self._tokens = Tokens(self._fetch_token, time.monotonic)

    # --- sending

    def _fetch_token(self) -> tuple[str, float]:
        found = self._call("GET", "/cgi-bin/gettoken", params={"corpid": self._settings["id"], "corpsecret": self._settings["secret"]})
        with understanding(self.name):
            return str(found["access_token"]), float(found["expires_in"])

    def _call(self, method: str, path: str, **given: Any) -> Any:
        """The answer with errcode 0; the others are sorted."""
        found = json_of(self._client.request(method, path, **given))
        with understanding(self.name):
            code = int(found.get("errcode", 0))
        if code == 0:
            return found
        words = f"{self.name} answered {code}"  # errmsg may repeat what was sent
        kind = AuthError if code in TOKEN_REFUSED else TransientError if code in LATER else PermanentError
        raise kind(words, system=self.name, code=str(code))

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        return self._tokens.once_more(lambda token: self._call("POST", path, params={"access_token": token}, json={
            "agentid": self._settings["agent"], **body}))

    def send_card(self, user_id: str, card: ChatCard) -> str:
        found = self._post("/cgi-bin/message/send", {
            "touser": user_id, "msgtype": "template_card", "template_card": _shape(card), "enable_duplicate_check": 1,
            "duplicate_check_interval": 14400})
        if found.get("invaliduser"):
            raise PermanentError("WeCom does not know this user", system=self.name)
        return str(found.get("response_code", ""))

    def update_card(self, user_id: str, card: ChatCard, handle: str) -> str:
        found = self._post("/cgi-bin/message/update_template_card", {
            "userids": [user_id], "response_code": handle, "template_card": _shape(card)})
        return str(found.get("response_code", ""))

    def send_text(self, user_id: str, text: str, key: str) -> None:
        self._post("/cgi-bin/message/send", {"touser": user_id, "msgtype": "text", "text": {"content": text}, "enable_duplicate_check": 1})

    # --- signing in

    def sign_in_url(self, state: str, back: str) -> str:
        return with_query(self._settings.get("sign_in_url") or PAGE, {
            "appid": self._settings["id"], "redirect_uri": back, "response_type": "code", "scope": "snsapi_base", "state": state,
            "agentid": self._settings["agent"]}, "wechat_redirect")

    def code_of(self, query: Mapping[str, str]) -> str:
        return query.get("code", "")

    def user_of(self, code: str) -> str:
        """Members alone have a `userid`; a partner company's comes with its own id in front, a visitor has an `openid`."""
        try:
            found = self._tokens.once_more(lambda token: self._call("GET", "/cgi-bin/auth/getuserinfo", params={"access_token": token, "code": code}))
        except PermanentError as error:
            raise (CodeRefused(error.message) if error.code in CODE_REFUSED else error) from error
        with understanding(self.name):
            user = str(found.get("userid") or "")
        if not user or "/" in user:
            raise CodeRefused("no member of this company")
        return user

    # --- callbacks

    def read(self, call: Call, now: dt.datetime) -> Callback:
        query = call.query
        fresh(query.get("timestamp", ""), now)
        if call.method == "GET":
            sealed = query.get("echostr", "")
            self._verify(query, sealed)
            return Callback("probe", "", answer=(self._open(sealed), "text/plain"))
        sealed = _xml(call.body).get("Encrypt", "")
        self._verify(query, sealed)
        told = _xml(self._open(sealed))
        user, at = told.get("FromUserName", ""), told.get("CreateTime", "")
        if told.get("MsgType") == "event" and told.get("Event") == "template_card_event":
            key = ":".join((at, user, told.get("TaskId", ""), told.get("EventKey", ""), told.get("ResponseCode", "")))
            return Callback("pressed", key, user, told.get("TaskId", ""), told.get("EventKey", ""), handle=told.get("ResponseCode", ""))
        if told.get("MsgType") == "text":
            return Callback("text", told.get("MsgId") or f"{at}:{user}", user, text=told.get("Content", ""))
        return Callback("probe", "")

    def _verify(self, query: Mapping[str, str], sealed: str) -> None:
        same(query.get("msg_signature", ""), signature(self._settings["token"], query.get("timestamp", ""), query.get("nonce", ""), sealed))

    def _open(self, sealed: str) -> bytes:
        text, receiver = unseal(self._settings["aes_key"], sealed)
        if receiver != self._settings["id"]:
            raise CallbackRefused("receiver")
        return text


def _shape(card: ChatCard) -> dict[str, Any]:
    buttons = [{"text": one.label, "type": 1, "url": one.url} if one.url else {
        "text": one.label, "type": 0, "key": one.value, "style": {"primary": 1, "danger": 2}.get(one.style, 4)} for one in card.buttons]
    shown: dict[str, Any] = {
        "card_type": "button_interaction" if buttons else "text_notice", "task_id": card.id,
        "main_title": {"title": card.title[:128], "desc": card.text[:256]}, "sub_title_text": card.note[:512],
        "horizontal_content_list": [{"keyname": label[:20], "value": value[:120]} for label, value in card.facts[:6]],
        "card_action": {"type": 1, "url": card.url}}
    return {**shown, "button_list": buttons[:6]} if buttons else shown


def signature(token: str, timestamp: str, nonce: str, sealed: str) -> str:
    """hex(SHA-1) of the four, sorted: the vendor's rule."""
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, sealed))).encode(), usedforsecurity=False).hexdigest()


def _key(text: str) -> bytes:
    return base64.b64decode(text + "=")


def seal(aes_key: str, text: bytes, receiver: str) -> str:
    """AES-256-CBC: 16 random bytes, the length, the text, the receiver; padded to 32."""
    key = _key(aes_key)
    plain = os.urandom(16) + struct.pack(">I", len(text)) + text + receiver.encode()
    pad = BLOCK - len(plain) % BLOCK
    lock = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(lock.update(plain + bytes([pad]) * pad) + lock.finalize()).decode()


def unseal(aes_key: str, sealed: str) -> tuple[bytes, str]:
    """(text, receiver). Raises CallbackRefused."""
    key = _key(aes_key)
    try:
        lock = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = lock.update(base64.b64decode(sealed, validate=True)) + lock.finalize()
        plain = plain[: -plain[-1]]
        length = struct.unpack(">I", plain[16:20])[0]
        return plain[20 : 20 + length], plain[20 + length :].decode()
    except (ValueError, IndexError, struct.error):
        raise CallbackRefused("sealed") from None


def _xml(body: bytes) -> dict[str, str]:
    try:
        return {one.tag: one.text or "" for one in ElementTree.fromstring(body)}
    except Exception:
        raise CallbackRefused("shape") from None
