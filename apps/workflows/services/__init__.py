"""What interfaces and the apps above may do with processes. Keyword-only; right, change, audit and event in one transaction."""

from apps.workflows.services.assigning import task_ref, tell_again
from apps.workflows.services.breaking import incident_ref, tell_incident_again
from apps.workflows.services.decisions import (
    Obstructed,
    StaleCard,
    UnableToComplete,
    UnableToUndo,
    Unacknowledged,
    apply_decision,
    begin_window,
    changes_since,
    complete_task,
    look_at,
    show,
    undo_completion,
)
from apps.workflows.services.definitions import InvalidDefinition, deploy
from apps.workflows.services.incidents import (
    UnableToRepair,
    raise_incident,
    resolve_incident,
    retry_incident,
    skip_incident,
)
from apps.workflows.services.instances import (
    WITHDRAWN_BY_STARTER,
    UnableToStart,
    UnableToWithdraw,
    annotate,
    correlate,
    start,
    withdraw,
)
from apps.workflows.services.outliers import held_back, held_words
from apps.workflows.services.running import fire_timer, job_died, perform_step
from apps.workflows.services.tasks import UnableToReassign, reassign
from apps.workflows.services.urging import UnableToUrge, urge

__all__ = [
    "WITHDRAWN_BY_STARTER", "InvalidDefinition", "Obstructed", "StaleCard", "UnableToComplete", "UnableToReassign", "UnableToRepair",
    "UnableToStart", "UnableToUndo", "UnableToUrge", "UnableToWithdraw", "Unacknowledged", "annotate", "apply_decision", "begin_window",
    "changes_since", "complete_task", "correlate", "deploy", "fire_timer", "held_back", "held_words", "incident_ref", "job_died", "look_at",
    "perform_step", "raise_incident", "reassign", "resolve_incident", "retry_incident", "show", "skip_incident", "start", "task_ref",
    "tell_again", "tell_incident_again", "undo_completion", "urge", "withdraw",
]  # fmt: skip
