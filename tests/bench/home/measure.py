"""The page cold and warm, beside the same page made one call after the other and with a pool of threads, turn about in one run."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import statistics
import sys
from collections.abc import Callable, Iterator

from tests.bench.figures import REPETITIONS, Figure, Result, difference, ratio, series
from tests.bench.home.browser import Browser, Visit
from tests.bench.home.widgets import MILLISECONDS, SLOWEST, install
from tests.bench.processes import Server, free_port
from tests.bench.realtime import product

WARM_LIMIT, FIRST_LIMIT, ALL_LIMIT = 10.0, 50.0, 1.5


@dataclasses.dataclass(frozen=True)
class Scale:
    """How often the warm page is asked for in one repetition."""

    requests: int = 100
    repetitions: int = REPETITIONS


@dataclasses.dataclass(frozen=True)
class Round:
    """One repetition."""

    cold: Visit
    warm: float  # ms of the server's CPU, p50
    warm_wall: float
    calls: float  # to outside systems, while the page was warm
    sequential: float
    pool: float


def run(scale: Scale, folder: pathlib.Path, tell: Callable[[Result], None]) -> list[Result]:
    """Django is set up on a database and a Redis of this run. Each repetition is a person who was never there: their page is cold."""
    people = product.hire(scale.repetitions + 1)
    _arrange(people)
    with _systems(folder) as systems, _portal(folder) as portal:
        _round(portal, systems, people[-1], 3)  # templates, connections and pools are there
        rounds = [_round(portal, systems, person, scale.requests) for person in people[: scale.repetitions]]
    found = _result(rounds)
    tell(found)
    return [found]


def _arrange(people: list[product.Employee]) -> None:
    from apps.core import clock
    from apps.directory import selectors as directory
    from apps.workspace import services

    widgets = install()
    items = [{"key": widget.key, "x": number % 4 * 3, "y": number // 4 * 2, "w": 3, "h": 2} for number, widget in enumerate(widgets)]
    for person in people:
        services.save_own(person=directory.get_person(person.id), items=items, now=clock.now())
        services.save_own(person=directory.get_person(person.id), items=items, now=clock.now())  # what the role shows besides is put away


@contextlib.contextmanager
def _systems(folder: pathlib.Path) -> Iterator[Browser]:
    port = free_port()
    server = Server([sys.executable, "-m", "tests.bench.home.outside", str(port)], port, folder / "outside.log")
    os.environ["BENCH_OUTSIDE"] = str(port)
    try:
        server.wait_until_it_listens()
        with contextlib.closing(Browser(port, "")) as browser:
            yield browser
    finally:
        server.end()


@contextlib.contextmanager
def _portal(folder: pathlib.Path) -> Iterator[Server]:
    server = product.serve(folder / "portal.log", application="tests.bench.home.served:application")
    try:
        server.wait_until_it_listens()
        yield server
    finally:
        server.end()


def _round(portal: Server, systems: Browser, person: product.Employee, requests: int) -> Round:
    with contextlib.closing(Browser(portal.port, person.cookie)) as browser:
        return _visits(browser, portal, systems, requests)


def _visits(browser: Browser, portal: Server, systems: Browser, requests: int) -> Round:
    browser.get("/shell/todo-count/")  # the connection is there, the session is read; the widgets are not
    cold = browser.visit()
    before = int(systems.get("/asked")[1])
    walls, costs = [], []
    for _ in range(requests):
        cpu = portal.cpu()
        walls.append(browser.visit().all)
        costs.append((portal.cpu() - cpu) * 1000)
    calls = int(systems.get("/asked")[1]) - before
    sequential, pool = browser.visit("/bench/sequential/").all, browser.visit("/bench/pool/").all
    return Round(cold, statistics.median(costs), statistics.median(walls), calls, sequential, pool)


def _result(rounds: list[Round]) -> Result:
    first, whole = series("PF-6 cold, first byte", "ms", [one.cold.first for one in rounds]), series("PF-6 cold, all", "ms", [one.cold.all for one in rounds])
    warm, wall = series("PF-6 warm, CPU of the server", "ms", [one.warm for one in rounds]), series("PF-6 warm, wall", "ms", [one.warm_wall for one in rounds])
    one_by_one, pool = series("PF-6 one call after the other", "ms", [o.sequential for o in rounds]), series("PF-6 pool", "ms", [o.pool for o in rounds])
    slowest = series("", "ms", [SLOWEST] * len(rounds))
    calls = series("PF-6 calls of the warm page", "calls", [one.calls for one in rounds])
    widgets = sum(len(times) for times in MILLISECONDS.values())
    return Result("Home page", (
        Figure("PF-6", f"warm page of {widgets} widgets: CPU of the server, p50", warm, WARM_LIMIT),
        Figure("PF-6", "calls to outside systems while it is warm", calls, 0),
        Figure("PF-6", "cold page: first byte", first, FIRST_LIMIT),
        Figure("PF-6", "cold page: all widgets, to the slowest system", ratio("", whole, slowest), ALL_LIMIT),
        Figure("PF-6", "warm page: how much sooner than with one call after the other", ratio("", one_by_one, wall), 10, at_least=True),
        Figure("PF-6", "cold page: first byte, to the page made by a pool of threads", ratio("", first, pool), 0.5),
    ), (warm, wall, first, whole, one_by_one, pool, difference("PF-6 cold, all, above the pool", whole, pool), calls), (
        f"Three systems answer in {min(map(min, MILLISECONDS.values()))} to {SLOWEST} ms, {sum(map(sum, MILLISECONDS.values())):,} ms together. The browser "
        "opens six connections, asks for the page, then for each widget that was not in it. The alternatives draw the same page in the same process, "
        "one call after the other, and all at once in a pool of their own.",
    ))  # fmt: skip
