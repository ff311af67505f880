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

__all__ = [
    "LONGEST_SNOOZE", "WAKE", "UnableToPutAway", "UnableToSnooze", "dismiss", "mark_all_read", "mark_read", "mark_unread", "notify", "resolve",
    "restore", "snooze", "wake",
]  # fmt: skip
