"""The portal under uvicorn in a thread of the test process, on the test database and a free port."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any


class ThreadServer:
    """Shares the process: settings, caches and the local bus are those of the test."""

    def __init__(self, app: Any) -> None:
        import uvicorn

        self.sock = socket.socket()  # bound here: no race for the port
        self.sock.bind(("127.0.0.1", 0))
        self.port: int = self.sock.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        config = uvicorn.Config(app, lifespan="off", log_level="warning", ws_per_message_deflate=False, timeout_graceful_shutdown=2)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.sock]}, daemon=True)

    def start(self) -> ThreadServer:
        self.thread.start()
        end = time.monotonic() + 20
        while not self.server.started:
            if not self.thread.is_alive() or time.monotonic() > end:
                raise RuntimeError("uvicorn did not start in its thread")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.sock.close()


def close_other_connections() -> None:
    """The server's threads leave idle connections behind: TRUNCATE can wait for them for ever. PostgreSQL ends the others."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        )
