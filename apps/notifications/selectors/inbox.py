"""Reading notices: the badge, the inbox, and each one as its viewer may see it."""

from __future__ import annotations

import base64
import datetime as dt
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from apps.core import clock, kinds
from apps.core.access import Masked, plan
from apps.core.errors import NotFound
from apps.core.kinds import NoticeAction, NotificationKind
from apps.core.templatetags.atrium import day, due_kind
from apps.notifications.models import Notification, State

logger = logging.getLogger(__name__)
TABS = ("todo", "notices", "snoozed", "closed")
SORTS = ("day", "case", "system")
SHOWN, MOST_SHOWN = 30, 500  # rows of a page, and the most of one that is asked for again
SEARCHED = 500  # rows that one page of a search reads: it looks at what the viewer sees, masks applied, not at stored values
ORDERS: dict[str, tuple[str, ...]] = {
    "todo": ("rank_at", "-created_at", "-pk"), "notices": ("-created_at", "-pk"), "snoozed": ("snoozed_until", "pk"), "closed": ("-closed_at", "-pk"),
}  # fmt: skip
JUST_CLOSED = dt.timedelta(seconds=5)  # others' decisions stay this long in a list that is refreshed live, in grey


def awake(now: dt.datetime) -> Q:
    """Not snoozed at this moment."""
    return Q(snoozed_until=None) | Q(snoozed_until__lte=now)


def todo_count(person: Any, now: dt.datetime | None = None) -> int:
    """The badge: what this person can act on now, snoozed ones left out. Never the number of unread messages."""
    return _badge(now or clock.now()).filter(person_id=person.pk).count() if person is not None else 0


def _badge(now: dt.datetime) -> QuerySet[Notification]:
    return Notification.objects.filter(awake(now), state=State.OPEN, todo=True)


def todo_counts(person_ids: Iterable[uuid.UUID], now: dt.datetime | None = None) -> dict[uuid.UUID, int]:
    """The badges of several people, zeros included, by one read."""
    wanted = list(person_ids)
    counted = dict(_badge(now or clock.now()).filter(person_id__in=wanted).values_list("person_id").annotate(Count("pk")))
    return {person: counted.get(person, 0) for person in wanted}


@dataclass(frozen=True)
class Rendered:
    """A notice in the viewer's words, masks applied. `ended`: how it ended and by whom, empty while it is open. `also`: other systems that
    reported the same. `watches`: records until whose change it can be snoozed."""

    id: uuid.UUID
    kind: str
    label: str
    number: str
    about: str
    system: str
    icon: str
    todo: bool
    title: str
    body: str
    url: str
    pane_url: str
    actions: list[NoticeAction]
    ended: str
    notification: Notification
    also: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()

    @property
    def unread(self) -> bool:
        return self.notification.read_at is None and self.notification.state == State.OPEN


class Shower:
    """The `show` function of one viewer: a value of an outside record, or its mask."""

    def __init__(self, person: Any) -> None:
        self.person = person

    def __call__(self, resource: str, field: str, value: Any, owner_id: Any = None) -> Any:
        try:
            held = plan(self.person, "view", resource)
            owner = uuid.UUID(str(owner_id)) if owner_id else None
        except (LookupError, ValueError):  # nobody registered it, or the owner is no id: then nobody may see it
            return Masked(field, (resource,))
        if held.allowed and held.matches(owner) and held.may_read(field, owner):
            return value
        return Masked(field, held.decision.chain)


class _Lost(NotificationKind):
    """Stands in for a kind that this release does not know or cannot render; the row is not lost."""

    key = "notifications.lost"
    icon = "help"

    def title(self, params: Any, show: Any) -> str:
        return _("A message of an earlier version")

    def body(self, params: Any, show: Any) -> str:
        return _("It cannot be shown any more. What it was about is found in its own place.")


def rendered(notification: Notification, person: Any, language: str = "") -> Rendered:
    """As this person may see it, in this language (empty: the active one)."""
    with translation.override(language or translation.get_language()):
        try:
            return _render(kinds.get(notification.kind), notification, person)
        except (LookupError, TypeError, ValueError):
            logger.exception("notice %s of kind %s cannot be shown", notification.pk, notification.kind)
            return _render(_Lost(), notification, person)


