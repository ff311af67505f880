"""The hub: one slow reader holds nobody up, memory stays bounded, controls close what they name."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.protocol import CLOSING, OPEN
from websockets.server import ServerProtocol

from apps.core import sessions
from apps.realtime import buses
from apps.realtime.hub import (
    CLOSE_PERSON,
    CLOSE_SESSION,
    EVERYBODY,
    MOST,
    PING,
    QUEUE,
    RESYNC,
    TOO_MANY,
    Hub,
    Socket,
    Stream,
    all_hubs,
    encoded,
    running_hub,
)


class Wire:
    """What one browser received; a gate that stands still while it does not read."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.broken = False

    async def send(self, event: dict[str, Any]) -> None:
        if self.broken:
            raise ConnectionError
        await self.gate.wait()
        self.sent.append(event.get("text", event.get("code")))


def browser(hub: Hub, person: uuid.UUID | None = None, session: str = "s") -> tuple[Socket, Wire]:
    wire = Wire()
    socket = Socket(person or uuid.uuid4(), session, wire.send)
    hub.add(socket)
    return socket, wire


async def settle(hub: Hub) -> None:
    """Until everything that was fed has left, and what that woke had its turn."""
    while hub._draining and not hub._draining.done():
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def hub() -> Hub:
    return Hub(asyncio.get_running_loop())


async def test_frames_reach_every_tab_of_the_person_and_nobody_else(hub: Hub) -> None:
    person = uuid.uuid4()
    (_, one), (_, two), (_, other) = browser(hub, person), browser(hub, person), browser(hub)
    hub.feed([(str(person), 1, "a"), (str(uuid.uuid4()), 1, "nobody here"), (str(person), 2, "b")])
    await settle(hub)
    assert (one.sent, two.sent, other.sent) == (["a", "b"], ["a", "b"], [])


async def test_a_reader_that_stands_still_gets_all_in_order_when_it_goes_on_and_others_do_not_wait(hub: Hub) -> None:
    (_, slow), (_, quick) = browser(hub), browser(hub)
    slow.gate.clear()
    hub.feed([(EVERYBODY, 0, str(number)) for number in range(QUEUE)])
    await settle(hub)
    assert quick.sent == [str(number) for number in range(QUEUE)]
    assert slow.sent == []
    slow.gate.set()
    await settle(hub)
    assert slow.sent == quick.sent


async def test_a_reader_that_never_reads_is_told_to_load_all_again_and_then_closed(hub: Hub) -> None:
    socket, slow = browser(hub)
    slow.gate.clear()
    hub.feed([(EVERYBODY, 0, str(number)) for number in range(QUEUE + 2)])
    await settle(hub)
    assert list(socket._waiting) == [RESYNC]
    slow.gate.set()
    await settle(hub)
    assert slow.sent == ["0", RESYNC]
    slow.gate.clear()
    hub.feed([(EVERYBODY, 0, "x")] * (3 * QUEUE))
    await settle(hub)
    assert socket.closed
    assert len(socket._waiting) == 0
    slow.gate.set()
    await settle(hub)
    assert slow.sent[-1] == 1013


async def test_five_of_twenty_five_that_never_read_cost_the_others_nothing(hub: Hub) -> None:
    browsers = [browser(hub) for _ in range(25)]
    for _, wire in browsers[:5]:
        wire.gate.clear()
    for start in range(0, 3000, 50):
        hub.feed([(EVERYBODY, 0, f"{number:04d}" * 10) for number in range(start, start + 50)])
        await settle(hub)
    while hub._inbox:
        await asyncio.sleep(0)
    expected = [f"{number:04d}" * 10 for number in range(3000)]
    assert all([frame for frame in wire.sent if frame != PING] == expected for _, wire in browsers[5:])  # a slow machine takes longer than a ping
    assert all(len(socket._waiting) <= QUEUE for socket, _ in browsers)
    hub.feed([(EVERYBODY, 0, "end")])
    await settle(hub)


async def test_a_broken_socket_is_left_out(hub: Hub) -> None:
    socket, wire = browser(hub)
    wire.broken = True
    hub.feed([(EVERYBODY, 0, "a"), (EVERYBODY, 0, "b")])
    await settle(hub)
    assert socket.closed
    hub.remove(socket)
    hub.remove(socket)
    assert hub.count == 0


async def test_a_broadcast_lets_other_work_of_the_loop_run_in_between(hub: Hub) -> None:
    for _ in range(640):
        browser(hub)
    turns = 0

    async def other_work() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other_work())
    hub.feed([(EVERYBODY, 0, "a")])
    while hub._inbox or (hub._draining and not hub._draining.done()):
        await asyncio.sleep(0)
    task.cancel()
    assert turns >= 9


async def test_a_control_closes_the_sockets_of_one_session_or_of_one_person(hub: Hub) -> None:
    person = uuid.uuid4()
    (_, a), (_, b), (_, c) = browser(hub, person, "one"), browser(hub, person, "two"), browser(hub, None, "three")
    hub.feed([(CLOSE_SESSION, 0, "one"), (EVERYBODY, 0, "x")])
    await settle(hub)
    assert (a.sent, b.sent, c.sent) == ([4401], ["x"], ["x"])
    hub.feed([(CLOSE_PERSON, 0, str(person))])
    await settle(hub)
    assert (b.sent, c.sent) == (["x", 4401], ["x"])


async def test_a_socket_that_stands_still_can_be_closed(hub: Hub) -> None:
    socket, wire = browser(hub, session="one")
    wire.gate.clear()
    hub.feed([(EVERYBODY, 0, "a"), (EVERYBODY, 0, "b"), (CLOSE_SESSION, 0, "one")])
    await settle(hub)
    assert socket.closed
    wire.gate.set()
    await settle(hub)
    assert wire.sent[-1] == 4401
    assert "b" not in wire.sent


