"""The sender of webhooks: every change, in order, at least once, signed; what is refused is sent again and again, later and later."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from apps.devtools.sandbox.base.faults import Faults
from apps.devtools.sandbox.base.store import Row, Store

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
TIMEOUT = 10.0


@dataclass(frozen=True)
class Target:
    """`head`: names of the three headers of this vendor: id, moment, signature."""

    url: str
    secret: str
    head: tuple[str, str, str]


def signature(secret: str, event_id: str, moment: str, body: bytes) -> str:
    """hex(HMAC-SHA256(secret, id.timestamp.body))"""
    return hmac.new(secret.encode(), f"{event_id}.{moment}.".encode() + body, hashlib.sha256).hexdigest()


class Sender(threading.Thread):
    """`event(row, epoch)` gives the vendor's shape of a change; its "id" identifies it, here and in the feed."""

    def __init__(self, store: Store, target: Target, faults: Faults, event: Callable[[Row, str], dict[str, Any]], stop: threading.Event) -> None:
        super().__init__(name="webhooks", daemon=True)
        self._store, self._target, self._faults, self._event, self._stop_event = store, target, faults, event, stop
        self._pause = 0.0

    def run(self) -> None:
        while not self._stop_event.is_set():
            if self._faults.silent():
                self._stop_event.wait(0.1)
                continue
            with self._store.changed:  # held from the look to the wait: no wake-up is missed
                row, epoch = self._next()
                if row is None:
                    self._store.changed.wait(0.5)
                    continue
            if self._send(self._event(row, epoch)):
                self._store.note_pushed(row["seq"])
                self._pause = 0.0
            else:
                self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self._pause * 2))
                self._stop_event.wait(self._pause * random.uniform(0.5, 1))

    def _next(self) -> tuple[Row | None, str]:
        with self._store.reading() as db:
            return db.one("SELECT * FROM changes WHERE seq > ? ORDER BY seq LIMIT 1", int(db.meta("pushed"))), db.meta("epoch")

    def _send(self, event: dict[str, Any]) -> bool:
        """Whether it was taken: any 2xx."""
        body = json.dumps(event, ensure_ascii=False).encode()
        moment = str(int(time.time()))
        names = self._target.head
        headers = {
            "Content-Type": "application/json",
            names[0]: event["id"],
            names[1]: moment,
            names[2]: "v1=" + signature(self._target.secret, event["id"], moment, body),
        }
        to = urlsplit(self._target.url)
        kind = http.client.HTTPSConnection if to.scheme == "https" else http.client.HTTPConnection
        connection = kind(to.hostname or "localhost", to.port, timeout=TIMEOUT)
        try:
            connection.request("POST", to.path or "/", body, headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return 200 <= status < 300
