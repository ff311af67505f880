"""Loading widgets: what is remembered is shown at once, what is due is read behind the page, a system that does not answer delays nobody.

A remembered figure is fresh for `widget.refresh` seconds. Local widgets are read when the browser asks for them; meanwhile the remembered ones are shown
for as long again and no longer. Outside ones are kept for hours, to be shown with their age, and read in a bounded pool of threads per system, once at a
time for all who ask (also across processes); whoever was not waited for is told by a push.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language

from apps.access.selectors import epoch, one_request, standing
from apps.core import clock
from apps.core.access import plan
from apps.core.errors import DomainError
from apps.core.http import OutsideError
from apps.core.widgets import Widget
from apps.realtime import services as realtime
from apps.workspace.policies import Cell
from apps.workspace.selectors.systems import one_look

log = logging.getLogger(__name__)
STALE_FOR = 8 * 3600  # seconds a figure is kept to be shown, marked with its age, when its system does not answer
AT_FIRST = 2  # times `refresh` that one of the portal's own is shown before it is read again: whose rows they are may have changed since
WAIT = 2.5  # seconds the browser's own request for an outside widget waits for it; then the page is told by a push
PAUSE = 10  # seconds after a failure in which a page does not ask the system again; a person may
BUSY = 30  # seconds after which a reading that never ended counts for nothing
QUEUE = 4  # readings that may wait for each thread of a system's pool


class Kept(NamedTuple):
    """What is remembered of a widget: when it was read, the context of its template."""

    at: dt.datetime
    context: dict[str, Any]


@dataclass(frozen=True)
class WidgetView:
    """A widget as one person sees it now.

    state: ready | waiting (nothing at hand: the browser asks) | failed | refused. `old`: shown although it is due for a refresh. `failed`: the
    last refresh did not work. `slow`: its system has not answered yet; it is still asked. `drawn`: the card as it was drawn from these very figures for
    this person, "" when it was not yet; `draw_key`: where to keep it ("": nowhere).
    """

    widget: Widget
    state: str
    context: dict[str, Any] = field(default_factory=dict)
    chain: tuple[str, ...] = ()
    old: bool = False
    failed: bool = False
    slow: bool = False
    cell: Cell | None = None
    drawn: str = ""
    draw_key: str = ""
    read_at: dt.datetime | None = None
    together: bool = False

    @property
    def slug(self) -> str:
        return self.widget.key.replace(".", "-").replace("_", "-")

    @property
    def triggers(self) -> str:
        """When the browser asks for this widget."""
        asks = ["atrium:resync from:body", *(f"atrium:{kind} from:body delay:500ms" for kind in self.widget.listens)]
        if self.widget.outside:
            asks.append(f"atrium:widget-{self.slug} from:body")
        if self.together:
            asks.append("load delay:10s")  # should the page's one request for all of them come to nothing
        elif self.slow or (self.widget.outside and self.old):
            asks.append("load delay:2s")  # should the push not come
        elif self.state == "waiting" or self.old:
            asks.append("load")
        return ", ".join(asks)

    @property
    def triggers_noted(self) -> str:
        """When it says what somebody's act came to: the push that the act itself causes would take the words away before they are read."""
        return "atrium:resync from:body, load delay:15s"

    @property
    def as_of(self) -> Any:
        return self.context.get("as_of")


@dataclass
class _Flight:
    """One reading on its way. `told`: somebody stopped waiting and is to be told."""

    future: Future[Kept | None]
    told: bool = False


_flights: dict[str, _Flight] = {}
_pools: dict[str, ThreadPoolExecutor] = {}
_waiting: dict[str, int] = {}
_lock = threading.Lock()


class _Names:
    """What the readings of one person's widgets are kept under at one moment.

    Rights are part of the name: what was read under others is not found any more, also when they ran out by themselves. So are language and time
    zone, in which texts were put together.
    """

    def __init__(self, person: Any, now: dt.datetime) -> None:
        self._own = f"{person.pk}:{standing(person, now)}"
        self._words = f"{get_language()}:{timezone.get_current_timezone_name()}"

    def key(self, widget: Widget) -> str:
        return f"widget:{widget.key}:{f'all:{epoch()}' if widget.scope == 'all' else self._own}:{self._words}"

    def drawn(self, key: str) -> str:
        """What is drawn is one person's (masks), also where the figures are everybody's."""
        return f"{key}:drawn:{self._own}"