async def test_sockets_of_sessions_that_ended_without_a_word_are_closed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (_, alive), (_, dead) = browser(hub, None, "alive"), browser(hub, None, "dead")
    monkeypatch.setattr(sessions, "alive_among", lambda keys: {"alive"} & set(keys))
    await hub.close_dead_sessions()
    await settle(hub)
    assert (alive.sent, dead.sent) == ([], [4401])


async def test_sessions_that_cannot_be_checked_are_left_open(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    _, wire = browser(hub)

    def no_database(keys: set[str]) -> set[str]:
        raise OSError

    monkeypatch.setattr(sessions, "alive_among", no_database)
    await hub.close_dead_sessions()
    await settle(hub)
    assert wire.sent == []


async def test_the_number_up_to_which_nothing_is_missing_stops_at_a_gap(hub: Hub) -> None:
    person = uuid.uuid4()
    socket, _ = browser(hub, person)
    socket.seq = 4
    hub.feed([(str(person), 5, "a"), (str(person), 7, "b")])
    await settle(hub)
    assert socket.seq == 5


async def test_an_event_stream_is_bounded_in_the_same_way(hub: Hub) -> None:
    stream = Stream(uuid.uuid4(), "s")
    hub.add(stream)
    hub.feed([(EVERYBODY, 0, str(number)) for number in range(QUEUE + 1)])
    await settle(hub)
    assert stream.queue.qsize() == 1
    assert stream.queue.get_nowait() == RESYNC
    hub.feed([(EVERYBODY, 0, "x")] * (QUEUE + 1))
    await settle(hub)
    assert stream.closed
    assert stream.queue.get_nowait() is None


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_a_frame_that_is_encoded_once_is_what_the_server_would_have_written(size: int) -> None:
    text = "云" * (size // 3) + "x" * (size % 3)
    server = ServerProtocol()
    server.state = OPEN
    server.send_text(text.encode())
    assert [encoded(text)] == server.data_to_send()


class Plug:
    """uvicorn's transport."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_gone = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.is_gone

    def close(self) -> None:
        self.is_gone = True


def uvicorns(plug: Plug) -> WebSocketsSansIOProtocol:
    """A connection of uvicorn after the handshake."""

    async def application(scope: Any, receive: Any, send: Any) -> None: ...

    config = Config(app=application, lifespan="off", ws_per_message_deflate=False)
    config.load()
    protocol = WebSocketsSansIOProtocol(config, ServerState(), {})
    protocol.transport, protocol.handshake_complete = plug, True  # type: ignore[assignment]
    protocol.conn.state = OPEN
    return protocol


async def test_uvicorn_is_passed_by_only_while_it_would_have_sent_at_once(hub: Hub) -> None:
    plug = Plug()
    protocol = uvicorns(plug)
    socket = Socket(uuid.uuid4(), "s", protocol.send)
    hub.add(socket)
    hub.feed([(EVERYBODY, 0, "a")])
    await settle(hub)
    assert plug.written == [encoded("a")]
    protocol.pause_writing()
    hub.feed([(EVERYBODY, 0, "b"), (EVERYBODY, 0, "c")])
    await settle(hub)
    assert plug.written == [encoded("a")]
    protocol.resume_writing()
    await settle(hub)
    assert plug.written == [encoded("a"), encoded("b"), encoded("c")]
    socket.close(4401)
    await settle(hub)
    assert plug.written[3:] == [b"\x88\x02" + (4401).to_bytes(2, "big")]
    assert protocol.close_timer
    protocol.close_timer.cancel()


@pytest.mark.parametrize("end", ["close_sent", "transport", "state"])
async def test_nothing_is_written_past_the_end_of_a_connection(hub: Hub, end: str) -> None:
    plug = Plug()
    protocol = uvicorns(plug)
    hub.add(Socket(uuid.uuid4(), "s", protocol.send))
    protocol.close_sent, plug.is_gone, protocol.disconnected = end == "close_sent", end == "transport", end == "transport"
    protocol.conn.state = CLOSING if end == "state" else OPEN
    hub.feed([(EVERYBODY, 0, "a")])
    await settle(hub)
    assert plug.written == []
    assert [connection.closed for connection in hub.connections()] == [True]


async def test_other_threads_reach_the_hub_of_the_running_loop() -> None:
    hub = running_hub()
    assert hub in all_hubs()
    _, wire = browser(hub)
    await asyncio.to_thread(buses.LocalBus().publish, [(EVERYBODY, 0, "hello")])
    await settle(hub)
    assert wire.sent == ["hello"]


async def test_beyond_so_many_pages_of_a_person_the_oldest_is_told_to_ask_by_itself(hub: Hub) -> None:
    person, other = uuid.uuid4(), uuid.uuid4()
    _socket, bystander = browser(hub, other)
    stream = Stream(person, "s")
    hub.add(stream)  # the oldest
    tabs = [browser(hub, person) for _tab in range(MOST + 1)]
    await settle(hub)
    assert [stream.queue.get_nowait(), stream.queue.get_nowait()] == ['{"closed":4429}', None]
    assert tabs[0][1].sent == [TOO_MANY]
    hub.feed([(str(person), 1, "a")])
    await settle(hub)
    assert [wire.sent for _tab, wire in tabs[1:]] == [["a"]] * MOST  # the newest stay, whole
    assert (tabs[0][1].sent, bystander.sent) == ([TOO_MANY], [])
    hub.remove(tabs[5][0])  # one is closed by its person: there is room again
    browser(hub, person)
    await settle(hub)
    assert all(TOO_MANY not in wire.sent for tab, wire in tabs[1:])