def _render(kind: NotificationKind, notification: Notification, person: Any) -> Rendered:
    show, params = Shower(person), notification.params
    still_open = notification.state == State.OPEN
    return Rendered(
        id=notification.pk, kind=notification.kind, label=str(kind.label), number=kind.number(params),
        about=str(kind.about(params, show)), system=notification.system, icon=kind.icon,
        todo=notification.todo, title=str(kind.title(params, show)), body=str(kind.body(params, show)), url=kind.url(params),
        pane_url=kind.pane_url(params), actions=list(kind.actions(params)) if still_open else [],
        ended="" if still_open else ended_words(kind, notification, person), notification=notification,
        also=tuple(params.get("also") or ()), watches=tuple(kind.watches(params)) if still_open else (),
    )


def ended_words(kind: NotificationKind, notification: Notification, person: Any) -> str:
    """ "Already approved by Lin Wei", in the active language."""
    if notification.state == State.DISMISSED:
        return _("done")
    how = str(kind.ended(notification.params, notification.outcome))
    by = notification.closed_by
    if by is None:
        return _("already %(how)s") % {"how": how}
    if person is not None and by.pk == person.pk:
        return _("%(how)s by you") % {"how": how}
    return _("already %(how)s by %(who)s") % {"how": how, "who": by.display(translation.get_language() or "en")}


def get(person: Any, notification_id: uuid.UUID) -> Notification:
    """This person's notice. Raises NotFound for anybody else's, which is the same to see as none."""
    found = Notification.objects.select_related("closed_by").filter(pk=notification_id, person_id=person.pk).first()
    if found is None:
        raise NotFound(_("There is no such message in your inbox."))
    return found


def open_ones(*, kind: str) -> list[tuple[uuid.UUID, str]]:
    """(person, ref) of every open message of a kind."""
    return list(Notification.objects.filter(kind=kind, state=State.OPEN).values_list("person_id", "ref"))


def inbox(person: Any, *, now: dt.datetime, todo: bool | None = None, system: str = "", kind: str = "") -> QuerySet[Notification]:
    """Open notices that are not snoozed, newest first."""
    found = Notification.objects.filter(awake(now), person_id=person.pk, state=State.OPEN)
    if todo is not None:
        found = found.filter(todo=todo)
    return _narrowed(found, system, kind).order_by("-created_at", "-pk")


def _narrowed(found: QuerySet[Notification], system: str, kind: str) -> QuerySet[Notification]:
    found = found.filter(system=system) if system else found
    return found.filter(kind=kind) if kind else found


@dataclass(frozen=True)
class Filters:
    """What stands in the URL. `after`: the place in the list behind which the page begins (`InboxPage.next`).
    `live`: a refresh after a push, which also shows what others just decided."""

    tab: str = "todo"
    system: str = ""
    kind: str = ""
    q: str = ""
    by: str = "day"
    shown: int = SHOWN
    after: str = ""
    live: bool = False


@dataclass(frozen=True)
class Group:
    """Rows that stand together: a day, how urgent they are (`kind` over | today | next), one system, or one case by its number."""

    kind: str
    words: str
    rows: list[Rendered]
    number: str = ""


@dataclass(frozen=True)
class InboxPage:
    """`rows` of the chosen tab, once more in `groups`; `gone`: ids among them that others just decided; `next`: where the next page
    begins, empty when this is the last; counts of the tabs, and of the tab by system and kind. `unread_here`: unread messages of the chosen
    system and kind, which "mark all as read" is about."""

    filters: Filters
    rows: list[Rendered]
    groups: list[Group]
    gone: frozenset[uuid.UUID]
    next: str
    todo: int
    unread: int
    snoozed: int
    unread_here: int
    systems: list[tuple[str, int]] = field(default_factory=list)
    kinds: list[tuple[str, str, int]] = field(default_factory=list)

    @property
    def more(self) -> bool:
        return bool(self.next)


def inbox_page(person: Any, filters: Filters, now: dt.datetime) -> InboxPage:
    """One page of one tab of the inbox."""
    rows, following = _page(person, filters, now)
    closed = _just_closed(person, filters, now)
    counts = _counts(person, now)
    groups = grouped([*rows, *closed], filters)
    badges: dict[str, Any] = counts.badges()
    return InboxPage(
        filters=filters, rows=[row for group in groups for row in group.rows], groups=groups, gone=frozenset(row.id for row in closed),
        next=following, **badges, unread_here=counts.unread(filters.system, filters.kind),
        **_facets(counts.of(filters.tab) if filters.tab != "closed" else _closed_counts(person)))


