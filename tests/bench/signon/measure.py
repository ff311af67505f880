"""The whole subject, on the real Keycloak, PostgreSQL and Redis, with the web and worker processes of the stack."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from stack.real import WEB_PROCESSES, WORKERS
from tests.bench.figures import Figure, Result, series
from tests.bench.signon import people
from tests.bench.signon.visits import Visit, Visitor
from tests.support.stack import RealStack, running_stack

FORM_SHARE = 3  # every third comes without a session at the realm
QUIET_SECONDS = 30.0
WAITING = "select count(*) from jobs_job where state = 'DUE' and run_at < now() - interval '1 second'"


@dataclasses.dataclass(frozen=True)
class Scale:
    people: int = 2000
    seconds: float = 300.0


def run(scale: Scale, folder: pathlib.Path, tell: Callable[[Result], None]) -> list[Result]:
    """Starts the systems; takes about three times `seconds`, since two thirds of the people must be signed on before it begins."""
    with running_stack("--busy") as stack, stack.portal(workers=WORKERS) as portal:
        from stack.parts.portal import web_command

        port = int(stack.portal_url.rsplit(":", 1)[1])
        portal.launch("test-web", web_command("portal.asgi:application", port, WEB_PROCESSES)[1:], {}, lambda: _answers(stack))
        command = [sys.executable, "-m", "tests.bench.signon.people", str(scale.people)]
        subprocess.run(command, check=True, env={**os.environ, **stack.portal_env()})
        result = _morning(stack, scale)
    tell(result)
    return [result]


def _answers(stack: RealStack) -> bool:
    from stack import probes

    return probes.http_ok(f"{stack.portal_url}/sign-in/")


def _morning(stack: RealStack, scale: Scale) -> Result:
    visitors = [Visitor(stack.env, people.login(number)) for number in range(scale.people)]
    came_before = [visitor for number, visitor in enumerate(visitors) if number % FORM_SHARE]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Visitor.sign_on_before, came_before))
    visits, late = _arrive(visitors, scale)
    waiting = _queue_after(stack, QUIET_SECONDS)
    for visitor in visitors:
        visitor.leave()
    return _result(visits, late, waiting, scale)


def _arrive(visitors: Sequence[Visitor], scale: Scale) -> tuple[list[Visit], float]:
    """Each at a moment of its own (seed 14), whatever the server does meanwhile; and how long after the last moment the last one was done."""
    chance = random.Random(14)
    moments = sorted(chance.uniform(0, scale.seconds) for _ in visitors)
    order = list(enumerate(visitors))
    random.Random(15).shuffle(order)
    with ThreadPoolExecutor(256) as pool:
        begin = time.monotonic()
        futures = []
        for moment, (number, visitor) in zip(moments, order, strict=True):
            time.sleep(max(0.0, begin + moment - time.monotonic()))
            futures.append(pool.submit(visitor.visit, begin + moment, form=number % FORM_SHARE == 0))
        visits = [future.result() for future in futures]
        return visits, time.monotonic() - begin - moments[-1]


def _queue_after(stack: RealStack, seconds: float) -> int:
    """Jobs that still wait; asked until there are none or the time is over."""
    deadline = time.monotonic() + seconds
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as database:
        while True:
            row = database.execute(WAITING).fetchone()
            waiting = int(row[0]) if row else 0
            if not waiting or time.monotonic() > deadline:
                return waiting
            time.sleep(0.5)


def _result(visits: Sequence[Visit], late: float, waiting: int, scale: Scale) -> Result:
    failed = [visit for visit in visits if visit.error]
    good = [visit for visit in visits if not visit.error]
    crowd, minutes = f"{scale.people:,} people", f"{scale.seconds / 60:g} minutes"

    def p(share: float, values: Sequence[float]) -> float:
        return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else float("inf")

    home, with_form = [visit.home for visit in good], [visit.home for visit in good if visit.form]
    without, whole = [visit.home for visit in good if not visit.form], [visit.all for visit in good]
    notes = [f"failed: {count} x {words}" for words, count in Counter(visit.error for visit in failed).most_common(5)]
    return Result("A morning", (
        Figure("PF-14", f"{crowd} sign on and open home within {minutes}: errors", series("", "", [len(failed)]), 0),
        Figure("PF-14", "p95 from wanting in to the home page", series("", "s", [p(0.95, home)]), 1.5),
        Figure("PF-14", "until the last one was served, after the last had come", series("", "s", [late]), QUIET_SECONDS),
        Figure("PF-14", f"jobs that waited after {QUIET_SECONDS:g} s", series("", "", [waiting]), 0),
    ), tuple(
        series(f"PF-14 p{round(share * 100)} {name}", "s", [p(share, values)])
        for name, values in (("home, all", home), ("home, through the form", with_form), ("home, session at the realm", without),
                             ("home with its widgets and socket", whole))
        for share in (0.5, 0.95, 0.99)
    ), (
        f"Every third fills in the realm's form, the others have a session there. {WEB_PROCESSES} web processes, {WORKERS} workers, Keycloak, PostgreSQL, "
        "Redis, ERP, CRM and the browsers share the machine. A browser follows every redirect, loads the page, the fragments that the page fetches "
        "by itself, and keeps its socket open. Keycloak is started for many people (`--busy`).", *notes))  # fmt: skip
