"""The step edges of the sales loop (failpoints), and where each is killed. A new edge must be put into one of these lists: test_edges.py compares."""

from __future__ import annotations

# Passed by a worker while a deal goes from "won" to "shipped", in about that order: after a death the next process repeats the same job and dies at
# its next edge. No job has ten of them in a row, after which it would rightly be given up.
WORKER = (
    "integrations.feed_read",
    "integrations.feed_stored",
    "integrations.hints_stored",
    "jobs.claimed",
    "integrations.before_fetch",
    "integrations.after_fetch",
    "integrations.record_settled",
    "jobs.after_commit",
    "workflows.instance_created",
    "workflows.step_locked",
    "workflows.tokens_moved",
    "workflows.waits_written",
    "workflows.step_saved",
    "workflows.started",
    "jobs.before_done",
    "jobs.after_done",
    "workflows.decision_applying",
    "workflows.decision_applied",
    "workflows.before_action",
    "business.before_order",
    "business.after_order",
    "workflows.after_action",
    "jobs.before_commit",
    "workflows.before_commit",
    "jobs.in_commit",
    "workflows.after_commit",
    "business.after_purchase",
    "business.after_invoice",
    "business.after_contract",
    "workflows.message_stored",
    "workflows.message_taken",
    "business.after_progress",
)
# Passed by a web process: a person decides, a system pushes.
WEB = ("workflows.card_checked", "workflows.decision_frozen", "workflows.decision_saved", "integrations.hints_stored")
# Not on the way of a deal that is won and shipped: first loads (test_edges.py) ...
LOADING = ("integrations.page_read", "integrations.page_stored")
# ... withdrawals, undone decisions, timers, error ways and repairs (tests/workflows/test_crashes.py, which dies at every edge of the engine).
OTHER_WAYS = (
    "workflows.decision_undone",
    "workflows.error_caught",
    "workflows.incident_retried",
    "workflows.timer_fired",
    "workflows.withdrawn",
)
# ... and the adding up of figures (tests/journeys/test_real_kpis.py).
FIGURES = ("insight.adding_up",)
# ... and the making of a board's file (tests/insight/test_killed_files.py).
FILES = ("insight.file_read", "insight.file_written", "insight.file_kept")
