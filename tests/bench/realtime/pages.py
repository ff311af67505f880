"""PF-3: what a page feels of notifications to everybody."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import statistics
import sys
from collections.abc import AsyncIterator

from tests.bench.figures import Figure, Result, Series, difference, series
from tests.bench.processes import ROOT
from tests.bench.realtime.sides import Side

EVERY = 0.25
LIMIT = 15.0  # ms
NOTIFIED = f"notified every {EVERY * 1000:g} ms"


@dataclasses.dataclass(frozen=True)
class Asked:
    """One repetition: milliseconds of each answer, by the clock and of the server's CPU meanwhile."""

    wall: list[float]
    cpu: list[float]


async def measure(portal: Side, cookie: str, *, requests: int, repetitions: int) -> Result:
    """Idle and notified turns about. `cookie`: of the person who asks for the page."""
    await _ask(portal, cookie, 20)  # templates and connections are warm
    idle, busy = [], []
    for _ in range(repetitions):
        idle.append(await _ask(portal, cookie, requests))
        async with _notified(portal):
            busy.append(await _ask(portal, cookie, requests))
    quiet, loud = _p99("idle", [one.wall for one in idle]), _p99(NOTIFIED, [one.wall for one in busy])
    quiet_cpu, loud_cpu = _p99("idle, CPU", [one.cpu for one in idle]), _p99(f"{NOTIFIED}, CPU", [one.cpu for one in busy])
    crowd = f"{len(portal.crowd.browsers):,}"
    return Result("A page beside notifications", (
        Figure("PF-3", f"p99 of a light page beside notifications to {crowd}, above its idle p99", difference("", loud, quiet), LIMIT),
        Figure("PF-3", "the same in CPU of the server between question and answer: what an idle machine would show",
               difference("", loud_cpu, quiet_cpu), LIMIT),
    ), (
        quiet, loud, quiet_cpu, loud_cpu,
        series("PF-3 p50 of the page, idle", "ms", [statistics.median(one.wall) for one in idle]),
        series(f"PF-3 p50 of the page, {NOTIFIED}", "ms", [statistics.median(one.wall) for one in busy]),
    ), _doubt(quiet))  # fmt: skip


def _doubt(quiet: Series) -> tuple[str, ...]:
    spread = max(quiet.values) - min(quiet.values)
    if spread <= LIMIT:
        return ()
    return (f"The idle page alone differs by {spread:.0f} ms from one repetition to the next: too much other work on this machine to tell by the clock.",)


def _p99(of: str, repetitions: list[list[float]]) -> Series:
    return series(f"PF-3 p99 of the page, {of}", "ms", [sorted(one)[min(int(len(one) * 0.99), len(one) - 1)] for one in repetitions])


async def _ask(portal: Side, cookie: str, count: int) -> Asked:
    asked = [str(portal.server.port), str(portal.server.pid), cookie, str(count)]
    prober = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.realtime.prober", *asked, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await prober.communicate()
    if prober.returncode:
        raise RuntimeError("the browser that asks for the page failed; its reason stands above")
    found: list[tuple[float, float]] = json.loads(said)
    return Asked([wall for wall, _cpu in found], [cpu for _wall, cpu in found])


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
