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
    company_default,
    grid,
    language_of,
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
    "Preview", "Rendered", "Row", "Shower", "ShownBatch", "account_of", "addresses_of", "after", "awake", "batch", "company_default",
    "drift", "get", "grid", "inbox", "inbox_page", "language_of", "merged", "preview", "reaching_of", "rendered", "rows_of", "shown_batch",
    "todo_count", "todo_counts", "views_of", "zone_of",
]  # fmt: skip
