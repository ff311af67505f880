"""The portal as it is really served: uvicorn, the Redis bus, PostgreSQL, and people who are signed in.

This process publishes as a worker does: through the services of apps.realtime, over the bus.
"""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from tests.bench.processes import Server, free_port

ENVIRONMENT = {"DEMO_SIGN_IN": "true", "ATRIUM_WORKER": "process", "LOG_LEVEL": "WARNING", "DATABASE_CONN_MAX_AGE": "60"}


@dataclasses.dataclass(frozen=True)
class Employee:
    id: uuid.UUID
    cookie: str


def hire(count: int) -> list[Employee]:
    """People of the seeded company with the role of an employee, each signed in."""
    from apps.core import clock
    from apps.devtools import company
    from apps.directory import services as directory

    now = clock.now()
    unit = company.seed(now=now)["ana"].org_unit
    with transaction.atomic():
        people = [
            directory.upsert_person(
                login=f"bench{number}", issuer=company.issuer(), subject=str(uuid.uuid5(uuid.NAMESPACE_OID, f"bench{number}")),
                name=f"Bench {number}", employee_number=f"B{number}", org_unit=unit, now=now,
            )
            for number in range(count)
        ]  # fmt: skip
    return [Employee(person.pk, f"{settings.SESSION_COOKIE_NAME}={_session_of(person)}") for person in people]


def _session_of(person: Any) -> str:
    from apps.identity.services import account_for
    from tests.browser.conftest import session_of

    person.account = account_for(issuer=person.issuer, subject=person.subject, username=person.login, name=person.name)
    return session_of(person)


def serve(log: pathlib.Path, application: str = "portal.asgi:application") -> Server:
    """One web process, with the options of the stack."""
    from tests.support.processes import database_url

    return _uvicorn(application, log, {**ENVIRONMENT, "DATABASE_URL": database_url(), "REDIS_URL": settings.REDIS_URL})


def serve_alternative(log: pathlib.Path) -> Server:
    return _uvicorn("tests.bench.realtime.alternative:application", log, {"REDIS_URL": settings.REDIS_URL})


def _uvicorn(application: str, log: pathlib.Path, environment: dict[str, str]) -> Server:
    from stack.parts.portal import web_command

    port = free_port()
    return Server(web_command(application, port), port, log, environment)


async def in_thread(work: Callable[[], Any]) -> Any:
    """A piece of a worker's work: Django's own calls may not run in the event loop."""

    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return await asyncio.to_thread(run)


async def notify_all(*numbers: int, filling: str = "") -> None:
    """One notification after another to everybody who is connected."""
    from apps.core import clock
    from apps.realtime import services

    def publish() -> None:
        for number in numbers:
            services.broadcast(hint={"t": "notice", "n": number, **({"filling": filling} if filling else {})}, now=clock.now())

    await in_thread(publish)


async def notify_each(people: Sequence[uuid.UUID], rounds: int) -> None:
    """`rounds` notifications to each of these people: rows, numbers, frames of their own."""
    from apps.core import clock
    from apps.realtime import services

    def burst() -> None:
        for number in range(rounds):
            services.push(person_ids=people, hint={"t": "notice", "n": number}, now=clock.now())

    await in_thread(burst)
