"""The first page of a long inbox, on PostgreSQL: how long, how many queries, and whether more rows make it slower (PF-10)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.figures import REPETITIONS, Figure, Result, ratio, series

PAGE, MILLISECONDS, QUERIES, FLAT = "/inbox/", 30, 8, 1.5


@dataclasses.dataclass(frozen=True)
class Scale:
    """`few`: one page and a bit; `many`: what the specification asks for; `closed`: rows of the same person that are dealt with."""

    few: int = 60
    many: int = 5000
    closed: int = 20000
    visits: int = 30
    repetitions: int = REPETITIONS


def run(scale: Scale, tell: Callable[[Result], None]) -> list[Result]:
    """Ana's inbox, filled twice. The page is asked for as a browser asks, without the network."""
    from apps.core import clock

    person, client = _ana(clock.now())
    short, _queries = _visits(client, person, scale, scale.few, 0, clock.now())
    long, queries = _visits(client, person, scale, scale.many, scale.closed, clock.now())
    first, before = series("first page, long inbox", "ms", long), series("first page, short inbox", "ms", short)
    result = Result(
        "Inbox",
        (
            Figure("PF-10", f"first page of an inbox with {scale.many} open items", first, MILLISECONDS),
            Figure("PF-10", "queries of that page", series("queries", "queries", queries), QUERIES),
            Figure("PF-10", f"against the same page of {scale.few} open items", ratio("long to short", first, before), FLAT),
        ),
        (first, before),
        (f"{scale.closed} more rows of the same person are dealt with. Median of {scale.visits} visits a repetition; the request runs through every"
         " middleware, session and rights included.",),
    )  # fmt: skip
    tell(result)
    return [result]


def _ana(now: dt.datetime) -> tuple[Any, Client]:
    from apps.devtools import company
    from apps.identity.services import account_for, open_session

    person = company.seed(now=now)["ana"]
    account = account_for(issuer=person.issuer, subject=person.subject, username="ana", email=person.email, name=person.name)
    client = Client(headers={"accept-language": "en"})
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    open_session(session_key=str(client.session.session_key), account=account, now=now)
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    return person, client


def _fill(person: Any, count: int, closed: int, now: dt.datetime) -> None:
    from apps.notifications.models import NEVER, Notification, State

    Notification.objects.filter(person_id=person.pk).delete()
    Notification.objects.bulk_create(
        (_row(person, number, State.OPEN if number < count else State.RESOLVED, now, NEVER) for number in range(count + closed)), batch_size=500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _row(person: Any, number: int, state: str, now: dt.datetime, never: dt.datetime) -> Any:
    from apps.notifications.models import Notification

    due = now + dt.timedelta(hours=number) if number % 3 == 0 else None
    title = {"task_id": str(person.pk), "name": "Approve", "business_key": f"deal:{number}", "title": f"Pump set {number}", "instance_id": ""}
    return Notification(
        person_id=person.pk, kind="workflows.task_assigned", system="oa", todo=True, params=title, ref=f"bench:{number}", state=state,
        created_at=now - dt.timedelta(minutes=number), due_at=due, rank_at=due or never, closed_at=None if state == "OPEN" else now)


def _visits(client: Client, person: Any, scale: Scale, count: int, closed: int, now: dt.datetime) -> tuple[list[float], list[float]]:
    """(median milliseconds, queries) of each repetition."""
    _fill(person, count, closed, now)
    took: list[float] = []
    queries: list[float] = []
    for _repetition in range(scale.repetitions):
        one = sorted(_visit(client) for _visit_number in range(scale.visits))
        took.append(one[len(one) // 2])
        with CaptureQueriesContext(connection) as seen:
            _visit(client)
        queries.append(len(seen))
    return took, queries


def _visit(client: Client) -> float:
    began = time.perf_counter()
    answer = client.get(PAGE)
    took = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200 and answer.content.count(b'<li class="mrow') == 30, answer.status_code
    return took
