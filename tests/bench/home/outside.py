"""Three outside systems in one process: GET /<system>/<milliseconds> answers after that time; GET /asked says how often they were asked.

python -m tests.bench.home.outside PORT
"""

from __future__ import annotations

import asyncio
import sys


class Systems:
    def __init__(self) -> None:
        self.asked = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                body = (await self._answer(line.split()[1].decode())).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (ConnectionError, IndexError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str) -> str:
        if path == "/asked":
            return str(self.asked)
        self.asked += 1
        await asyncio.sleep(int(path.rpartition("/")[2]) / 1000)
        return "42"


async def main(port: int) -> None:
    server = await asyncio.start_server(Systems().serve, "127.0.0.1", port, backlog=512)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
