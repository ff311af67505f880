"""Reading messages."""

from apps.notifications.selectors.inbox import (
    JUST_CLOSED,
    MOST_SHOWN,
    SHOWN,
    SORTS,
    TABS,
    Filters,
    Group,
    InboxPage,
    Rendered,
    Shower,
    after,
    awake,
    get,
    inbox,
    inbox_page,
    rendered,
    todo_count,
    todo_counts,
)
from apps.notifications.selectors.views import views_of

__all__ = [
    "JUST_CLOSED", "MOST_SHOWN", "SHOWN", "SORTS", "TABS", "Filters", "Group", "InboxPage", "Rendered", "Shower", "after", "awake", "get",
    "inbox", "inbox_page", "rendered", "todo_count", "todo_counts", "views_of",
]  # fmt: skip