def shown(*, person: Any, cells: Iterable[Cell], widgets: dict[str, Widget], now: dt.datetime, whole: bool = False) -> list[WidgetView]:
    """The page's widgets in their order, without waiting for any system. What is due is started, not awaited.

    `whole`: for a browser that cannot ask by itself: what is missing is read here, an outside system shortly waited for.
    """
    placed, names = [(cell, widgets[cell.key]) for cell in cells], _Names(person, now)
    keys = [names.key(widget) for _cell, widget in placed if widget.kept]
    known = cache.get_many([name for key in keys for name in (key, f"{key}:failed", names.drawn(key))]) if keys else {}
    views = [_at_hand(cell, widget, person, now, names, known) for cell, widget in placed]
    if not whole:
        return [replace(view, together=not view.widget.outside and (view.state == "waiting" or view.old)) for view in views]
    missing = [view.state == "waiting" or (view.old and not view.widget.outside) for view in views]
    return [replace(fetched(person=person, widget=v.widget, now=now), cell=v.cell) if read else v for v, read in zip(views, missing, strict=True)]


def keep_drawn(view: WidgetView, card: str) -> None:
    """Keep the card as drawn while its figures are fresh: a page that is warm is not drawn again."""
    cache.set(view.draw_key, (view.read_at, card), view.widget.refresh)


def _at_hand(cell: Cell, widget: Widget, person: Any, now: dt.datetime, names: _Names, known: dict[str, Any]) -> WidgetView:
    if not widget.kept:
        return _read_now(widget, person, now, None, cell)[0]
    key = names.key(widget)
    kept, failed = known.get(key), f"{key}:failed" in known
    if kept is not None and not widget.outside and _age(kept, now) > AT_FIRST * widget.refresh:
        kept = None
    due = kept is None or _age(kept, now) > widget.refresh
    if due and widget.outside and not failed:
        flight = _begin(key, widget, person, now)
        if flight is not None and kept is not None:
            flight.told = True
    if kept is None:
        return WidgetView(widget, "failed" if failed else "waiting", cell=cell)
    if due or failed:
        return WidgetView(widget, "ready", kept.context, old=due and not failed, failed=failed, cell=cell)
    name = names.drawn(key)
    at, drawn = known.get(name, (None, ""))
    return WidgetView(widget, "ready", kept.context, cell=cell, drawn=drawn if at == kept.at else "", draw_key=name, read_at=kept.at)


def _age(kept: Kept, now: dt.datetime) -> float:
    return (now - kept.at).total_seconds()


def fetched(*, person: Any, widget: Widget, now: dt.datetime, again: bool = False) -> WidgetView:
    """One widget, because the browser asks. A local one is read now; an outside one is waited for shortly. `again`: a person asks, after a failure."""
    rights = plan(person, widget.action, widget.resource)
    if not rights.allowed:
        return WidgetView(widget, "refused", chain=rights.decision.chain)
    if not widget.kept:
        return _read_now(widget, person, now, None, None)[0]
    key = _Names(person, now).key(widget)
    kept: Kept | None = cache.get(key)
    if not widget.outside:
        view, news = _read_now(widget, person, now, kept, None)
        _keep({key: news})
        return view
    if kept is not None and _age(kept, now) <= widget.refresh and not again:
        return WidgetView(widget, "ready", kept.context)
    if cache.get(f"{key}:failed") and not again:
        return _without_news(widget, kept, failed=True)
    return _awaited(widget, kept, _begin(key, widget, person, now))


def fetched_together(*, person: Any, widgets: Iterable[Widget], now: dt.datetime) -> list[WidgetView]:
    """Those of the portal's own, read now. They stand on one page: what is remembered is asked for once and kept at once, a system's state is read
    once."""
    plans = [(widget, plan(person, widget.action, widget.resource)) for widget in widgets]
    names = _Names(person, now)
    keys = {widget.key: names.key(widget) for widget, rights in plans if rights.allowed and widget.kept}
    known = cache.get_many(keys.values()) if keys else {}
    views: list[WidgetView] = []
    read: dict[str, Kept | None] = {}
    with one_look():
        for widget, rights in plans:
            if not rights.allowed:
                views.append(WidgetView(widget, "refused", chain=rights.decision.chain))
                continue
            key = keys.get(widget.key, "")
            view, read[key] = _read_now(widget, person, now, known.get(key), None)
            views.append(view)
    _keep(read)
    return views