def _page(person: Any, filters: Filters, now: dt.datetime) -> tuple[list[Rendered], str]:
    """The rows behind `filters.after`, and where the next page begins."""
    found = _narrowed(_tab(person, filters.tab, now), filters.system, filters.kind).select_related("closed_by")
    read = list(_behind(found, filters)[: SEARCHED if filters.q else filters.shown + 1])
    shown = [rendered(row, person) for row in (read if filters.q else read[: filters.shown])]
    if not filters.q:
        return shown, _place(read[filters.shown - 1], filters.tab) if len(read) > filters.shown else ""
    wanted = filters.q.casefold()
    matching = [row for row in shown if wanted in f"{row.title}\n{row.body}\n{row.label}\n{row.number}\n{row.about}".casefold()]
    if len(matching) > filters.shown:
        return matching[: filters.shown], _place(matching[filters.shown - 1].notification, filters.tab)
    return matching, _place(read[-1], filters.tab) if len(read) == SEARCHED else ""


def _tab(person: Any, tab: str, now: dt.datetime) -> QuerySet[Notification]:
    mine = Notification.objects.filter(person_id=person.pk)
    if tab == "closed":
        found = mine.exclude(state=State.OPEN)
    elif tab == "snoozed":
        found = mine.filter(state=State.OPEN, snoozed_until__gt=now)
    else:
        found = inbox(person, now=now, todo=tab == "todo")
    return found.order_by(*ORDERS[tab])


def _place(row: Notification, tab: str) -> str:
    """A row's place in its list, for a URL: the values the list is ordered by."""
    values = [getattr(row, name.removeprefix("-")) for name in ORDERS[tab]]
    text = "|".join(value.isoformat() if isinstance(value, dt.datetime) else str(value) for value in values)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _behind(found: QuerySet[Notification], filters: Filters) -> QuerySet[Notification]:
    """The rows behind a place; a place that makes no sense is the beginning."""
    order = ORDERS[filters.tab]
    try:
        values = base64.urlsafe_b64decode(filters.after + "=" * (-len(filters.after) % 4)).decode().split("|")
        *moments, key = [*(dt.datetime.fromisoformat(value).astimezone(dt.UTC) for value in values[:-1]), uuid.UUID(values[-1])]
    except (ValueError, OverflowError):
        return found
    if not filters.after or len(moments) != len(order) - 1:
        return found
    condition, equal = Q(), Q()
    for name, value in zip(order, [*moments, key], strict=True):
        column = name.removeprefix("-")
        condition |= equal & Q(**{f"{column}__{'lt' if name != column else 'gt'}": value})
        equal &= Q(**{column: value})
    first = order[0].removeprefix("-")  # once more by itself, so that the index is entered at the place
    return found.filter(condition, **{f"{first}__{'lte' if first != order[0] else 'gte'}": moments[0]})


@dataclass(frozen=True)
class _Counts:
    """How many open notices a person has: rows (todo, system, kind, awake, unread, snoozed), by one read of one index."""

    rows: list[tuple[bool, str, str, int, int, int]]

    def badges(self) -> dict[str, int]:
        return {
            "todo": sum(awake for todo, _system, _kind, awake, _unread, _snoozed in self.rows if todo),
            "unread": sum(unread for todo, _system, _kind, _awake, unread, _snoozed in self.rows if not todo),
            "snoozed": sum(snoozed for *_rest, snoozed in self.rows),
        }

    def unread(self, system: str, kind: str) -> int:
        """Messages of a system and a kind, empty: of all."""
        return sum(unread for todo, of, what, _awake, unread, _snoozed in self.rows
                   if not todo and of == (system or of) and what == (kind or what))

    def of(self, tab: str) -> list[tuple[str, str, int]]:
        """(system, kind, how many) of a tab."""
        if tab == "snoozed":
            return [(system, kind, snoozed) for _todo, system, kind, _awake, _unread, snoozed in self.rows if snoozed]
        return [(system, kind, awake) for todo, system, kind, awake, _unread, _snoozed in self.rows if awake and todo == (tab == "todo")]


