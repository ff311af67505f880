"""PF-4 and PF-5: what a connection costs in memory, and what readers cost who never read."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import pathlib
from collections.abc import AsyncIterator, Sequence

from tests.bench.figures import Figure, Result, Series, difference, series
from tests.bench.processes import Server
from tests.bench.realtime import product
from tests.bench.realtime.crowd import Browser, Crowd

STEPS = 5
READERS, STALLED = 20, 5
FRAME = 4000  # characters
AT_ONCE = 50  # frames between two looks
SMALL = 4096  # bytes a browser that does not read lets the kernel keep for it


@contextlib.asynccontextmanager
async def fresh_process(log: pathlib.Path) -> AsyncIterator[Server]:
    """A web process that has served nobody yet."""
    server = product.serve(log)
    try:
        server.wait_until_it_listens()
        yield server
    finally:
        server.end()


async def memory_of_one(server: Server, people: Sequence[product.Employee], connections: int) -> Result:
    """The process takes connections in five steps; people have several tabs."""
    crowd = Crowd(server.port)
    try:
        await crowd.join([person.cookie for person in people[:10]])
        held, cpu = [server.memory()], server.cpu()
        cookies = [people[number % len(people)].cookie for number in range(connections)]
        for step in range(STEPS):
            await crowd.join(cookies[step * connections // STEPS : (step + 1) * connections // STEPS])
            held.append(server.memory())
        cpu = server.cpu() - cpu
    finally:
        await crowd.leave()
    each = connections // STEPS
    return Result("Memory of a connection", (
        Figure("PF-4", f"memory of one of {connections:,} connections", series("", "KB", [(held[-1] - held[0]) / connections]), 40),
    ), (
        series("PF-4 memory of a connection, in five steps", "KB", [(after - before) / each for before, after in itertools.pairwise(held)]),
        series("PF-4 web process before the first", "KB", [held[0]]),
        series("PF-4 CPU of one sign-on of a socket", "ms", [cpu / connections * 1000]),
    ))  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Run:
    """Frames the readers lost or got twice or in another order; kilobytes the server grew; microseconds a delivery to them."""

    wrong: int
    growth: float
    cost: float


async def stalled(server: Server, people: Sequence[product.Employee], frames: int, repetitions: int) -> Result:
    """Turns about: all 25 read, and 5 of them do not."""
    await _run(server, people, frames=AT_ONCE, asleep=0)
    runs = [(await _run(server, people, frames=frames, asleep=0), await _run(server, people, frames=frames, asleep=STALLED)) for _ in range(repetitions)]
    awake, beside = [one for one, _ in runs], [other for _, other in runs]
    growth = series("PF-5 growth, nobody stalled", "KB", [run.growth for run in awake])
    growth_beside = series("PF-5 growth beside the stalled", "KB", [run.growth for run in beside])
    size = frames * FRAME * STALLED / 1000
    return Result("Readers that never read", (
        Figure("PF-5", f"frames of {frames:,} that any of {READERS} readers lost beside {STALLED} who never read", _wrong(beside), 0),
        Figure("PF-5", f"memory above the same with nobody stalled; all that was meant for the {STALLED} is {size:,.0f} KB",
               difference("", growth_beside, growth), 5000),
    ), (
        growth, growth_beside,
        series("PF-5 CPU a delivery to a reader, nobody stalled", "us", [run.cost for run in awake]),
        series("PF-5 CPU a delivery to a reader, beside the stalled", "us", [run.cost for run in beside]),
    ))  # fmt: skip


def _wrong(runs: Sequence[Run]) -> Series:
    return series("", "frames", [run.wrong for run in runs])


async def _run(server: Server, people: Sequence[product.Employee], *, frames: int, asleep: int) -> Run:
    crowd = Crowd(server.port)
    cookies = [person.cookie for person in people[: READERS + STALLED]]
    try:
        readers = await crowd.join(cookies[asleep:])
        for browser in readers:
            browser.numbers = []
        sleepers = await crowd.join(cookies[:asleep], buffer=SMALL)
        for browser in sleepers:
            browser.stop_reading()
        memory, cpu = [server.memory()], server.cpu()
        for start in range(0, frames, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, frames))
            wanted = crowd.total + len(readers) * len(numbers)
            await product.notify_all(*numbers, filling="x" * FRAME)
            await crowd.until(wanted)
            memory.append(server.memory())
        cost = (server.cpu() - cpu) / frames / len(readers) * 1e6
        return Run(_mistakes(readers, frames), max(memory) - memory[0], cost)
    finally:
        await crowd.leave()


def _mistakes(readers: Sequence[Browser], frames: int) -> int:
    """Places at which what a reader saw differs from what was sent, in order."""
    expected = list(range(frames))
    seen = [browser.numbers or [] for browser in readers]
    return sum(abs(len(one) - frames) + sum(a != b for a, b in zip(one, expected, strict=False)) for one in seen)
