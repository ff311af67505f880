"""Reads: my tasks, my requests, what I did, decisions, timelines, what is stuck."""

from apps.workflows.selectors.frozen import decision_of, digest, document_of, is_intact
from apps.workflows.selectors.measured import (
    MeasuredCase,
    MeasuredField,
    MeasuredTask,
    case_ids,
    ended_since,
    measured_agreement,
    measured_case,
    measured_tasks,
    visible_cases,
)
from apps.workflows.selectors.queries import (
    cases_of,
    decision_in_force,
    delegated_by,
    done_by,
    get_instance,
    handed_over_by,
    instance_by_business_key,
    instance_for,
    instances,
    latest_decision,
    offered,
    open_incidents,
    people_asked,
    startables,
    started_by,
    stuck,
    task_for,
    tasks_for,
    titles,
    to_repair,
    told_incidents,
    undoable_by,
    urge_possible,
)
from apps.workflows.selectors.shown import ShownCard, ShownDecision, changes, shown_card, shown_decision
from apps.workflows.selectors.timeline import Hop, Timeline, timeline
from apps.workflows.selectors.tracks import Phase, Step, current_steps, phases, track

__all__ = [
    "Hop", "MeasuredCase", "MeasuredField", "MeasuredTask", "Phase", "ShownCard", "ShownDecision", "Step", "Timeline", "case_ids", "cases_of", "changes",
    "current_steps", "decision_in_force", "decision_of", "delegated_by", "digest", "document_of", "done_by", "ended_since", "get_instance", "handed_over_by",
    "instance_by_business_key", "instance_for", "instances", "is_intact", "latest_decision", "measured_agreement", "measured_case", "measured_tasks", "offered",
    "open_incidents", "people_asked", "phases", "shown_card", "shown_decision", "startables", "started_by", "stuck", "task_for", "tasks_for",
    "timeline", "titles", "to_repair", "told_incidents", "track", "undoable_by", "urge_possible", "visible_cases",
]  # fmt: skip
