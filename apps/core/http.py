"""HTTP to outside systems, without Django: time-outs on every call, failures sorted into three kinds.

TransientError: try again later (the outcome may be unknown: repeat only with the same idempotency key).
PermanentError: the system refused; a repeat is refused again. AuthError: our credentials are refused.
"""

from __future__ import annotations

import contextvars
import json as jsonlib
import math
import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

import requests
from urllib3.exceptions import HTTPError

CONNECT_TIMEOUT = 2.0
READ_TIMEOUT = 15.0
MOST_BYTES = 32 * 1024 * 1024  # of one answer; a page of whole records has less than one
DRIPPING = 4  # a time-out counts from byte to byte: an answer as a whole may take so many of them
SECRET_HEADER = re.compile(r"authorization|key$|token|secret", re.IGNORECASE)
SLOW = "slow"  # code of a failure: it took the request and did not answer in time
PATIENCE = 1.0  # seconds: what a reading waits by itself; a system that asks for more is asked again by a job
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


def whole(response: requests.Response, *, system: str, seconds: float) -> requests.Response:
    """Read the answer of a streamed request, bounded in size and in time. Raises TransientError: what it was about may have happened."""
    deadline = time.monotonic() + seconds
    parts, size = [], 0
    try:
        while part := response.raw.read1(64 * 1024, decode_content=True):  # what is there: a longer read would wait for all of it
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise TransientError(f"{system} gave an answer that is too large", system=system, status=response.status_code, code="too_large")
            if time.monotonic() > deadline:
                raise TransientError(f"{system} did not finish its answer", system=system)
    except OutsideError:
        response.close()
        raise
    except HTTPError as error:
        response.close()
        raise TransientError(f"{system} did not finish its answer ({type(error).__name__})", system=system) from error
    response._content, response._content_consumed = b"".join(parts), True  # type: ignore[attr-defined]
    return response


def json_of(response: requests.Response) -> Any:
    """The JSON of an answer. UTF-8 as its standard says: another encoding is not guessed, its guess would be stored as somebody's name.
    Raises ValueError."""
    return jsonlib.loads(response.content.decode("utf-8-sig"), parse_constant=_no_number)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def secrets_of(headers: Mapping[str, str]) -> list[str]:
    """What of a request nobody may read: the last word of each header that carries credentials."""
    return [value.split()[-1] for name, value in headers.items() if SECRET_HEADER.search(name) and value.strip()]


def without(error: OutsideError, secrets: Iterable[str]) -> OutsideError:
    """The same failure; a system that repeats our credentials in its words does not bring them onto our pages."""
    for secret in secrets:
        if secret and secret in error.message:
            error.message = error.message.replace(secret, "…")
            error.args = (error.message,)
    return error


@contextmanager
def understanding(system: str) -> Iterator[None]:
    """Around what reads an answer: one of another shape than the connector knows is a TransientError, its effect unknown, never a crash."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        words = f"{system} gave an answer of another shape ({type(error).__name__})"
        raise TransientError(words, system=system, code="shape") from error


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
        """The response when its status is below 300; else TransientError, PermanentError, AuthError or GoneError."""
        waits = within_limits(timeout or self.timeout)
        try:
            response = self._session().request(
                method, self.base_url + path, json=json, data=data, params=params, stream=True,
                headers={**self.headers, **(headers or {})}, timeout=waits, allow_redirects=False)
            whole(response, system=self.system, seconds=DRIPPING * waits[1])
        except requests.RequestException as error:
            # The message of requests may hold the URL with a ticket or a token in it: only the kind of failure is told.
            code = SLOW if isinstance(error, requests.ReadTimeout) else ""
            raise TransientError(f"{self.system} did not answer ({type(error).__name__})", system=self.system, code=code) from error
        try:
            self.check(response)
        except OutsideError as error:
            raise without(error, secrets_of(response.request.headers)) from None
        return response

    def check(self, response: requests.Response) -> None:
        """Raise the failure that the status means. Vendors override `words` (and this, where their statuses mean other things)."""
        if response.status_code < 300:
            return
        if response.status_code < 400:
            words = f"{self.system} sends us to another address: correct the address of the connection"
            raise PermanentError(words, system=self.system, status=response.status_code, code="redirected")
        raise self.failure(response)

    def failure(self, response: requests.Response) -> OutsideError:
        status, words = response.status_code, self.words(response)
        if status == 401:
            return AuthError(words, system=self.system, status=status)
        if status == 410:
            return GoneError(words, system=self.system, status=status)
        if status in (408, 425, 429) or status >= 500:
            return TransientError(words, system=self.system, status=status, retry_after=retry_after(response.headers))
        return PermanentError(words, system=self.system, status=status)

    def words(self, response: requests.Response) -> str:
        """The system's own words for a person; overridden by vendors."""
        return f"{self.system} answered {response.status_code}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds out of Retry-After, which is a number or a moment; None when there is none, or none that can be understood."""
    value = headers.get("Retry-After") or ""
    try:
        seconds = float(value)
    except ValueError:
        try:
            # by the clock of who says it, so that a clock that is wrong does not matter
            seconds = (parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date") or "")).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def retry_reading(call: Callable[[], T], *, tries: int = 3, first: float = 0.2) -> T:
    """Repeat a READ a few times with full jitter. Never for a write without an idempotency key; nor for a system that asks for more patience."""
    for attempt in range(1, tries + 1):
        try:
            return call()
        except TransientError as error:
            asked = error.retry_after or 0.0
            if attempt == tries or asked > PATIENCE:
                raise
            pause(max(asked, random.uniform(0, first * 2**attempt)))
    raise AssertionError("unreachable")


def pause(seconds: float) -> None:
    """The wait between two readings; one place, so that tests need not wait."""
    time.sleep(seconds)
