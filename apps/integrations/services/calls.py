"""Asking a system for something now: actions, live reads. Network: never inside a transaction.

A system that does not answer costs one time-out a process: its breaker then refuses at once for a while, and lets one call through to look.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext as _
from pydantic import ValidationError

from apps.core import http
from apps.core.http import OutsideError, PermanentError, TransientError
from apps.integrations import policies, registry
from apps.integrations.contract import SERVICE, Actor
from apps.integrations.models import Connection
from apps.integrations.services.connections import config_of, note_answer, note_failure

log = logging.getLogger(__name__)
T = TypeVar("T")
Json = dict[str, Any]
OPEN_FIRST, OPEN_LONGEST = 1.0, 8.0  # seconds a breaker stays open, doubled with each probe that fails
PROBE_LIMITS = (1.0, 5.0)
LIVE_LIMITS = (1.0, 3.0)
LIVE_DEADLINE = 4.5  # a live read that keeps its time-outs in every call may still make several calls
SLOW_SECONDS, SLOW_TIMES = 4.0, 3


class Breaker:
    """Per connection and process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open_until = 0.0
        self._wait = OPEN_FIRST
        self._probing = False
        self._slow = 0

    def admit(self, system: str) -> bool:
        """Whether this call is the probe. Raises TransientError while the breaker is open."""
        with self._lock:
            if not self._open_until:
                return False
            left = self._open_until - time.monotonic()
            if left > 0 or self._probing:
                raise TransientError(_("%(system)s does not answer") % {"system": system}, system=system, code="open",
                                     retry_after=max(left, 0.2))
            self._probing = True
            return True

    def answered(self, seconds: float) -> bool:
        """Close; returns whether the system is slow: several long answers in a row."""
        with self._lock:
            self._open_until, self._wait, self._probing = 0.0, OPEN_FIRST, False
            self._slow = self._slow + 1 if seconds > SLOW_SECONDS else 0
            return self._slow >= SLOW_TIMES

    def failed(self) -> None:
        with self._lock:
            self._open_until = time.monotonic() + self._wait
            self._wait = min(OPEN_LONGEST, self._wait * 2)
            self._probing = False

    def released(self) -> None:
        """The call ended in a way that says nothing of the system."""
        with self._lock:
            self._probing = False


_breakers: dict[str, Breaker] = {}


def breaker(key: str) -> Breaker:
    return _breakers.setdefault(key, Breaker())


def reset_breakers() -> None:
    """FOR TESTS ONLY, and after settings changed."""
    _breakers.clear()


def assert_no_transaction() -> None:
    """A call to another system inside a transaction would hold locks for as long as that system likes. (The one a test wraps around itself is
    let pass, as by Django's own `durable`.)"""
    blocks = transaction.get_connection().atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError("no call to an outside system inside a transaction")


@contextmanager
def _watched(key: str) -> Iterator[Callable[[float | None], bool]]:
    """The breaker around one call. Yields report(seconds) for success."""
    guard = breaker(key)
    probe = guard.admit(key.upper())
    try:
        if probe:
            with http.limits(*PROBE_LIMITS):
                yield lambda seconds: guard.answered(seconds or 0.0)
        else:
            yield lambda seconds: guard.answered(seconds or 0.0)
    except OutsideError as error:
        if policies.means_down(error) and not isinstance(error, http.AuthError):
            guard.failed()
        else:
            guard.answered(0.0)
        raise
    except BaseException:
        guard.released()
        raise


def call(connection: Connection, work: Callable[[], T], *, now: dt.datetime, counts: bool = True) -> T:
    """Run `work` (network) under the connection's breaker and note how it went. Raises what it raises.

    `counts` False: the call ran with a person's own credentials, so a refusal of those says nothing of the connection.
    """
    assert_no_transaction()
    if not connection.enabled:
        words = _("The connection to %(system)s is switched off") % {"system": connection.key.upper()}
        raise TransientError(words, system=connection.key, code="off")
    started = time.monotonic()
    try:
        with _watched(connection.key) as report, http.understanding(connection.key.upper()):
            result = work()
            slow = report(time.monotonic() - started)
    except OutsideError as error:
        if error.code != "open" and (counts or not isinstance(error, http.AuthError)):
            note_failure(connection, error, now=now)
        raise
    note_answer(connection, slow=slow, now=now)
    return result


def _connection(system: str) -> Connection:
    found = Connection.objects.filter(key=system).first()
    if found is None:
        raise TransientError(_("%(system)s is not connected") % {"system": system.upper()}, system=system, code="not_connected")
    return found


def invoke_action(*, system: str, action: str, data: Mapping[str, Any], key: str, now: dt.datetime, actor: Actor = SERVICE) -> Json:
    """Make a system do something. `key`: idempotency key; the same key twice has one effect and the same result, also after a time-out.

    Raises TransientError (repeat with the same key), PermanentError (refused: its words are for the person), AuthError; LookupError for an
    action the connected system does not offer; RuntimeError inside a transaction.
    """
    assert_no_transaction()
    connection = _connection(system)
    found = registry.connector(connection.connector_id).action(action)
    given = _input(found.input, data, system)
    config = config_of(connection)
    return call(connection, lambda: found.run(config, actor, given, key), now=now, counts=not actor.token)


