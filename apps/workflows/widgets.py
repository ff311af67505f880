"""Widgets of the engine: what I decide, what I asked for, what stands still."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from apps.core.access import plan
from apps.core.widgets import Widget, register
from apps.workflows import policies, selectors

ROWS = 5
LOOKED_FOR = 300  # seconds: all running cases are looked through for it


@register
class Approvals(Widget):
    """What waits for this person's decision; it opens on the page."""

    key = "workflows.approvals"
    title = _("To approve")
    about = _("Requests that wait for your decision; decide on the page, with the facts of this moment.")
    icon = "checkbox"
    resource = "workflows.task"
    action = "act"
    size = (4, 4)
    kept = False
    flush = True
    listens = ("todo", "instance")
    template = "workflows/widget_approvals.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {task, title}, the longest waiting first; count; undoable: decided a moment ago."""
        found = selectors.tasks_for(person)
        rows = [{"task": task, "title": policies.title_of(task.instance, person)} for task in found[:ROWS]]
        undoable = [{"task": task, "title": policies.title_of(task.instance, person)} for task in selectors.undoable_by(person, now)]
        return {"rows": rows, "count": found.count() if len(rows) == ROWS else len(rows), "undoable": undoable}


@register
class Requests(Widget):
    """Running cases that this person asked for, with whom they wait for."""

    key = "workflows.requests"
    title = _("My requests")
    about = _("What you asked for and who has it now; urge them, or take it back.")
    icon = "send"
    resource = "workflows.instance"
    size = (4, 3)
    kept = False
    flush = True
    template = "workflows/widget_requests.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """rows: {instance, title, step, next_urge}, the latest first; count: of all that run."""
        running = selectors.started_by(person).filter(state="ACTIVE")
        found = list(running[:ROWS])
        steps = selectors.current_steps(found)
        rows = [self._row(instance, person, steps.get(instance.pk), now) for instance in found]
        return {"rows": rows, "count": running.count() if len(found) == ROWS else len(found)}

    def _row(self, instance: Any, person: Any, step: selectors.Step | None, now: dt.datetime) -> dict[str, Any]:
        task = step.task if step else None
        soonest = selectors.urge_possible(task) if task else None
        return {"instance": instance, "title": policies.title_of(instance, person), "step": step, "asked": task is not None,
                "next_urge": soonest if soonest and soonest > now else None}


@register
class Stuck(Widget):
    """Broken steps that can be tried again, and cases that nothing will ever move."""

    key = "workflows.stuck"
    title = _("Stopped cases")
    about = _("Steps that broke, to be tried again, and cases that stand still.")
    icon = "alert-triangle"
    resource = "workflows.instance"
    action = "repair"
    size = (4, 3)
    refresh = 30
    flush = True
    template = "workflows/widget_stuck.html"

    def load(self, *, person: Any, now: dt.datetime) -> dict[str, Any]:
        """incidents: {incident, title, retry}, the oldest first; count; still: {instance, title, why}."""
        found = selectors.to_repair(person)
        incidents = [{"incident": one, "title": policies.title_of(one.instance, person), "retry": policies.can_retry(one),
                      "words": policies.filled(one.message, one.params)} for one in found[:ROWS]]
        rights = plan(person, "repair", "workflows.instance")
        still = [{"instance": case, "title": policies.title_of(case, person), "why": why} for case, why in self._still() if rights.matches(case.starter_id)]
        return {"incidents": incidents, "count": found.count(), "still": still[:ROWS], "still_count": len(still), "as_of": now}

    def _still(self) -> list[Any]:
        known: list[Any] | None = cache.get("workflows:stuck")
        if known is None:
            known = selectors.stuck()
            cache.set("workflows:stuck", known, LOOKED_FOR)
        return known
