"""What others may do with messages. Keyword-only; change, event and push in one transaction."""

from apps.notifications.services.notices import (
    LONGEST_SNOOZE,
    WAKE,
    UnableToPutAway,
    UnableToSnooze,
    dismiss,
    mark_all_read,
    mark_read,
    mark_unread,
    notify,
    resolve,
    restore,
    snooze,
    wake,
)
from apps.notifications.services.views import MOST_VIEWS, UnableToSaveView, change_view, delete_view, move_view, save_view

__all__ = [
    "LONGEST_SNOOZE", "MOST_VIEWS", "WAKE", "UnableToPutAway", "UnableToSaveView", "UnableToSnooze", "change_view", "delete_view", "dismiss",
    "mark_all_read", "mark_read", "mark_unread", "move_view", "notify", "resolve", "restore", "save_view", "snooze", "wake",
]  # fmt: skip