def _input(model: type[Any], data: Mapping[str, Any], system: str) -> Any:
    try:
        return model.model_validate(dict(data))
    except ValidationError as error:
        names = ", ".join(sorted({".".join(str(part) for part in problem["loc"]) for problem in error.errors()}))
        raise PermanentError(_("These values cannot be sent: %(names)s") % {"names": names}, system=system, code="bad_request") from None


# --- live reads -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LiveRead:
    """What to read: an action that only reads, or (`stream`) one record, mapped to its canonical JSON."""

    system: str
    action: str = ""
    data: Mapping[str, Any] | None = None
    stream: str = ""
    external_id: str = ""


@dataclass(frozen=True)
class LiveAnswer:
    """`ok` False: the system did not answer in time or refused; `error` says so in words. `data` None with ok: the record is gone.
    `as_of`: when it was asked."""

    data: Json | None
    as_of: dt.datetime | None
    ok: bool
    error: str = ""


_pool = ThreadPoolExecutor(max_workers=12, thread_name_prefix="live-read")


def read_all_live(*, reads: Sequence[LiveRead], now: dt.datetime) -> list[LiveAnswer]:
    """Several reads at once, each with short time-outs (connect 1 s, read 3 s); never raises for a dead system. Network."""
    assert_no_transaction()
    prepared = [_prepared(read) for read in reads]
    deadline = time.monotonic() + LIVE_DEADLINE
    futures = [
        None if isinstance(one, LiveAnswer) else _pool.submit(contextvars.copy_context().run, _limited, one[0], one[1])
        for one in prepared
    ]
    answers = []
    for one, future in zip(prepared, futures, strict=True):
        answers.append(one if isinstance(one, LiveAnswer) or future is None else _answer(one[0], future, deadline, now))
    return answers  # type: ignore[return-value]


def read_live(*, system: str, action: str, data: Mapping[str, Any], now: dt.datetime) -> LiveAnswer:
    """One reading action of this moment. Never raises for a dead system."""
    return read_all_live(reads=[LiveRead(system=system, action=action, data=data)], now=now)[0]


def read_record(*, system: str, stream: str, external_id: str, now: dt.datetime) -> LiveAnswer:
    """One record of this moment as canonical JSON; stores nothing. Never raises for a dead system."""
    return read_all_live(reads=[LiveRead(system=system, stream=stream, external_id=external_id)], now=now)[0]


def _prepared(read: LiveRead) -> LiveAnswer | tuple[Connection, Callable[[], Json | None]]:
    """Everything that needs the database, before threads start."""
    try:
        connection = _connection(read.system)
        if not connection.enabled:
            raise TransientError(_("The connection to %(system)s is switched off") % {"system": read.system.upper()})
        connector, config = registry.connector(connection.connector_id), config_of(connection)
        if read.stream:
            stream = connector.stream(read.stream)
            return connection, lambda: _mapped(stream, stream.fetch(config, read.external_id))
        action = connector.action(read.action)
        given = _input(action.input, read.data or {}, read.system)
        return connection, lambda: action.run(config, SERVICE, given, "")
    except OutsideError as error:
        return LiveAnswer(None, None, ok=False, error=policies.short_error(error))
    except LookupError:
        return LiveAnswer(None, None, ok=False, error=_("%(system)s cannot tell this") % {"system": read.system.upper()})


def _mapped(stream: Any, raw: Mapping[str, Any] | None) -> Json | None:
    if raw is None:
        return None
    try:
        record: Json = stream.map(raw).model_dump(mode="json")
    except ValueError as error:
        raise PermanentError(_("the record cannot be read"), code="unreadable") from error
    return record


def _limited(connection: Connection, work: Callable[[], Json | None]) -> tuple[Json | None, bool]:
    started = time.monotonic()
    with _watched(connection.key) as report, http.limits(*LIVE_LIMITS), http.understanding(connection.key.upper()):
        data = work()
        return data, report(time.monotonic() - started)


def _answer(connection: Connection, future: Any, deadline: float, now: dt.datetime) -> LiveAnswer:
    try:
        data, slow = future.result(timeout=max(0.05, deadline - time.monotonic()))
    except FutureTimeout:
        return LiveAnswer(None, None, ok=False, error=_("%(system)s did not answer in time") % {"system": connection.key.upper()})
    except OutsideError as error:
        if error.code != "open":
            note_failure(connection, error, now=now)
        return LiveAnswer(None, None, ok=False, error=policies.short_error(error))
    note_answer(connection, slow=slow, now=now)
    return LiveAnswer(data, now, ok=True)


def offers(connection: Connection, action: str) -> bool:
    """Whether the connected system can be made to do this."""
    return any(one.name == action for one in registry.connector(connection.connector_id).actions)
