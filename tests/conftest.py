"""The cast and the tools that every test may use."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings

from tests.support.results import pytest_runtest_makereport, pytest_sessionfinish  # noqa: F401 - hooks
from tests.support.stack import demo, demo_soap, real_stack  # noqa: F401  (fixtures for all)

# What a property test finds depends neither on luck nor on how busy the machine is: the same examples in every run, no deadline for one.
settings.register_profile("atrium", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("atrium")

NOW = dt.datetime(2026, 11, 23, 1, 12, tzinfo=dt.UTC)  # Monday, 09:12 in the company's zone


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A run that was killed leaves the log of its SQLite file behind; read together with a new file it is an I/O
    error."""
    from django.db import connection

    name = connection.settings_dict.get("TEST", {}).get("NAME")
    if connection.vendor == "sqlite" and name:
        for suffix in ("", "-wal", "-shm", "-journal"):
            pathlib.Path(f"{name}{suffix}").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database, with the guards of the audit chain off: between tests it must be possible to empty it."""
    from tests.support import emptying, guards

    with django_db_blocker.unblock():
        guards.take_off()
    emptying.take_over()


@pytest.fixture(scope="session", autouse=True)
def _catalogs() -> None:
    """The Chinese catalogs are compiled before the first text is translated."""
    from apps.core.management.commands import compile_po

    for source in compile_po.catalogs():
        compile_po.compile_catalog(source)


@pytest.fixture
def clock() -> dt.datetime:
    """A fixed moment to hand to services as `now`. The real clock goes on: use `travel` where code reads it."""
    return NOW


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """travel(moment): from now on apps.core.clock.now() says this moment (again and again until the next call)."""

    def to(moment: dt.datetime) -> None:
        monkeypatch.setattr("apps.core.clock.now", lambda: moment)

    return to


@pytest.fixture(autouse=True)
def _settled(settings: Any) -> Iterator[None]:
    """Language and memory of one test do not leak into the next."""
    from django.core.cache import cache
    from django.utils import translation

    settings.DEMO_SIGN_IN = True
    with translation.override("en"):
        yield
    cache.clear()


@pytest.fixture
def company(db: None) -> SimpleNamespace:
    """The seeded company: `people` by login, and the moment of seeding."""
    from apps.devtools import company as data

    seeded_at = NOW - dt.timedelta(days=30)
    return SimpleNamespace(people=data.seed(now=seeded_at), seeded_at=seeded_at)


@pytest.fixture
def cast(company: SimpleNamespace) -> SimpleNamespace:
    """ana, boss, fin, eve, admin, guest: directory people, each with `.account`."""
    from apps.directory import selectors as directory
    from apps.identity.services import account_for

    people = {}
    for login, person in company.people.items():
        person = directory.get_person(person.pk)
        person.account = account_for(issuer=person.issuer, subject=person.subject, username=login, email=person.email, name=person.name)
        people[login] = person
    return SimpleNamespace(**people)


@pytest.fixture
def sign_in() -> Callable[[Client, Any], Client]:
    """sign_in(client, person): the client is signed in as a member of the cast, with a live session row."""

    def as_person(client: Client, person: Any) -> Client:
        from apps.core import clock
        from apps.identity.services import open_session

        client.force_login(person.account, backend="django.contrib.auth.backends.ModelBackend")
        open_session(session_key=client.session.session_key, account=person.account, now=clock.now())
        return client

    return as_person


@pytest.fixture
def run_jobs() -> Callable[..., int]:
    """run_jobs(now=None): run due jobs until none is due; returns how many ran. `now` stands for the clock of the
    queue."""

    def until_quiet(now: dt.datetime | None = None, rounds: int = 50) -> int:
        from apps.jobs import services as jobs

        total = 0
        for _round in range(rounds):
            ran = jobs.run_due(now=now)
            total += ran
            if not ran:
                return total
        raise AssertionError(f"jobs are still due after {rounds} rounds")

    return until_quiet


@pytest.fixture
def systems(company: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, travel: Callable[[dt.datetime], None]) -> SimpleNamespace:
    """Two connected outside systems of the test process (tests/support/dummy.py), furnished but not loaded. `load()`
    reads them whole."""
    from apps.integrations import services
    from tests.support import dummy

    dummy.crm.reset()
    dummy.erp.reset()
    dummy.furnish()
    services.reset_breakers()
    travel(NOW)
    for system, connector in (("crm", dummy.CRM), ("erp", dummy.ERP)):
        services.upsert_connection(
            key=system, connector_id=connector.id, config={}, secrets={"webhook_secret": dummy.SECRET}, live_from=NOW, now=NOW, steward="admin"
        )

    def load() -> None:
        from apps.jobs import services as jobs

        for system in ("crm", "erp"):
            services.first_load(connection_key=system, now=NOW)
        jobs.run_due(now=NOW)

    return SimpleNamespace(crm=dummy.crm, erp=dummy.erp, load=load, now=NOW, travel=travel)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Who uses the browser or the real systems is marked so: the stages of the suite choose by these marks."""
    for item in items:
        used = getattr(item, "fixturenames", ())
        if "chromium" in used:
            item.add_marker(pytest.mark.browser)
        if "real_stack" in used:
            item.add_marker(pytest.mark.stack)
        if {"real_stack", "demo", "demo_soap"} & set(used):
            item.add_marker(pytest.mark.timeout(1500))  # whichever comes first installs and starts the systems, with nothing cached
        if not item.get_closest_marker("django_db") and not {"db", "transactional_db"} & set(used):
            item.add_marker(pytest.mark.one_database)