def _keep(read: dict[str, Kept | None]) -> None:
    """For pages to come; "" is the name of what is never kept."""
    kept = {key: news for key, news in read.items() if key and news is not None}
    if kept:
        cache.set_many(kept, STALE_FOR)


def _awaited(widget: Widget, kept: Kept | None, flight: _Flight | None) -> WidgetView:
    if flight is None:  # another process reads it, or too many wait already
        return _without_news(widget, kept, slow=True)
    try:
        news = flight.future.result(timeout=WAIT)
    except FutureTimeout:
        flight.told = True
        return _without_news(widget, kept, slow=True)
    return WidgetView(widget, "ready", news.context) if news else _without_news(widget, kept, failed=True)


def _without_news(widget: Widget, kept: Kept | None, *, failed: bool = False, slow: bool = False) -> WidgetView:
    if kept is not None:
        return WidgetView(widget, "ready", kept.context, failed=failed, slow=slow)
    return WidgetView(widget, "waiting" if slow else "failed", slow=slow)


def _read_now(widget: Widget, person: Any, now: dt.datetime, kept: Kept | None, cell: Cell | None) -> tuple[WidgetView, Kept | None]:
    """As it is seen, and what was read: None when it did not work."""
    news = _read(widget, person, now)
    if news is not None:
        return WidgetView(widget, "ready", news.context, cell=cell), news
    if kept is not None:
        return WidgetView(widget, "ready", kept.context, failed=True, cell=cell), None
    return WidgetView(widget, "failed", cell=cell), None


def _read(widget: Widget, person: Any, now: dt.datetime) -> Kept | None:
    """None: it did not work. One broken widget never breaks the page."""
    try:
        return Kept(now, widget.load(person=person, now=now))
    except (DomainError, OutsideError) as error:
        log.info("widget %s could not be loaded: %s", widget.key, error)
    except Exception:
        log.exception("widget %s is broken", widget.key)
    return None


# --- readings behind the page -----------------------------------------------------------------------------------------------------------


def _begin(key: str, widget: Widget, person: Any, now: dt.datetime) -> _Flight | None:
    """The reading that is on its way, or a new one. None: another process is at it, or the system's pool is full."""
    flight = _flights.get(key)
    if flight is not None:
        return flight
    if settings.WIDGET_THREADS and _waiting.get(widget.outside, 0) >= settings.WIDGET_THREADS * QUEUE:
        return None
    if not cache.add(f"{key}:busy", 1, BUSY):
        return _flights.get(key)
    return _start(key, widget, person, now)


def _start(key: str, widget: Widget, person: Any, now: dt.datetime) -> _Flight:
    with _lock:
        flight = _flights[key] = _Flight(Future())
        _waiting[widget.outside] = _waiting.get(widget.outside, 0) + 1
    context = contextvars.copy_context()
    if settings.WIDGET_THREADS:
        _pool(widget.outside).submit(context.run, _fly, flight, key, widget, person, now, True)
    else:
        context.run(_fly, flight, key, widget, person, now, False)
    return flight


def _pool(system: str) -> ThreadPoolExecutor:
    """One for each system: a slow one holds up only those who wait for it."""
    with _lock:
        if system not in _pools:
            _pools[system] = ThreadPoolExecutor(settings.WIDGET_THREADS, thread_name_prefix=f"widget-{system}")
        return _pools[system]


def _fly(flight: _Flight, key: str, widget: Widget, person: Any, now: dt.datetime, thread: bool) -> None:
    news: Kept | None = None
    try:
        with one_request():
            news = _read(widget, person, now)
            if news is not None:
                cache.set(key, news, STALE_FOR)
                cache.delete(f"{key}:failed")
            else:
                cache.set(f"{key}:failed", 1, PAUSE)
    finally:
        with _lock:
            _flights.pop(key, None)
            _waiting[widget.outside] -= 1
        cache.delete(f"{key}:busy")
        flight.future.set_result(news)
        _tell(flight, widget, person)
        if thread:
            connection.close()


def _tell(flight: _Flight, widget: Widget, person: Any) -> None:
    """A page shows the old figure, or waits: it asks for the new one when it hears this."""
    if not flight.told:
        return
    hint = {"t": "widget", "key": widget.key}
    try:
        if widget.scope == "all":
            realtime.broadcast(hint=hint, now=clock.now())
        else:
            realtime.push(person_ids=[person.pk], hint=hint, now=clock.now())
    except Exception:  # the page asks by itself a little later
        log.exception("no push for widget %s", widget.key)
