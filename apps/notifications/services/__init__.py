"""What others may do with messages. Keyword-only; change, event and push in one transaction."""

from apps.notifications.services.batches import (
    MOST_AT_ONCE,
    UnableToDecideBatch,
    UnableToUndoBatch,
    act,
    act_on_one,
    begin_undo,
    check,
    decide,
    undo,
)
from apps.notifications.services.notices import (
    LONGEST_SNOOZE,
    WAKE,
    UnableToPutAway,
    UnableToPutBack,
    UnableToSnooze,
    dismiss,
    mark_all_read,
    mark_read,
    mark_undone,
    mark_unread,
    notify,
    resolve,
    restore,
    snooze,
    snooze_until_change,
    wake,
    wake_by,
)
from apps.notifications.services.reports import report
from apps.notifications.services.truth import DRIFTED, RECONCILE, Report, follow_rights, reconcile
from apps.notifications.services.views import MOST_VIEWS, UnableToSaveView, change_view, delete_view, move_view, save_view

__all__ = [
    "DRIFTED", "LONGEST_SNOOZE", "MOST_AT_ONCE", "MOST_VIEWS", "RECONCILE", "WAKE", "Report", "UnableToDecideBatch", "UnableToPutAway",
    "UnableToPutBack", "UnableToSaveView", "UnableToSnooze", "UnableToUndoBatch", "act", "act_on_one", "begin_undo", "change_view", "check",
    "decide", "delete_view", "dismiss", "follow_rights", "mark_all_read", "mark_read", "mark_undone", "mark_unread", "move_view", "notify", "reconcile",
    "report", "resolve", "restore", "save_view", "snooze", "snooze_until_change", "undo", "wake", "wake_by",
]  # fmt: skip
