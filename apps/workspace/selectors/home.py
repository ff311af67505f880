"""The home page: what to do, what happened, and the widgets, each in one of its states."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache

from apps.access.selectors import epoch
from apps.core.access import plan
from apps.core.errors import DomainError
from apps.core.http import OutsideError
from apps.core.templatetags.atrium import due_kind
from apps.core.widgets import WIDGETS, Widget
from apps.notifications import selectors as notifications

log = logging.getLogger(__name__)
TODOS, MESSAGES = 7, 6
STALE_FOR = 8 * 3600  # seconds a figure is kept to be shown, marked with its age, when its system does not answer
# the company's layout: order and size in cells of the home grid; a widget that is not named follows with its own size
LAYOUT = {"business.loop": (3, 4), "erp.stock_alerts": (4, 3), "erp.my_orders": (4, 3), "crm.my_pipeline": (4, 3)}


@dataclass(frozen=True)
class TodoGroup:
    """To-dos of one urgency: over | today | next | none."""

    kind: str
    items: list[notifications.Rendered]


@dataclass(frozen=True)
class Todos:
    """The first to-dos by due date, in groups, and how many there are in all."""

    groups: list[TodoGroup]
    count: int
    overdue: int
    shown: int


def todos(person: Any, now: dt.datetime) -> Todos:
    """What this person can act on now, the most urgent first."""
    rows = notifications.inbox(person, now=now, todo=True).order_by("rank_at", "-created_at")
    count = notifications.todo_count(person)
    overdue = rows.filter(due_at__lt=now).count() if count else 0
    groups: dict[str, list[notifications.Rendered]] = {"over": [], "today": [], "next": [], "none": []}
    first = list(rows[:TODOS]) if count else []
    for row in first:
        groups[due_kind(row.due_at)].append(notifications.rendered(row, person))
    return Todos([TodoGroup(kind, items) for kind, items in groups.items() if items], count, overdue, len(first))


def recent_messages(person: Any, now: dt.datetime) -> list[notifications.Rendered]:
    """The newest notices that ask for nothing."""
    return [notifications.rendered(row, person) for row in notifications.inbox(person, now=now, todo=False)[:MESSAGES]]


@dataclass(frozen=True)
class WidgetView:
    """A widget as one person sees it now.

    state: ready | waiting (nothing at hand: the browser asks) | failed | refused. `old`: shown although it is due for a refresh.
    """

    widget: Widget
    state: str
    context: dict[str, Any] = field(default_factory=dict)
    chain: tuple[str, ...] = ()
    old: bool = False
    failed: bool = False

    @property
    def slug(self) -> str:
        return self.widget.key.replace(".", "-").replace("_", "-")

    @property
    def size(self) -> tuple[int, int]:
        return LAYOUT.get(self.widget.key, self.widget.size)

    @property
    def listens(self) -> tuple[str, ...]:
        return tuple(getattr(self.widget, "listens", ("instance",)))

    @property
    def as_of(self) -> Any:
        return self.context.get("as_of")


def widget_views(person: Any, now: dt.datetime) -> list[WidgetView]:
    """All widgets in their order; only what is at hand already, so that the page never waits for a system."""
    ordered = [*(key for key in LAYOUT if key in WIDGETS), *(key for key in WIDGETS if key not in LAYOUT)]
    return [widget_view(WIDGETS[key], person, now) for key in ordered]


def widget_view(widget: Widget, person: Any, now: dt.datetime, *, load: bool = False) -> WidgetView:
    """One widget. `load`: read it now (the browser asked for it); else only from memory."""
    rights = plan(person, widget.action, widget.resource)
    if not rights.allowed:
        return WidgetView(widget, "refused", chain=rights.decision.chain)
    key = f"widget:{widget.key}:{person.pk}:{epoch()}"
    kept: tuple[dt.datetime, dict[str, Any]] | None = cache.get(key)
    if load:
        return _loaded(widget, person, now, key, kept)
    if kept is None:
        return WidgetView(widget, "waiting")
    return WidgetView(widget, "ready", kept[1], old=(now - kept[0]).total_seconds() > widget.refresh)


def _loaded(widget: Widget, person: Any, now: dt.datetime, key: str, kept: Any) -> WidgetView:
    try:
        context = widget.load(person=person, now=now)
    except (DomainError, OutsideError) as error:
        log.info("widget %s could not be loaded: %s", widget.key, error)
    except Exception:  # one broken widget never breaks the page
        log.exception("widget %s is broken", widget.key)
    else:
        cache.set(key, (now, context), STALE_FOR)
        return WidgetView(widget, "ready", context)
    if kept is not None:
        return WidgetView(widget, "ready", kept[1], failed=True)
    return WidgetView(widget, "failed")
