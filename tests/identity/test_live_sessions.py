"""Which sessions live is asked for all sockets of a process at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from apps.core import sessions
from apps.identity import selectors
from apps.identity.models import Account, OidcSession
from apps.identity.services import open_session

pytestmark = pytest.mark.django_db


def opened(person: Any, key: str, now: dt.datetime) -> OidcSession:
    return open_session(session_key=key, account=person.account, now=now)


def test_ended_expired_revoked_and_unknown_ones_are_left_out(cast: Any, clock: dt.datetime, travel: Any) -> None:
    travel(clock)
    opened(cast.ana, "lives", clock)
    opened(cast.ana, "expired", clock - dt.timedelta(days=2))
    opened(cast.boss, "revoked", clock)
    opened(cast.fin, "switched-off", clock)
    Account.objects.filter(pk=cast.boss.account.pk).update(session_epoch=7)
    Account.objects.filter(pk=cast.fin.account.pk).update(is_active=False)
    asked = {"lives", "expired", "revoked", "switched-off", "unknown", ""}
    assert sessions.alive_among(asked) == {"lives"}
    assert [key for key in sorted(asked) if sessions.is_alive(key)] == ["lives"]
    assert [key for key in sorted(asked) if selectors.live_session(key)] == ["lives"]  # the same rule for one


def test_a_thousand_sessions_are_two_reads(cast: Any, clock: dt.datetime, travel: Any, django_assert_num_queries: Any) -> None:
    travel(clock)
    opened(cast.ana, "s1", clock)
    opened(cast.ana, "s999", clock)
    with django_assert_num_queries(2):
        assert sessions.alive_among({f"s{number}" for number in range(1000)}) == {"s1", "s999"}
    with django_assert_num_queries(0):
        assert sessions.alive_among([]) == set()
