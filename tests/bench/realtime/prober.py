"""One browser that asks for a light page again and again, in a process of its own; prints the milliseconds of each answer as JSON.

python -m tests.bench.realtime.prober PORT COOKIE COUNT
"""

from __future__ import annotations

import http.client
import json
import sys
import time

PATH = "/profile/"
PAUSE = 0.01


def milliseconds(port: int, cookie: str, count: int) -> list[float]:
    """Over one connection that is kept open. Raises RuntimeError for any answer but the page."""
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", PATH, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"GET {PATH} answered {answer.status}")
        time.sleep(PAUSE)
    return taken


if __name__ == "__main__":
    print(json.dumps(milliseconds(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
