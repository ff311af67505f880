"""What is overdue grows overnight: it is read again on the new day, once, where something is owed and the system answers."""

from __future__ import annotations

import datetime as dt

import pytest

from apps.integrations.models import Connection
from apps.jobs.models import Job
from apps.records import services
from tests.support import shop

pytestmark = [pytest.mark.django_db, pytest.mark.req("G7", "E6")]
EVENING = dt.datetime(2026, 11, 23, 15, 50, tzinfo=dt.UTC)  # ten minutes before midnight in Shanghai
MORNING = EVENING + dt.timedelta(minutes=20)


def asked() -> list[str]:
    return [job.payload["external_id"] for job in Job.objects.filter(kind="integrations.read_record").order_by("id")]


@pytest.fixture(autouse=True)
def owing(cast: object) -> None:
    shop.connect(EVENING)
    for key, balance, at in (("K1", "1200", EVENING), ("K2", "0", EVENING), ("K3", "0.00", EVENING), ("K4", "70", MORNING)):
        shop.put("receivable", key, key=key, balance=balance, currency="CNY", now=at)


def test_each_is_asked_for_once_on_the_new_day() -> None:
    assert [services.read_aged(now=EVENING), asked()] == [0, []]
    services.read_aged(now=MORNING)
    services.read_aged(now=MORNING + dt.timedelta(minutes=10))  # not read yet
    assert asked() == ["K1"]
    shop.put("receivable", "K1", key="K1", balance="1200", currency="CNY", now=MORNING)
    assert [services.read_aged(now=MORNING + dt.timedelta(hours=1)), asked()] == [0, ["K1"]]
    services.read_aged(now=MORNING + dt.timedelta(days=1))
    assert asked() == ["K1", "K1", "K4"]


@pytest.mark.parametrize("away", [{"state": "down"}, {"enabled": False}])
def test_a_system_that_is_away_is_asked_when_it_is_back(away: dict[str, object]) -> None:
    Connection.objects.filter(key="erp").update(**away)
    assert [services.read_aged(now=MORNING), asked()] == [0, []]
    Connection.objects.filter(key="erp").update(state="up", enabled=True)
    assert [services.read_aged(now=MORNING), asked()] == [1, ["K1"]]
