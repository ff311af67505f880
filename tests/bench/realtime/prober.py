"""One browser that asks for a light page again and again, in a process of its own; prints what each answer took as JSON.

python -m tests.bench.realtime.prober PORT PID COOKIE COUNT      PID: of the server
"""

from __future__ import annotations

import http.client
import json
import sys
import time

from tests.bench.processes import cpu_of

PATH = "/profile/"
PAUSE = 0.01


def milliseconds(port: int, pid: int, cookie: str, count: int) -> list[tuple[float, float]]:
    """(by the clock, CPU of the server meanwhile), over one connection that is kept open. Raises RuntimeError for any answer but the page."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    taken = []
    for _ in range(count):
        began, cpu = time.perf_counter(), cpu_of(pid)
        connection.request("GET", PATH, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        taken.append(((time.perf_counter() - began) * 1000, (cpu_of(pid) - cpu) * 1000))
        if answer.status != 200:
            raise RuntimeError(f"GET {PATH} answered {answer.status}")
        time.sleep(PAUSE)
    return taken


if __name__ == "__main__":
    print(json.dumps(milliseconds(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
