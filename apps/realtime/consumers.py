"""The websocket /ws/.

The browser says `{"since": n | null, "age": ms}` when it opens, when it notices a gap, and every half minute; `age`: how old its page is.
The server says `{"hello": {"seq": n, "facts": {...}}}`, `{"seq": n, "hint": {...}}`, `{"resync": true}` and `{"ping": true}`.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from typing import Any

from channels.consumer import get_handler_name
from channels.generic.websocket import AsyncWebsocketConsumer

from apps.core import people
from apps.core.access import declare, plan
from apps.realtime import buses, selectors
from apps.realtime.hub import SERVER_SEND, SIGNED_OUT, TRY_LATER, Connection, Hub, Socket, in_database_thread, running_hub

ASKS, OFTEN = 30, 10.0  # questions of one socket within seconds that are too many
LONGEST = 200  # letters of what a browser says
TOO_LARGE = 10**18  # for a number of a hint


@declare("notifications.notification", "view")
class LiveConsumer(AsyncWebsocketConsumer):
    """No channel layer: the hub is the layer. Who is not signed in, or may see no notices, is closed with 4401."""

    socket: Socket | None = None

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.asks: deque[float] = deque(maxlen=ASKS)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Straight to its handler. The base class first goes to another thread for connections of the database to be closed; what is read here is read
        in the hub's own threads, which see to theirs."""
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        account, session = self.scope["user"], self.scope["session"]
        person = await in_database_thread(lambda: allowed_person(account))
        await self.accept()
        if person is None or not session.session_key:
            await self.close(code=SIGNED_OUT)
            return
        self.socket = Socket(person.pk, session.session_key, self.scope.get(SERVER_SEND, self.base_send))
        join(self.socket)

    async def disconnect(self, code: int) -> None:
        if self.socket:
            running_hub().remove(self.socket)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.socket is None or self.socket.closed:
            return
        if self._asks_too_often():
            self.socket.close(TRY_LATER)
        elif asked := _asked(text_data):
            await catch_up(self.socket, *asked)

    def _asks_too_often(self) -> bool:
        """Each question costs reads of the database; a page asks when it opens, at a gap, and every half minute."""
        now, asks = asyncio.get_running_loop().time(), self.asks
        asks.append(now)
        return len(asks) == asks.maxlen and now - asks[0] < OFTEN


def _asked(text: str | None) -> tuple[int | None, float] | None:
    """(since, age in seconds), or None for anything else that a browser may send."""
    if text is None or len(text) > LONGEST:
        return None
    try:
        message = json.loads(text)
        since, age = message["since"], float(message.get("age", 0)) / 1000
        since = None if since is None else int(since)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        return None
    if not math.isfinite(age) or abs(since or 0) >= TOO_LARGE:
        return None
    return since, min(max(age, 0.0), selectors.OLDEST_PAGE)


def allowed_person(account: Any) -> Any:
    """The person of the account, when that person may see notices."""
    person = people.person_of(account)
    return person if person and plan(person, "view", "notifications.notification").allowed else None


def join(connection: Connection) -> Hub:
    """Into the hub of this loop, whose bus is listened to from now on."""
    hub = running_hub()
    hub.listen_to(lambda: buses.bus().listen(hub, lambda: catch_up_all(hub)))
    hub.add(connection)
    return hub


async def catch_up_all(hub: Hub) -> None:
    """After frames may have been lost: each connection gets what its number says it lacks. The bus sees to failures."""
    held = hub.connections()
    if not held:
        return
    newest = await in_database_thread(lambda: selectors.newest({connection.person_id for connection in held}))
    for connection in held:
        if -1 < connection.seq < newest.get(connection.person_id, 0) and not connection.closed:
            await catch_up(connection, connection.seq)


async def catch_up(connection: Connection, since: int | None, age: float = 0.0) -> None:
    """Send the greeting and what was missed, through the connection's own queue."""
    missed, facts = await in_database_thread(lambda: (
        selectors.missed(connection.person_id, since, age), selectors.greeting(connection.person_id)))
    connection.seq = max(connection.seq, missed.seq)
    connection.push(json.dumps({"hello": {"seq": missed.seq, "facts": facts}}))
    if missed.resync:
        connection.push(json.dumps({"resync": True}))
    for frame in missed.frames:
        connection.push(json.dumps(frame, ensure_ascii=False))
