"""Reading messages."""

from apps.notifications.selectors.batches import BatchItem, ShownBatch, batch, shown_batch
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
from apps.notifications.selectors.preferences import (
    COMPANY,
    Cell,
    Preview,
    Row,
    account_of,
    addresses_of,
    chat_accounts,
    choosable,
    company_default,
    company_row,
    devices_of,
    failed,
    families,
    grid,
    health,
    language_of,
    may_manage,
    merged,
    preview,
    reaching_of,
    rows_of,
    zone_of,
)
from apps.notifications.selectors.truth import Drift, drift
from apps.notifications.selectors.views import views_of

__all__ = [
    "COMPANY", "JUST_CLOSED", "MOST_SHOWN", "SHOWN", "SORTS", "TABS", "BatchItem", "Cell", "Drift", "Filters", "Group", "InboxPage",
    "Preview", "Rendered", "Row", "Shower", "ShownBatch", "account_of", "addresses_of", "after", "awake", "batch", "chat_accounts",
    "choosable", "company_default", "company_row", "devices_of", "drift", "failed", "families", "get", "grid", "health", "inbox",
    "inbox_page", "language_of", "may_manage", "merged", "preview", "reaching_of", "rendered", "rows_of", "shown_batch", "todo_count",
    "todo_counts", "views_of", "zone_of",
]  # fmt: skip
