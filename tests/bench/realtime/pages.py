"""PF-3: what a page feels of notifications to everybody."""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import sys
from collections.abc import AsyncIterator

from tests.bench.figures import Figure, Result, difference, series
from tests.bench.processes import ROOT
from tests.bench.realtime.sides import Side

EVERY = 0.25


async def measure(portal: Side, cookie: str, *, requests: int, repetitions: int) -> Result:
    """Idle and busy turns about. `cookie`: of the person who asks for the page."""
    await _ask(portal.server.port, cookie, 20)  # templates and connections are warm
    idle, busy = [], []
    for _ in range(repetitions):
        idle.append(await _ask(portal.server.port, cookie, requests))
        async with _notified(portal):
            busy.append(await _ask(portal.server.port, cookie, requests))
    quiet = series("PF-3 p99 of the page, idle", "ms", [_p99(one) for one in idle])
    loud = series(f"PF-3 p99 of the page, notified every {EVERY * 1000:g} ms", "ms", [_p99(one) for one in busy])
    return Result("A page beside notifications", (
        Figure("PF-3", f"p99 of a light page beside notifications to {len(portal.crowd.browsers):,}, above its idle p99", difference("", loud, quiet), 15),
    ), (
        quiet, loud,
        series("PF-3 p50 of the page, idle", "ms", [statistics.median(one) for one in idle]),
        series("PF-3 p50 of the page, notified", "ms", [statistics.median(one) for one in busy]),
    ))  # fmt: skip


def _p99(taken: list[float]) -> float:
    return sorted(taken)[min(int(len(taken) * 0.99), len(taken) - 1)]


async def _ask(port: int, cookie: str, count: int) -> list[float]:
    prober = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.realtime.prober", str(port), cookie, str(count), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await prober.communicate()
    assert prober.returncode == 0
    found: list[float] = json.loads(said)
    return found


@contextlib.asynccontextmanager
async def _notified(portal: Side) -> AsyncIterator[None]:
    async def again_and_again() -> None:
        number = 0
        while True:
            number += 1
            await portal.to_all(number)
            await asyncio.sleep(EVERY)

    task = asyncio.create_task(again_and_again())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
