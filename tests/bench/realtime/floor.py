"""The floor: a bare asyncio protocol under uvloop that encodes a frame once and writes it to each socket. It can do nothing else.

python -m tests.bench.realtime.floor PORT      /ws/<n> is a browser; /all?n= and /each?n= notify
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast
from urllib.parse import parse_qs, urlsplit

import orjson
import uvloop

from tests.bench.realtime import wire

browsers: dict[int, asyncio.Transport] = {}


def notify_all(count: int) -> None:
    for number in range(count):
        frame = wire.frame(orjson.dumps({"hint": {"t": "notice", "n": number}}))
        for transport in browsers.values():
            transport.write(frame)


def notify_each(count: int) -> None:
    """One person after another, each with a frame of their own."""
    transports = list(browsers.values())
    for number in range(count):
        transports[number % len(transports)].write(wire.frame(orjson.dumps({"seq": number, "hint": {"t": "notice", "n": number}})))


class Protocol(asyncio.Protocol):
    transport: asyncio.Transport
    said = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.said += data
        if b"\r\n\r\n" not in self.said or id(self) in browsers:
            return
        lines, self.said = self.said.decode().split("\r\n"), b""
        url = urlsplit(lines[0].split(" ")[1])
        if url.path.startswith("/ws"):
            key = next(line.split(": ", 1)[1] for line in lines if line.lower().startswith("sec-websocket-key"))
            self.transport.write(wire.answer(key))
            browsers[id(self)] = self.transport
            return
        (notify_all if url.path == "/all" else notify_each)(int(parse_qs(url.query)["n"][0]))
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        browsers.pop(id(self), None)


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Protocol, "127.0.0.1", port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
