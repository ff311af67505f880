"""A cache that is away is a miss, not a failure."""

import logging

import pytest

from apps.core.cache import ForgivingRedisCache


@pytest.fixture
def away() -> ForgivingRedisCache:
    ForgivingRedisCache.away = False
    return ForgivingRedisCache("redis://127.0.0.1:9/0", {"OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1}})


@pytest.mark.req("G10")
def test_everything_is_a_miss_while_it_is_away(away: ForgivingRedisCache) -> None:
    away.set("key", 1)
    assert away.get("key", "default") == "default"
    assert away.get_many(["a", "b"]) == {}
    assert away.set_many({"a": 1}) == ["a"]
    away.clear()
    assert (away.delete("key"), away.add("key", 1)) == (False, True)


def test_it_is_said_once(away: ForgivingRedisCache, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="apps.core.cache"):
        for _ in range(3):
            away.get("key")
    assert [record.message for record in caplog.records] == ["the cache does not answer; what was kept in it is read anew"]


def test_every_request_asks_over_the_same_connections() -> None:
    one, other = (ForgivingRedisCache("redis://127.0.0.1:9/0", {"OPTIONS": {"socket_timeout": 1}}) for _ in range(2))
    assert one._cache is other._cache and one._cache.get_client() is other._cache.get_client(write=True)
    assert ForgivingRedisCache("redis://127.0.0.1:9/1", {"OPTIONS": {"socket_timeout": 1}})._cache is not one._cache
