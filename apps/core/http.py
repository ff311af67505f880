"""HTTP to outside systems, without Django: time-outs on every call, failures sorted into three kinds.

TransientError: try again later (the outcome may be unknown: repeat only with the same idempotency key).
PermanentError: the system refused; a repeat is refused again. AuthError: our credentials are refused.
"""

from __future__ import annotations

import contextvars
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import requests

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 15.0
T = TypeVar("T")
_limits: contextvars.ContextVar[tuple[float, float] | None] = contextvars.ContextVar("http_limits", default=None)


@contextmanager
def limits(connect: float, read: float) -> Iterator[None]:
    """Within it no call waits longer than this, whatever a client's own time-outs are: a person is waiting for the answer."""
    token = _limits.set((connect, read))
    try:
        yield
    finally:
        _limits.reset(token)


def within_limits(timeout: tuple[float, float]) -> tuple[float, float]:
    """A time-out cut to the limits in force. For clients that do not go through Client (SOAP)."""
    bound = _limits.get()
    return (min(timeout[0], bound[0]), min(timeout[1], bound[1])) if bound else timeout


class OutsideError(Exception):
    """`system`: which system; `message`: its own words, never our secrets; `status`: HTTP status or None; `retry_after`: seconds or None."""

    def __init__(self, message: str, *, system: str = "", status: int | None = None, code: str = "",
                 retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message, self.system, self.status, self.code, self.retry_after = message, system, status, code, retry_after


class TransientError(OutsideError):
    """No answer, or an answer that says: later. The effect may or may not have happened."""


class PermanentError(OutsideError):
    """Understood and refused."""


class AuthError(PermanentError):
    """The credentials are refused (not: the person lacks a right, which is PermanentError with status 403)."""


class GoneError(PermanentError):
    """A cursor is no longer valid (410): read everything again."""


class Client:
    """A small wrapper of requests: one Session a thread, fixed time-outs, no proxies, no redirects.

    `system` is the name used in messages. `answer(response)` may raise the vendor's failures; the default sorts by status.
    """

    def __init__(self, base_url: str, *, system: str, headers: Mapping[str, str] | None = None,
                 connect_timeout: float = CONNECT_TIMEOUT, read_timeout: float = READ_TIMEOUT) -> None:
        self.base_url = base_url.rstrip("/")
        self.system = system
        self.headers = dict(headers or {})
        self.timeout = (connect_timeout, read_timeout)
        self._local = threading.local()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
            session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=16))
            self._local.session = session
        return session

    def request(self, method: str, path: str, *, json: Any = None, data: Any = None, params: Mapping[str, Any] | None = None,
                headers: Mapping[str, str] | None = None, timeout: tuple[float, float] | None = None) -> requests.Response:
        """The response when its status is below 400; else TransientError, PermanentError, AuthError or GoneError."""
        try:
            response = self._session().request(
                method, self.base_url + path, json=json, data=data, params=params,
                headers={**self.headers, **(headers or {})}, timeout=within_limits(timeout or self.timeout), allow_redirects=False)
        except requests.RequestException as error:
            # The message of requests may hold the URL with a ticket or a token in it: only the kind of failure is told.
            raise TransientError(f"{self.system} did not answer ({type(error).__name__})", system=self.system) from error
        self.check(response)
        return response

    def check(self, response: requests.Response) -> None:
        """Raise the failure that the status means. Vendors override `words` (and this, where their statuses mean other things)."""
        if response.status_code < 400:
            return
        raise self.failure(response)

    def failure(self, response: requests.Response) -> OutsideError:
        status, words = response.status_code, self.words(response)
        if status == 401:
            return AuthError(words, system=self.system, status=status)
        if status == 410:
            return GoneError(words, system=self.system, status=status)
        if status in (408, 425, 429) or status >= 500:
            return TransientError(words, system=self.system, status=status, retry_after=_seconds(response.headers.get("Retry-After")))
        return PermanentError(words, system=self.system, status=status)

    def words(self, response: requests.Response) -> str:
        """The system's own words for a person; overridden by vendors."""
        return f"{self.system} answered {response.status_code}"


def _seconds(value: str | None) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        return None


def retry_reading(call: Callable[[], T], *, tries: int = 3, first: float = 0.2) -> T:
    """Repeat a READ a few times with full jitter. Never for a write without an idempotency key."""
    for attempt in range(1, tries + 1):
        try:
            return call()
        except TransientError:
            if attempt == tries:
                raise
            time.sleep(random.uniform(0, first * 2**attempt))
    raise AssertionError("unreachable")
