"""The cache may be away: then everything is a miss. What is kept in it can always be read again from where it came."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class KeptClient(RedisCacheClient):  # type: ignore[misc]
    """Django's, with its client of each pool kept: it is safe between threads, and making one costs as much as asking it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        index: int = self._get_connection_pool_index(write)  # type: ignore[attr-defined]
        if index not in self._clients:
            self._clients[index] = super().get_client(key, write=write)
        return self._clients[index]


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; a Redis that does not answer costs a short time-out and counts as a miss, never a failed page or job.

    Logs once when it goes away and once when it is back. `incr` is not forgiven: nobody may count on a number that was not kept.
    """

    away = False

    _clients: ClassVar[dict[str, KeptClient]] = {}

    @functools.cached_property
    def _cache(self) -> KeptClient:
        """One of the process. Django makes the cache anew for each request (its connections belong to a context), and with it another connection."""
        servers, options = self._servers, self._options  # type: ignore[attr-defined]
        name = repr((os.getpid(), servers, sorted(options.items(), key=str)))
        if name not in self._clients:
            self._clients[name] = KeptClient(servers, **options)
        return self._clients[name]

    def _forgiven(self, call: Callable[[], Any], instead: Any) -> Any:
        try:
            found = call()
        except (RedisError, OSError):
            if not ForgivingRedisCache.away:
                logger.warning("the cache does not answer; what was kept in it is read anew", exc_info=True)
            ForgivingRedisCache.away = True
            return instead
        if ForgivingRedisCache.away:
            logger.warning("the cache is back")
            ForgivingRedisCache.away = False
        return found

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgiven(functools.partial(super().get, key, default, version), default)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._forgiven(functools.partial(super().set, key, value, *args, **kwargs), None)

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Who cannot ask whether somebody else is at it does it himself: True."""
        return bool(self._forgiven(functools.partial(super().add, key, value, *args, **kwargs), True))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._forgiven(functools.partial(super().delete, key, version), False))

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        found: dict[Any, Any] = self._forgiven(functools.partial(super().get_many, keys, version), {})
        return found

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[Any]:
        failed: list[Any] = self._forgiven(functools.partial(super().set_many, data, *args, **kwargs), list(data))
        return failed

    def clear(self) -> None:
        self._forgiven(super().clear, None)
