"""All of the subject, at a scale."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import AsyncIterator, Callable, Sequence

import uvloop
from django.conf import settings

from tests.bench.figures import REPETITIONS, Figure, Result, ratio, series
from tests.bench.realtime import bounds, pages, product, sides


@dataclasses.dataclass(frozen=True)
class Scale:
    """How much of everything. The defaults are those of the specification."""

    browsers: int = 1000
    notifications: int = 20  # to all, a repetition
    alternative_notifications: int = 3
    burst: int = 20_000  # to single people, a repetition
    requests: int = 200
    connections: int = 5000
    frames: int = 3000
    repetitions: int = REPETITIONS


def run(scale: Scale, folder: pathlib.Path, tell: Callable[[Result], None]) -> list[Result]:
    """Django is set up on a database and a Redis of this run. `folder`: for logs; `tell` hears of each result at once."""
    people = product.hire(max(scale.browsers, bounds.READERS + bounds.STALLED))

    async def collect() -> list[Result]:
        results = []
        async for result in _results(scale, people, settings.REDIS_URL, folder):
            tell(result)
            results.append(result)
        return results

    return uvloop.run(collect())


async def _results(scale: Scale, people: Sequence[product.Employee], redis_url: str, folder: pathlib.Path) -> AsyncIterator[Result]:
    async with sides.portal(people[: scale.browsers], folder / "portal.log") as portal:
        async with sides.floor(scale.browsers, folder / "floor.log") as floor, sides.alternative(scale.browsers, redis_url, folder / "other.log") as other:
            yield await _costs(scale, floor, portal, other)
        yield await pages.measure(portal, people[0].cookie, requests=scale.requests, repetitions=scale.repetitions)
    async with bounds.fresh_process(folder / "bounds.log") as server:
        yield await bounds.memory_of_one(server, people, scale.connections)
        yield await bounds.stalled(server, people, scale.frames, scale.repetitions)


async def _costs(scale: Scale, floor: sides.Side, portal: sides.Side, other: sides.Side) -> Result:
    rounds = scale.burst // scale.browsers
    all_floor, all_portal, all_other, each_floor, each_portal = [], [], [], [], []
    for side in (floor, portal, other):
        await side.cost_to_all(2)  # warm
    for _ in range(scale.repetitions):
        all_floor.append(await floor.cost_to_all(scale.notifications))
        all_portal.append(await portal.cost_to_all(scale.notifications))
        all_other.append(await other.cost_to_all(scale.alternative_notifications))
        each_floor.append(await floor.cost_to_each(rounds))
        each_portal.append(await portal.cost_to_each(rounds))
    to_all = series("PF-1 floor", "us", all_floor), series("PF-1 portal", "us", all_portal), series("PF-1 channels_redis pub/sub", "us", all_other)
    to_each = series("PF-2 floor", "us", each_floor), series("PF-2 portal", "us", each_portal)
    return Result("Notifications", (
        Figure("PF-1", f"one notification to {scale.browsers:,} browsers: CPU of the server a delivery, to the floor's", ratio("", to_all[1], to_all[0]), 3),
        Figure("PF-1", "how much cheaper than channels_redis pub/sub", ratio("", to_all[2], to_all[1]), 10, at_least=True),
        Figure("PF-2", f"{scale.burst:,} notifications to single people over Redis: CPU a delivery, to the floor's", ratio("", to_each[1], to_each[0]), 4),
    ), (*to_all, *to_each), (
        "CPU is that of the process that holds the sockets, all its threads and the kernel's share included. The floor makes its notifications itself; "
        "the portal and channels_redis get theirs from another process over Redis, and the portal pings each browser every 3 s in that time as well.",
    ))  # fmt: skip