def _counts(person: Any, now: dt.datetime) -> _Counts:
    mine = Notification.objects.filter(person_id=person.pk, state=State.OPEN)
    return _Counts(list(mine.order_by().values_list("todo", "system", "kind").annotate(
        n_awake=Count("pk", filter=awake(now)), n_unread=Count("pk", filter=awake(now) & Q(read_at=None)),
        n_snoozed=Count("pk", filter=Q(snoozed_until__gt=now)))))


def _closed_counts(person: Any) -> list[tuple[str, str, int]]:
    closed = Notification.objects.filter(person_id=person.pk).exclude(state=State.OPEN)
    return list(closed.order_by().values_list("system", "kind").annotate(Count("pk"))[:200])


def _facets(counted: list[tuple[str, str, int]]) -> dict[str, Any]:
    """How many of a tab are of which system and kind; kinds without a label are not offered."""
    systems: dict[str, int] = {}
    labels: dict[str, int] = {}
    for system, kind, count in counted:
        systems[system] = systems.get(system, 0) + count
        if kind in kinds.KINDS and kinds.KINDS[kind].label:
            labels[kind] = labels.get(kind, 0) + count
    return {
        "systems": [(system, systems[system]) for system in ("oa", "erp", "crm") if system in systems],
        "kinds": sorted(((kind, str(kinds.KINDS[kind].label), count) for kind, count in labels.items()), key=lambda one: one[1]),
    }


def _just_closed(person: Any, filters: Filters, now: dt.datetime) -> list[Rendered]:
    if not filters.live or filters.tab != "todo" or filters.after:
        return []
    rows = Notification.objects.filter(person_id=person.pk, todo=True, state=State.RESOLVED, closed_at__gte=now - JUST_CLOSED)
    others = rows.exclude(closed_by_id=person.pk).exclude(closed_by=None).select_related("closed_by")
    return [rendered(row, person) for row in _narrowed(others, filters.system, filters.kind)[:20]]


def grouped(rows: list[Rendered], filters: Filters) -> list[Group]:
    """In the order in which they are shown. What was just decided by others stays at its place."""
    if filters.tab == "todo":
        rows = sorted(rows, key=_urgency)
    if filters.by == "case":
        return _by_case(rows)
    if filters.by == "system":
        return [Group("system", system, [row for row in rows if row.system == system])
                for system in dict.fromkeys(row.system for row in rows)]
    groups: list[Group] = []
    for row in rows:
        kind, words = _day_of(row, filters.tab)
        if not groups or (groups[-1].kind, groups[-1].words) != (kind, words):
            groups.append(Group(kind, words, []))
        groups[-1].rows.append(row)
    return groups


def _urgency(row: Rendered) -> tuple[bool, float, float]:
    due, created = row.notification.due_at, row.notification.created_at
    return due is None, due.timestamp() if due else 0, -created.timestamp()


def _day_of(row: Rendered, tab: str) -> tuple[str, str]:
    notification = row.notification
    if tab == "todo" and notification.due_at is not None:
        kind = due_kind(notification.due_at)
        return kind, {"over": _("Overdue"), "today": _("Due today"), "next": _("Due later")}[kind]
    at = {"closed": notification.closed_at, "snoozed": notification.snoozed_until}.get(tab) or notification.created_at
    words = day(at)
    return "day", words[:1].upper() + words[1:]


def _by_case(rows: list[Rendered]) -> list[Group]:
    """Each case where its first row stands; what belongs to none comes last."""
    cases: dict[str, list[Rendered]] = {}
    for row in rows:
        cases.setdefault(row.number, []).append(row)
    loose = cases.pop("", [])
    groups = [Group("case", found[0].about, found, number) for number, found in cases.items()]
    return [*groups, Group("case", _("Without a case"), loose)] if loose else groups


def after(inbox_page: InboxPage, notification_id: uuid.UUID) -> uuid.UUID | None:
    """The row to read when this one is put away: the next, else the one before, else none."""
    ids = [row.id for row in inbox_page.rows if row.id not in inbox_page.gone]
    if notification_id not in ids:
        return None
    at = ids.index(notification_id)
    return ids[at + 1] if at + 1 < len(ids) else ids[at - 1] if at else None
