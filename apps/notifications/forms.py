"""What the inbox takes from a URL or a form."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.core.requests import number
from apps.notifications.selectors import MOST_SHOWN, SHOWN, SORTS, TABS, Filters

MORNING = 9  # o'clock, in the reader's zone


def filters_of(query: Mapping[str, str], *, live: bool = False) -> Filters:
    """Filters from a query string; what makes no sense is left out."""
    tab, shown = query.get("tab", ""), number(query.get("shown"))
    return Filters(
        tab=tab if tab in TABS else "todo",
        system=query.get("system", "") if query.get("system") in {"oa", "erp", "crm"} else "",
        kind=query.get("kind", "")[:120],
        q=query.get("q", "").strip()[:100],
        by=query.get("by", "") if query.get("by") in SORTS else "day",
        after=query.get("after", "")[:200],
        shown=min(shown, MOST_SHOWN) if shown else SHOWN,
        live=live,
    )


def query_of(filters: Filters) -> str:
    """What a saved view keeps of them: the filters, without a place in the list."""
    kept = {"tab": filters.tab, "system": filters.system, "kind": filters.kind, "q": filters.q, "by": "" if filters.by == "day" else filters.by}
    return urlencode({name: value for name, value in kept.items() if value})


def ids_of(values: Iterable[str]) -> list[uuid.UUID] | None:
    """Ticked messages; None: nothing was ticked. Raises InvalidInput for what is no id."""
    try:
        return [uuid.UUID(value) for value in values] or None
    except ValueError as error:
        raise InvalidInput(_("There is no such message in your inbox.")) from error


def snooze_choices(now: dt.datetime) -> list[tuple[str, str, str, dt.datetime]]:
    """(value, icon, words, moment) of the menu, in the reader's zone."""
    local = timezone.localtime(now)
    morning = local.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return [
        ("hour", "clock-hour-4", _("In 1 hour"), local + dt.timedelta(hours=1)),
        ("tomorrow", "sun", _("Tomorrow"), morning + dt.timedelta(days=1)),
        ("monday", "calendar", _("Next Monday"), morning + dt.timedelta(days=7 - local.weekday())),
    ]


def snooze_until(value: str, now: dt.datetime) -> dt.datetime | None:
    """The moment that was chosen: a word of the menu, "wake" (None), or a date and time in the reader's zone. Raises InvalidInput."""
    if value == "wake":
        return None
    for word, _icon, _words, moment in snooze_choices(now):
        if value == word:
            return moment
    try:
        given = parse_datetime(value)
    except ValueError:
        given = None
    if given is None:
        raise InvalidInput(_("Choose until when."), details={"fields": {"until": [_("Choose a date and a time.")]}})
    try:
        return given if timezone.is_aware(given) else timezone.make_aware(given)
    except OverflowError as error:  # the edges of the calendar
        raise InvalidInput(_("Choose until when.")) from error
